"""Compare a student's answers with the measured ones: spelling is free, values are not.

Each answer has a format, and each value in that format one canonical form. A value in another format (an
address where a port is asked for) is no answer, and never the same as anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from sharklab.checks import QUESTIONS
from sharklab.checks.question import End, Question, Value
from sharklab.grading.submission import packet_line, port_names, socket_line

Canonical = Callable[[str], str | None]
"""Takes a value as a student wrote it; returns its canonical form, or None if it has another format."""

_GROUPS = re.compile(r"\d{1,3}(?:(?P<mark>[ ,.'’_])\d{3})(?:(?P=mark)\d{3})*")
"""Digits in groups of three, as people write large numbers."""
_UNITS: Mapping[str, frozenset[str]] = {
    "bytes": frozenset(["b", "byte", "bytes", "o", "octet", "octets"]),
}
_TRANSPORTS = frozenset({"tcp", "udp", "icmp", "sctp"})
_FULL = {"transmission control protocol": "tcp", "user datagram protocol": "udp"}
_IN_FULL = re.compile("|".join(_FULL), re.IGNORECASE)
_CARRIED_BY_UDP = frozenset({"quic"})
_LITTLE_WORDS = """
    port no n numero number the le du src source dst dest destination local server serveur client distant
    remote listen estab established unconn
"""
_PORT_WORDS = frozenset(_LITTLE_WORDS.split())
_CARRIED = frozenset({"quic", "tls", "ssl", "http", "discord", *port_names.NAMES})
_PROSE = """
    protocol protocole transport le la the en in over sur ip ipv4 ipv6 c est du de it s is avec with via par
    by utilise uses
"""
_TRANSPORT_WORDS = _CARRIED | frozenset(_PROSE.split())
"""Words beside the name of a transport, also what it carries."""
_NAME_WORDS = frozenset(word for name in port_names.NAMES for word in name.split("-"))
"""Words beside a port, which name its service."""
_REMARK = re.compile(r"\s+(?:\([^()]*\)|[-–—]\s[^\d]*)$")
"""A remark behind an answer: 22 (the usual port)."""
_VERSION = re.compile(r"(?<=[a-z])v?\d$")
_LIKE_ADDRESS = re.compile(r"\d+(?:\.\d+){3}(?![\d.]*\d)")
_PORT_IN_GROUPS = re.compile(r"\d{1,2}[\s’']\d{3}")
_BETWEEN = re.compile(r"[,;\n]|\s(?:and|et|ou|or|&)\s|\s/\s")
"""The signs and words between the values of an answer with several."""
_SERVICES: Mapping[str, str] = {"https": "tls", "ssl": "tls", "openssh": "ssh", "imaps": "tls"}
"""Services that people name by what runs over them, or by an older name."""


def number(text: str, unit: str = "") -> str | None:
    """Return a whole number in decimal: "1 234", "0x4d2" and, with the unit "bytes", "1234 octets"."""
    words = re.sub(r"\s+", " ", text.strip().rstrip(".")).strip()
    match = re.fullmatch(r"(?P<value>0[xX][0-9a-fA-F]{1,16}|\d[\d ,.'’_]*?) ?(?P<unit>[A-Za-z]*)", words)
    if not match or (match["unit"] and match["unit"].lower() not in _UNITS.get(unit, ())):
        return None
    value = match["value"]
    if value[:2].lower() == "0x":
        return str(int(value, 16))
    if not value.isdigit():
        value = re.sub(r"\D", "", value) if _GROUPS.fullmatch(value) else ""
    return str(int(value)) if value.isascii() and 0 < len(value) <= 30 else None


def size(text: str) -> str | None:
    """Return a number of bytes."""
    return number(text, "bytes")


def address(text: str) -> str | None:
    """Return an IP address in its shortest form; brackets, a prefix length, a zone, a port are left out."""
    words = text.strip().rstrip(".,;").strip()
    named = re.fullmatch(r"(?P<first>\S+) \((?P<second>\S+)\)", words)
    if named:  # an address with its name
        return address(named["first"]) or address(named["second"])
    bare = words[1:-1] if words.startswith("[") and words.endswith("]") else words
    bare, _, prefix = bare.partition("/")
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        place = socket_line.place(words)
        return (place.address or None) if place else _only_address(text)
    if prefix and not (prefix.isascii() and prefix.isdigit() and int(prefix[:4]) <= found.max_prefixlen):
        return None
    return str(_map_address(found))


def _only_address(text: str) -> str | None:
    """Return the one address that stands among other words: ssh://192.0.2.7, IP = 192.0.2.7."""
    found = _LIKE_ADDRESS.findall(text)
    six = any(word.count(":") > 1 for word in text.split())
    try:
        return str(ip_address(found[0])) if len(found) == 1 and not six else None
    except ValueError:
        return None


