"""Tell whether an answer that a student wrote is the measured one: spelling is free, values are not.

Each kind of question has one canonical form. What cannot be brought into it (an address where a port is
asked for) is no answer, and never the same as anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from sharklab.message import N_

Canonical = Callable[[str], str | None]
"""Takes what was written, and returns its one form, or None when it is nothing of the kind."""

_GROUPS = re.compile(r"\d{1,3}(?:(?P<mark>[ ,.'’_])\d{3})(?:(?P=mark)\d{3})*")
"""Digits in groups of three, as people write large numbers."""
_UNITS: Mapping[str, frozenset[str]] = {
    "bytes": frozenset(["b", "byte", "bytes", "o", "octet", "octets"]),
}
_TRANSPORTS = frozenset({"tcp", "udp", "icmp", "sctp"})
_PORT_WORDS = frozenset(["port", "no", "n", "numero", "number", "the", "le", "du"])
_TRANSPORT_WORDS = frozenset(
    ["protocol", "protocole", "transport", "le", "la", "the", "en", "in", "over", "sur", "ip", "ipv4", "ipv6"]
)
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
    """Return an IP address in its shortest form; brackets, a prefix length and a zone are left out."""
    words = text.strip().rstrip(".,;").strip()
    bare = words[1:-1] if words.startswith("[") and words.endswith("]") else words
    bare, _, prefix = bare.partition("/")
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if prefix and not (prefix.isascii() and prefix.isdigit() and int(prefix[:4]) <= found.max_prefixlen):
        return None
    return str(_mapped(found))


def _mapped(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for (RFC 4291, 2.5.5.2), or `found`."""
    return getattr(found, "ipv4_mapped", None) or found


def port(text: str) -> str | None:
    """Return a port: "443", "443/tcp", "TCP 443", "port 443", ":443"; with two numbers it is none."""
    words = _words(text.replace("°", "o"))
    digits = [word for word in words if word.isdigit()]
    others = {word for word in words if not word.isdigit()}
    if len(digits) != 1 or others - _PORT_WORDS - _TRANSPORTS or len(others & _TRANSPORTS) > 1:
        return None
    if re.search(r"[-.,]\d", text.strip()) or len(digits[0]) > 5:
        return None
    return str(int(digits[0])) if 0 < int(digits[0]) <= 65535 else None


def transport(text: str) -> str | None:
    """Return a transport protocol in capitals, when just one is named: "tcp", "TCP.", "UDP/IP"."""
    words = set(_words(text))
    named = words & _TRANSPORTS
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


def text(words: str) -> str | None:
    """Return a short text without accents, case, punctuation and doubled spaces."""
    return " ".join(_words(words)) or None


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", letters)


@dataclass(frozen=True)
class Form:
    """How the answer to a question is written: `wanted` says so, `canonical` reads it.

    A `several` is a set: its order and what is there twice do not count. An `example` is nobody's
    answer.
    """

    wanted: str
    canonical: Canonical
    several: bool = False
    example: str = ""


ADDRESS = Form(N_("an IP address"), address, example="192.0.2.7, '2001:db8::7'")
PORT = Form(N_("a port number, from 1 to 65535"), port, example="54321")
TRANSPORT = Form(N_("TCP or UDP"), transport)
NUMBER = Form(N_("a whole number"), number, example="123456")
BYTES = Form(N_("a number of bytes"), size, example="123")
SERVICE = Form(N_("the name of a protocol"), service)
NAME = Form(N_("the name of a capture"), name)
PORTS = Form(N_("port numbers, with commas between them"), port, True, "54321, 54322")
PROGRAM = Form(N_("the name of a program"), text)
TEXT = Form(N_("a few words"), text)

