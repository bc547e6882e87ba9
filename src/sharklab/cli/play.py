"""Play the hands-on exercises of a lab on a seat of its own, and look what the grading says of each state.

The acts are those of a student: the start, the solution of each exercise alone, the solution of all, a
solution that is asked for twice, vandalism, and a reset. An author sees here a start that earns points
already, and a solution that does not earn all, or needs another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sharklab import process, state
from sharklab.author import lint
from sharklab.checks import KINDS, host_demands
from sharklab.checks.kind import Rests
from sharklab.cli import flow, seats, solution
from sharklab.evidence import host_state
from sharklab.grading.marking.defaults import criteria
from sharklab.grading.marking.marks import grade
from sharklab.grading.submission.model import PlainHostState, Submission
from sharklab.hosts import configuration, reboot
from sharklab.hosts.providers.remote import Machine, ask_all, machine_of
from sharklab.i18n import Translator
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Exercise, Plan
from sharklab.message import N_, Message
from sharklab.progress import Progress

STUDENT = "prove"
"""The student of the seat that is played on; it is removed at the end."""

VANDALISM = "rm -rf /etc/exports* /etc/firewalld /etc/ssh/sshd_config.d /etc/NetworkManager/conf.d"

SYMPTOM = "symptom"
"""The check that asks a capture for the packets of a fault."""

_GONE = N_("{host} did not come back.")
_STARTING = N_("{host} did not start all its units in time.")

Share = Mapping[str, float]
"""The part (0 to 1) of its points that each criterion earns, by "exercise/criterion"."""


@dataclass(frozen=True)
class Act:
    """One act of the play, and what was wrong in it."""

    title: Message
    wrong: tuple[Message, ...] = ()

    @property
    def holds(self) -> bool:
        """True if nothing was wrong."""
        return not self.wrong


@contextmanager
def hold(lab: str) -> Iterator[None]:
    """Hold the seat of the plays of a lab, from the first act to the last one.

    A play begins with the removal of that seat. Raises Busy when another process plays the lab.
    """
    what = Message(N_("the play of {lab}"), {"lab": lab})
    with state.lock(state.root() / "locks" / "plays" / lab, what):
        yield


def play(name: str, provider: str, os: str, progress: Progress) -> Iterator[Act]:
    """Yield each act of `name`, a lab with start states, on a seat that exists meanwhile.

    Raises MachineryError and InputError as `up`, `solve` and `reset` do.
    """
    seats.down(lint.load_named(name).name, STUDENT, progress)  # what an interrupted play left
    plan = flow.to_begin(flow.prepare(name, STUDENT), solved=False)
    hosts = [host.name for host in plan.hosts]
    try:
        flow.up(plan, provider, os, progress)
        begun = configuration.read(plan, hosts)
        yield Act(Message(N_("start")), tuple(_compare(plan, ())))
        for exercise in plan.start:
            solution.solve(solution.read(plan), [exercise], progress)
            title = Message(N_("solved alone: {exercise}"), {"exercise": exercise})
            yield Act(title, tuple(_compare(plan, [exercise])))
            if exercise != plan.start[-1]:
                solution.reset(solution.read(plan), solution.hosts_with_work(plan, exercise), progress)
        solution.solve(solution.read(plan), plan.start, progress)
        yield Act(Message(N_("all solved")), tuple(_compare(plan, plan.start)))
        again = solution.solve(solution.read(plan), plan.start, progress)
        yield Act(Message(N_("all solved once more")), tuple(_say_changes(again)))
        lost = find_lost_hosts(plan)
        yield Act(Message(N_("all solved, after a reboot")), (*lost, *_compare(plan, plan.start)))
        ask_all([machine_of(plan.seat, host) for host in hosts], _vandalise)
        solution.reset(solution.read(plan), hosts, progress)
        yield Act(
            Message(N_("vandalism, then reset")), tuple(_unlike(begun, configuration.read(plan, hosts)))
        )
        yield Act(Message(N_("start, after the reset")), tuple(_compare(plan, ())))
    finally:
        seats.down(plan.lab.name, STUDENT, progress)


def find_lost_hosts(plan: Plan) -> list[Message]:
    """Reboot all hosts, and return a sentence for each that did not come back, or whose boot has no end."""
    return [
        Message(_GONE if found.reason else _STARTING, {"host": host})
        for host, found in reboot.reboot(plan).items()
        if found.reason or found.state not in reboot.SETTLED
    ]


def _vandalise(machine: Machine) -> str:
    return process.run(machine.as_root(["sh", "-c", VANDALISM]))


def observe(plan: Plan) -> Mapping[str, PlainHostState]:
    """Return the state of the hosts, as far as the checks of the lab ask for it."""
    found: Mapping[str, PlainHostState] = host_state.observe(plan, host_demands.demands(plan))
    return found


def shares(
    plan: Plan, state: Mapping[str, PlainHostState], captures: Mapping[str, Path] | None = None
) -> Share:
    """Return the share that each criterion on the students' work on hosts earns.

    With `captures`, these are files by the capture's id; criteria on the packets of faults count too.
    """
    seat = plan.seat
    submission = Submission(
        plan.lab.name, seat.student, seat.id, seat.folder, captures=captures or {}, state=state
    )
    result = grade(plan, submission)
    marks = {(exercise.id, mark.criterion): mark for exercise in result.exercises for mark in exercise.marks}
    return {
        f"{exercise.id}/{name}": marks[exercise.id, name].points / marks[exercise.id, name].worth
        for exercise in plan.lab.exercises
        for name in _of_work(plan, exercise, bool(captures))
    }


def _of_work(plan: Plan, exercise: Exercise, recorded: bool) -> Iterator[str]:
    """Yield the criteria of an exercise with a start or faults that rest on hosts, or on faults' packets."""
    for criterion in criteria(plan.lab, exercise) if exercise.start or exercise.faults else ():
        asked = [leaf for step in criterion.steps for leaf in leaves(step.condition)]
        if all(isinstance(leaf, Check) and _is_of_work(leaf, recorded) for leaf in asked):
            yield criterion.id


