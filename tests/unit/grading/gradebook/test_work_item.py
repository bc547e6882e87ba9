"""The work on one submission: its student, its feedback and its record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import work_item
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.gradebook.pool import Failure
from sharklab.grading.gradebook.submission_source import SubmissionSource, digest
from sharklab.grading.gradebook.work_item import GradeItem, IdentifyItem, Identity, StudentRecord
from sharklab.grading.marking.fingerprints import CaptureFingerprint, SubmissionFingerprint
from sharklab.grading.marking.policy import NO_POLICY
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import Problem, Seal
from sharklab.lab import load, seat
from sharklab.lab.roster import Student
from sharklab.message import Message
from tests.support import gradebook_class as handed
from tests.support import gradebook_sample as sample
from tests.support.errors import error_of
from tests.support.zips import unzipped, zipped

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
        work_item.SCHEMA,
        KEY,
        sample.alice(),
        SubmissionFingerprint({"ssh": CaptureFingerprint("ab", 3, frames={"cd": 1.5})}),
        {"alice/feedback.en.md": manifest.digest(b"good")},
    )
    work_item.write_record(out, made)
    return made


def identified(source: SubmissionSource, out: Path) -> Identity:
    """Return the identity of a submission that is no zip of several things."""
    found = work_item.identify(IdentifyItem(source, out))
    assert isinstance(found, Identity)
    return found


def test_identify_names_the_student_of_a_bundle(box: Path, tmp_path: Path) -> None:
    """A signed file names its student, lab and time; it stays unpacked for the grading."""
    source = SubmissionSource(handed.hand_in("alice", box, tmp_path), packed=True)
    found = identified(source, tmp_path / "out")
    assert ("alice", "tp4", Seal.WHOLE, handed.MADE) == (found.student, found.lab, found.seal, found.made)
    assert digest(source) == found.digest
    assert (found.folder / "answers.yml").exists()
    assert tmp_path / "out" / work_item.SCRATCH == found.folder.parent


def test_identify_names_no_student_of_a_folder(box: Path, tmp_path: Path) -> None:
    """A folder has no signature and names no lab; its place tells the student."""
    folder = handed.folder(box / "bob")
    found = identified(SubmissionSource(folder, packed=False), tmp_path / "out")
    assert ("", "", Seal.NONE, 0.0, folder) == (
        found.student,
        found.lab,
        found.seal,
        found.made,
        found.folder,
    )


def test_identify_opens_a_zip_of_several_things(box: Path, tmp_path: Path) -> None:
    """The submissions in it are sources of their own."""
    file = handed.hand_in("alice", tmp_path, tmp_path / "work")
    source = SubmissionSource(zipped(box / "all.zip", {"tp4-alice.sharklab": file.read_bytes()}), packed=True)
    found = work_item.identify(IdentifyItem(source, tmp_path / "out", (Student("alice", "Alice", ""),)))
    assert isinstance(found, tuple)
    assert ["tp4-alice.sharklab"] == [each.name for each in found]
    assert ["all.zip"] == [each.path.parent.name for each in found]


@pytest.mark.parametrize("content", [b"PK", b"no zip at all"])
def test_identify_refuses_a_file_that_is_no_bundle(box: Path, tmp_path: Path, content: bytes) -> None:
    """The refusal is of the user's input."""
    (file := box / "x.sharklab").write_bytes(content)
    source = SubmissionSource(file, packed=True)
    error_of(InputError, work_item.identify, IdentifyItem(source, tmp_path / "out"))


def test_identify_refuses_a_file_that_did_not_come_out_of_its_zip(box: Path, tmp_path: Path) -> None:
    """The reason is that of the zip around it."""
    problem = Problem("a/x.sharklab", Message("the file is too large"))
    source = SubmissionSource(box / "x.sharklab", packed=True, problems=(problem,))
    error = error_of(InputError, work_item.identify, IdentifyItem(source, tmp_path / "out"))
    assert "the file is too large" == error.message_id


def test_identify_brings_archives_and_online_text_together(box: Path, tmp_path: Path) -> None:
    """In a folder of the student's name; a damaged archive is named."""
    zipped(box / "bob" / "captures.zip", {"ssh.pcap": b"x"})
    (box / "bob" / "README.md").write_text("x")
    (box / "bob" / "bad.zip").write_bytes(b"PK\3\4")
    (text := box / "onlinetext.html").write_text("x")
    source = SubmissionSource(box / "bob", packed=False, texts=(text,))
    found = identified(source, tmp_path / "out")
    files = {each.relative_to(found.folder).as_posix() for each in found.folder.rglob("*") if each.is_file()}
    assert {"README.md", "captures.zip/ssh.pcap", "onlinetext.html"} == files
    assert ("", "bob", digest(source)) == (found.student, found.folder.name, found.digest)
    assert (["bad.zip"], False) == ([problem.file for problem in found.problems], found.text_only)


def test_identify_leaves_the_online_text_beside_a_bundle(box: Path, tmp_path: Path) -> None:
    """The seat signed the bundle; also where it was unpacked."""
    (text := box / "onlinetext.html").write_text("x")
    file = handed.hand_in("alice", box, tmp_path)
    folder = unzipped(file, box / "alice")
    for source in (
        SubmissionSource(file, True, texts=(text,)),
        SubmissionSource(folder, False, texts=(text,)),
    ):
        found = identified(source, tmp_path / "out")
        assert (Seal.WHOLE, False) == (found.seal, (found.folder / text.name).exists())


