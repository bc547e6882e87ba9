"""Grade a class: look whose each submission is, grade those that are new, write what the class adds up to.

The folder that comes of it depends on the submissions, the roster, the course secret and sharklab alone, not
on the order, the clock, or how often the batch was interrupted.
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
from sharklab.grading.gradebook import job, junit, kept, overview, pool, results, table
from sharklab.grading.gradebook.inputs import Source
from sharklab.grading.gradebook.job import Glance, Job, Record, Seen
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.turns import Turn, lab_of, turns_of
from sharklab.grading.marking import integrity
from sharklab.grading.marking.integrity import Handed
from sharklab.grading.marking.model import Remark
from sharklab.grading.marking.terms import NO_TERMS, Terms
from sharklab.grading.submission.model import Seal
from sharklab.lab import load, seat
from sharklab.lab.model import Lab, Seat
from sharklab.lab.roster import Student
from sharklab.message import N_, Message
from sharklab.progress import Progress

GROUP = 30
"""Submissions that one process reads together, at most."""


@dataclass(frozen=True)
class Batch:
    """The submissions of a class and the terms; `lab` may be "" if packed submissions name it.

    `roster` may be empty: then the class are the students who handed something in. `find_lab` returns the
    lab of a name, or raises InputError.
    """

    sources: tuple[Source, ...]
    roster: tuple[Student, ...]
    out: Path
    lab: str = ""
    terms: Terms = NO_TERMS
    processes: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    find_lab: Callable[[str], Lab] = load.named


def grade(batch: Batch, progress: Progress) -> Class:
    """Grade a class and write its gradebook below `batch.out`; return what is in it.

    What was graded before from the same submission is not graded again. Raises InputError when no lab is
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
    """Remove what an interrupted batch left unpacked."""
    shutil.rmtree(out / job.SCRATCH, ignore_errors=True)


def _grade(batch: Batch, progress: Progress) -> Class:
    seen = _look(batch, progress)
    lab = batch.find_lab(batch.lab or lab_of(seen))
    turns = tuple(turns_of(batch.sources, batch.roster, seen, lab))
    seats = {turn.entry.student: seat.look_up(lab, turn.entry.student) for turn in turns if turn.source}
    failed = _work(batch, turns, lab, seats, progress)
    with progress.step(N_("write the gradebook")):
        group = _group(batch, turns, failed, lab, seats)
        for name, content in _outputs(group).items():
            state.write(batch.out / name, content, 0o644)
    return group


def _outputs(group: Class) -> Mapping[str, str]:
    return {
        "gradebook.csv": table.gradebook(group),
        "junit.xml": junit.junit(group),
        "results.json": results.results(group),
        **overview.files(group),
    }


def _look(batch: Batch, progress: Progress) -> Mapping[Source, Seen | Failure]:
    """Return the student, lab and seal that each submission names, or the failure to read it."""
    jobs = [Glance(source, batch.out) for source in batch.sources]
    with progress.step(N_("look at {count} submissions"), count=len(jobs)):
        found = _all(job.look, jobs, batch.processes, progress)
    return {source: found[number] for number, source in enumerate(batch.sources)}