def _is_of_work(check: Check, recorded: bool) -> bool:
    return KINDS[check.kind].rests is Rests.STATE or (recorded and check.kind == SYMPTOM)


def _compare(plan: Plan, solved: Sequence[str]) -> Iterator[Message]:
    """Look, and yield criteria that earn other than all in solved exercises, other than nothing in others.

    An exercise that has a part of its work in common with a solved one may earn points.
    """
    parts = {exercise.id: _parts(exercise) for exercise in plan.source.exercises}
    done = {part for exercise in solved for part in parts[exercise]}
    for name, share in shares(plan, observe(plan)).items():
        exercise = name.partition("/")[0]
        if exercise in solved and share < 1:
            yield Message(N_("{name} does not earn all"), {"name": name})
        elif exercise not in solved and share > 0 and not parts[exercise] & done:
            yield Message(N_("{name} earns points without the work"), {"name": name})


def _parts(exercise: Exercise) -> set[tuple[str, str]]:
    """Return the hosts' roles and variables that an exercise begins without."""
    starts = exercise.start.items()
    return {(host, name) for host, start in starts for name in (*start.without, *start.vars)}


def _say_changes(changes: Mapping[str, str]) -> Iterator[Message]:
    for host, text in changes.items():
        yield Message(N_("changed on {host}:\n{changes}"), {"host": host, "changes": text})


def _unlike(
    before: Mapping[str, configuration.Configuration], after: Mapping[str, configuration.Configuration]
) -> Iterator[Message]:
    """Yield the hosts whose configuration is not the one of the start."""
    return _say_changes(
        {host: text for host in before if (text := configuration.differences(before[host], after[host]))}
    )


def table(acts: Sequence[Act], words: Translator) -> str:
    """Return a line for each act, and below it what was wrong."""
    lines = []
    for act in acts:
        lines.append(f"{'✓' if act.holds else '✗'} {words.say(act.title)}")
        lines += [f"    {words.say(wrong)}" for wrong in act.wrong]
    return "\n".join(lines)
