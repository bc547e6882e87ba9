"""A student's own work: graded as it lies there, with hints, and packed to be handed in.

The verbs `check` and `submit` call this, and so does the workbench: both say the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sharklab import state
from sharklab.checks import host_demands
from sharklab.cli import exam_rules, solution
from sharklab.errors import InputError
from sharklab.evidence import host_state
from sharklab.grading.marking import advice
from sharklab.grading.marking.answer_keys import without_keys
from sharklab.grading.marking.marks import grade
from sharklab.grading.marking.model import Result
from sharklab.grading.marking.policy import Policy
from sharklab.grading.submission import bundle, manifest, unpacked
from sharklab.grading.submission import work as folders
from sharklab.grading.submission.model import PlainHostState, Problem, Submission
from sharklab.hosts.providers import sleeping
from sharklab.lab import diary, seat
from sharklab.lab.model import Plan
from sharklab.message import DID_YOU_MEAN, N_, Message, nearest
from sharklab.progress import Progress

_COPIES = "copies"
"""The folder of the state for work whose archives are unpacked."""


@dataclass(frozen=True)
class Look:
    """The part of a grading that its student may know: `result` is without keys.

    `offered` are the hints that fit now, as exercise/criterion, also those that were taken. In an exam,
    `result` tells which parts are missing, and nothing else of it may be shown (`advice.list_missing`).
    """

    submission: Submission
    result: Result
    offered: tuple[str, ...]
    has_seat: bool

    @property
    def notes(self) -> tuple[Message, ...]:
        """Sentences about the work as a whole: a seat that is missing, and files under other names."""
        if self.has_seat:
            return self.result.taken
        text = N_("You have no seat of this lab here: the criteria that need a seat do not count.")
        return (Message(text), *self.result.taken)


def needs_hosts(plan: Plan) -> bool:
    """Tell whether the lab asks for the state of the hosts, and the seat has some."""
    return host_demands.is_needed(plan) and (plan.seat.folder / "ssh" / "config").exists()


def name_missing_hosts(plan: Plan) -> tuple[Message, ...]:
    """Return a sentence when the lab asks for the state of the hosts, and the student's seat is not up."""
    if needs_hosts(plan) or not (host_demands.is_needed(plan) and solution.has_seat(plan)):
        return ()
    text = N_(
        "Your seat of {lab} is not up, so the state of its hosts is missing: "
        "sharklab up {lab} --student {student}"
    )
    return (Message(text, {"lab": plan.lab.name, "student": plan.seat.student}),)


@contextmanager
def open_work(folder: Path, plan: Plan, progress: Progress) -> Iterator[Submission]:
    """Give the work in `folder` as it is now, with the state of the hosts where the lab asks for it.

    To see hosts that are containers takes root's rights. Raises as `read` does.
    """
    made = time.time()
    with read(folder, plan) as found:
        yield solution.with_state(plan, found, _observe(plan, progress), made)


@contextmanager
def read(folder: Path, plan: Plan) -> Iterator[Submission]:
    """Give the work in `folder`, without the state of the hosts. Raises InputError without such a folder.

    Archives in it count as they do when the folder is graded: unpacked, in a copy that goes afterwards.
    """
    with _unpack_copy(folder, plan.lab.name) as (place, refused):
        found = folders.read(place, plan)
        yield replace(found, problems=(*refused, *found.problems))


@contextmanager
def _unpack_copy(folder: Path, lab: str) -> Iterator[tuple[Path, tuple[Problem, ...]]]:
    """Give the folder, or a copy of it with its archives unpacked, and the refused archives.

    The copy lies in the state folder. It costs only links where that is on the file system of the work.
    """
    state.remove_left(state.root() / _COPIES)
    if not folder.is_dir() or not unpacked.list_archives(folder, lab):
        yield folder, ()
        return
    with state.temporary(state.root() / _COPIES) as copies:
        place = copies / folder.resolve().name
        yield place, unpacked.bring_together(folder, (), place, lab)


def _observe(plan: Plan, progress: Progress) -> Mapping[str, PlainHostState]:
    if not needs_hosts(plan):
        return {}
    sleeping.wake(plan.seat)
    with progress.step(N_("record the state of the hosts")):
        return host_state.observe(plan, host_demands.demands(plan))


def look(plan: Plan, submission: Submission, hint: str = "") -> Look:
    """Grade the work and return what its student may know; take the hint of a criterion, if one is named.

    Raises InputError when an exam does not allow hints, or there is no hint of that name now.
    """
    if hint:
        exam_rules.refuse_in_exam(plan, "check --hint")
    has_seat = solution.has_seat(plan)
    graded = grade(plan, submission, Policy(without_seats=not has_seat))
    if plan.lab.exam:
        diary.note_check(plan.seat)
        return Look(submission, graded, (), has_seat)
    offered = advice.hint_names(graded)
    if hint:
        _check_criterion(hint, graded)
        _take_hint(plan, hint, offered)
    return Look(submission, without_keys(graded, diary.hints(plan.seat)), offered, has_seat)


def _check_criterion(name: str, graded: Result) -> None:
    """Raise InputError when the lab has no criterion of the name exercise/criterion."""
    known = [f"{exercise.id}/{mark.criterion}" for exercise in graded.exercises for mark in exercise.marks]
    if name in known:
        return
    near = nearest(name, known)
    exercise = name.partition("/")[0]
    raise InputError(
        N_("the lab has no criterion {name!r}"),
        place="--hint",
        hint=DID_YOU_MEAN if near else N_("criteria: {known}"),
        name=name,
        near=near,
        known=", ".join([each for each in known if each.startswith(f"{exercise}/")] or known),
    )


def _take_hint(plan: Plan, name: str, known: tuple[str, ...]) -> None:
    """Note that a hint is taken. Raises InputError when there is none of that name now."""
    if name not in known:
        raise InputError(
            N_("there is no hint for {name!r} now"),
            place="--hint",
            hint=N_("there are hints for: {known}") if known else N_("no missing part has a hint"),
            name=name,
            known=", ".join(known),
        )
    diary.take_hint(plan.seat, name)


@contextmanager
def pack(
    plan: Plan, folder: Path, file: Path, progress: Progress, again: str = ""
) -> Iterator[tuple[Submission, str]]:
    """Pack the work in `folder` into `file`, and give its content and the file's SHA-256.

    In an exam the hosts reboot before that. `again` is the code to hand in once more. Raises InputError when
    the exam does not allow it, or a part of the work cannot be packed.
    """
    exam_rules.check_submission(plan, again)
    with open_work(folder, plan, progress) as submission:
        if plan.lab.exam:
            submission = _end_exam(plan, submission, again, progress)
        bundle.pack(submission, seat.key(plan.lab.name, plan.seat.student), file)
        digest = manifest.digest(file.read_bytes())
        if plan.lab.exam:
            diary.note_submission(plan.seat, digest)
        yield submission, digest


def _end_exam(plan: Plan, submission: Submission, again: str, progress: Progress) -> Submission:
    """Return the submission with the record of its exam, and with the second look at its hosts."""
    record = exam_rules.with_record(plan, submission, again)
    if not host_demands.is_needed(plan):
        return record
    return exam_rules.look_again(plan, record, host_demands.demands(plan), progress)
