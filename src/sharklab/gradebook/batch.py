"""Grade a class: look whose each submission is, grade those that are new, then write what the class adds up to.

The folder that comes of it depends on the submissions, the roster, the course secret and sharklab alone, not
on the order, the clock, or how often the batch was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from sharklab import __version__, load, seat, state
from sharklab.errors import InputError
from sharklab.gradebook import inputs, job, junit, kept, overview, pool, results, table
from sharklab.gradebook.inputs import Source
from sharklab.gradebook.job import Glance, Job, Record, Seen
from sharklab.gradebook.model import Class, Entry
from sharklab.gradebook.pool import Failure
from sharklab.grading import integrity
from sharklab.grading.integrity import Handed
from sharklab.grading.model import Remark
from sharklab.grading.terms import NO_TERMS, Terms
from sharklab.message import N_, Message
from sharklab.model import Lab
from sharklab.progress import Progress
from sharklab.roster import Student
from sharklab.submission.model import Seal

SPARE, STRANGER, MISFILED = "spare", "stranger", "misfiled"
"""Kinds of remarks: more than one submission, not in the roster, handed in under another's name."""


@dataclass(frozen=True)
class Batch:
    """What a class handed in and on what terms; `lab` may be "" where packed submissions name it.

    `roster` may be empty: then the class is who handed something in.
    """

    sources: tuple[Source, ...]
    roster: tuple[Student, ...]
    out: Path
    lab: str = ""
    terms: Terms = NO_TERMS
    processes: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))


@dataclass(frozen=True)
class _Turn:
    """Whose turn it is: an entry without a result, their submission if they have one, and what is odd."""

    entry: Entry
    source: Source | None = None
    remarks: tuple[Remark, ...] = ()


def grade(batch: Batch, progress: Progress) -> Class:
    """Grade a class and write its gradebook below `batch.out`; return what is in it.

    What was graded before from the same submission is not graded again. Raises InputError when no lab is
    named or a name in the roster cannot name a seat, MachineryError when tshark is missing, or the disk full,
    and Busy when another process writes there.
    """
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
    lab = load.load(load.find(batch.lab or _lab(seen)))
    turns = tuple(_turns(batch, seen, lab))
    failed = _work(batch, turns, lab, progress)
    with progress.step(N_("write the gradebook")):
        group = _group(batch, turns, failed, lab)
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
    """Return what each submission says of itself."""
    jobs = [Glance(source, batch.out) for source in batch.sources]
    with progress.step(N_("look at {count} submissions"), count=len(jobs)):
        found = _all(job.look, jobs, batch.processes, progress)
    return {source: found[number] for number, source in enumerate(batch.sources)}


