"""Read the output of tools about sockets in an answer: a line of ss, netstat or lsof, or one endpoint.

The tools are those of Linux, Windows and macOS. macOS writes 192.0.2.7.443, the others 192.0.2.7:443; each
may write a name in the place of a port, or of an address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from sharklab.grading.submission import port_names

_MOST = 64
"""Words of a line that are read; the tools write fewer."""
_EPHEMERAL = 32768
"""Systems give a client a port from here on."""
_PRIVILEGED = 1024
"""One of two bare ports is from here on: a program that is no service has the other."""
_LONGEST = 1000
_ARROW = re.compile(r"→|➜|⇒|-+>|=+>|(?<=\d)>(?=\d)")
"""An arrow between the two ends."""
_TWO_PORTS = re.compile(
    r"(?:(?P<transport>tcp|udp)\b\s*:?\s*)?(?:ports?\s*:?\s*)?(?P<first>\d{1,5}|[a-z][a-z-]{2,20})\s*"
    r"(?:→|➜|⇒|-+>|=+>|>)\s*(?:ports?\s*:?\s*)?(?P<second>\d{1,5}|[a-z][a-z-]{2,20})",
    re.IGNORECASE,
)
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?")
_TRANSPORT = re.compile(r"(?i)(tcp|udp)(?:4|6|46|lite)?")
_TRANSPORT_6 = re.compile(r"(?i)(?:tcp|udp)6")
_NAME_OF_DIG = re.compile(r"(?<=#\d\d)\([^()]*\)$|(?<=#\d\d\d\d)\([^()]*\)$")
_LOOPBACK = "127.0.0.1"
_CUT = re.compile(r"(?i)[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}[:.](?P<port>\d{1,5}|[a-z][\w-]*)")
"""An IPv6 address whose end netstat cut off, with a port."""
_OF_LSOF = frozenset({"IPv4", "IPv6"})
_STATES = """
    ESTAB ESTABLISHED LISTEN LISTENING SYN-SENT SYN-RECV SYN_SENT SYN_RECV SYN_RECEIVED FIN-WAIT-1 FIN-WAIT-2
    FIN_WAIT_1 FIN_WAIT_2 FIN_WAIT1 FIN_WAIT2 TIME-WAIT TIME_WAIT CLOSE-WAIT CLOSE_WAIT CLOSED CLOSING
    LAST-ACK LAST_ACK
"""
_TCP_STATES = frozenset(_STATES.split())
_NO_HOSTS = frozenset({"ino", "sk", "uid", "pid", "fd"})
"""Words of `ss -e` that stand before a colon."""
_LISTENS = frozenset({"LISTEN", "LISTENING"})


@dataclass(frozen=True)
class PrintedEndpoint:
    """An endpoint as a tool prints it; a part is "" when it is `*`, or an address that is a name."""

    address: str
    port: str


@dataclass(frozen=True)
class Line:
    """A socket as a tool prints it: "TCP", "UDP" or "" when it is not told, and both ends.

    `sure` is False where nothing tells which end is the client.
    """

    transport: str
    client: PrintedEndpoint
    server: PrintedEndpoint
    sure: bool = True


def line(text: str) -> Line | None:
    """Return the socket that a line shows, None for another line.

    Two ports with an arrow between them are one: 50101 -> 22.
    """
    if ports := _two_ports(text):
        return ports
    words = _ARROW.sub(" ", text[:_LONGEST]).replace('"', "").replace(",", " ").split(None, _MOST)[:_MOST]
    six = any(_TRANSPORT_6.fullmatch(word) for word in words)
    places = [found for word in words if (found := place(word) or (_cut(word) if six else None))]
    places = places if len(places) > 1 else _in_columns(words) or places
    if len(places) == 1 and _OF_LSOF.intersection(words):  # a socket without a peer
        places.append(PrintedEndpoint("", ""))
    transport = _transport(words)
    states = {word.strip("()").upper() for word in words}
    if len(places) < 2:
        return None
    local, peer = places[:2]
    return Line(transport, *_sides(local, peer, bool(states & _LISTENS)))


def _two_ports(text: str) -> Line | None:
    found = _TWO_PORTS.fullmatch(text.strip())
    ports = [port(found[name]) or "" for name in ("first", "second")] if found else []
    if not found or not all(ports) or all(int(each) < _PRIVILEGED for each in ports):
        return None
    first, second = (PrintedEndpoint("", each) for each in ports)
    return Line((found["transport"] or "").upper(), *_sides(first, second, listens=False))


def _in_columns(words: Sequence[str]) -> list[PrintedEndpoint]:
    """Return the ends in a line that has addresses and ports in columns of their own, as PowerShell's has."""
    words = [part for word in words for part in word.split("=")]
    for at in range(len(words) - 3):
        near, far = address(words[at]), address(words[at + 2])
        ports = port(words[at + 1]), port(words[at + 3])
        if near is not None and far is not None and all(ports):
            return [PrintedEndpoint(near, ports[0] or ""), PrintedEndpoint(far, ports[1] or "")]
    return []


