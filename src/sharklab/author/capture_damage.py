"""The faults of a capture, each with the checks that must then not pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sharklab.author import capture_edits
from sharklab.checks import dhcp
from sharklab.checks.kind import KINDS, Need, Rests
from sharklab.checks.question import Question
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.evidence.packets.records import Pcap
from sharklab.lab.model import Address, Check, Seat
from sharklab.message import N_

HALF_A_RECORD = bytes(8)
"""The end of a file whose capture was cut off in the middle of a record's header."""


@dataclass(frozen=True)
class Subject:
    """A capture that is to be damaged: of which seat, its file, what it shows, the exercise's talks in it."""

    seat: Seat
    other: Seat
    capture: str
    pcap: Pcap
    recorded: RecordedCapture
    talks: tuple[Conversation, ...]

    @property
    def facts(self) -> Facts:
        """The facts of the capture as it is."""
        return self.recorded.facts


@dataclass(frozen=True)
class Damage:
    """One damage of a capture; `edit` makes it.

    It `takes` traits away, which checks and questions may need. In an exercise with several captures it
    breaks only the checks that read this one, unless it counts `anywhere`. With `everything` lost, no check
    of packets passes and no question is answered; without `completeness`, no packet is proved absent.
    `wanted` marks checks that fail for another reason, `makes` checks that pass because of the damage.
    `looked` is false when no packet is left; `rest` ends the file.
    """

    title: str
    edit: Callable[[Subject], Pcap]
    takes: frozenset[Need] = frozenset()
    applies: Callable[[Subject], bool] = lambda _: True
    makes: Callable[[Subject, Check], bool] = lambda *_: False
    wanted: Callable[[Subject, Check], bool] = lambda _, check: False
    everything: bool = False
    completeness: bool = True
    anywhere: bool = False
    looked: bool = True
    rest: bytes = b""
    values: Mapping[str, Any] = field(default_factory=dict)

    def hides(self, question: Question) -> bool:
        """Tell whether the damage takes away the packets that answer a question."""
        return self.everything or bool(self.takes & question.needs)

    def breaks(self, subject: Subject, check: Check) -> bool:
        """Tell whether a check of the damaged capture must not pass."""
        kind = KINDS[check.kind]
        return bool(
            (self.everything and kind.rests is not Rests.STATE)
            or (not self.completeness and kind.needs_all)
            or self.takes & kind.needs_of(check.params, subject.capture)
            or self.wanted(subject, check)
        )


def _bystander(seat: Seat) -> Address:
    """Return where a host of the seat is."""
    return next(at for places in seat.addresses.values() for at in places.values())


def _wants_reset(subject: Subject, check: Check) -> bool:
    """Tell whether a check waits for a RST of the side that ends a connection first."""
    ends = [(subject.facts.packet(talk.fins[0]).source, talk) for talk in subject.talks if talk.fins]
    sides = {"client" if source == talk.client else "server" for source, talk in ends}
    return check.kind == "reset" and check.params["by"] in sides


def _is_reset(subject: Subject) -> bool:
    return any(talk.resets for talk in subject.talks)


def _is_closed(subject: Subject) -> bool:
    return any(talk.closed_by == "fin" for talk in subject.talks)


def _is_open(subject: Subject) -> bool:
    return any(talk.handshake for talk in subject.talks)


def _has_datagrams(subject: Subject) -> bool:
    return any(talk.transport == "udp" for talk in subject.talks)


def _has_token(subject: Subject) -> bool:
    return bool(subject.recorded.search(subject.seat.token))


_OF_ANOTHER_SEAT = Damage(
    N_("capture of another seat"),
    lambda s: capture_edits.of_seat(s.pcap, s.seat, s.other),
    applies=lambda s: bool(s.facts.packets),
    everything=True,
    anywhere=True,
    looked=False,
)
_UNFINISHED = Damage(
    N_("file cut short"), lambda s: s.pcap, completeness=False, anywhere=True, rest=HALF_A_RECORD
)

OF_MATRICES: Mapping[str, Damage] = {"another-seat": _OF_ANOTHER_SEAT, "unfinished": _UNFINISHED}
"""The damages of the capture of a matrix."""

DAMAGES: Mapping[str, Damage] = {
    **OF_MATRICES,
    "no-fin": Damage(
        N_("no FIN"),
        lambda s: capture_edits.without_fin(s.pcap, s.facts, s.talks),
        frozenset({Need.FIN}),
        applies=_is_closed,
    ),
    "reset": Damage(
        N_("RST instead of FIN"),
        lambda s: capture_edits.with_reset(s.pcap, s.facts, s.talks),
        frozenset({Need.FIN, Need.NO_RESET}),
        applies=_is_closed,
        makes=_wants_reset,
    ),
    "no-syn-ack": Damage(
        N_("handshake without SYN/ACK"),
        lambda s: capture_edits.without_syn_ack(s.pcap, s.facts, s.talks),
        frozenset({Need.SYN_ACK}),
        applies=_is_open,
    ),
    "no-reset": Damage(
        N_("no RST"),
        lambda s: capture_edits.without(s.pcap, (n for talk in s.talks for n in talk.resets)),
        frozenset({Need.RESET}),
        applies=_is_reset,
    ),
    "another-day": Damage(
        N_("capture of another day"),
        lambda s: capture_edits.later(s.pcap),
        frozenset({Need.OWN_TIME}),
        anywhere=True,
    ),
    "one-way": Damage(
        N_("no answer from the server"),
        lambda s: capture_edits.one_way(s.pcap, s.facts, s.talks),
        frozenset({Need.REPLY}),
        applies=_has_datagrams,
    ),
    "no-lease": Damage(
        N_("no answer from the DHCP server"),
        lambda s: capture_edits.without(s.pcap, dhcp.answers(s.facts.packets)),
        frozenset({Need.LEASE}),
        applies=lambda s: any(dhcp.answers(s.facts.packets)),
    ),
    "token": Damage(
        N_("token of another seat"),
        lambda s: capture_edits.with_words(s.pcap, {s.seat.token: s.other.token}),
        frozenset({Need.TOKEN}),
        applies=_has_token,
        wanted=lambda s, check: s.seat.token in str(check.params),
    ),
    "another-share": Damage(
        N_("the share of another seat"),
        lambda s: capture_edits.with_words(s.pcap, {s.seat.share: s.other.share}),
        applies=lambda s: bool(s.recorded.search(s.seat.share)),
        wanted=lambda s, check: check.params.get("name") == s.seat.share,
    ),
    "headers": Damage(
        N_("headers alone (snap length)"),
        lambda s: capture_edits.headers_only(s.pcap),
        frozenset({Need.CONTENTS}),
        applies=lambda s: bool(s.facts.packets),
    ),
    "stray": Damage(
        N_("an unrelated packet"),
        lambda s: capture_edits.with_stray(s.pcap, _bystander(s.seat)),
        frozenset({Need.NOTHING_ELSE}),
        anywhere=True,
    ),
}
"""The damages of a capture of an exercise, by the name of the damaged file."""


def omit_trial(tool: str, state: str, port: int) -> Damage:
    """Return that a tool was not tried on its port of a matrix."""

    def edit(subject: Subject) -> Pcap:
        talks = [t for t in subject.facts.conversations if port in (t.client.port, t.server.port)]
        return capture_edits.without(subject.pcap, (n for t in talks for n in (*t.packets, *t.icmp_errors)))

    wanted = {"tool": tool, "state": state}
    title = N_("{tool} not tried, port {state}")
    return Damage(title, edit, wanted=lambda _, check: dict(check.params) == wanted, values=wanted)
