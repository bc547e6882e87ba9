"""Compare where the captures of a class were recorded: network cards, computers, comments of pcapng files.

Two students may share a computer, and many have the same kind of one. Therefore the names of computer, system
and program say nothing by themselves: they are pointed out only where nobody else in the class has them, and
both students recorded in the same minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations, product

from sharklab.checks.outcome import Reference
from sharklab.grading.marking.fingerprints import CaptureFingerprint, SubmissionFingerprint
from sharklab.grading.marking.model import Remark
from sharklab.message import N_, Message

SAME_CARD, SAME_COMMENT, SAME_RECORDER, MACHINES = "same_card", "same_comment", "same_recorder", "machines"
"""The card, the comment, or the rare computer of another student's captures; several computers in one
submission."""
KINDS = (SAME_CARD, SAME_COMMENT, SAME_RECORDER, MACHINES)

_SHARED = 5
"""Students who may have a card or a comment in common; that of more is of a shared computer or image."""
_KNOWN = 5
"""Students whose captures name a computer, from which on one of two students is rare."""
_MINUTES = 10
"""Minutes between the captures of two students that are of the same time."""

Traces = Mapping[str, SubmissionFingerprint]
"""The fingerprints of a class, by student."""
_Owners = dict[str, list[str]]
"""The captures with a mark, by student."""


def remarks(traces: Traces) -> Iterator[tuple[str, Remark]]:
    """Yield each remark with its student."""
    for card, owners in _few({name: each.cards for name, each in _captures(traces)}):
        text = N_("the network card {value} is also in captures of {other}: {captures}")
        yield from _find_shared(SAME_CARD, text, card, owners)
    for comment, owners in _few({name: each.comments for name, each in _captures(traces)}):
        text = N_("the comment {value!r} is also in captures of {other}: {captures}")
        yield from _find_shared(SAME_COMMENT, text, comment, owners)
    yield from _recorders(traces)
    for student, each in traces.items():
        yield from ((student, remark) for remark in _machines(each))


_Place = tuple[str, str]
"""A student and one of their captures."""


def _captures(traces: Traces) -> Iterator[tuple[_Place, CaptureFingerprint]]:
    return (
        ((student, name), trace) for student, each in traces.items() for name, trace in each.captures.items()
    )


def _few(marks: Mapping[_Place, tuple[str, ...]]) -> Iterator[tuple[str, _Owners]]:
    """Yield the marks that several students have, and not many, with their owners."""
    for mark, owners in sorted(_owners(marks).items()):
        if 1 < len(owners) <= _SHARED:
            yield mark, owners


def _owners(marks: Mapping[_Place, tuple[str, ...]]) -> Mapping[str, _Owners]:
    owners: dict[str, _Owners] = {}
    for (student, name), own in marks.items():
        for mark in own:
            owners.setdefault(mark, {}).setdefault(student, []).append(name)
    return owners


def _find_shared(kind: str, text: str, value: str, owners: _Owners) -> Iterator[tuple[str, Remark]]:
    for student, other in permutations(sorted(owners), 2):
        values = {"other": other, "value": value, "captures": tuple(owners[student])}
        evidence = tuple(Reference(capture=name) for name in owners[student])
        yield student, Remark(kind, Message(text, values), (other,), evidence)


def _recorders(traces: Traces) -> Iterator[tuple[str, Remark]]:
    """Yield the students of a pair who alone name a computer, and recorded in the same minutes."""
    owners = _owners({name: (each.recorder,) for name, each in _captures(traces) if each.recorder})
    if len({student for own in owners.values() for student in own}) < _KNOWN:
        return
    for recorder, own in sorted(owners.items()):
        if len(own) == 2 and _is_of_one_time(traces, own):
            text = N_(
                "in this class only the captures of {other} name the same computer ({value}), "
                "and they are of the same minutes: {captures}"
            )
            yield from _find_shared(SAME_RECORDER, text, recorder, own)


def _is_of_one_time(traces: Traces, owners: _Owners) -> bool:
    first, second = ([traces[student].captures[name] for name in own] for student, own in owners.items())
    return any(
        each.packets
        and other.packets
        and max(each.first, other.first) - min(each.last, other.last) <= 60 * _MINUTES
        for each, other in product(first, second)
    )


def _machines(traces: SubmissionFingerprint) -> Iterator[Remark]:
    """Yield that the captures of a submission name several computers."""
    named = {trace.hardware for trace in traces.captures.values() if trace.hardware}
    if len(named) > 1:
        evidence = tuple(Reference(capture=name) for name, each in traces.captures.items() if each.hardware)
        said = Message(N_("the captures come from several computers: {names}"), {"names": sorted(named)})
        yield Remark(MACHINES, said, evidence=evidence)
