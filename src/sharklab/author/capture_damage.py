"""The faults of a capture, each with the checks that must then not pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharklab.author import capture_edits
from sharklab.checks import KINDS
from sharklab.checks.kind import Rests
from sharklab.evidence.packets.container import search
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.evidence.packets.records import Pcap
from sharklab.lab.model import Address, Check, Seat
from sharklab.message import (
    N_,
)

HALF_A_RECORD = bytes(8)
"""What a file ends with when the capture was cut off in the middle of a record's header."""


@dataclass(frozen=True)
class Subject:
    """A capture that is to be damaged: of which seat, its file, what it shows, the exercise's talks in it."""

    seat: Seat
    other: Seat
    capture: str
    pcap: Pcap
    file: Path
    facts: Facts
    talks: tuple[Conversation, ...]


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong with a capture.

    `breaks` tells which checks of the capture must not pass then; of an exercise with several captures only
    those that look at this one, unless it breaks them `anywhere`. `makes` tells which of them pass then,
    though they did not before. `questions` are those whose answers are no longer shown (None: all). `looked`
    is false when nothing is left to look at; `rest` ends the file.
    """

    title: str
    edit: Callable[[Subject], Pcap]
    breaks: Callable[[Subject, Check], bool]
    applies: Callable[[Subject], bool] = lambda _: True
    makes: Callable[[Subject, Check], bool] = lambda *_: False
    questions: frozenset[str] | None = frozenset()
    anywhere: bool = False
    looked: bool = True
    rest: bytes = b""
    values: Mapping[str, Any] = field(default_factory=dict)


def _kinds(*names: str, patterns: tuple[str, ...] = ()) -> Callable[[Subject, Check], bool]:
    """Return a predicate that matches checks by name, or checks `knock` by packet pattern."""

    def breaks(subject: Subject, check: Check) -> bool:
        return check.kind in names or (check.kind == "knock" and check.params["packets"] in patterns)

    return breaks


def _rests_on_packets(subject: Subject, check: Check) -> bool:
    return KINDS[check.kind].rests is not Rests.STATE


def _denies(subject: Subject, check: Check) -> bool:
    return KINDS[check.kind].denies


def _reads_contents(subject: Subject, check: Check) -> bool:
    if check.kind == "snapped":
        return bool(check.params["whole"] == subject.capture)
    return KINDS[check.kind].rests is Rests.CONTENTS


def _names_token(subject: Subject, check: Check) -> bool:
    if check.kind == "snapped":
        return bool(check.params["whole"] == subject.capture)
    return check.kind == "token" or subject.seat.token in str(check.params)


def _is_spoilt(subject: Subject, check: Check) -> bool:
    """Tell whether one packet more is too much for a check."""
    if check.kind == "unseen":
        return bool(check.params["capture"] == subject.capture)
    return check.kind in ("clean", "snapped")


def _bystander(seat: Seat) -> Address:
    """Return where a host of the seat is."""
    return next(at for places in seat.addresses.values() for at in places.values())


def _needs_syn_ack(subject: Subject, check: Check) -> bool:
    """Tell whether a check cannot pass where no server accepts."""
    if check.kind == "opening":
        return bool(check.params["to"] != "syn")
    patterns = ("handshake", "handshake_fin", "handshake_rst", "synack_rst")
    return _kinds("handshake", "traffic", "families", patterns=patterns)(subject, check)


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
    return bool(search(subject.file, subject.seat.token))


_OF_ANOTHER_SEAT = Damage(
    N_("capture of another seat"),
    lambda s: capture_edits.of_seat(s.pcap, s.seat, s.other),
    _rests_on_packets,
    applies=lambda s: bool(s.facts.packets),
    questions=None,
    anywhere=True,
    looked=False,
)
_UNFINISHED = Damage(N_("file cut short"), lambda s: s.pcap, _denies, anywhere=True, rest=HALF_A_RECORD)

OF_MATRICES: Mapping[str, Damage] = {"another-seat": _OF_ANOTHER_SEAT, "unfinished": _UNFINISHED}
"""What can be wrong with the capture of a matrix."""

DAMAGES: Mapping[str, Damage] = {
    **OF_MATRICES,
    "no-fin": Damage(
        N_("no FIN"),
        lambda s: capture_edits.without_fin(s.pcap, s.facts, s.talks),
        _kinds("fin", "zero_reply", patterns=("handshake_fin",)),
        applies=_is_closed,
    ),
    "reset": Damage(
        N_("RST instead of FIN"),
        lambda s: capture_edits.with_reset(s.pcap, s.facts, s.talks),
        _kinds("fin", "zero_reply", patterns=("handshake_fin", "handshake")),
        applies=_is_closed,
        makes=_wants_reset,
    ),
    "no-syn-ack": Damage(
        N_("handshake without SYN/ACK"),
        lambda s: capture_edits.without_syn_ack(s.pcap, s.facts, s.talks),
        _needs_syn_ack,
        applies=_is_open,
    ),
    "no-reset": Damage(
        N_("no RST"),
        lambda s: capture_edits.without(s.pcap, (n for talk in s.talks for n in talk.resets)),
        _kinds("reset", patterns=("syn_rst", "handshake_rst", "synack_rst")),
        applies=_is_reset,
    ),
    "another-day": Damage(
        N_("capture of another day"),
        lambda s: capture_edits.later(s.pcap),
        _kinds("made_here"),
        anywhere=True,
    ),
    "one-way": Damage(
        N_("no answer from the server"),
        lambda s: capture_edits.one_way(s.pcap, s.facts, s.talks),
        _kinds("udp_exchange", "dns", patterns=("udp_answer",)),
        applies=_has_datagrams,
        questions=frozenset({"dns_server_address", "dns_server_port"}),
    ),
    "token": Damage(
        N_("token of another seat"),
        lambda s: capture_edits.with_words(s.pcap, {s.seat.token: s.other.token}),
        _names_token,
        applies=_has_token,
    ),
    "another-share": Damage(
        N_("the share of another seat"),
        lambda s: capture_edits.with_words(s.pcap, {s.seat.share: s.other.share}),
        lambda s, check: check.params.get("name") == s.seat.share,
        applies=lambda s: bool(search(s.file, s.seat.share)),
    ),
    "headers": Damage(
        N_("headers alone (snap length)"),
        lambda s: capture_edits.headers_only(s.pcap),
        _reads_contents,
        applies=lambda s: bool(s.facts.packets),
        questions=frozenset(
            {"dns_server_address", "dns_server_port", "nfs_server_address", "nfs_port", "service"}
        ),
    ),
    "stray": Damage(
        N_("a packet that is not of the exercise"),
        lambda s: capture_edits.with_stray(s.pcap, _bystander(s.seat)),
        _is_spoilt,
        anywhere=True,
    ),
}
"""What can be wrong with a capture of an exercise, by the name of the file that has it."""


def untried(tool: str, state: str, port: int) -> Damage:
    """Return that a tool was not tried on its port of a matrix."""

    def edit(subject: Subject) -> Pcap:
        talks = [t for t in subject.facts.conversations if port in (t.client.port, t.server.port)]
        return capture_edits.without(subject.pcap, (n for t in talks for n in (*t.packets, *t.icmp_errors)))

    wanted = {"tool": tool, "state": state}
    title = N_("{tool} not tried, port {state}")
    return Damage(title, edit, lambda _, check: dict(check.params) == wanted, values=wanted)
