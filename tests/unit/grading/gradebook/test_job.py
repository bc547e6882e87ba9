"""The work on one submission: its student, its feedback and its record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import job
from sharklab.grading.gradebook.inputs import SubmissionSource, digest
from sharklab.grading.gradebook.job import GradeJob, IdentifyJob, StudentRecord
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.marking.fingerprints import CaptureFingerprint, SubmissionFingerprint
from sharklab.grading.marking.policy import NO_POLICY
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import Seal
from sharklab.lab import load, seat
from tests.support import gradebook_class as handed
from tests.support import gradebook_sample as sample
from tests.support.errors import error_of

KEY = "the key of this grading"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for submissions, in a course of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def record(out: Path) -> StudentRecord:
    """Write the record of alice, with one file of hers."""
    (out / "alice").mkdir(parents=True)
    (out / "alice" / "feedback.en.md").write_text("good")
    made = StudentRecord(
        job.SCHEMA,
        KEY,
        sample.alice(),
        SubmissionFingerprint({"ssh": CaptureFingerprint("ab", 3, frames={"cd": 1.5})}),
        {"alice/feedback.en.md": manifest.digest(b"good")},
    )
    job.write_record(out, made)
    return made


def test_identify_names_the_student_of_a_bundle(box: Path, tmp_path: Path) -> None:
    """A signed file names its student, lab and time; what was unpacked is gone."""
    file = handed.hand_in("alice", box, tmp_path)
    source = SubmissionSource(file, packed=True)
    found = job.identify(IdentifyJob(source, tmp_path / "out"))
    assert ("alice", "tp4", Seal.WHOLE, handed.MADE) == (found.student, found.lab, found.seal, found.made)
    assert digest(source) == found.digest
    assert [] == list((tmp_path / "out" / job.SCRATCH).iterdir())


def test_identify_takes_the_name_of_a_folder(box: Path, tmp_path: Path) -> None:
    """A folder has no signature and names no lab."""
    folder = handed.folder(box / "bob")
    found = job.identify(IdentifyJob(SubmissionSource(folder, packed=False), tmp_path / "out"))
    assert ("bob", "", Seal.NONE, 0.0) == (found.student, found.lab, found.seal, found.made)


def test_identify_refuses_a_file_that_is_no_bundle(box: Path, tmp_path: Path) -> None:
    """The refusal is of the user's input."""
    (file := box / "x.sharklab").write_bytes(b"PK")
    source = SubmissionSource(file, packed=True)
    error_of(InputError, job.identify, IdentifyJob(source, tmp_path / "out"))


def test_grade_writes_feedback_and_a_record(box: Path, tmp_path: Path) -> None:
    """A group has an outcome each: one is graded, the other cannot be read."""
    out, lab = tmp_path / "out", load.named("tp4")
    (bad := box / "x.sharklab").write_bytes(b"PK")
    jobs = tuple(
        GradeJob(
            SubmissionSource(file, packed=file.suffix != ""),
            out,
            Entry(student),
            lab.path,
            seat.look_up(lab, student),
            NO_POLICY,
            "sharklab",
            KEY,
        )
        for student, file in (("alice", handed.folder(box / "alice")), ("bob", bad))
    )
    good, failed = job.grade(jobs)
    assert good is None
    assert isinstance(failed, Failure)
    assert (True, False) == (job.is_done(out, "alice", KEY), job.is_done(out, "bob", KEY))
    found = job.read_record(out, "alice")
    assert found
    assert found.entry.result
    assert {"alice/gradescope.json", "alice/feedback.en.html", "alice/feedback.fr.md"} <= set(found.files)
    assert found.files.keys() == {f"alice/{file.name}" for file in (out / "alice").iterdir()}
    assert {"web", "dns"} == set(found.fingerprint.captures)


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Results, sentences and fingerprints come back the same."""
    assert record(tmp_path) == job.read_record(tmp_path, "alice")


@pytest.mark.parametrize("damage", ["", "{}", '{"schema": 1}', "[" * 100_000])
def test_record_that_is_damaged_is_none(tmp_path: Path, damage: str) -> None:
    """The student is then graded again."""
    record(tmp_path)
    (tmp_path / job.KEPT / "alice.json").write_text(damage)
    assert job.read_record(tmp_path, "alice") is None
    assert not job.is_done(tmp_path, "alice", KEY)


def test_record_of_another_version_is_none(tmp_path: Path) -> None:
    """Another version of sharklab may keep other fields."""
    file = tmp_path / job.KEPT / "alice.json"
    record(tmp_path)
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": job.SCHEMA + 1}))
    assert job.read_record(tmp_path, "alice") is None


def test_is_done_needs_the_same_key_and_unchanged_files(tmp_path: Path) -> None:
    """A student is graded again when the lab, the policy or a written file has changed."""
    record(tmp_path)
    file = tmp_path / "alice" / "feedback.en.md"
    assert (True, False) == (job.is_done(tmp_path, "alice", KEY), job.is_done(tmp_path, "alice", "other"))
    file.write_text("better")
    assert not job.is_done(tmp_path, "alice", KEY)
    file.unlink()
    assert not job.is_done(tmp_path, "alice", KEY)
    (tmp_path / "good").write_text("good")
    file.symlink_to(tmp_path / "good")
    assert not job.is_done(tmp_path, "alice", KEY)


def test_grade_that_fails_is_the_failure_of_its_submission_alone(
    box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in the marks of one student is no error of the group."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(job, "mark", broken)
    lab = load.named("tp4")
    source = SubmissionSource(handed.folder(box / "alice", {}), packed=False)
    own = seat.look_up(lab, "alice")
    one = GradeJob(source, tmp_path / "out", Entry("alice"), lab.path, own, NO_POLICY, "sharklab", KEY)
    [outcome] = job.grade((one,))
    assert isinstance(outcome, Failure)
    assert "a fault in sharklab: {error!r}" == outcome.reason.msgid