def _all(
    work: Callable[[Any], Any], jobs: Sequence[Any], processes: int, progress: Progress
) -> Mapping[int, Any]:
    """Return the outcome of each job by its number, and tell how far the work is and how long it will take."""
    found: dict[int, Any] = {}
    began = time.monotonic()
    for number, outcome in pool.run(work, jobs, processes):
        found[number] = outcome
        left = (time.monotonic() - began) / len(found) * (len(jobs) - len(found))
        values = {
            "done": len(found),
            "count": len(jobs),
            "minutes": int(left // 60),
            "seconds": int(left % 60),
        }
        progress.note(Message(N_("{done} of {count}, {minutes} min {seconds:02d} s left"), values))
    return found


def _lab(seen: Mapping[Source, Seen | Failure]) -> str:
    """Return the lab that most submissions name. Raises InputError when none does."""
    named = Counter(each.lab for each in seen.values() if isinstance(each, Seen) and each.lab)
    if not named:
        raise InputError(N_("no submission names its lab"), place="--lab", hint=N_("name it: --lab tp4"))
    return min(named, key=lambda name: (-named[name], name))


def _turns(batch: Batch, seen: Mapping[Source, Seen | Failure], lab: Lab) -> Iterator[_Turn]:
    """Yield everyone of the class with what counts of what they handed in, by student."""
    whose = {source: _owner(source, found, batch.roster) for source, found in seen.items()}
    known = {student.id: student for student in batch.roster}
    for name in sorted({*known, *whose.values()}):
        student = known.get(name, Student(name, "", ""))
        own = [source for source in batch.sources if whose[source] == name]
        own.sort(key=lambda source: _worth(seen[source], source), reverse=True)
        yield _turn(student, own, seen, lab, _odd(batch, student, own, seen))


def _owner(source: Source, found: Seen | Failure, roster: Sequence[Student]) -> str:
    """Return whose submission it is: what it says, else what its name says, else nobody's but its own."""
    if isinstance(found, Seen):
        return found.student
    named = inputs.owner(source, roster)
    if named:
        return named.id
    stem = "".join(c if state.PLAIN_NAME.fullmatch(c) else "_" for c in source.path.stem).lstrip(".-_") or "x"
    return stem[:64]


def _worth(found: Seen | Failure, source: Source) -> tuple[bool, bool, float, str]:
    """Return what decides which of a student's submissions counts: readable, signed, the newest."""
    if isinstance(found, Failure):
        return False, False, 0.0, str(source.path)
    return True, found.seal is Seal.WHOLE, found.made, str(source.path)


def _turn(
    student: Student,
    own: Sequence[Source],
    seen: Mapping[Source, Seen | Failure],
    lab: Lab,
    odd: tuple[Remark, ...],
) -> _Turn:
    entry = Entry(student.id, student.name, student.email, student.moodle_id)
    if not own:
        return _Turn(entry)
    found = seen[own[0]]
    entry = replace(entry, file=own[0].name)
    if isinstance(found, Failure):
        return _Turn(replace(entry, problem=found.reason), remarks=odd)
    entry = replace(entry, digest=found.digest)
    if found.lab not in ("", lab.name):
        other = Message(N_("it is for the lab {lab}"), {"lab": found.lab})
        return _Turn(replace(entry, problem=other), remarks=odd)
    return _Turn(entry, own[0], odd)


def _odd(
    batch: Batch, student: Student, own: Sequence[Source], seen: Mapping[Source, Seen | Failure]
) -> tuple[Remark, ...]:
    """Return what is odd about how something was handed in."""
    found = []
    if batch.roster and student not in batch.roster:
        found.append(Remark(STRANGER, Message(N_("is not in the roster"))))
    for source in own[1:]:
        said = Message(N_("another file says it is this student's: {file}"), {"file": source.name})
        found.append(Remark(SPARE, said))
    for source in own[:1]:
        other = inputs.owner(source, batch.roster)
        if isinstance(seen[source], Seen) and other and other.id != student.id:
            said = Message(N_("{file} was handed in by {other}"), {"file": source.name, "other": other.id})
            found.append(Remark(MISFILED, said, (other.id,)))
    return tuple(found)


def _work(batch: Batch, turns: Iterable[_Turn], lab: Lab, progress: Progress) -> Mapping[str, Failure]:
    """Grade who is not graded yet; return who could not be, and why."""
    jobs = [each for turn in turns if turn.source for each in [_job(batch, turn, turn.source, lab)]]
    left = [each for each in jobs if not job.is_done(batch.out, each.entry.student, each.key)]
    with progress.step(
        N_("grade {count} submissions; {done} were graded before"),
        count=len(left),
        done=len(jobs) - len(left),
    ):
        found = _all(job.grade, left, batch.processes, progress)
    return {left[number].entry.student: each for number, each in found.items() if isinstance(each, Failure)}


def _job(batch: Batch, turn: _Turn, source: Source, lab: Lab) -> Job:
    own = seat.register(lab, turn.entry.student)
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
    """Return what graded: the program and its version."""
    return f"sharklab {__version__}"


@cache
def _sharklab() -> str:
    """Return the SHA-256 of sharklab itself: another grader may give another result."""
    files = sorted(path for path in Path(__file__).parents[1].rglob("*") if path.suffix in _SOURCES)
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()


_SOURCES = {".py", ".j2", ".css", ".json", ".po"}


def _group(batch: Batch, turns: Sequence[_Turn], failed: Mapping[str, Failure], lab: Lab) -> Class:
    """Return the class as it was graded, with what is odd in it."""
    records = {turn.entry.student: job.recall(batch.out, turn.entry.student) for turn in turns if turn.source}
    whole = {name: each for name, each in records.items() if each and name not in failed}
    found = integrity.remarks(_handed(each, lab) for each in whole.values() if each.entry.result)
    entries = (_entry(turn, whole, failed, found.get(turn.entry.student, ())) for turn in turns)
    return Class(lab.name, lab.title, tuple(entries), tool())


def _handed(record: Record, lab: Lab) -> Handed:
    student, seal = record.entry.student, record.entry.result.seal if record.entry.result else Seal.NONE
    return Handed(student, seat.register(lab, student), seal, record.traces)


def _entry(
    turn: _Turn, whole: Mapping[str, Record], failed: Mapping[str, Failure], remarks: tuple[Remark, ...]
) -> Entry:
    name = turn.entry.student
    if name in failed:
        return replace(turn.entry, problem=failed[name].reason)
    if name not in whole:
        return turn.entry
    result = whole[name].entry.result
    if result is None:
        return turn.entry
    return replace(turn.entry, result=replace(result, remarks=(*result.remarks, *turn.remarks, *remarks)))
