"""Match answers to questions: DNS messages and NFS calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sharklab.evidence.packets.model import Dns, DnsExchange, Endpoint, Nfs, NfsCall, Packet

_Key = tuple[object, ...]


def dns_exchanges(packets: Iterable[Packet]) -> tuple[DnsExchange, ...]:
    """Return the DNS questions with their answers, matched by id, 5-tuple, name and type (RFC 5452).

    A question sent again before its answer is one exchange, and so is an answer that comes twice; case in
    names does not count (RFC 4343). A capture may have the answer alone, or before its question.
    """
    exchanges: list[DnsExchange] = []
    latest: dict[_Key, int] = {}
    for packet, message in _each_dns(packets):
        key = _dns_key(packet, message)
        index = latest.get(key, len(exchanges))
        known = exchanges[index] if key in latest else _begin_exchange(packet, message)
        if not message.response and known.question and known.answer:  # it is asked once more
            index, known = len(exchanges), _begin_exchange(packet, message)
        exchanges[index : index + 1] = [_with(known, packet, message)]
        latest[key] = index
    return tuple(exchanges)


def _each_dns(packets: Iterable[Packet]) -> Iterator[tuple[Packet, Dns]]:
    return ((packet, message) for packet in packets for message in packet.dns)


def _dns_key(packet: Packet, message: Dns) -> _Key:
    client, server = _sides(packet, message.response)
    return message.id, packet.transport, client, server, message.name.lower(), message.type


def _sides(packet: Packet, answers: bool) -> tuple[Endpoint, Endpoint]:
    return (packet.destination, packet.source) if answers else (packet.source, packet.destination)


def _with(exchange: DnsExchange, packet: Packet, message: Dns) -> DnsExchange:
    """Return an exchange with a message, unless it has such a one already."""
    if not message.response:
        return exchange if exchange.question else replace(exchange, question=packet.number)
    if exchange.answer:
        return exchange
    return replace(exchange, answer=packet.number, rcode=message.rcode, answers=message.answers)


def _begin_exchange(packet: Packet, message: Dns) -> DnsExchange:
    """Return the exchange of a message, without the number of any packet."""
    client, server = _sides(packet, message.response)
    return DnsExchange(
        question=0,
        answer=0,
        server=server,
        client=client,
        transport=packet.transport,
        name=message.name,
        type=message.type,
        rcode="",
        answers=(),
    )


def nfs_calls(packets: Iterable[Packet]) -> tuple[NfsCall, ...]:
    """Return the NFS calls with their replies, matched by xid and connection (RFC 5531).

    A call sent again before its reply is one call.
    """
    calls: list[NfsCall] = []
    pending: dict[_Key, int] = {}
    for packet, message in _each_nfs(packets):
        key = (message.xid, *_sides(packet, message.reply))
        if not message.reply and key not in pending:
            pending[key] = len(calls)
            calls.append(_begin_call(packet, message))
        elif message.reply and key in pending:
            index = pending.pop(key)
            calls[index] = _add_reply(calls[index], packet, message)
    return tuple(calls)


def _each_nfs(packets: Iterable[Packet]) -> Iterator[tuple[Packet, Nfs]]:
    return ((packet, message) for packet in packets for message in packet.nfs)


def _begin_call(packet: Packet, message: Nfs) -> NfsCall:
    client, server = packet.source, packet.destination
    return NfsCall(packet.number, 0, message.operations, "", message.names, client=client, server=server)


def _add_reply(call: NfsCall, packet: Packet, message: Nfs) -> NfsCall:
    return replace(
        call,
        reply=packet.number,
        status=message.status,
        statuses=message.statuses,
        names=(*call.names, *message.names),
    )
