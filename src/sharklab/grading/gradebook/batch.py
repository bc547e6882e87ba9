"""Grade a class: find the student of each submission, grade the new ones, write the gradebook.

The gradebook depends on the submissions, the roster, the course secret and sharklab alone. The order of the
files, the clock and interruptions change nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from sharklab import __version__, paths, state
from sharklab.evidence.packets import box
from sharklab.grading.gradebook import class_page, junit, pool, record_file, results, table, work_item
from sharklab.grading.gradebook.corrections import NO_CORRECTIONS, Corrections
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.selection import Selection, lab_of, select
from sharklab.grading.gradebook.submission_source import SubmissionSource
from sharklab.grading.gradebook.work_item import GradeItem, IdentifyItem, Identity, StudentRecord
from sharklab.grading.marking import integrity
from sharklab.grading.marking.integrity import ComparedSubmission
from sharklab.grading.marking.model import Remark
from sharklab.grading.marking.policy import NO_POLICY, Policy
from sharklab.grading.submission.model import Seal
from sharklab.i18n import languages
from sharklab.lab import exam, load, seat
from sharklab.lab.model import Lab, Seat
from sharklab.lab.roster import Student
from sharklab.message import N_, NN_, Message
from sharklab.progress import Progress

GROUP = 30
"""Submissions that one process reads together, at most."""


@dataclass(frozen=True)
class Batch:
    """The submissions of a class and the policy of its course; `lab` may be "" if packed submissions name it.

    `roster` may be empty: then the class are the students who handed something in. `find_lab` returns the
    lab of a name, or raises InputError. `check` gets the class before anything is graded; its errors end the
    batch. An exam was from `begin` to `end` (epoch seconds); 0 if that is unknown, or follows from the lab.
    """

    sources: tuple[SubmissionSource, ...]
    roster: tuple[Student, ...]
    out: Path
    lab: str = ""
    policy: Policy = NO_POLICY
    processes: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    find_lab: Callable[[str], Lab] = load.read_named
    check: Callable[[Sequence[Entry]], None] = lambda entries: None
    begin: float = 0.0
    end: float = 0.0
    corrections: Corrections = NO_CORRECTIONS


def grade(batch: Batch, progress: Progress) -> Class:
    """Grade a class, write its gradebook below `batch.out`, and return its content.

    A submission that was graded before is not graded again. Raises InputError when no lab is
    named or a name in the roster cannot name a seat, MachineryError when tshark is missing, or the disk full,
    and Busy when another process writes there.
    """
    box.find("tshark")
    out = state.folder(batch.out)
    with state.lock(out / ".lock", Message(N_("gradebook {folder}"), {"folder": out})):
        _sweep(out)
        try:
            return _grade(batch, progress)
        finally:
            _sweep(out)


def _sweep(out: Path) -> None:
    """Remove the unpacked submissions of an interrupted batch."""
    shutil.rmtree(out / work_item.SCRATCH, ignore_errors=True)


def _grade(batch: Batch, progress: Progress) -> Class:
    identities = _identify(batch, progress)
    lab = batch.find_lab(batch.lab or lab_of(identities))
    times = exam.windows(lab, batch.roster, batch.begin, batch.end)
    selections = tuple(select(tuple(identities), batch.roster, identities, lab, times))
    batch.check([selection.entry for selection in selections])
    _check_corrections(batch.corrections, selections, lab, progress)
    graded = [selection.entry for selection in selections if selection.source]
    seats = seat.look_up_all(lab, {name for each in graded for name in (each.student, each.seat_owner)})
    failed = _grade_new(batch, selections, identities, lab, seats, progress)
    with progress.step(N_("write the gradebook")):
        group = _class(batch, selections, failed, lab, seats)
        _forget_others(batch.out, group, progress)
        for name, content in _outputs(group).items():
            state.write(batch.out / name, content, 0o644)
    return group


def _check_corrections(
    given: Corrections, selections: Sequence[Selection], lab: Lab, progress: Progress
) -> None:
    """Raise InputError for a line about a stranger. Tell which students handed in nothing to correct."""
    given.check({each.entry.student for each in selections}, lab)
    missing = {each.entry.student for each in selections if not each.source}
    if absent := sorted({student for _, student, _ in given.lines} & missing):
        text = N_("These students handed in nothing, so their corrections do not count: {students}")
        progress.note(Message(text, {"students": absent}))


def _forget_others(out: Path, group: Class, progress: Progress) -> None:
    """Remove what an earlier batch wrote about students who have no result in this one."""
    graded = {entry.student for entry in group.entries if entry.result}
    for student in work_item.list_recorded(out):
        if student not in graded:
            work_item.forget(out, student)
            text = N_("{student} has no result any more: the old feedback is removed")
            progress.note(Message(text, {"student": student}))


def _outputs(group: Class) -> Mapping[str, str]:
    return {
        "gradebook.csv": table.gradebook(group),
        "junit.xml": junit.junit(group),
        "results.json": results.results(group),
        **{f"gradebook.{code}.csv": table.spreadsheet(group, code) for code in languages()},
        **class_page.files(group),
    }


def _identify(batch: Batch, progress: Progress) -> Mapping[SubmissionSource, Identity | Failure]:
    """Return the student, lab and seal that each submission names, or the failure to read it.

    A zip of several things is opened first: each submission in it counts.
    """
    identities: dict[SubmissionSource, Identity | Failure] = {}
    left = batch.sources
    while left:
        items = [IdentifyItem(source, batch.out, batch.roster, batch.lab) for source in left]
        with progress.step(NN_("read {count} submission", "read {count} submissions"), count=len(items)):
            outcomes = _all(work_item.identify, items, batch.processes, progress)
        inside: list[SubmissionSource] = []
        for number, source in enumerate(left):
            outcome = outcomes[number]
            if isinstance(outcome, tuple):
                inside += outcome
            else:
                identities[source] = outcome
        left = tuple(inside)
    return {
        source: identities[source] for source in sorted(identities, key=lambda each: (each.parts, each.path))
    }


def _all(
    work: Callable[[Any], Any],
    items: Sequence[Any],
    processes: int,
    progress: Progress,
    size: Callable[[Any], int] = lambda item: 1,
) -> Mapping[int, Any]:
    """Return the outcome of each item by its number, and tell how far the work is and what time is left.

    `size` is how many submissions a work item is about.
    """
    outcomes: dict[int, Any] = {}
    done, count, began = 0, sum(map(size, items)), time.monotonic()
    for number, outcome in pool.run(work, items, processes):
        outcomes[number] = outcome
        done += size(items[number])
        left = (time.monotonic() - began) / done * (count - done)
        values = {"done": done, "count": count, "minutes": int(left // 60), "seconds": int(left % 60)}
        progress.note(Message(N_("{done} of {count}, {minutes} min {seconds:02d} s left"), values))
    return outcomes


def _grade_new(
    batch: Batch,
    selections: Iterable[Selection],
    identities: Mapping[SubmissionSource, Identity | Failure],
    lab: Lab,
    seats: Mapping[str, Seat],
    progress: Progress,
) -> Mapping[str, Failure]:
    """Grade the students who are not graded yet; return the failures by student."""
    chosen = ((each, identities[each.source]) for each in selections if each.source)
    items = [
        _make_item(batch, each, identity, lab, seats)
        for each, identity in chosen
        if isinstance(identity, Identity)
    ]
    left = [each for each in items if not work_item.is_done(batch.out, each.entry.student, each.key)]
    with progress.step(
        NN_(
            "grade {count} submission; graded before: {done}",
            "grade {count} submissions; graded before: {done}",
        ),
        count=len(left),
        done=len(items) - len(left),
    ):
        return _grade_groups(left, batch.processes, progress)


def _grade_groups(items: Sequence[GradeItem], processes: int, progress: Progress) -> Mapping[str, Failure]:
    """Grade submissions in groups. If a group fails, each of its submissions is graded once more, alone."""
    size = _group_size(len(items), processes)
    groups = [tuple(items[start : start + size]) for start in range(0, len(items), size)]
    found = _outcomes(groups, _all(work_item.grade, groups, processes, progress, len))
    again = [
        (each,) for group in groups if len(group) > 1 for each in group if each.entry.student not in found
    ]
    found |= _outcomes(again, _all(work_item.grade, again, processes, progress, len))
    return {student: outcome for student, outcome in found.items() if outcome}


def _group_size(items: int, processes: int) -> int:
    """Return how many submissions are graded together: few enough that every process has its share."""
    return min(GROUP, max(1, items // (3 * processes)))


def _outcomes(
    groups: Sequence[tuple[GradeItem, ...]], outcomes: Mapping[int, tuple[Failure | None, ...] | Failure]
) -> dict[str, Failure | None]:
    """Return the outcome of each student; a failed group has one only if it is of one student."""
    by_student: dict[str, Failure | None] = {}
    for number, outcome in outcomes.items():
        group = groups[number]
        if not isinstance(outcome, Failure):
            by_student |= {each.entry.student: one for each, one in zip(group, outcome, strict=True)}
        elif len(group) == 1:
            by_student[group[0].entry.student] = outcome
    return by_student


def _make_item(
    batch: Batch, selection: Selection, identity: Identity, lab: Lab, seats: Mapping[str, Seat]
) -> GradeItem:
    own = seats[selection.entry.seat_owner]
    by_hand = batch.corrections.of(selection.entry.student, lab)
    policy = replace(batch.policy, window=selection.window, by_hand=by_hand)
    parts = {
        "sharklab": _sharklab(),
        "lab": lab.data,
        "seat": seat.to_plain(own),
        "entry": record_file.to_plain(selection.entry),
        "policy": record_file.to_plain(policy),
    }
    key = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return GradeItem(identity, batch.out, selection.entry, lab.path, own, policy, tool(), key)


def tool() -> str:
    """Return the grading program and its version."""
    return f"sharklab {__version__}"


@cache
def _sharklab() -> str:
    """Return the SHA-256 of sharklab itself: another grader may give another result."""
    files = sorted(path for path in paths.SOURCE.rglob("*") if path.suffix in _SOURCES)
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()


_SOURCES = {".py", ".j2", ".css", ".json", ".po"}


def _class(
    batch: Batch,
    selections: Sequence[Selection],
    failed: Mapping[str, Failure],
    lab: Lab,
    seats: Mapping[str, Seat],
) -> Class:
    """Return the class as it was graded, with the remarks on it."""
    records = {
        selection.entry.student: work_item.read_record(batch.out, selection.entry.student)
        for selection in selections
        if selection.source
    }
    whole = {name: each for name, each in records.items() if each and name not in failed}
    partners = _partners(selections, seats)
    found = integrity.remarks(
        _compare_record(each, seats, partners[each.entry.student], batch.policy.without_seats)
        for each in whole.values()
        if each.entry.result and not each.entry.author
    )
    entries = (
        _entry(selection, whole, failed, found.get(selection.entry.seat_owner, ()))
        for selection in selections
    )
    return Class(lab.name, lab.title, tuple(entries), tool(), lab.exam is not None)


def _partners(selections: Iterable[Selection], seats: Mapping[str, Seat]) -> Mapping[str, tuple[Seat, ...]]:
    """Return the seats of the members of a group by the member whose submission counts for them."""
    partners: dict[str, tuple[Seat, ...]] = dict.fromkeys(seats, ())
    for entry in (selection.entry for selection in selections if selection.source):
        if entry.author:
            partners[entry.author] += (seats[entry.student],)
    return partners


def _compare_record(
    record: StudentRecord, seats: Mapping[str, Seat], partners: tuple[Seat, ...], without_seats: bool
) -> ComparedSubmission:
    student, seal = record.entry.student, record.entry.result.seal if record.entry.result else Seal.NONE
    return ComparedSubmission(student, seats[student], seal, record.fingerprint, partners, without_seats)


def _entry(
    selection: Selection,
    whole: Mapping[str, StudentRecord],
    failed: Mapping[str, Failure],
    remarks: tuple[Remark, ...],
) -> Entry:
    name = selection.entry.student
    if name in failed:
        return replace(selection.entry, problem=failed[name].reason)
    result = whole[name].entry.result if name in whole else None
    if result is None:
        return selection.entry
    return replace(selection.entry, result=replace(result, remarks=(*result.remarks, *remarks)))
