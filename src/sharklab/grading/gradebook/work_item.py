"""The work on one submission, in a separate process: find its student, then grade it.

A work item takes and returns plain data; its files are in the gradebook's folder before it returns.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.errors import InputError
from sharklab.evidence.capture import read_few
from sharklab.grading.gradebook import exam_page, feedback, inputs, record_file, submission_source
from sharklab.grading.gradebook.gradescope import gradescope
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.gradebook.pool import Failure, failure
from sharklab.grading.gradebook.submission_source import SubmissionSource
from sharklab.grading.marking.case import Known, gather, list_captures
from sharklab.grading.marking.fingerprints import SubmissionFingerprint, fingerprint
from sharklab.grading.marking.marks import mark
from sharklab.grading.marking.policy import Policy
from sharklab.grading.submission import archive, bundle, manifest, tarball, unpacked, work
from sharklab.grading.submission.model import Problem, Seal, Submission
from sharklab.lab import exam, load
from sharklab.lab.model import Lab, Plan, Seat
from sharklab.lab.plan import make_plan
from sharklab.lab.roster import Student
from sharklab.limits import BUNDLE

SCHEMA = 1
"""The version of a student's record."""
KEPT = ".kept"
"""The folder of the records in a gradebook; it is not for students."""
_OURS = re.compile(r"feedback\.[a-z]{2,3}\.(?:html|md)|exam\.[a-z]{2,3}\.html|gradescope\.json")
"""The files of a student's folder in a gradebook."""
SCRATCH = ".scratch"
"""The folder in a gradebook where submissions lie unpacked while their class is graded."""


@dataclass(frozen=True)
class IdentifyItem:
    """A work item: find the student of `source`, which is unpacked below `out`; `students` are the roster.

    `lab` is the one that is graded, "" if the submissions tell it.
    """

    source: SubmissionSource
    out: Path
    students: tuple[Student, ...] = ()
    lab: str = ""


@dataclass(frozen=True)
class Identity:
    """The student, lab and seal that a bundle names, and its SHA-256; a folder names no student ("").

    The bundle was unpacked into `folder`, without the `problems`; it stays until the class is graded.
    `again`: the student handed it in with the instructor's code. `text_only`: the file could not be read, and
    the online text of its student stands for it.
    """

    student: str
    lab: str
    seal: Seal
    made: float
    digest: str
    folder: Path = Path()
    problems: tuple[Problem, ...] = ()
    again: bool = False
    text_only: bool = False


@dataclass(frozen=True)
class GradeItem:
    """A work item: grade the submission `identity` for the seat of its student. The feedback is in `out`.

    `entry` is the student without a result, `lab` the lab's folder; `key` names
    everything that the result depends on.
    """

    identity: Identity
    out: Path
    entry: Entry
    lab: Path
    seat: Seat
    policy: Policy
    tool: str
    key: str


@dataclass(frozen=True)
class StudentRecord:
    """The record of a graded student: `files` are digests of the written files, by place."""

    schema: int
    key: str
    entry: Entry
    fingerprint: SubmissionFingerprint
    files: Mapping[str, str]


def identify(item: IdentifyItem) -> Identity | tuple[SubmissionSource, ...]:
    """Return the student and lab that a submission names, or the submissions in a zip of several things.

    Raises InputError if it cannot be read.
    """
    source = item.source
    if not source.packed:
        return _bring_together(item)
    try:
        return _identify_packed(item)
    except InputError as error:
        if not source.texts:
            raise
        unread = replace(source, problems=(Problem(source.path.name, error.sentence),))
        return replace(_bring_together(replace(item, source=unread)), text_only=True)


def _bring_together(item: IdentifyItem) -> Identity:
    """Return the identity of a folder, with its archives and online texts, or of the texts alone."""
    source, folder = item.source, item.source.path
    is_whole = not source.texts and not unpacked.list_archives(folder, item.lab)
    if is_whole or bundle.is_unpacked(folder):
        return _identity(source, folder, source.problems)
    own = Path(tempfile.mkdtemp(dir=state.folder(item.out / SCRATCH))) / source.name
    most = min(BUNDLE.unpacked, source.most)
    lost = unpacked.bring_together(folder, source.texts, own, item.lab, most)
    return Identity("", "", Seal.NONE, 0.0, submission_source.digest(source), own, (*source.problems, *lost))


def _identify_packed(item: IdentifyItem) -> Identity | tuple[SubmissionSource, ...]:
    """Return the same as `identify`, for a packed file."""
    source = item.source
    for problem in source.problems:  # it did not come out of the zip around it
        raise InputError(problem.reason.msgid, place=str(source.path), **problem.reason.values)
    folder = Path(tempfile.mkdtemp(dir=state.folder(item.out / SCRATCH)))
    try:
        limits = replace(BUNDLE, unpacked=min(BUNDLE.unpacked, source.most))
        return _identity(source, folder, bundle.extract(source.path, folder, limits))
    except InputError as refusal:
        state.remove(folder)
        return _open_archive(item, state.folder(folder / source.name), refusal)