def test_identify_takes_the_online_text_where_the_file_cannot_be_read(box: Path, tmp_path: Path) -> None:
    """The file is named with the reason."""
    (text := box / "onlinetext.html").write_text("typed")
    (file := box / "tp4.rar").write_bytes(b"Rar!")
    found = identified(SubmissionSource(file, packed=True, texts=(text,)), tmp_path / "out")
    assert ["typed"] == [each.read_text() for each in found.folder.iterdir()]
    assert (["tp4.rar"], True) == ([problem.file for problem in found.problems], found.text_only)


def grading(identity: Identity, student: str, out: Path) -> GradeItem:
    """Return the item of grading a submission of tp4."""
    lab = load.read_named("tp4")
    own = seat.look_up(lab, student)
    return GradeItem(identity, out, Entry(student), lab.path, own, NO_POLICY, "sharklab", KEY)


def test_grade_writes_feedback_and_a_record(box: Path, tmp_path: Path) -> None:
    """A group has an outcome each: a folder and a bundle are graded, a folder that is gone is not."""
    out = tmp_path / "out"
    sources = {
        "alice": SubmissionSource(handed.folder(box / "alice"), packed=False),
        "bob": SubmissionSource(handed.hand_in("bob", box, tmp_path), packed=True),
    }
    items = [grading(identified(source, out), student, out) for student, source in sources.items()]
    gone = replace(items[0].identity, folder=box / "gone")
    good, signed, failed = work_item.grade((*items, grading(gone, "carol", out)))
    assert (None, None) == (good, signed)
    assert isinstance(failed, Failure)
    assert [True, True, False] == [work_item.is_done(out, name, KEY) for name in ("alice", "bob", "carol")]
    found = work_item.read_record(out, "alice")
    assert found
    assert found.entry.result
    assert {"alice/gradescope.json", "alice/feedback.en.html", "alice/feedback.fr.md"} <= set(found.files)
    assert found.files.keys() == {f"alice/{file.name}" for file in (out / "alice").iterdir()}
    assert {"web", "dns"} == set(found.fingerprint.captures)


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Results, sentences and fingerprints come back the same."""
    assert record(tmp_path) == work_item.read_record(tmp_path, "alice")


@pytest.mark.parametrize("damage", ["", "{}", '{"schema": 1}', "[" * 100_000])
def test_record_that_is_damaged_is_none(tmp_path: Path, damage: str) -> None:
    """The student is then graded again."""
    record(tmp_path)
    (tmp_path / work_item.KEPT / "alice.json").write_text(damage)
    assert work_item.read_record(tmp_path, "alice") is None
    assert not work_item.is_done(tmp_path, "alice", KEY)


def test_record_of_another_version_is_none(tmp_path: Path) -> None:
    """Another version of sharklab may keep other fields."""
    file = tmp_path / work_item.KEPT / "alice.json"
    record(tmp_path)
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": work_item.SCHEMA + 1}))
    assert work_item.read_record(tmp_path, "alice") is None


def test_is_done_needs_the_same_key_and_unchanged_files(tmp_path: Path) -> None:
    """A student is graded again when the lab, the policy or a written file has changed."""
    record(tmp_path)
    file = tmp_path / "alice" / "feedback.en.md"
    assert (True, False) == (
        work_item.is_done(tmp_path, "alice", KEY),
        work_item.is_done(tmp_path, "alice", "other"),
    )
    file.write_text("better")
    assert not work_item.is_done(tmp_path, "alice", KEY)
    file.unlink()
    assert not work_item.is_done(tmp_path, "alice", KEY)
    (tmp_path / "good").write_text("good")
    file.symlink_to(tmp_path / "good")
    assert not work_item.is_done(tmp_path, "alice", KEY)


def test_grade_that_fails_is_the_failure_of_its_submission_alone(
    box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in the marks of one student is no error of the group."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(work_item, "mark", broken)
    out = tmp_path / "out"
    source = SubmissionSource(handed.folder(box / "alice", {}), packed=False)
    one = grading(identified(source, out), "alice", out)
    [outcome] = work_item.grade((one,))
    assert isinstance(outcome, Failure)
    assert "a fault in sharklab: {error!r}" == outcome.reason.msgid


def test_forget_removes_the_files_of_a_gradebook_alone(tmp_path: Path) -> None:
    """A file of the instructor in a student's folder stays, and so does the folder."""
    for name in ("alice", "bob"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "feedback.en.md").touch()
        (tmp_path / name / "exam.en.html").touch()
    (tmp_path / "bob" / "note.txt").touch()
    work_item.forget(tmp_path, "alice")
    work_item.forget(tmp_path, "bob")
    work_item.forget(tmp_path, "carol")
    assert ["bob/note.txt"] == [
        file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()
    ]
    assert not (tmp_path / "alice").exists()


def test_recorded_are_the_students_with_a_record(tmp_path: Path) -> None:
    """A gradebook without records has none; a forgotten student has none any more."""
    assert () == work_item.list_recorded(tmp_path)
    record(tmp_path)
    assert ("alice",) == work_item.list_recorded(tmp_path)
    work_item.forget(tmp_path, "alice")
    assert () == work_item.list_recorded(tmp_path)
