"""The student's work on a seat: `solve` does it for the student, `reset` takes it away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from sharklab.cli import flow, seats
from sharklab.errors import InputError, MachineryError
from sharklab.grading.marking.solutions import find_criteria
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import PlainHostState, Submission
from sharklab.hosts import configuration, faults, inventory
from sharklab.lab import diary, fault_catalogue, plan_file, seat
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Exercise, Plan
from sharklab.lab.plan import make_plan
from sharklab.message import N_, Message
from sharklab.progress import Progress


def read(plan: Plan) -> Plan:
    """Return the plan of a student's seat in its state of now.

    Raises MachineryError without a seat, and InputError when it did not begin in a start state.
    """
    own = plan_file.state_of(plan.seat.folder)
    if own is None:
        raise MachineryError(
            N_("seat {lab}/{student} is not up"),
            hint="sharklab up {lab} --student {student}",
            lab=plan.lab.name,
            student=plan.seat.student,
        )
    if not own[0]:
        raise InputError(
            N_("this seat has no start state: the exercises of {lab} are solved on it from the beginning"),
            place=Message(N_("LAB")),
            hint=N_("make the seat again: sharklab down {lab}; sharklab up {lab}"),
            lab=plan.lab.name,
        )
    return make_plan(plan.source, plan.seat, plan.pace, *own)


def has_seat(plan: Plan) -> bool:
    """Tell whether the student has a seat of the lab: one of the instructor's, or one that began here.

    A lab without an exercise that counts on any machine always has one.
    """
    if plan.lab.exam or not any(exercise.anywhere for exercise in plan.lab.exercises):
        return True
    own = plan.seat
    return bool(seat.read_import(own.lab, own.student)) or diary.read_begin(own) > 0


def exercises(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the exercise `name` that can be solved, all of them without a name.

    Raises InputError when the lab has none of that name, or it leaves no part to the student.
    """
    if not name:
        return plan.start
    if name not in plan.start:
        raise InputError(
            N_("{lab} has no exercise {name!r} with a start state"),
            place=Message(N_("EXERCISE")),
            hint=N_("exercises with a start state: {known}"),
            lab=plan.lab.name,
            name=name,
            known=", ".join(plan.start),
        )
    return (name,)


def with_state(plan: Plan, found: Submission, state: Mapping[str, PlainHostState], made: float) -> Submission:
    """Return the work that was found as a submission, with the state of the hosts.

    `made` (epoch seconds) is when the student asked for it: to look at hosts may take minutes.
    """
    return replace(
        found,
        state=state,
        manifest={manifest.HINTS: diary.hints(plan.seat), manifest.SOLVED: _find_solved_exercises(plan)},
        begun=diary.read_begin(plan.seat),
        made=round(made, 3),
    )


def _find_solved_exercises(plan: Plan) -> tuple[str, ...]:
    """Return the exercises whose solution the student took, by the diary and by the seat itself."""
    own = plan_file.state_of(plan.seat.folder)
    shown = [each for entry in configuration.solutions(plan) for each in entry["exercises"]]
    return tuple(sorted({*diary.list_solved(plan.seat), *(own[1] if own else ()), *shown}))


def solve(plan: Plan, ids: Sequence[str], progress: Progress) -> dict[str, str]:
    """Do the work of the exercises on the seat, note that, and return the changes by host (a diff each).

    Only changes are noted; doing it again changes nothing. Raises MachineryError when a role fails: the
    changes until then are noted, too.
    """
    touched = [host.name for host in plan.hosts if any(host.name in _hosts_of(plan, each) for each in ids)]
    with seats.hold(plan.seat):
        diary.solve(plan.seat, ids)
        before = configuration.read(plan, touched)
        try:
            flow.solve(plan, ids, seats.provider_of(plan.seat), progress)
        except (MachineryError, KeyboardInterrupt):
            with suppress(MachineryError):  # a host that has ended says nothing
                _note_changes(plan, ids, before)
            raise
        return _note_changes(plan, ids, before)


def _note_changes(
    plan: Plan, ids: Sequence[str], before: Mapping[str, configuration.Configuration]
) -> dict[str, str]:
    """Note what is not as `before`, and return it. Notes from before the last reset are replaced."""
    after = configuration.read(plan, [*before])
    changes = {host: configuration.differences(before[host], after[host]) for host in before}
    diffs = {host: text for host, text in changes.items() if text}
    if diffs:
        configuration.note(plan, ids, diffs, more=set(ids) <= set(plan.solved))
    return diffs