FORMS: Mapping[str, Form] = {
    "server_address": ADDRESS,
    "server_port": PORT,
    "client_address": ADDRESS,
    "local_port": PORT,
    "transport": TRANSPORT,
    "dns_server_address": ADDRESS,
    "dns_server_port": PORT,
    "nfs_server_address": ADDRESS,
    "nfs_port": PORT,
    "client_sequence": NUMBER,
    "client_bytes": BYTES,
    "service": SERVICE,
    "busiest": NAME,
    "open_ports": PORTS,
    "process": PROGRAM,
}
"""The form of each question of `sharklab.checks.QUESTIONS`."""


def form(question: str) -> Form:
    """Return how the answer to `question` is written; a question that is not known asks for words."""
    return FORMS.get(question, TEXT)


def same(question: str, given: Any, key: str | Collection[str]) -> bool:
    """Tell whether `given`, as YAML gave it, is the answer `key` to `question`.

    `key` is the measured value, or every form that is accepted; for a set, all that belongs to it.
    """
    return matches(form(question), given, key)


def matches(form: Form, given: Any, key: str | Collection[str]) -> bool:
    """Tell whether `given` is `key` in the sense of `form`; nothing is the same as no answer."""
    found = _canonicals(form, given)
    if form.several:
        return bool(found) and found == _canonicals(form, key if isinstance(key, str) else list(key))
    wanted = {form.canonical(value) for value in ([key] if isinstance(key, str) else key)} - {None}
    return len(found) == 1 and found <= wanted


def fits(question: str, given: Any) -> bool:
    """Tell whether `given` is of the kind that `question` asks for, right or wrong."""
    return bool(_canonicals(form(question), given))


def _canonicals(form: Form, given: Any) -> frozenset[str]:
    """Return the canonical forms of an answer's values, or none if one value has no such form."""
    found = [form.canonical(value) for value in _written(given, form.several)]
    return frozenset(value for value in found if value) if None not in found else frozenset()


def _written(given: Any, several: bool) -> Iterable[str]:
    """Yield the values of `given` as text; one text may hold several, between commas."""
    if isinstance(given, list | tuple):
        for item in given:
            yield from _written(item, False)
    elif isinstance(given, str):
        yield from filter(str.strip, re.split(r"[,;\n]", given)) if several else [given]
    elif isinstance(given, float):
        yield str(int(given)) if given.is_integer() else str(given)
    else:
        yield str(given) if type(given) is int else ""


def choice(options: Collection[str]) -> Form:
    """Return the form of a question that offers `options`: one of them, by name or written nearly so."""
    known = {text(option): option for option in options}
    return Form(N_("one of the choices"), lambda words: known.get(text(words)))


def several(form: Form) -> Form:
    """Return the form of a question that asks for a set of what `form` reads."""
    return replace(form, several=True)


def words(accepted: Collection[str]) -> Form:
    """Return the form of a short text of which `accepted` are right; a slip of the pen is forgiven.

    One letter that is missing, doubled, wrong or swapped in a word of six letters or more.
    """
    known = [right for right in map(text, accepted) if right]
    return Form(N_("a few words"), lambda said: _nearest(text(said), known))


def _nearest(said: str | None, known: list[str]) -> str | None:
    if said is None:
        return None
    return next((right for right in known if _is_slip(said, right)), said)


def _is_slip(said: str, meant: str) -> bool:
    given, wanted = said.split(), meant.split()
    return (
        len(given) == len(wanted)
        and sum(a != b for a, b in zip(given, wanted, strict=True)) <= 1
        and all(
            a == b or (min(len(a), len(b)) >= 6 and a.isalpha() and b.isalpha() and _one_apart(a, b))
            for a, b in zip(given, wanted, strict=True)
        )
    )


def _one_apart(first: str, second: str) -> bool:
    """Tell whether one letter inserted, left out, replaced or swapped makes `first` `second`."""
    short, long = sorted((first, second), key=len)
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest, other = short[start:], long[start:]
    if len(short) < len(long):
        return rest == other[1:]
    return rest[1:] == other[1:] or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
