"""Point out odd facts in the submissions of a class, with the reason. They change no mark.

Seats differ in every address, name and token, so that a unicast packet or a token of one seat in
another's submission has come from there. Each remark is for the instructor, who decides what it means.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from sharklab.checks.outcome import Reference
from sharklab.grading.marking import origins
from sharklab.grading.marking.fingerprints import CaptureFingerprint, SubmissionFingerprint
from sharklab.grading.marking.model import Remark
from sharklab.grading.submission.model import Seal
from sharklab.lab.model import Seat
from sharklab.message import N_, Message

SAME_FILE, SAME_PACKETS, RETIMED, REWRITTEN = "same_file", "same_packets", "retimed", "rewritten"
"""The same capture twice: byte for byte, saved again or filtered, at other times, with other addresses."""
OTHERS_ADDRESS, OTHERS_TOKEN, OTHERS_ANSWER = "others_address", "others_token", "others_answer"
OUTSIDE, EDITED, UNSIGNED, GAPS = "outside", "edited", "unsigned", "gaps"
KINDS = (
    *(SAME_FILE, SAME_PACKETS, RETIMED, REWRITTEN),
    *(OTHERS_ADDRESS, OTHERS_TOKEN, OTHERS_ANSWER),
    *origins.KINDS,
    *(OUTSIDE, EDITED, UNSIGNED, GAPS),
)

ENOUGH = 3
"""Packets in common from which captures are pointed out, or all of the smaller one."""
SLACK = 300.0
"""Seconds by which clocks may differ."""
TICK = 2e-6
"""Seconds by which times differ that were written with microseconds once and with nanoseconds once."""


@dataclass(frozen=True)
class ComparedSubmission:
    """The parts of a submission that are compared with other students'.

    `partners` are the seats of the other members of the student's group: their values are not another's.
    """

    student: str
    seat: Seat
    seal: Seal
    traces: SubmissionFingerprint
    partners: tuple[Seat, ...] = ()
    without_seats: bool = False
    """In a course without seats nobody can sign."""

    @property
    def members(self) -> frozenset[str]:
        """The students whose values may be in the submission."""
        return frozenset({self.student, *(each.student for each in self.partners)})


_Place = tuple[str, str]
"""A student and one of their captures."""


def remarks(group: Iterable[ComparedSubmission]) -> Mapping[str, tuple[Remark, ...]]:
    """Return the remarks on the submissions of a class, by student, in the order of `KINDS`."""
    handed = {each.student: each for each in group}
    values = _Values(handed.values())
    by_student: dict[str, list[Remark]] = {student: [] for student in handed}
    for student, remark in _copies(handed):
        by_student[student].append(remark)
    for student, remark in origins.remarks({student: each.traces for student, each in handed.items()}):
        by_student[student].append(remark)
    for student, each in handed.items():
        by_student[student] += [*values.of_others(each), *_outside(each.traces), *_find_edits(each)]
    return {
        name: tuple(sorted(each, key=lambda one: KINDS.index(one.kind))) for name, each in by_student.items()
    }


def _copies(handed: Mapping[str, ComparedSubmission]) -> Iterator[tuple[str, Remark]]:
    """Yield for each student the captures that another student handed in too, with a remark."""
    captures = {
        (s, name): trace for s, each in handed.items() for name, trace in each.traces.captures.items()
    }
    same = _count_shared({place: [trace.digest] for place, trace in captures.items() if trace.packets})
    frames = _count_shared({place: trace.frames for place, trace in captures.items()})
    numbers = _count_shared({place: trace.numbers for place, trace in captures.items()})
    counts_by_pair: dict[tuple[str, str, str], dict[str, int]] = {}
    for pair in sorted({*same, *frames, *numbers}):
        kind, count = _likeness(captures[pair[0]], captures[pair[1]], frames[pair], numbers[pair])
        for (own, mine), (other, theirs) in (pair, (pair[1], pair[0])) if kind else ():
            name = mine if mine == theirs else f"{mine} ({theirs})"
            counts_by_pair.setdefault((own, other, kind), {})[name] = count
    for (student, whose, kind), counts in counts_by_pair.items():
        yield student, _copy(kind, whose, counts)


def _count_shared(marks: Mapping[_Place, Iterable[str]]) -> Counter[tuple[_Place, _Place]]:
    """Return how many marks each two captures of different students have in common.

    Marks are sorted by their first owner, so that a capture that everybody handed in costs once.
    """
    owners: dict[str, list[_Place]] = {}
    for place, found in marks.items():
        for mark in found:
            owners.setdefault(mark, []).append(place)
    groups = Counter(tuple(places) for places in owners.values() if len(places) > 1)
    pairs: Counter[tuple[_Place, _Place]] = Counter()
    for places, count in groups.items():
        for first, second in combinations(sorted(places), 2):
            if first[0] != second[0]:
                pairs[first, second] += count
    return pairs


def _likeness(
    first: CaptureFingerprint, second: CaptureFingerprint, frames: int, numbers: int
) -> tuple[str, int]:
    """Return in what way two captures are the same, and in how many packets, or nothing."""
    if first.digest == second.digest:
        return SAME_FILE, first.packets
    if _is_enough(frames, len(first.frames), len(second.frames)):
        shifts = [first.frames[mark] - second.frames[mark] for mark in first.frames if mark in second.frames]
        return (SAME_PACKETS if max(map(abs, shifts)) <= TICK else RETIMED), frames
    if _is_enough(numbers, len(first.numbers), len(second.numbers)):
        return REWRITTEN, numbers
    return "", 0


def _is_enough(shared: int, first: int, second: int) -> bool:
    return shared > 0 and shared >= min(ENOUGH, first, second)


_COPIES = {
    SAME_FILE: N_("the same files as {other}: {captures}"),
    SAME_PACKETS: N_("the same packets as {other}, at the same times: {captures}"),
    RETIMED: N_("the same packets as {other}, at other times: {captures}"),
    REWRITTEN: N_("the same TCP numbers as {other}, under other addresses: {captures}"),
}


def _copy(kind: str, other: str, counts: Mapping[str, int]) -> Remark:
    captures = tuple(f"{name} [{count}]" for name, count in counts.items())
    evidence = tuple(Reference(capture=name.partition(" ")[0]) for name in counts)
    return Remark(kind, Message(_COPIES[kind], {"other": other, "captures": captures}), (other,), evidence)


_OF_OTHERS = {
    OTHERS_ADDRESS: N_("addresses of {other}'s seat are in: {where}"),
    OTHERS_TOKEN: N_("the token of {other}'s seat is in: {where}"),
    OTHERS_ANSWER: N_("values of {other}'s seat are the answers to: {where}"),
}


class _Values:
    """The owners of addresses and tokens."""

    def __init__(self, group: Iterable[ComparedSubmission]) -> None:
        self._addresses: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        for each in group:
            self._enter(each.seat, each.student)
            for partner in each.partners:
                self._enter(partner, partner.student)

    def _enter(self, seat: Seat, owner: str) -> None:
        self._tokens[seat.token] = owner
        for places in seat.addresses.values():
            for at in places.values():
                self._addresses[str(at.ipv4.ip)] = self._addresses[str(at.ipv6.ip)] = owner

    def of_others(self, own: ComparedSubmission) -> Iterator[Remark]:
        """Yield each other student whose values are in a submission, and where."""
        captures = own.traces.captures
        addresses = {name: trace.addresses for name, trace in captures.items()}
        words = {name: trace.words for name, trace in captures.items()}
        yield from self._find_owners(own, OTHERS_ADDRESS, addresses, self._addresses)
        yield from self._find_owners(own, OTHERS_TOKEN, words, self._tokens)
        questions: dict[str, list[str]] = {}
        for question, answer in own.traces.answers.items():
            for other in {*self._find_named(answer)} - own.members:
                questions.setdefault(other, []).append(question)
        for other, where in sorted(questions.items()):
            yield Remark(OTHERS_ANSWER, Message(_OF_OTHERS[OTHERS_ANSWER], _of(other, where)), (other,))

    def _find_owners(
        self,
        own: ComparedSubmission,
        kind: str,
        found: Mapping[str, Mapping[str, int]],
        owners: Mapping[str, str],
    ) -> Iterator[Remark]:
        packets: dict[str, dict[str, set[int]]] = {}
        for capture, values in found.items():
            for value, number in values.items():
                other = owners.get(value, own.student)
                if other not in own.members:
                    packets.setdefault(other, {}).setdefault(capture, set()).add(number)
        for other, where in sorted(packets.items()):
            evidence = tuple(Reference(capture=name, packets=tuple(sorted(where[name]))) for name in where)
            yield Remark(kind, Message(_OF_OTHERS[kind], _of(other, list(where))), (other,), evidence)

    def _find_named(self, answer: str) -> Iterator[str]:
        """Yield the owners of the values that an answer is, or has in it."""
        text = answer.strip().lower()
        try:
            yield from filter(None, [self._addresses.get(str(ipaddress.ip_address(text)))])
        except ValueError:
            yield from (other for token, other in self._tokens.items() if token in text)


def _of(other: str, where: list[str]) -> dict[str, object]:
    return {"other": other, "where": tuple(where)}


def _outside(traces: SubmissionFingerprint) -> Iterator[Remark]:
    """Yield the captures that were made before the seat was there, or after it was packed."""
    for capture, trace in traces.captures.items():
        evidence = (Reference(capture=capture),)
        if trace.packets and traces.begun and trace.first < traces.begun - SLACK:
            said = Message(N_("{capture} begins before the seat was first up"), {"capture": capture})
            yield Remark(OUTSIDE, said, evidence=evidence)
        if trace.packets and traces.made and trace.last > traces.made + SLACK:
            said = Message(N_("{capture} ends after the submission was packed"), {"capture": capture})
            yield Remark(OUTSIDE, said, evidence=evidence)


def _find_edits(own: ComparedSubmission) -> Iterator[Remark]:
    """Yield the signs that something was edited: a seal that does not fit, and what captures tell."""
    if own.seal is Seal.NONE:
        if not own.without_seats:
            said = Message(N_("it is not signed: its author and any later change are unknown"))
            yield Remark(UNSIGNED, said)
    elif own.traces.changed:
        said = Message(N_("changed after it was signed: {files}"), {"files": own.traces.changed})
        yield Remark(EDITED, said)
    elif own.seal is Seal.BROKEN:
        yield Remark(
            EDITED, Message(N_("its signature does not fit: another seat signed it, or a part was changed"))
        )
    for capture, trace in own.traces.captures.items():
        yield from _of_capture(capture, trace)


def _of_capture(capture: str, trace: CaptureFingerprint) -> Iterator[Remark]:
    if trace.editor:
        said = Message(N_("{capture} was saved by {program}"), {"capture": capture, "program": trace.editor})
        yield Remark(EDITED, said, evidence=(Reference(capture=capture),))
    if trace.backward:
        said = Message(N_("the packet times of {capture} go backwards"), {"capture": capture})
        yield Remark(EDITED, said, evidence=(Reference(capture=capture, packets=(trace.backward,)),))
    if trace.gap:
        said = Message(
            N_("{capture} lacks packets in the middle: filtered, or never captured"), {"capture": capture}
        )
        yield Remark(GAPS, said, evidence=(Reference(capture=capture, packets=(trace.gap,)),))
