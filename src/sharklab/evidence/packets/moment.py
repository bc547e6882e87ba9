"""A packet of a TCP connection at the moment when it came: the packets of both sides until then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Conversation, Packet
from sharklab.evidence.packets.tcp_options import LARGEST_SHIFT, WINDOW_SCALE
from sharklab.message import N_, Message

_HALF = 1 << 31


@dataclass(frozen=True)
class Moment:
    """A packet of `talk`, and those of the connection before it (`earlier`) and after it (`later`)."""

    packet: Packet
    talk: Conversation
    earlier: Sequence[Packet]
    later: Sequence[Packet]

    @property
    def by_client(self) -> bool:
        """True when the client sent it."""
        return self.packet.source == self.talk.client

    @property
    def who(self) -> Message:
        """Its sender in words."""
        return Message(N_("the client") if self.by_client else N_("the server"))

    @cached_property
    def own(self) -> tuple[Packet, ...]:
        """The earlier packets of its sender."""
        return tuple(p for p in self.earlier if p.source == self.packet.source)

    @cached_property
    def others(self) -> tuple[Packet, ...]:
        """The earlier packets of the other side."""
        return tuple(p for p in self.earlier if p.source != self.packet.source)

    @property
    def start(self) -> int:
        """The initial sequence number of its sender."""
        return self.talk.client_start if self.by_client else self.talk.server_start

    @property
    def other_start(self) -> int:
        """The initial sequence number of the other side."""
        return self.talk.server_start if self.by_client else self.talk.client_start

    @property
    def knows_start(self) -> bool:
        """True when its sender said where its numbers begin; a side that only refuses has no numbers."""
        return bool(self.own) or not ("RST" in self.packet.flags and self.packet.seq == 0)

    @cached_property
    def acknowledged(self) -> tuple[Packet, ...]:
        """The other side's packets that take numbers and are acknowledged here for the first time."""
        if "ACK" not in self.packet.flags:
            return ()
        known = [p.ack for p in self.own if "ACK" in p.flags]
        last = max(known, key=lambda ack: tcp.relative(ack, self.other_start), default=None)
        return tuple(
            p
            for p in self.others
            if tcp.after(p) != p.seq
            and not _is_after(tcp.after(p), self.packet.ack)
            and (last is None or _is_after(tcp.after(p), last))
        )

    @cached_property
    def original(self) -> Packet | None:
        """The packet that this one sends again, if it is among the earlier ones."""
        end = tcp.after(self.packet)
        takes = end != self.packet.seq
        return next(
            (p for p in self.own if takes and p.seq == self.packet.seq and tcp.after(p) != p.seq), None
        )

    @cached_property
    def factor(self) -> int | None:
        """The factor of a window: None if a SYN is missing, 1 without scaling (RFC 7323)."""
        syns = {p.source: p for p in (*self.earlier, self.packet) if "SYN" in p.flags}
        if len(syns) < 2:
            return None
        shifts = {source: _shift(syn) for source, syn in syns.items()}
        if None in shifts.values() or "SYN" in self.packet.flags:
            return 1
        return 1 << (shifts[self.packet.source] or 0)


def fin_of(packets: Iterable[Packet]) -> Packet | None:
    """Return the first FIN among `packets`."""
    return next((p for p in packets if "FIN" in p.flags), None)


def _shift(syn: Packet) -> int | None:
    """Return by how many bits a SYN scales windows, at most 14 (RFC 7323, section 2.3)."""
    shifts = (option.values[0] for option in syn.options if option.kind == WINDOW_SCALE and option.values)
    return next((min(shift, LARGEST_SHIFT) for shift in shifts), None)


def _is_after(number: int, other: int) -> bool:
    """Tell whether a sequence number comes after another one; they count modulo 2³² (RFC 9293, 3.4)."""
    return 0 < tcp.relative(number, other) < _HALF