def _map_address(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for (RFC 4291, 2.5.5.2), or `found`."""
    return getattr(found, "ipv4_mapped", None) or found


def port(text: str) -> str | None:
    """Return a port: "443", "443/tcp", "port 443", ":443", "https", "192.0.2.7:443"; of two numbers none."""
    if _PORT_IN_GROUPS.fullmatch(text.strip()):
        return port(re.sub(r"\D", "", text))
    places = [place for word in text.split() if (place := socket_line.place(word))]
    words = _words(text.replace("°", "o "))
    if len(places) == 1:
        rest = " ".join(word for word in text.split() if not socket_line.place(word))
        words = [places[0].port, *_words(rest)]
    others = {word for word in words if not word.isdigit()} - _PORT_WORDS
    if others - _TRANSPORTS - _NAME_WORDS or len(others & _TRANSPORTS) > 1:
        return None
    if not places and re.search(r"[-.,]\d", text.strip()):
        return None
    return _one_port([word for word in words if word.isdigit()] or _find_ports(text))


def _find_ports(text: str) -> list[str]:
    """Return the port that a text names as a service ("https"), none if it names several."""
    names = {word for word in text.casefold().strip(" .:").split() if port_names.port(word)}
    return [port_names.port(*names)] if len(names) == 1 else []


def _one_port(numbers: list[str]) -> str | None:
    """Return the port if there is one number, and it is one of a port."""
    if len(numbers) != 1 or len(numbers[0]) > 5:
        return None
    return str(int(numbers[0])) if 0 < int(numbers[0]) <= 65535 else None


def transport(text: str) -> str | None:
    """Return a transport protocol in capitals, when just one is named: "tcp", "UDP/IP", "UDP (QUIC)"."""
    short = _IN_FULL.sub(lambda name: _FULL[name[0].casefold()], text)
    words = {_VERSION.sub("", word) for word in _words(short)}
    named = words & _TRANSPORTS or ({"udp"} if words & _CARRIED_BY_UDP else set())
    if len(named) != 1 or words - named - _TRANSPORT_WORDS:
        return None
    return named.pop().upper()


def service(text: str) -> str | None:
    """Return the protocol of a service without its version: "TLSv1.3" and "https" are both "tls"."""
    words = re.sub(r"(?<=[a-z])[ /]?v?\d[\d.]*$", "", text.strip().rstrip(".").casefold()).strip()
    if not re.fullmatch(r"[a-z][a-z0-9+_-]{0,30}", words):
        return None
    return _SERVICES.get(words, words)


def name(text: str) -> str | None:
    """Return the name of a capture or a file without its folder and ending, whatever the case."""
    words = text.strip().rstrip(".").casefold()
    bare = re.sub(r"\.(pcap|pcapng|cap)$", "", words.rpartition("/")[2])
    return bare if re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,99}", bare) else None


def choice(text: str) -> str | None:
    """Return the name of a host or of a cause, as a list of choices has it, whatever the case."""
    words = text.strip().rstrip(".").casefold()
    return words if re.fullmatch(r"[a-z][a-z0-9-]{0,63}", words) else None


def text(words: str) -> str | None:
    """Return a short text without accents, case, punctuation and doubled spaces."""
    return " ".join(_words(words)) or None


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", letters)


@dataclass(frozen=True)
class Format:
    """The format of an answer: `canonical` reads one value, `example` shows one that is never right.

    An answer with `several` values is a set: their order and repetitions do not count.
    """

    canonical: Canonical
    several: bool = False
    example: str = ""


ADDRESS = Format(address, example="192.0.2.7, '2001:db8::7'")
PORT = Format(port, example="54321")
TRANSPORT = Format(transport)
NUMBER = Format(number, example="123456")
BYTES = Format(size, example="123")
SERVICE = Format(service)
NAME = Format(name)
PORTS = Format(port, True, "54321, 54322")
TEXT = Format(text)
CHOICES = Format(choice, True)

FORMATS: Mapping[Value, Format] = {
    Value.ADDRESS: ADDRESS,
    Value.PORT: PORT,
    Value.PORTS: PORTS,
    Value.TRANSPORT: TRANSPORT,
    Value.NUMBER: NUMBER,
    Value.BYTES: BYTES,
    Value.PROTOCOL: SERVICE,
    Value.CAPTURE: NAME,
    Value.PROGRAM: TEXT,
    Value.HOSTS: CHOICES,
    Value.CAUSES: CHOICES,
}
"""The format of each kind of value that answers a question."""


def same(question: str, given: Any, key: str) -> bool:
    """Return True if `given`, as YAML gave it, is the answer `key` to `question`, and nothing else beside it.

    A missing answer is never the same as anything.
    """
    said = values(question, given)
    return bool(said) and said == values(question, key)


def values(question: str, given: Any) -> frozenset[str]:
    """Return the canonical forms of the values in `given`, or none if one of them has another format.

    A pasted line of ss, netstat or lsof gives the value that the question asks for.
    """
    return _values(question, tuple(_texts(given)))


@lru_cache(maxsize=32768)
def _values(question: str, texts: tuple[str, ...]) -> frozenset[str]:
    """Return the canonical forms in `texts`. Each conversation of a capture asks for the same ones again."""
    asked = QUESTIONS[question]
    expected = FORMATS[asked.value]
    read = [value for text in texts for value in _read(asked, expected, text)]
    return frozenset(value for value in read if value) if None not in read else frozenset()


def _read(asked: Question, expected: Format, text: str) -> Iterator[str | None]:
    """Yield the canonical form of each value of a text, or None for one in another format."""
    lines = packet_line.lines(text) if asked.of_conversation else []
    if lines:
        yield from (_of_line(asked, line) for line in lines if _of_line(asked, line))
        return
    bare = text.strip().strip("`").strip()
    for whole in (bare, _REMARK.sub("", bare)):
        if found := expected.canonical(whole):
            yield found
            return
    several = expected.several or asked.of_conversation
    parts = filter(str.strip, _BETWEEN.split(bare)) if several else [bare]
    yield from map(expected.canonical, parts)


def _of_line(asked: Question, line: socket_line.Line) -> str:
    if asked.end is None:
        return line.transport
    place = line.client if asked.end is End.CLIENT else line.server
    return place.address if asked.value is Value.ADDRESS else place.port


def _texts(given: Any) -> Iterator[str]:
    """Yield the values of an answer as text."""
    if isinstance(given, list | tuple):
        for item in given:
            yield from _texts(item)
    elif isinstance(given, float):
        yield str(int(given)) if given.is_integer() else str(given)
    else:
        yield given if isinstance(given, str) else str(given) if type(given) is int else ""
