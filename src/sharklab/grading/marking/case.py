"""Make of a submission what checks look at: evidence, facts, and a case for each exercise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sharklab.checks.context import Context, contexts
from sharklab.evidence import host_state
from sharklab.evidence.capture import RecordedCapture, read_all
from sharklab.evidence.packets.model import Facts
from sharklab.evidence.run_folder import Evidence, SocketLine
from sharklab.grading.marking import answer_match, file_choice, other_seats
from sharklab.grading.marking.own_machine import without_seat
from sharklab.grading.submission import manifest, parts
from sharklab.grading.submission.model import PlainHostState, Submission
from sharklab.lab.model import Capture, Exercise, Plan
from sharklab.message import Message


@dataclass(frozen=True)
class Case:
    """One exercise of a submission: the context of its checks, and its answers by question.

    `after` is the context with the hosts as they were after the reboot of an exam, None without an exam.
    `own_machines` tells that the course has no seats, and `assumed` that no answer declares the conversation:
    the lab and the capture do. `taken` says which of several files count for a capture.
    """

    context: Context
    answers: Mapping[str, Any]
    after: Context | None = None
    own_machines: bool = False
    assumed: bool = False
    taken: tuple[Message, ...] = ()

    @property
    def exercise(self) -> Exercise:
        """The exercise."""
        return self.context.exercise

    def list_missing(self, captures: tuple[Capture, ...]) -> tuple[Capture, ...]:
        """Return those of `captures` that were not handed in."""
        return tuple(capture for capture in captures if capture.id not in self.context.facts)

    def foreign(self, captures: tuple[Capture, ...]) -> tuple[Capture, ...]:
        """Return those of `captures` that hold packets, and none of them to or from a host of the seat."""
        return tuple(capture for capture in captures if capture.id in self._foreign)

    @cached_property
    def _foreign(self) -> frozenset[str]:
        return frozenset(name for name, facts in self.context.facts.items() if self._is_foreign(facts))

    def _is_foreign(self, facts: Facts) -> bool:
        ends = {end.address for packet in facts.packets for end in (packet.source, packet.destination)}
        return bool(facts.packets) and not any(map(self.context.host_at, ends))

    def narrow_context(self, captures: tuple[Capture, ...]) -> Context:
        """Return the context with these captures alone."""
        return replace(self.context, exercise=replace(self.exercise, captures=captures))


Known = Mapping[Path, RecordedCapture]
"""Captures that were read before, by file."""


def gather(
    plan: Plan, submission: Submission, known: Known | None = None, without_seats: bool = False
) -> tuple[Case, ...]:
    """Return a case for each exercise of the plan; a capture in `known` is not read again.

    In a course `without_seats`, a capture alone may tell which conversation is meant (`sole_conversation`).
    A capture that cannot be read is empty, and its `problem` says why. Raises MachineryError when tshark
    is missing or broken.
    """
    captures = list_captures(plan, submission, known or {})
    read_all(captures.values())
    state = _readable(submission.state)
    evidence = Evidence(
        folder=submission.folder,
        manifest={"started": submission.begun, "ended": submission.made},
        probes={},
        sockets=tuple(_sockets(state)),
        captures=captures,
        state=state,
    )
    cases = tuple(
        _choose_files(
            Case(context, submission.answers.get(context.exercise.id, {}), own_machines=without_seats)
        )
        for context in contexts(plan, evidence)
    )
    if plan.lab.exam is None or submission.after is None:
        return cases
    after = {host: seen for host, seen in _readable(submission.after).items() if _is_back(submission, host)}
    return tuple(_with_second_look(case, after) for case in cases)


def _readable(states: Mapping[str, PlainHostState]) -> dict[str, PlainHostState]:
    return {host: seen for host, seen in states.items() if not host_state.fault(seen)}


def _is_back(submission: Submission, host: str) -> bool:
    return manifest.came_back(submission.manifest, host)


def _with_second_look(case: Case, after: Mapping[str, PlainHostState]) -> Case:
    evidence = replace(case.context.evidence, state=after, sockets=tuple(_sockets(after)))
    return replace(case, after=replace(case.context, evidence=evidence))


def list_captures(plan: Plan, submission: Submission, known: Known) -> Mapping[str, RecordedCapture]:
    """Return each capture of the plan that the submission holds, by its id.

    Of an exercise that counts on any machine there may be several files (`parts`).
    """
    files = (
        (name, capture.host, submission.captures[name])
        for exercise in plan.lab.exercises
        for capture in exercise.captures
        for name in parts.names(capture.id, submission.captures)
        if exercise.anywhere or name == capture.id
    )
    return {name: known.get(file) or RecordedCapture(name, host, file) for name, host, file in files}


def _choose_files(case: Case) -> Case:
    """Return the case with those files of each capture that show the most, and its conversations."""
    for capture in case.exercise.captures:
        options = file_choice.ways(case.context, capture.id, case.context.evidence.folder)
        tried = [
            (_case(each), each)
            for way in options
            for each in [replace(case, context=way.context, taken=(*case.taken, *way.said))]
        ]
        if tried:
            _, case = max(tried, key=lambda pair: file_choice.worth(pair[0].context, case.answers))
    return _case(case)


def _case(case: Case) -> Case:
    """Return the case with the conversations that its answers mean.

    Where captures of the student's own PC count and are such, its hosts are there.
    """
    if not case.exercise.anywhere or not case.foreign(case.exercise.captures):
        return replace(case, context=answer_match.choose_conversations(case.context, case.answers))
    own, assumed = _find_declared(case)
    if own.plan.seat == case.context.plan.seat:
        return case
    exercise = without_seat(own.plan.source, own.exercise, case.context.evidence.state.keys())
    return replace(case, context=replace(own, exercise=exercise), assumed=assumed)


def _find_declared(case: Case) -> tuple[Context, bool]:
    """Return the context with the declared conversation, and whether no answer declares it.

    Seats have known addresses, and a course without seats has none: there the capture itself may tell.
    """
    context, given = case.context, case.answers
    seats = None if case.own_machines else other_seats.of(context.plan.seat)
    found = answer_match.move_to_declared(context, given, seats)
    if seats or found.plan.seat != context.plan.seat:
        return found, False
    return answer_match.move_to_sole(context, given), True


def _sockets(state: Mapping[str, PlainHostState]) -> Iterator[SocketLine]:
    """Yield the listening sockets of each host at the time of observation."""
    for host, seen in state.items():
        yield from (SocketLine(host, line, seen["observed"], seen["observed"]) for line in seen["sockets"])