def _all(
    work: Callable[[Any], Any],
    jobs: Sequence[Any],
    processes: int,
    progress: Progress,
    size: Callable[[Any], int] = lambda job: 1,
) -> Mapping[int, Any]:
    """Return the outcome of each job by its number, and tell how far the work is and what time is left.

    `size` is how many submissions a job is about.
    """
    found: dict[int, Any] = {}
    done, count, began = 0, sum(map(size, jobs)), time.monotonic()
    for number, outcome in pool.run(work, jobs, processes):
        found[number] = outcome
        done += size(jobs[number])
        left = (time.monotonic() - began) / done * (count - done)
        values = {"done": done, "count": count, "minutes": int(left // 60), "seconds": int(left % 60)}
        progress.note(Message(N_("{done} of {count}, {minutes} min {seconds:02d} s left"), values))
    return found


def _work(
    batch: Batch, turns: Iterable[Turn], lab: Lab, seats: Mapping[str, Seat], progress: Progress
) -> Mapping[str, Failure]:
    """Grade who is not graded yet; return who could not be, and why."""
    jobs = [each for turn in turns if turn.source for each in [_job(batch, turn, turn.source, lab, seats)]]
    left = [each for each in jobs if not job.is_done(batch.out, each.entry.student, each.key)]
    with progress.step(
        N_("grade {count} submissions; {done} were graded before"),
        count=len(left),
        done=len(jobs) - len(left),
    ):
        return _graded(left, batch.processes, progress)


def _graded(jobs: Sequence[Job], processes: int, progress: Progress) -> Mapping[str, Failure]:
    """Grade submissions in groups; each of a group that came to nothing is graded once more, alone."""
    size = _group_size(len(jobs), processes)
    groups = [tuple(jobs[start : start + size]) for start in range(0, len(jobs), size)]
    found = _outcomes(groups, _all(job.grade, groups, processes, progress, len))
    again = [
        (each,) for group in groups if len(group) > 1 for each in group if each.entry.student not in found
    ]
    found |= _outcomes(again, _all(job.grade, again, processes, progress, len))
    return {student: outcome for student, outcome in found.items() if outcome}


def _group_size(jobs: int, processes: int) -> int:
    """Return how many submissions are graded together: few enough that every process has its turns."""
    return min(GROUP, max(1, jobs // (3 * processes)))


def _outcomes(
    groups: Sequence[tuple[Job, ...]], outcomes: Mapping[int, tuple[Failure | None, ...] | Failure]
) -> dict[str, Failure | None]:
    """Return the outcome of each student; of a group that came to nothing, only if it was one student."""
    found: dict[str, Failure | None] = {}
    for number, outcome in outcomes.items():
        group = groups[number]
        if not isinstance(outcome, Failure):
            found |= {each.entry.student: one for each, one in zip(group, outcome, strict=True)}
        elif len(group) == 1:
            found[group[0].entry.student] = outcome
    return found


def _job(batch: Batch, turn: Turn, source: Source, lab: Lab, seats: Mapping[str, Seat]) -> Job:
    own = seats[turn.entry.student]
    parts = {
        "sharklab": _sharklab(),
        "lab": lab.data,
        "seat": seat.to_plain(own),
        "entry": kept.to_plain(turn.entry),
        "terms": kept.to_plain(batch.terms),
    }
    key = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return Job(source, batch.out, turn.entry, lab.name, own, batch.terms, tool(), key)


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


def _group(
    batch: Batch, turns: Sequence[Turn], failed: Mapping[str, Failure], lab: Lab, seats: Mapping[str, Seat]
) -> Class:
    """Return the class as it was graded, with the remarks on it."""
    records = {turn.entry.student: job.recall(batch.out, turn.entry.student) for turn in turns if turn.source}
    whole = {name: each for name, each in records.items() if each and name not in failed}
    found = integrity.remarks(_handed(each, seats) for each in whole.values() if each.entry.result)
    entries = (_entry(turn, whole, failed, found.get(turn.entry.student, ())) for turn in turns)
    return Class(lab.name, lab.title, tuple(entries), tool())


def _handed(record: Record, seats: Mapping[str, Seat]) -> Handed:
    student, seal = record.entry.student, record.entry.result.seal if record.entry.result else Seal.NONE
    return Handed(student, seats[student], seal, record.traces)


def _entry(
    turn: Turn, whole: Mapping[str, Record], failed: Mapping[str, Failure], remarks: tuple[Remark, ...]
) -> Entry:
    name = turn.entry.student
    if name in failed:
        return replace(turn.entry, problem=failed[name].reason)
    result = whole[name].entry.result if name in whole else None
    if result is None:
        return turn.entry
    return replace(turn.entry, result=replace(result, remarks=(*result.remarks, *remarks)))
