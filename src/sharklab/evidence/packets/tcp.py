"""Find the handshake, the closing and the data of one TCP connection (RFC 9293)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sharklab.evidence.packets.model import Endpoint, Packet

_WRAP, _HALF = 1 << 32, 1 << 31


@dataclass(frozen=True)
class Closing:
    """How a connection ended: "fin", "rst" or "", by which packets, and who sent the RST."""

    by: str = ""
    packets: tuple[int, ...] = ()
    reset_by: str = ""


def is_syn(packet: Packet) -> bool:
    """Tell whether the packet asks for a new connection (SYN without ACK)."""
    return "SYN" in packet.flags and "ACK" not in packet.flags


def is_syn_ack(packet: Packet) -> bool:
    """Tell whether the packet accepts a connection (SYN with ACK)."""
    return "SYN" in packet.flags and "ACK" in packet.flags


def handshake(packets: Sequence[Packet]) -> tuple[int, ...]:
    """Return the numbers of SYN, SYN/ACK and ACK, or () when one is missing or does not continue another.

    The SYN is the first one sent; the answer and the ACK are the first whose numbers fit.
    """
    syn = next(filter(is_syn, packets), None)
    return _find_crossed(packets, syn) or _find_answered(packets, syn) if syn else ()


def _find_crossed(packets: Sequence[Packet], syn: Packet) -> tuple[int, ...]:
    """Return the handshake when both sides open at once: each answers the other's SYN (RFC 9293, 3.5)."""
    other = next((p for p in packets if is_syn(p) and p.source == syn.destination), None)
    if other is None:
        return ()
    answers = [_answer(packets, *pair) for pair in ((other, syn), (syn, other))]
    numbers = tuple(answer.number for answer in answers if answer)
    return (syn.number, *numbers) if len(numbers) == 2 else ()


def _answer(packets: Iterable[Packet], own: Packet, other: Packet) -> Packet | None:
    """Return the first SYN/ACK that repeats the SYN `own` and acknowledges the `other` side's."""
    wanted = own.source, own.seq, after(other)
    return next((p for p in packets if is_syn_ack(p) and (p.source, p.seq, p.ack) == wanted), None)


def _find_answered(packets: Sequence[Packet], syn: Packet) -> tuple[int, ...]:
    answers: dict[int, Packet] = {}
    for packet in packets:
        if is_syn_ack(packet) and packet.source == syn.destination and packet.ack == after(syn):
            answers.setdefault(after(packet), packet)
        elif packet.ack in answers and _continues(packet, syn):
            return syn.number, answers[packet.ack].number, packet.number
    return ()


def _continues(packet: Packet, syn: Packet) -> bool:
    return (
        packet.source == syn.source
        and packet.seq == after(syn)
        and "ACK" in packet.flags
        and not {"SYN", "RST"} & set(packet.flags)
    )


def after(packet: Packet) -> int:
    """Return the sequence number that follows the packet; SYN and FIN take one each (RFC 9293, 3.4)."""
    return (packet.seq + packet.payload + ("SYN" in packet.flags) + ("FIN" in packet.flags)) % _WRAP


def has_data(packet: Packet) -> bool:
    """Tell whether the packet carries data; the byte of a keep-alive is none (RFC 9293, 3.8.4)."""
    return packet.payload > 0 and "keep_alive" not in packet.remarks


def fins(packets: Iterable[Packet]) -> tuple[Packet, ...]:
    """Return the first FIN of each side, in the order in which they came."""
    first: dict[Endpoint, Packet] = {}
    for packet in packets:
        if "FIN" in packet.flags:
            first.setdefault(packet.source, packet)
    return tuple(first.values())


def find_closing(packets: Sequence[Packet], client: Endpoint) -> Closing:
    """Return how the connection ended: a FIN of each side and the ACK of each, or else by the first RST."""
    ends = fins(packets)
    acks = [_acknowledgement(fin, packets[packets.index(fin) + 1 :]) for fin in ends]
    if len(ends) == 2 and all(acks):
        return Closing("fin", tuple(sorted({p.number for p in (*ends, *acks) if p})))
    reset = next((p for p in packets if "RST" in p.flags), None)
    if reset:
        return Closing("rst", (reset.number,), "client" if reset.source == client else "server")
    return Closing()


def _acknowledgement(fin: Packet, later: Iterable[Packet]) -> Packet | None:
    """Return the first of the `later` packets that acknowledges `fin`; the other side's own FIN may do it."""
    return next(
        (
            p
            for p in later
            if p.source == fin.destination
            and "ACK" in p.flags
            and "RST" not in p.flags
            and p.ack == after(fin)
        ),
        None,
    )


def start(packets: Iterable[Packet], side: Endpoint) -> int:
    """Return the initial sequence number of `side`; without its SYN, the number before its first packet's."""
    own = [packet for packet in packets if packet.source == side]
    syn = next((packet for packet in own if "SYN" in packet.flags), None)
    if syn:
        return syn.seq
    return (own[0].seq - 1) % _WRAP if own else 0


def relative(number: int, start: int) -> int:
    """Return a sequence number counted from the connection's own start, as Wireshark shows it."""
    return (number - start) % _WRAP


def count_bytes(packets: Iterable[Packet], side: Endpoint) -> int:
    """Return the bytes of payload that `side` sent, each counted once however the segments were cut."""
    spans = sorted(_spans([packet for packet in packets if packet.source == side]))
    total, reached = 0, spans[0][0] if spans else 0
    for first, last in spans:
        total += max(0, last - max(first, reached))
        reached = max(last, reached)
    return total


def _spans(own: Sequence[Packet]) -> Iterator[tuple[int, int]]:
    """Yield from where to where the data of each packet of a side reaches, counted on beyond 2**32."""
    at = 0
    for packet in own:
        at += (packet.seq + ("SYN" in packet.flags) - at + _HALF) % _WRAP - _HALF
        if has_data(packet):
            yield at, at + packet.payload
