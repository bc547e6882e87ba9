"""What a student may know about their work, without a seat and with one. The verbs test the rest of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.cli import flow, own_work
from sharklab.grading.submission import form
from sharklab.i18n import translator
from sharklab.lab import diary
from sharklab.lab.model import Plan
from sharklab.message import Message
from sharklab.progress import Silent
from tests.support import submission_sample as sample
from tests.support.zips import zipped


@pytest.fixture
def plan(own_state: None) -> Plan:
    """The plan of a student's seat of a lab that counts on any machine."""
    return flow.prepare("tp4", "alice")


@pytest.fixture
def folder(plan: Plan, tmp_path: Path) -> Path:
    """The folder of the student's work, with a capture under a name that the form does not ask for."""
    form.write(plan, tmp_path / "tp4", translator("en"))
    (tmp_path / "tp4" / "captures" / "my ssh.pcap").write_bytes((sample.DATA / "ssh.pcap").read_bytes())
    return tmp_path / "tp4"


def said(plan: Plan, folder: Path) -> list[str]:
    """Return the ids of the notes on the work in the folder."""
    with own_work.open_work(folder, plan, Silent()) as submission:
        notes: tuple[Message, ...] = own_work.look(plan, submission).notes
    return [note.msgid for note in notes]


def test_notes_tell_of_a_missing_seat_and_of_files_under_other_names(plan: Plan, folder: Path) -> None:
    """A student with a seat reads of the files alone."""
    taken = "{file} is taken for the capture {id}"
    lacking, *files = said(plan, folder)
    assert "You have no seat of this lab here: the criteria that need a seat do not count." == lacking
    assert taken in files
    diary.begin(plan.seat)
    assert [taken] == said(plan, folder)


def test_look_takes_no_hint_by_itself(plan: Plan, folder: Path) -> None:
    """Hints that fit are offered. The diary stays as it is."""
    diary.begin(plan.seat)
    with own_work.open_work(folder, plan, Silent()) as submission:
        found = own_work.look(plan, submission)
    assert found.has_seat and found.offered and not diary.hints(plan.seat)


def test_name_missing_hosts_speaks_to_a_student_who_began(plan: Plan) -> None:
    """A student who never had a seat needs none, where captures of any machine count."""
    assert () == own_work.name_missing_hosts(plan)
    diary.begin(plan.seat)
    assert 1 == len(own_work.name_missing_hosts(plan))
    (plan.seat.folder / "ssh").mkdir(parents=True)
    (plan.seat.folder / "ssh" / "config").touch()
    assert () == own_work.name_missing_hosts(plan)


@pytest.mark.parametrize("lab", ["tp4", "tcpdump"])
def test_open_work_unpacks_archives_as_grading_does(own_state: None, lab: str, tmp_path: Path) -> None:
    """In each lab, and the student's folder stays as it is; a damaged archive is named."""
    plan = flow.prepare(lab, "alice")
    name = "ssh" if lab == "tp4" else "refused"
    content = (sample.DATA / f"{name}.pcap").read_bytes()
    zipped(tmp_path / "work" / "captures.zip", {f"{name}.pcap": content})
    zipped(tmp_path / "work" / "bad.zip", {"x": content})
    (tmp_path / "work" / "bad.zip").write_bytes((tmp_path / "work" / "bad.zip").read_bytes()[:-9])
    with own_work.pack(plan, tmp_path / "work", tmp_path / "made", Silent()) as (submission, _):
        assert content == submission.captures[name].read_bytes()
        place = submission.captures[name].relative_to(submission.folder)
    assert f"captures.zip/{name}.pcap" == place.as_posix()
    assert not submission.folder.exists() and "bad.zip" in {each.file for each in submission.problems}
    assert {"bad.zip", "captures.zip"} == {file.name for file in (tmp_path / "work").iterdir()}