def _identity(source: SubmissionSource, folder: Path, problems: tuple[Problem, ...]) -> Identity:
    digest = submission_source.digest(source)
    if source.packed or bundle.is_unpacked(folder):
        said, seal = bundle.verify(folder, problems)
        again = exam.is_code(said["lab"], said["student"], said.get(manifest.AGAIN, ""))
        return Identity(
            *(said["student"], said["lab"], seal, float(said["made"]), digest, folder, problems, again)
        )
    return Identity("", "", Seal.NONE, 0.0, digest, folder, problems)


def _open_archive(item: IdentifyItem, folder: Path, refusal: InputError) -> tuple[SubmissionSource, ...]:
    """Return the submissions in a zip that is no bundle, or in a tar. Raises InputError when it has none."""
    if not tarball.is_tar(item.source.path):
        archive.check_format(item.source.path)
        if not archive.is_zip(item.source.path):
            raise refusal
    return inputs.find_unpacked(item.source, folder, item.students, item.lab)


def grade(items: tuple[GradeItem, ...]) -> tuple[Failure | None, ...]:
    """Grade several submissions; write the feedback for their students and their records.

    Return for each the failure, or None. Their captures are read together, which saves time and changes
    nothing else. Raises MachineryError when a tool is missing or the disk is full.
    """
    opened = [_open_submission(item) for item in items]
    whole = [found for found in opened if not isinstance(found, Failure)]
    captures = [capture for each in whole for capture in list_captures(*each, {}).values()]
    read_few(captures)
    known = {capture.path: capture for capture in captures}
    return tuple(
        found if isinstance(found, Failure) else _attempt(item, *found, known)
        for item, found in zip(items, opened, strict=True)
    )


def _open_submission(item: GradeItem) -> tuple[Plan, Submission] | Failure:
    """Return the plan and the submission, or the failure to read it."""
    try:
        plan = make_plan(_lab(item.lab), item.seat)
        one = item.identity
        if one.student:
            return plan, bundle.read(one.folder, one.seal, one.problems)
        found = work.read(one.folder, plan)
        return plan, replace(found, problems=(*one.problems, *found.problems))
    except Exception as error:
        return failure(error)


def _attempt(item: GradeItem, plan: Plan, submission: Submission, known: Known) -> Failure | None:
    try:
        write_record(item.out, _grade_submission(item, plan, submission, known))
    except Exception as error:
        return failure(error)
    return None


@cache
def _lab(folder: Path) -> Lab:
    return load.read(folder / load.FILE)


def _grade_submission(item: GradeItem, plan: Plan, submission: Submission, known: Known) -> StudentRecord:
    cases = gather(plan, submission, known, item.policy.without_seats)
    captures = {name: found for case in cases for name, found in case.context.captures.items()}
    entry = replace(item.entry, result=mark(plan, submission, cases, item.policy))
    # Feedback is made from the record: a student who is not graded again gets the same to the letter.
    entry = record_file.from_plain(Entry, json.loads(json.dumps(record_file.to_plain(entry))))
    files = feedback.files(entry, plan, captures, item.tool) | exam_page.files(
        entry, plan, submission, item.tool
    )
    if entry.result:
        files["gradescope.json"] = gradescope(entry.result)
    folder = state.folder(item.out / entry.student)
    for name, content in files.items():
        state.write(folder / name, content, 0o644)
    digests = {
        f"{entry.student}/{name}": manifest.digest(content.encode()) for name, content in files.items()
    }
    files_of_student = list_captures(plan, submission, known)
    return StudentRecord(SCHEMA, item.key, entry, fingerprint(submission, files_of_student), digests)


def write_record(out: Path, record: StudentRecord) -> None:
    """Write the record of a student."""
    content = json.dumps(record_file.to_plain(record), ensure_ascii=False)
    state.write(_file(out, record.entry.student), content, 0o600)


def _file(out: Path, student: str) -> Path:
    return state.folder(out / KEPT) / f"{student}.json"


def read_record(out: Path, student: str) -> StudentRecord | None:
    """Return the record of a student, or None if it is missing or damaged."""
    with suppress(OSError, ValueError, RecursionError):
        data: Any = json.loads(_file(out, student).read_text(encoding="utf-8"))
        record = record_file.from_plain(StudentRecord, data)
        return record if record.schema == SCHEMA else None
    return None


def forget(out: Path, student: str) -> None:
    """Remove the record and the feedback of a student who has no result any more; other files stay."""
    folder = out / student
    for file in folder.iterdir() if folder.is_dir() and not folder.is_symlink() else ():
        if _OURS.fullmatch(file.name):
            file.unlink()
    with suppress(OSError):  # it holds files that are not ours
        folder.rmdir()
    _file(out, student).unlink(missing_ok=True)


def list_recorded(out: Path) -> tuple[str, ...]:
    """Return the students who have a record, sorted."""
    return tuple(sorted(file.stem for file in (out / KEPT).glob("*.json")))


def is_done(out: Path, student: str, key: str) -> bool:
    """Return True if a student was graded with the same `key` and the files of the record are unchanged."""
    record = read_record(out, student)
    return (
        record is not None
        and record.key == key
        and all(_is_there(out / place, digest) for place, digest in record.files.items())
    )


def _is_there(file: Path, digest: str) -> bool:
    return file.is_file() and not file.is_symlink() and manifest.digest(file.read_bytes()) == digest