def _transport(words: Sequence[str]) -> str:
    bare = (word.strip("(),;") for word in words)
    named = next((match[1].upper() for word in bare if (match := _TRANSPORT.fullmatch(word))), "")
    states = {word.strip("()").upper() for word in words}
    return named or ("TCP" if states & _TCP_STATES else "UDP" if "UNCONN" in states else "")


def _sides(
    local: PrintedEndpoint, peer: PrintedEndpoint, listens: bool
) -> tuple[PrintedEndpoint, PrintedEndpoint]:
    """Return client and server: the tool runs on the client, unless its socket waits or its peer is high."""
    waits = listens or (not is_high(local.port) and is_high(peer.port))
    return (peer, local) if waits else (local, peer)


def is_high(port: str) -> bool:
    """Tell whether a port is one that systems give to clients."""
    return port.isdigit() and int(port) >= _EPHEMERAL


def place(word: str) -> PrintedEndpoint | None:
    """Return the endpoint that a word is (`[2001:db8::7]:443`, `192.0.2.7.443`, `*:ssh`), else None.

    dig writes 192.0.2.7#53(192.0.2.7).
    """
    bare = _NAME_OF_DIG.sub("", word.strip(",;"))
    return next(filter(None, (_split(bare, mark) for mark in ":.#" if mark in bare)), None)


def _cut(word: str) -> PrintedEndpoint | None:
    """Return the endpoint of which netstat cut off the address: it has no room for all of IPv6."""
    found = _CUT.fullmatch(word)
    number = port(found["port"]) if found and address(word) is None else None
    return PrintedEndpoint("", number) if number else None


def _split(word: str, mark: str) -> PrintedEndpoint | None:
    """Return the endpoint whose port follows the last `mark`; a dot separates numeric addresses alone."""
    host, found, name = word.rpartition(mark)
    number = "" if name == "*" else port(name)
    bare = host.strip("[]").partition("%")[0]
    known = _LOOPBACK if bare == "localhost" and mark == ":" else address(bare)
    if not found or number is None or (mark != ":" and known is None and bare != "*"):
        return None
    if known is None and bare not in ("", "*") and not _is_name(bare):
        return None
    return PrintedEndpoint(known or "", number)


def _is_name(host: str) -> bool:
    """Tell whether a word before a colon is a host: not the PID of ss -e, nor a time."""
    return bool(_HOST.fullmatch(host)) and not host.isdigit() and host not in _NO_HOSTS


def port(name: str) -> str | None:
    """Return the number of a port that is a number or a name, None for another word."""
    if name.isascii() and name.isdigit():
        return str(int(name)) if len(name) <= 5 and 0 < int(name) <= 65535 else None
    return port_names.port(name) or None


def address(text: str) -> str | None:
    """Return an address in its shortest form, "" when it stands for all addresses, None when it is none."""
    if ":" not in text and text.count(".") != 3:  # most words of a page; the library takes its time
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return "" if found.is_unspecified else str(mapped or found)
