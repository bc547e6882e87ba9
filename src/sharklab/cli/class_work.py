"""The work on the seats of a class: graded as it stands, run, put back; side by side, with a bound.

A seat that fails is a line of the result, and the others go on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from sharklab import ownership, state
from sharklab.cli import flow, host_work, seats, solution
from sharklab.cli.parallel_work import Done, Watch, nobody, side_by_side
from sharklab.errors import InputError, MachineryError
from sharklab.grading.gradebook import batch
from sharklab.grading.gradebook.model import Class
from sharklab.grading.gradebook.submission_source import SubmissionSource
from sharklab.grading.submission import bundle
from sharklab.hosts.providers import sleeping
from sharklab.lab import class_note
from sharklab.lab.model import Lab, Seat
from sharklab.lab.roster import Student
from sharklab.message import N_, NN_, Message
from sharklab.progress import Progress, Silent

SUBMISSIONS = "_seats"
"""The folder of a gradebook with the work that `check` found on each seat; no student has such a name."""


def check(
    lab: Lab, own: Sequence[Seat], roster: tuple[Student, ...], out: Path, progress: Progress
) -> tuple[list[Done], Class | None]:
    """Grade seats as they stand into the gradebook `out`; return the seats, and the class if one was graded.

    The state of the hosts, and the captures and answers on them count. Raises InputError for an exam, whose
    hosts are graded after a reboot.
    """
    if lab.exam:
        raise InputError(
            N_("an exam is graded after a reboot of its hosts, which `submit` does"),
            place=Message(N_("LAB")),
            hint=N_("sharklab grade grades the submissions"),
        )
    folder = state.folder(out / SUBMISSIONS)
    here = {one.student for one in seats.seats_here(lab.name)}
    for file in folder.glob(f"*{bundle.ENDING}"):
        if file.name.removesuffix(bundle.ENDING) not in here:
            file.unlink()
    with progress.step(N_("look at the seats of {lab}: {count}"), lab=lab.name, count=len(own)):
        done = side_by_side(own, lambda one: _pack(lab, one, folder), progress)
    files = sorted(folder.glob(f"*{bundle.ENDING}"))
    group = _grade(lab, files, roster, out, progress) if files else None
    for one, result in zip(own, done, strict=True):
        if result.error is None:
            class_note.note(one, checked=time.time())
    ownership.give_like_folder(out, *out.rglob("*"))
    return done, group


def _grade(
    lab: Lab, files: Sequence[Path], roster: tuple[Student, ...], out: Path, progress: Progress
) -> Class:
    sources = tuple(SubmissionSource(file, packed=True) for file in files)
    return batch.grade(batch.Batch(sources, roster, out, lab.name, find_lab=lambda name: lab), progress)


def _pack(lab: Lab, one: Seat, folder: Path) -> Done:
    """Pack the work that lies on the hosts of a seat into a file of `folder`.

    A file of an earlier check goes first, so that nothing old counts.
    """
    file = folder / f"{one.student}{bundle.ENDING}"
    file.unlink(missing_ok=True)
    _, silent = host_work.pack(flow.plan_of(lab, one), file)
    warnings = tuple(seats.provider_of(one).warnings(one))
    return Done(one.student, silent=silent, warnings=warnings)


def run(
    lab: Lab, own: Sequence[Seat], os_name: str, languages: tuple[str, ...], progress: Progress
) -> list[Done]:
    """Run the lab's captures and probes on solved seats, and report each. A seat in its start state fails."""

    def do(one: Seat) -> Done:
        plan = flow.plan_of(lab, one)
        flow.refuse_start(plan)
        done = flow.run(plan, seats.provider_of(one).name, os_name, languages, Silent())
        return Done(one.student, exercises={each.exercise: each.achieved for each in done.verdicts})

    with progress.step(
        NN_("run {lab} on {count} seat", "run {lab} on {count} seats"), lab=lab.name, count=len(own)
    ):
        return side_by_side(own, do, progress, len(os.sched_getaffinity(0)))


def hosts_to_reset(lab: Lab, own: Sequence[Seat], name: str) -> tuple[str, ...]:
    """Return the hosts that `name` means, on every seat. Raises InputError as `work.hosts_to_reset`."""
    plans = (flow.to_begin(flow.plan_of(lab, one), solved=False) for one in own)
    return solution.hosts_to_reset(next(plans), name) if own else ()


def reset(lab: Lab, own: Sequence[Seat], name: str, progress: Progress, watch: Watch = nobody) -> list[Done]:
    """Put hosts of every seat back into their start state. A seat that began solved fails."""

    def do(one: Seat) -> Done:
        plan = solution.read(flow.plan_of(lab, one))
        solution.reset(plan, solution.hosts_to_reset(plan, name), Silent())
        return Done(one.student)

    with progress.step(N_("reset seats of {lab}: {count}"), lab=lab.name, count=len(own)):
        return side_by_side(own, do, progress, watch=watch)


def sleep(own: Sequence[Seat], progress: Progress) -> list[Done]:
    """Put idle seats to sleep. One whose time is over sleeps in any case."""

    def do(one: Seat) -> Done:
        if not class_note.read(one).is_over and sleeping.is_in_use(one):
            raise MachineryError(N_("somebody is logged in on the hosts"))
        with seats.hold(one):
            sleeping.sleep(one)
        return Done(one.student)

    with progress.step(N_("put seats to sleep: {count}"), count=len(own)):
        return side_by_side([one for one in own if not sleeping.is_asleep(one)], do, progress)


def wake(own: Sequence[Seat], progress: Progress) -> list[Done]:
    """Wake the seats that sleep."""

    def do(one: Seat) -> Done:
        with seats.hold(one):
            return Done(one.student)

    with progress.step(N_("wake seats: {count}"), count=len(own)):
        return side_by_side([one for one in own if sleeping.is_asleep(one)], do, progress)
