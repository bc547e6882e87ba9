"""Tell by their packets which exercises captures are of, whose names tell nothing.

A capture is of an exercise whose answers declare a conversation in it, or when it has the connection of a
capture of the exercise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sharklab.checks import QUESTIONS
from sharklab.evidence.capture import RecordedCapture, read_few
from sharklab.evidence.packets.model import Endpoint
from sharklab.grading.submission.declaration import fitting, is_declared
from sharklab.grading.submission.model import Answers
from sharklab.lab.model import Exercise

Files = Mapping[str, Path]
_Ends = frozenset[Endpoint]
"""Both ends of a connection, whichever side is the client."""


def find(
    files: Sequence[Path], exercises: Iterable[Exercise], answers: Answers, known: Files
) -> tuple[Files, Mapping[str, list[Path]]]:
    """Return a file for each lacking capture, by id, and the files beyond the first of each capture.

    Only exercises with one capture that counts on any machine are looked at: packets do not tell which of
    two captures one is. `known` are the captures that have a file. Raises MachineryError when tshark is
    missing or broken.
    """
    wanted = [each for each in exercises if each.anywhere and len(each.captures) == 1]
    asking = [each for each in wanted if each.captures[0].id in known or answers.get(each.id)]
    left = [RecordedCapture(file.name, "", file) for file in files if asking]
    read_few(left)
    shown = _first(left, [each for each in asking if each.captures[0].id not in known], answers)
    further: dict[str, list[Path]] = {}
    for exercise in asking:
        id = exercise.captures[0].id
        if file := {**known, **shown}.get(id):
            further[id] = _others(left, exercise, answers, file)
    return shown, further


def _first(left: list[RecordedCapture], exercises: Iterable[Exercise], answers: Answers) -> Files:
    """Return for each exercise the capture that fits its answers best, and take it from those `left`."""
    found = {}
    for exercise in exercises:
        best = max(left, key=lambda each: _fits(each, exercise, answers), default=None)
        if best and _fits(best, exercise, answers):
            left.remove(best)
            found[exercise.captures[0].id] = best.path
    return found


def _others(left: list[RecordedCapture], exercise: Exercise, answers: Answers, first: Path) -> list[Path]:
    """Return the captures of an exercise beside its `first`, and take them from those `left`."""
    if not left:
        return []
    one = RecordedCapture("", "", first)
    service, connection = _service(one, exercise, answers), _connection(one)
    found = [
        each
        for each in left
        if (service and service == _service(each, exercise, answers)) or connection in _connections(each)
    ]
    left[:] = [each for each in left if each not in found]
    return [each.path for each in found]


def _service(capture: RecordedCapture, exercise: Exercise, answers: Answers) -> frozenset[str]:
    """Return the most questions whose answers fit a declared conversation, but for the port of the client."""
    given = answers.get(exercise.id, {})
    declared = (talk for talk in capture.facts.conversations if is_declared(talk, exercise, given))
    lasting = (_lasting(fitting(talk, exercise, given)) for talk in declared)
    return max(lasting, key=len, default=frozenset())


def _lasting(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in names if not QUESTIONS[name].changes)


def _fits(capture: RecordedCapture, exercise: Exercise, answers: Answers) -> int:
    """Return how many answers fit a conversation of the capture that they declare, 0 without one."""
    given = answers.get(exercise.id, {})
    declared = (talk for talk in capture.facts.conversations if is_declared(talk, exercise, given))
    return max((len(fitting(talk, exercise, given)) for talk in declared), default=0)


def _connection(capture: RecordedCapture) -> _Ends | None:
    """Return the ends of the largest TCP connection in a capture, None without any."""
    talks = [talk for talk in capture.facts.conversations if talk.transport == "tcp"]
    most = max(talks, key=lambda talk: len(talk.packets), default=None)
    return frozenset((most.client, most.server)) if most else None


def _connections(capture: RecordedCapture) -> set[_Ends]:
    talks = capture.facts.conversations
    return {frozenset((talk.client, talk.server)) for talk in talks if talk.transport == "tcp"}
