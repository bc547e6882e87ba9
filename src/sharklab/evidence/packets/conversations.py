"""Sort packets into conversations: one for each 5-tuple, and for each connection on a reused one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Conversation, Endpoint, Flow, Packet
from sharklab.evidence.packets.sides import Sides, sides

_Key = tuple[str, frozenset[Endpoint]]


@dataclass
class _Group:
    """The packets of a conversation so far, and the numbers of the ICMP errors about it.

    `syns` are sender and initial number of its SYNs; `opening` says that there is nothing but SYNs yet.
    """

    packets: list[Packet] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    syns: set[tuple[Endpoint, int]] = field(default_factory=set)
    opening: bool = True

    def add(self, packet: Packet) -> None:
        """Take the next packet."""
        self.packets.append(packet)
        if tcp.is_syn(packet):
            self.syns.add((packet.source, packet.seq))
        else:
            self.opening = False

    def belongs(self, syn: Packet) -> bool:
        """Tell whether `syn` begins no other connection: it was sent before, or both sides open at once.

        The initial number of a SYN that is sent again is the same (RFC 9293, 3.4 and 3.5).
        """
        crosses = self.opening and all(source != syn.source for source, _ in self.syns)
        return crosses or (syn.source, syn.seq) in self.syns


def conversations(packets: Iterable[Packet]) -> tuple[Conversation, ...]:
    """Return the conversations of a capture, in the order of their first packets.

    ICMP errors belong to the conversation that they are about, when it was captured; ARP and
    packets without a known transport belong to none.
    """
    groups: list[_Group] = []
    current: dict[_Key, _Group] = {}
    for packet in packets:
        group = current.get(_about(packet))
        if group is not None and packet.icmp and packet.icmp.about:
            group.errors.append(packet.number)
        elif packet.transport in ("tcp", "udp", "icmp"):
            _sort(packet, groups, current)
    return tuple(_conversation(group.packets, tuple(group.errors)) for group in groups)


def _about(packet: Packet) -> _Key:
    flow = packet.icmp.about if packet.icmp else None
    return _key(flow or Flow(packet.transport, packet.source, packet.destination))


def _key(flow: Flow) -> _Key:
    return flow.transport, frozenset((flow.source, flow.destination))


def _sort(packet: Packet, groups: list[_Group], current: dict[_Key, _Group]) -> None:
    key = _key(Flow(packet.transport, packet.source, packet.destination))
    group = current.get(key)
    if group is None or (tcp.is_syn(packet) and not group.belongs(packet)):
        group = current[key] = _Group()
        groups.append(group)
    group.add(packet)


def _conversation(packets: Sequence[Packet], errors: tuple[int, ...]) -> Conversation:
    known = sides(packets)
    client, server = known.client, known.server
    if packets[0].transport == "tcp":
        return _connection(packets, known, errors)
    return Conversation(
        transport=packets[0].transport,
        client=client,
        server=server,
        packets=tuple(packet.number for packet in packets),
        data_packets=tuple(packet.number for packet in packets if packet.payload),
        client_bytes=sum(packet.payload for packet in packets if packet.source == client),
        server_bytes=sum(packet.payload for packet in packets if packet.source == server),
        icmp_errors=errors,
        sure=known.sure,
    )


def _connection(packets: Sequence[Packet], known: Sides, errors: tuple[int, ...]) -> Conversation:
    client, server = known.client, known.server
    closing = tcp.find_closing(packets, client)
    return Conversation(
        transport="tcp",
        client=client,
        server=server,
        packets=tuple(packet.number for packet in packets),
        handshake=tcp.handshake(packets),
        fins=tuple(packet.number for packet in tcp.fins(packets)),
        closing=closing.packets,
        resets=tuple(packet.number for packet in packets if "RST" in packet.flags),
        data_packets=tuple(packet.number for packet in packets if tcp.has_data(packet)),
        client_bytes=tcp.count_bytes(packets, client),
        server_bytes=tcp.count_bytes(packets, server),
        closed_by=closing.by,
        reset_by=closing.reset_by,
        icmp_errors=errors,
        client_start=tcp.start(packets, client),
        server_start=tcp.start(packets, server),
        sure=known.sure,
    )