def costs(plan: Plan, ids: Sequence[str]) -> list[Message]:
    """Return sentences about the points that the solution of the exercises `ids` costs."""
    told = [Message(N_("These exercises then earn no points: {exercises}."), {"exercises": ids})]
    if too := find_criteria(plan.lab, ids):
        sentence = N_("The solution also does these criteria, which then earn no points: {criteria}.")
        told.append(Message(sentence, {"criteria": too}))
    return told


def losses(plan: Plan, hosts: Sequence[str], name: str) -> list[Message]:
    """Return sentences about the work that a reset of `hosts` removes; `name` is the word of the user."""
    told = [Message(N_("These hosts lose all changes: {hosts}."), {"hosts": hosts})]
    if others := [each for each in exercises_on(plan, hosts) if each != name]:
        told.append(
            Message(N_("The work on these exercises is lost, too: {exercises}."), {"exercises": others})
        )
    return told


def hosts_to_reset(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the hosts that `name` means: those of an exercise, a host, or all without a name.

    Raises InputError when the lab has neither, or the exercise leaves no part to the student.
    """
    everyone = [host.name for host in plan.hosts]
    if not name:
        return tuple(everyone)
    if name in everyone:
        return (name,)
    touched = {host for exercise in exercises(plan, name) for host in _hosts_of(plan, exercise)}
    return tuple(host for host in everyone if host in touched)


def _hosts_of(plan: Plan, exercise: str) -> frozenset[str]:
    """Return the hosts that hold the student's work in an exercise.

    Faults count with all hosts that one of their lists may change: the answer gives nothing away.
    """
    own = {each.id: each for each in plan.lab.exercises}[exercise]
    return frozenset(own.start) | fault_catalogue.hosts_of(plan.lab, own)


def exercises_on(plan: Plan, hosts: Sequence[str]) -> tuple[str, ...]:
    """Return the exercises whose work lies on one of `hosts`, in the author's order."""
    return tuple(each for each in plan.start if set(hosts_with_work(plan, each)) & set(hosts))


def hosts_with_work(plan: Plan, exercise: str) -> tuple[str, ...]:
    """Return the hosts with the work of an exercise.

    Work also lies on the hosts that its checks look at, such as the key of another host's user.
    """
    own = {each.id: each for each in plan.lab.exercises}[exercise]
    found = _hosts_of(plan, exercise) | set(_hosts_looked_at(own))
    return tuple(host.name for host in plan.hosts if host.name in found)


def _hosts_looked_at(exercise: Exercise) -> Iterator[str]:
    conditions = [part.condition for criterion in exercise.criteria for part in criterion.steps]
    for leaf in (*exercise.checks, *(leaf for condition in conditions for leaf in leaves(condition))):
        if isinstance(leaf, Check):
            yield from (str(leaf.params[name]) for name in ("host", "to") if name in leaf.params)


def reset(plan: Plan, hosts: Sequence[str], progress: Progress) -> Sequence[Message]:
    """Put the start state of `hosts` back. Return sentences about what stays.

    Raises MachineryError as `Provider.reset` does.
    """
    provider = seats.provider_of(plan.seat)
    layers = flow.own_layers(plan, provider)
    lost = exercises_on(plan, hosts)
    left = replace(plan, solved=tuple(each for each in plan.solved if each not in lost))
    own = provider.adapt(make_plan(left.source, left.seat, left.pace, left.start, left.solved))
    with seats.hold(plan.seat):
        with progress.step(N_("put back the start state of: {hosts}"), hosts=", ".join(hosts)):
            told = provider.reset(own, hosts, layers, progress.note)
        plan_file.save(own)
        inventory.save(own)
        if healed := [exercise for exercise in lost if _is_healed(own, exercise, hosts)]:
            with progress.step(N_("inject the faults")):
                faults.inject(own, healed, progress.note)
    return told


def _is_healed(plan: Plan, exercise: str, hosts: Sequence[str]) -> bool:
    """Tell whether an exercise has a fault that the start of one of `hosts` heals: no disk keeps it."""
    own = {each.id: each for each in plan.lab.exercises}[exercise]
    given = (fault_catalogue.find(fault) for fault in plan.seat.faults.get(exercise, ()))
    return any(
        fault.lasts == "now" and fault_catalogue.host_of(plan.lab, own, fault.side) in hosts
        for fault in given
    )
