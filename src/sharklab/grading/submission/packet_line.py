"""Read a packet as tcpdump, tshark and Wireshark print it: the ends of the conversation that it is of.

Students paste such lines in the place of answers: of tcpdump, of Wireshark's list of packets (also as CSV),
of the details of a packet. Which side is the client is told by flags, by what the packet says, else by the
ports.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sharklab.grading.submission import socket_line
from sharklab.grading.submission.socket_line import Line, PrintedEndpoint

_TCPDUMP = re.compile(r"(?:^|\s)(?P<source>[^\s>]+) > (?P<destination>[^\s>]+): (?P<rest>.*)")
_ARROWS = frozenset({"→", "->", ">", "➜", "⇒", "=>"})
_ARROW = re.compile(r"\s*(?:→|➜|⇒|-+>|=+>|(?<=\d)>(?=\d))\s*")
"""An arrow, also without blanks around it."""
_WORDS = 64
"""Words of a line that are read."""
_NAMED_PORT = re.compile(r"(?P<name>[A-Za-z][\w-]*)\((?P<port>\d{1,5})\)")
"""A port as Wireshark writes it with its name: https(443)."""
_IP = re.compile(
    r"Internet Protocol Version [46], Src: (?:[^\s,]+ \()?(?P<source>[0-9A-Fa-f.:]+)\)?"
    r", Dst: (?:[^\s,]+ \()?(?P<destination>[0-9A-Fa-f.:]+)\)?"
)
_PORTS = re.compile(
    r"(?P<kind>Transmission Control|User Datagram) Protocol, Src Port: (?P<source>[^\s,]+)(?: \(\d+\))?"
    r", Dst Port: (?P<destination>[^\s,]+)"
)
_UDP = frozenset({"UDP", "QUIC", "DNS", "NTP", "STUN", "RTP", "MDNS", "DHCP", "DTLS"})
"""Protocols of Wireshark's column that UDP carries; a line of TCP has flags or other words."""
_FROM_CLIENT = re.compile(r"\[SYN\]|Flags \[S\]|Client Hello|Client: |GET /|HEAD /|POST /")
_FROM_SERVER = re.compile(r"\[SYN, ACK\]|Flags \[S\.\]|Server Hello|Server: |HTTP/1\.[01] \d|HTTP/2")


class PrintedLines:
    """Lines that a tool may have printed, read one after the other: details of a packet have several."""

    def __init__(self) -> None:
        self._addresses: tuple[str, str] | None = None

    def read(self, text: str) -> Line | None:
        """Return the conversation of the packet or the socket that a line shows, None for another line.

        In the details of a packet, its addresses have a line of their own, above its ports.
        """
        if found := _IP.search(text):
            self._addresses = (found["source"], found["destination"])
            return None
        if found := _PORTS.search(text):
            source, destination = self._addresses or ("", "")
            transport = "TCP" if found["kind"].startswith("T") else "UDP"
            ends = _end(source, found["source"]), _end(destination, found["destination"])
            self._addresses = None
            return _line(transport, *ends, text)
        return _of_tcpdump(text) or _of_list(text) or socket_line.line(text)


def lines(text: str) -> list[Line]:
    """Return the conversations that the lines of `text` show; other lines are left out."""
    printed = PrintedLines()
    return [found for line in text.splitlines() if (found := printed.read(line))]


def _of_tcpdump(text: str) -> Line | None:
    found = _TCPDUMP.search(text)
    if found is None:
        return None
    source, destination = _place(found["source"]), _place(found["destination"])
    transport = "TCP" if "Flags [" in found["rest"] else "UDP"
    return _line(transport, source, destination, text) if source and destination else None


def _place(word: str) -> PrintedEndpoint | None:
    """Return the endpoint of tcpdump: an address or a name, a dot, and a port."""
    if socket_line.address(word) is not None:
        return None
    host, _, name = word.rpartition(".")
    port = socket_line.port(name)
    return PrintedEndpoint(socket_line.address(host) or "", port) if host and port else None


def _of_list(text: str) -> Line | None:
    """Return the conversation of a line of Wireshark's list: two addresses, a protocol, two ports."""
    words = _ARROW.sub(" → ", text.replace('"', " ").replace(",", " ")).split(None, _WORDS)[:_WORDS]
    known = [socket_line.address(word.partition("%")[0]) for word in words]
    places = [at for at, address in enumerate(known) if address]
    if len(places) < 2 or any(word not in _ARROWS for word in words[places[0] + 1 : places[1]]):
        return None
    rest = words[places[1] + 1 :]
    ends = _ports(rest)
    is_told = ends or _FROM_CLIENT.search(text) or _FROM_SERVER.search(text)
    if not is_told or not rest or not rest[0][:1].isalpha():
        return None
    source, destination = ends or ("", "")
    transport = "UDP" if rest[0].upper() in _UDP else "TCP"
    first, second = (str(known[at]) for at in places[:2])
    return _line(transport, PrintedEndpoint(first, source), PrintedEndpoint(second, destination), text)


def _ports(words: Sequence[str]) -> tuple[str, str] | None:
    """Return the ports on both sides of the first arrow that has two."""
    for at, word in enumerate(words):
        if word in _ARROWS and 0 < at < len(words) - 1:
            source, destination = _port(words[at - 1]), _port(words[at + 1])
            if source and destination:
                return source, destination
    return None


def _port(word: str) -> str:
    found = _NAMED_PORT.fullmatch(word)
    return socket_line.port(found["port"] if found else word) or ""


def _end(address: str, port: str) -> PrintedEndpoint:
    return PrintedEndpoint(socket_line.address(address) or "", _port(port))


def _line(transport: str, source: PrintedEndpoint, destination: PrintedEndpoint, text: str) -> Line:
    """Return the line with its sides; they are not sure where neither the packet nor its ports tell them."""
    if _FROM_CLIENT.search(text):
        return Line(transport, source, destination)
    if _FROM_SERVER.search(text):
        return Line(transport, destination, source)
    high = socket_line.is_high(source.port), socket_line.is_high(destination.port)
    ends = (destination, source) if high[1] and not high[0] else (source, destination)
    return Line(transport, *ends, sure=high[0] != high[1])
