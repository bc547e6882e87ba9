"""Sort packets into conversations: one for each 5-tuple, and for each connection on a reused one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sharklab.packets import tcp
from sharklab.packets.model import Conversation, Endpoint, Flow, Packet

_Key = tuple[str, frozenset[Endpoint]]


def conversations(packets: Iterable[Packet]) -> tuple[Conversation, ...]:
    """Return the conversations of a capture, in the order of their first packets.

    ICMP errors belong to the conversation that they are about, when it was captured; ARP and
    packets without a known transport belong to none.
    """
    groups: list[list[Packet]] = []
    current: dict[_Key, list[Packet]] = {}
    errors: dict[int, list[int]] = {}
    for packet in packets:
        group = current.get(_about(packet))
        if group is not None and packet.icmp and packet.icmp.about:
            errors.setdefault(id(group), []).append(packet.number)
        elif packet.transport in ("tcp", "udp", "icmp"):
            _sort(packet, groups, current)
    return tuple(_conversation(group, tuple(errors.get(id(group), ()))) for group in groups)


def _about(packet: Packet) -> _Key:
    flow = packet.icmp.about if packet.icmp else None
    return _key(flow or Flow(packet.transport, packet.source, packet.destination))


def _key(flow: Flow) -> _Key:
    return flow.transport, frozenset((flow.source, flow.destination))


def _sort(packet: Packet, groups: list[list[Packet]], current: dict[_Key, list[Packet]]) -> None:
    key = _key(Flow(packet.transport, packet.source, packet.destination))
    group = current.get(key)
    if group is None or (tcp.is_syn(packet) and not _belongs(packet, group)):
        group = current[key] = []
        groups.append(group)
    group.append(packet)


def _belongs(syn: Packet, group: Sequence[Packet]) -> bool:
    """Tell whether `syn` begins no other connection: it was sent before, or both sides open at once.

    The initial number of a SYN that is sent again is the same (RFC 9293, 3.4 and 3.5).
    """
    syns = [other for other in group if tcp.is_syn(other)]
    repeated = any((other.source, other.seq) == (syn.source, syn.seq) for other in syns)
    return repeated or (len(syns) == len(group) and all(other.source != syn.source for other in syns))


def _conversation(packets: Sequence[Packet], errors: tuple[int, ...]) -> Conversation:
    client, server = _sides(packets)
    if packets[0].transport == "tcp":
        return _connection(packets, client, server, errors)
    return Conversation(
        transport=packets[0].transport,
        client=client,
        server=server,
        packets=tuple(packet.number for packet in packets),
        data_packets=tuple(packet.number for packet in packets if packet.payload),
        client_bytes=sum(packet.payload for packet in packets if packet.source == client),
        server_bytes=sum(packet.payload for packet in packets if packet.source == server),
        icmp_errors=errors,
    )


def _connection(
    packets: Sequence[Packet], client: Endpoint, server: Endpoint, errors: tuple[int, ...]
) -> Conversation:
    closing = tcp.closing(packets, client)
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
        client_bytes=tcp.sent(packets, client),
        server_bytes=tcp.sent(packets, server),
        closed_by=closing.by,
        reset_by=closing.reset_by,
        icmp_errors=errors,
        client_start=tcp.start(packets, client),
        server_start=tcp.start(packets, server),
    )


def _sides(packets: Sequence[Packet]) -> tuple[Endpoint, Endpoint]:
    """Return client and server: by the SYN, else by the SYN/ACK, else the first to speak is the client."""
    first = next((packet for packet in packets if "SYN" in packet.flags), packets[0])
    if tcp.is_syn_ack(first):
        return first.destination, first.source
    return first.source, first.destination
