"""The work on one submission, in a separate process: find its student, then grade it.

A job takes and returns plain data; its files are in the gradebook's folder before it returns.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.evidence import packets
from sharklab.evidence.packets.model import Facts
from sharklab.evidence.packets.together import read_together
from sharklab.grading.gradebook import feedback, inputs, kept
from sharklab.grading.gradebook.gradescope import gradescope
from sharklab.grading.gradebook.inputs import Source
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.gradebook.pool import Failure, failure
from sharklab.grading.marking.case import gather
from sharklab.grading.marking.grade import mark
from sharklab.grading.marking.terms import Terms
from sharklab.grading.marking.traces import Traces, traces
from sharklab.grading.submission import bundle, manifest, work
from sharklab.grading.submission.model import Seal, Submission
from sharklab.lab import load
from sharklab.lab.model import Lab, Plan, Seat
from sharklab.lab.plan import make_plan

SCHEMA = 1
"""The version of what is kept of a student."""
KEPT = ".kept"
"""The folder in a gradebook where what is kept of each student lies; it is not for students."""
SCRATCH = ".scratch"
"""The folder in a gradebook where submissions are unpacked while they are looked at."""


@dataclass(frozen=True)
class Glance:
    """A job: look at `source`, unpacked below `out`."""

    source: Source
    out: Path


@dataclass(frozen=True)
class Seen:
    """The student, lab and seal that a submission names, and its SHA-256; a folder names only its student."""

    student: str
    lab: str
    seal: Seal
    made: float
    digest: str


@dataclass(frozen=True)
class Job:
    """A job: grade `source` for the seat of its student and write the feedback below `out`.

    `entry` is the student without a result; `key` names everything that the result depends on.
    """

    source: Source
    out: Path
    entry: Entry
    lab: str
    seat: Seat
    terms: Terms
    tool: str
    key: str


@dataclass(frozen=True)
class Record:
    """The record of a graded student: `files` are digests of the written files, by place."""

    schema: int
    key: str
    entry: Entry
    traces: Traces
    files: Mapping[str, str]


def look(job: Glance) -> Seen:
    """Return the student and lab that a submission names. Raises InputError if it cannot be read."""
    digest = inputs.digest(job.source)
    if not job.source.packed:
        return Seen(job.source.name, "", Seal.NONE, 0.0, digest)
    with _unpacked(job.source, job.out) as found:
        return Seen(found.student, found.lab, found.seal, found.made, digest)


@contextmanager
def _unpacked(source: Source, out: Path) -> Iterator[Submission]:
    """Give the content of a packed submission, which is in a folder while the block runs."""
    with tempfile.TemporaryDirectory(dir=state.folder(out / SCRATCH)) as folder:
        yield bundle.unpack(source.path, Path(folder))


def grade(jobs: tuple[Job, ...]) -> tuple[Failure | None, ...]:
    """Grade several submissions, write what their students get and what is kept of them.

    Return for each why it could not be graded, or None. Their captures are read together, which changes
    nothing but the time that it takes. Raises MachineryError when a tool is missing or the disk is full.
    """
    with ExitStack() as stack:
        opened = [_opened(job, stack) for job in jobs]
        whole = [found for found in opened if not isinstance(found, Failure)]
        files = [file for _, submission in whole for file in submission.captures.values()]
        known = {file: packets.facts(recording) for file, recording in read_together(files).items()}
        return tuple(
            found if isinstance(found, Failure) else _attempt(job, *found, known)
            for job, found in zip(jobs, opened, strict=True)
        )


def _opened(job: Job, stack: ExitStack) -> tuple[Plan, Submission] | Failure:
    """Return the plan and what was handed in, unpacked until `stack` is closed, or why it cannot be read."""
    try:
        plan = make_plan(_lab(job.lab), job.seat)
        if job.source.packed:
            return plan, stack.enter_context(_unpacked(job.source, job.out))
        return plan, work.read(job.source.path, plan)
    except Exception as error:
        return failure(error)


def _attempt(job: Job, plan: Plan, submission: Submission, known: Mapping[Path, Facts]) -> Failure | None:
    try:
        keep(job.out, _graded(job, plan, submission, known))
    except Exception as error:
        return failure(error)
    return None


@cache
def _lab(name: str) -> Lab:
    return load.named(name)


def _graded(job: Job, plan: Plan, submission: Submission, known: Mapping[Path, Facts]) -> Record:
    cases = gather(plan, submission, known)
    facts = {name: found for case in cases for name, found in case.context.facts.items()}
    entry = replace(job.entry, result=mark(plan, submission, cases, job.terms))
    # What is shown is made of what is kept: a student who is not graded again has the same to the letter.
    entry = kept.from_plain(Entry, json.loads(json.dumps(kept.to_plain(entry))))
    files = feedback.files(entry, plan, facts, job.tool)
    if entry.result:
        files["gradescope.json"] = gradescope(entry.result)
    folder = state.folder(job.out / entry.student)
    for name, content in files.items():
        state.write(folder / name, content, 0o644)
    digests = {
        f"{entry.student}/{name}": manifest.digest(content.encode()) for name, content in files.items()
    }
    return Record(SCHEMA, job.key, entry, traces(submission, facts), digests)


def keep(out: Path, record: Record) -> None:
    """Write the record of a student."""
    content = json.dumps(kept.to_plain(record), ensure_ascii=False)
    state.write(_file(out, record.entry.student), content, 0o600)


def _file(out: Path, student: str) -> Path:
    return state.folder(out / KEPT) / f"{student}.json"


def recall(out: Path, student: str) -> Record | None:
    """Return the record of a student, or None if it is missing or damaged."""
    with suppress(OSError, ValueError, RecursionError):
        data: Any = json.loads(_file(out, student).read_text(encoding="utf-8"))
        record = kept.from_plain(Record, data)
        return record if record.schema == SCHEMA else None
    return None


def is_done(out: Path, student: str, key: str) -> bool:
    """Tell whether a student was graded from the same, and all that was written is still there."""
    record = recall(out, student)
    return (
        record is not None
        and record.key == key
        and all(_is_there(out / place, digest) for place, digest in record.files.items())
    )


def _is_there(file: Path, digest: str) -> bool:
    return file.is_file() and not file.is_symlink() and manifest.digest(file.read_bytes()) == digest
