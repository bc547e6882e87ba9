"""Sum a conversation up in a few words: its opening, its data, its end or its refusal."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.message import N_, NN_, Message

SHOWN = 3
"""Names (of servers, of DNS questions) that are told of one conversation."""


def summary(talk: Conversation, facts: Facts) -> Message:
    """Return the opening, the data and the end of `talk`, a conversation of `facts`, and the names in it."""
    parts = _connection(talk, facts) if talk.transport == "tcp" else _datagrams(talk, facts)
    return Message("{parts}", {"parts": [*parts, *_names(talk, facts)]})


def _connection(talk: Conversation, facts: Facts) -> Iterator[Message]:
    if not (talk.handshake or talk.data_packets):
        yield _attempt(talk, facts)
        return
    yield Message(N_("handshake") if talk.handshake else N_("no whole handshake in the capture"))
    if talk.data_packets:
        yield _bytes(talk)
    yield _end(talk)


def _attempt(talk: Conversation, facts: Facts) -> Message:
    if talk.icmp_errors:
        return Message(N_("refused by ICMP (packet {packet})"), {"packet": talk.icmp_errors[0]})
    if talk.resets:
        return Message(N_("refused by a reset, RST (packet {packet})"), {"packet": talk.resets[0]})
    if all(tcp.is_syn(facts.packet(number)) for number in talk.packets):
        return Message(N_("no answer to the SYN"))
    if talk.fins:
        return Message(N_("only the end is in the capture"))
    return Message(N_("no connection: a part of the handshake is missing"))


def _bytes(talk: Conversation) -> Message:
    text = NN_("{count} byte there and {received} back", "{count} bytes there and {received} back")
    return Message(text, {"count": talk.client_bytes, "received": talk.server_bytes})


def _end(talk: Conversation) -> Message:
    if talk.closed_by == "fin":
        return Message(N_("closed by FIN on both sides"))
    if talk.closed_by == "rst":
        text = N_("ended by a reset of the client")
        return Message(N_("ended by a reset of the server") if talk.reset_by == "server" else text)
    return Message(N_("FIN of one side only") if talk.fins else N_("no end in the capture"))


def _datagrams(talk: Conversation, facts: Facts) -> Iterator[Message]:
    if talk.icmp_errors:
        yield Message(N_("refused by ICMP (packet {packet})"), {"packet": talk.icmp_errors[0]})
    by_server = {facts.packet(number).source == talk.server for number in talk.packets}
    if len(by_server) == 1 and not talk.icmp_errors:
        many = _is_for_many(talk.server.address)
        yield Message(N_("sent to many hosts") if many else N_("one direction only"))
    if talk.data_packets:
        yield _bytes(talk)


def _is_for_many(address: str) -> bool:
    """Tell whether an address stands for many hosts: multicast, or IPv4's broadcast to its own network."""
    return address == "255.255.255.255" or (bool(address) and ip_address(address).is_multicast)


def _names(talk: Conversation, facts: Facts) -> Iterator[Message]:
    """Yield the names that the packets of `talk` tell: of a server (TLS, QUIC), of DNS questions."""
    packets = [facts.packet(number) for number in talk.packets]
    servers = dict.fromkeys(packet.server_name for packet in packets if packet.server_name)
    if servers:
        yield Message(N_("server name {names}"), {"names": list(servers)[:SHOWN]})
    asked = list(
        dict.fromkeys(f"{m.name} ({m.type})" for packet in packets for m in packet.dns if not m.response)
    )
    if asked:
        more = ["…"] if asked[SHOWN:] else []
        yield Message(N_("asks for {names}"), {"names": [*asked[:SHOWN], *more]})
