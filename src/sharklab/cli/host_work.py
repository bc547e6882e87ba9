"""The work of a student that lies on the hosts of a seat: captures, answers, and the state of the hosts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

from sharklab import process, state
from sharklab.checks import host_demands
from sharklab.cli import fetching, own_work, seats, solution
from sharklab.errors import MachineryError
from sharklab.evidence import host_state
from sharklab.evidence.host_state import HostState
from sharklab.grading.submission import bundle, sheet
from sharklab.grading.submission.model import Problem, Submission
from sharklab.hosts.providers import access, remote, sleeping
from sharklab.lab import seat
from sharklab.lab.model import Plan, Seat
from sharklab.message import N_, Message

LIMIT = 300.0
"""Seconds of the look at one seat. Then its connections are closed: a host that hangs holds nobody up."""

CLOSE_PAUSE = 1.0
"""Seconds until the connections of such a seat are closed once more."""

Finish = Callable[[Submission], Submission]
"""Adds to a submission before it is packed. Raises SharklabError."""


def pack(
    plan: Plan, file: Path, finish: Finish = lambda found: found, made: float = 0.0
) -> tuple[Submission, tuple[str, ...]]:
    """Pack the work that lies on the hosts of a seat into `file`.

    It counts as made at `made` (epoch seconds), or now. Return the submission, whose files are gone, with its
    problems: the captures and answers that are not in it. Return also the hosts that did not answer. A seat
    that sleeps does so again. Raises Busy when a command works on the seat, and MachineryError when no host
    answers.
    """
    own, made = plan.seat, made or time.time()
    slept = sleeping.is_asleep(own)
    with state.temporary(own.folder, ".check-") as place:
        with seats.hold(own):
            try:
                with _within_limit(own):
                    seen, silent, left = _gather(plan, place)
            finally:
                if slept:
                    sleeping.sleep(own)
        with own_work.read(place, plan) as found:
            known = replace(found, problems=(*found.problems, *_without_answers(left, found)))
            whole = finish(solution.with_state(plan, known, seen, made))
            bundle.pack(whole, seat.key(own.lab, own.student), file)
    return whole, silent


def _gather(plan: Plan, place: Path) -> tuple[Mapping[str, HostState], tuple[str, ...], list[Problem]]:
    """Fill the folder `place`.

    Return the state of the hosts, the hosts that do not answer, and the files that stay on the others.
    """
    answering = _find_answering_hosts(plan)
    _, left = fetching.fetch_all(plan, place, answering, by_name=True)
    problems = [Problem(file, reason) for file, reason in left]
    if not fetching.fetch_answers(plan, place, answering):
        problems.append(Problem(sheet.NAME, Message(N_("no host has it in the home of `student`"))))
    fetching.fetch_archives(plan, place, answering)
    silent = tuple(host.name for host in plan.hosts if host.name not in answering)
    return _observe(plan), silent, problems


def _without_answers(left: Sequence[Problem], found: Submission) -> list[Problem]:
    """Return the problems without the missing file of the answers, where an archive or a text has answers."""
    return [each for each in left if each.file != sheet.NAME or not found.answers]


def _within_limit(one: Seat) -> AbstractContextManager[None]:
    """Close the connections to the hosts of a seat when the block takes longer than `LIMIT` seconds.

    Each command on a host then fails, and the block ends.
    """

    def close() -> float:
        with suppress(MachineryError):
            access.close(one.id)
        return CLOSE_PAUSE

    return process.watch_during(close, LIMIT)


def _observe(plan: Plan) -> Mapping[str, HostState]:
    """Return the state of each host, where the lab asks for it."""
    return host_state.observe(plan, host_demands.demands(plan)) if host_demands.is_needed(plan) else {}


def _find_answering_hosts(plan: Plan) -> Sequence[str]:
    """Return the hosts that answer. Raises MachineryError when none does."""
    states = seats.provider_of(plan.seat).status(plan.seat)
    running = [host.name for host in plan.hosts if states.get(host.name) not in ("stopped", "absent", None)]
    found = remote.ask_all(
        [remote.machine_of(plan.seat, host) for host in running], lambda machine: machine.answers()
    )
    answering = [host for host in running if found[host]]
    if not answering:
        raise MachineryError(
            N_("no host of the seat answers"),
            place=Message(N_("seat {lab}/{student}"), {"lab": plan.lab.name, "student": plan.seat.student}),
            hint=N_("run sharklab seats up again: it starts the hosts"),
        )
    return answering
