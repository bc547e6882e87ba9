"""The report of a student's own work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.grading.marking import preview
from tests.support.handed import Handed, handed


@pytest.fixture
def ssh(tmp_path: Path) -> Handed:
    """Return a student's folder: captures and answers, of which one is wrong."""
    right = handed(tmp_path / "run")
    (tmp_path / "work").mkdir()
    return right.with_answers(server_port=23).with_submission(folder=tmp_path / "work")


def test_write_shows_answers_and_packets_but_no_key(ssh: Handed) -> None:
    """A right answer has its packets; a wrong one says so without the right one."""
    files = preview.write(ssh.plan, ssh.submission, ("en",))
    assert ["report.en.html", "report.en.md"] == [file.name for file in files]
    text = files[1].read_text()
    [row] = [line for line in text.splitlines() if "Port of the server" in line]
    assert "23 is not what your packets show." in row and "22" not in row


def test_write_shows_no_key_of_another_moment(ssh: Handed) -> None:
    """An answer that is almost right has a sentence with the right one, which is for the instructor."""
    files = preview.write(ssh.plan, ssh.with_answers(local_port=50990).submission, ("en",))
    [row] = [line for line in files[1].read_text().splitlines() if "Local port" in line]
    [talk] = ssh.case.context.facts["ssh"].conversations
    assert "50990" in row and str(talk.client.port) not in row


def test_write_leaves_out_what_only_a_run_does(ssh: Handed) -> None:
    """No command, no filter of the lab's, no exercise without a question or a capture."""
    [exercise] = ssh.plan.lab.exercises
    empty = replace(exercise, id="none", questions=(), captures=(), checks=())
    plan = replace(ssh.plan, lab=replace(ssh.plan.lab, exercises=(exercise, empty)))
    text = preview.write(plan, ssh.submission, ("en",))[1].read_text()
    assert "host 10.77.5.2" not in text and "true ssh" not in text


def test_write_says_what_is_missing(ssh: Handed) -> None:
    """Without captures and answers there is a report all the same."""
    files = preview.write(ssh.plan, ssh.without_anything().submission, ("fr", "en"))
    assert 4 == len(files) and all(file.exists() for file in files)
