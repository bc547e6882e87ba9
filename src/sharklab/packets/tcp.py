"""Find the handshake, the closing and the data of one TCP connection (RFC 9293)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sharklab.packets.model import Endpoint, Packet

_WRAP = 1 << 32


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
    if syn is None:
        return ()
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


def fins(packets: Iterable[Packet]) -> tuple[Packet, ...]:
    """Return the first FIN of each side, in the order in which they came."""
    first: dict[Endpoint, Packet] = {}
    for packet in packets:
        if "FIN" in packet.flags:
            first.setdefault(packet.source, packet)
    return tuple(first.values())


def closing(packets: Sequence[Packet], client: Endpoint) -> Closing:
    """Return how the connection ended: a FIN of each side and the ACK of each, or else by the first RST."""
    ends = fins(packets)
    acks = [_acknowledgement(fin, packets) for fin in ends]
    if len(ends) == 2 and all(acks):
        return Closing("fin", tuple(sorted({p.number for p in (*ends, *acks) if p})))
    reset = next((p for p in packets if "RST" in p.flags), None)
    if reset:
        return Closing("rst", (reset.number,), "client" if reset.source == client else "server")
    return Closing()


def _acknowledgement(fin: Packet, packets: Iterable[Packet]) -> Packet | None:
    """Return the first packet of the other side that acknowledges `fin`; its own FIN may do it."""
    return next(
        (
            p
            for p in packets
            if p.number > fin.number
            and p.source == fin.destination
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


def sent(packets: Iterable[Packet], side: Endpoint) -> int:
    """Return the bytes of payload that `side` sent, a retransmitted segment counted once."""
    segments = {(p.seq, p.payload) for p in packets if p.source == side}
    return sum(payload for _, payload in segments)
