"""Read the output of tools about sockets in an answer: a line of ss, netstat or lsof, or one endpoint.

The tools are those of Linux, Windows and macOS. macOS writes 192.0.2.7.443, the others 192.0.2.7:443; each
may write a name in the place of a port, or of an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from sharklab.grading.submission import port_names

_MOST = 64
"""Words of a line that are read; the tools write fewer."""
_EPHEMERAL = 32768
"""Systems give a client a port from here on."""
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?")
_TRANSPORT = re.compile(r"(?i)(tcp|udp)(?:4|6|46|lite)?")
_TRANSPORT_6 = re.compile(r"(?i)(?:tcp|udp)6")
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
    """A socket as a tool prints it: "TCP", "UDP" or "" when it is not told, and both ends."""

    transport: str
    client: PrintedEndpoint
    server: PrintedEndpoint


def lines(text: str) -> list[Line]:
    """Return the sockets that the lines of `text` show; other lines are left out."""
    return [line for line in map(_line, text.splitlines()) if line]


def _line(text: str) -> Line | None:
    words = [part for word in text.split(None, _MOST)[:_MOST] for part in word.split("->")]
    six = any(_TRANSPORT_6.fullmatch(word) for word in words)
    places = [found for word in words if (found := place(word) or (_cut(word) if six else None))]
    if len(places) == 1 and _OF_LSOF.intersection(words):  # a socket without a peer
        places.append(PrintedEndpoint("", ""))
    transport = _transport(words)
    states = {word.strip("()").upper() for word in words}
    if len(places) < 2:
        return None
    local, peer = places[:2]
    return Line(transport, *_sides(local, peer, bool(states & _LISTENS)))


def _transport(words: list[str]) -> str:
    named = next((match[1].upper() for word in words if (match := _TRANSPORT.fullmatch(word))), "")
    states = {word.strip("()").upper() for word in words}
    return named or ("TCP" if states & _TCP_STATES else "UDP" if "UNCONN" in states else "")


def _sides(
    local: PrintedEndpoint, peer: PrintedEndpoint, listens: bool
) -> tuple[PrintedEndpoint, PrintedEndpoint]:
    """Return client and server: the tool runs on the client, unless its socket waits or its peer is high."""
    waits = listens or (not _is_high(local.port) and _is_high(peer.port))
    return (peer, local) if waits else (local, peer)


def _is_high(port: str) -> bool:
    return port.isdigit() and int(port) >= _EPHEMERAL


def place(word: str) -> PrintedEndpoint | None:
    """Return the endpoint that a word is (`[2001:db8::7]:443`, `192.0.2.7.443`, `*:ssh`), else None."""
    return next(filter(None, (_split(word.strip(",;"), mark) for mark in ":." if mark in word)), None)


def _cut(word: str) -> PrintedEndpoint | None:
    """Return the endpoint of which netstat cut off the address: it has no room for all of IPv6."""
    found = _CUT.fullmatch(word)
    number = _port(found["port"]) if found and _address(word) is None else None
    return PrintedEndpoint("", number) if number else None


def _split(word: str, mark: str) -> PrintedEndpoint | None:
    """Return the endpoint whose port follows the last `mark`; a dot separates numeric addresses alone."""
    host, found, name = word.rpartition(mark)
    number = "" if name == "*" else _port(name)
    bare = host.strip("[]").partition("%")[0]
    known = _address(bare)
    if not found or number is None or (mark == "." and known is None and bare != "*"):
        return None
    if known is None and bare not in ("", "*") and not _is_name(bare):
        return None
    return PrintedEndpoint(known or "", number)


def _is_name(host: str) -> bool:
    """Tell whether a word before a colon is a host: not the PID of ss -e, nor a time."""
    return (
        bool(_HOST.fullmatch(host)) and not host.isdigit() and host not in ("ino", "sk", "uid", "pid", "fd")
    )


def _port(name: str) -> str | None:
    if name.isascii() and name.isdigit():
        return str(int(name)) if len(name) <= 5 and 0 < int(name) <= 65535 else None
    return port_names.port(name) or None


def _address(text: str) -> str | None:
    """Return an address in its shortest form, "" when it stands for all addresses, None when it is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return "" if found.is_unspecified else str(mapped or found)
