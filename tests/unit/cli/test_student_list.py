"""The list of students that an option names."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.cli import student_list
from sharklab.cli.options import Options


def test_read_says_what_was_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with the lines; the class is whole."""
    file = tmp_path / "roster.csv"
    file.write_text("student,name\n“alice”,Alice\nbob,Bob\n")
    found = student_list.read(Options(roster=str(file), language="en"))
    assert ["alice", "bob"] == [student.id for student in found]
    assert f"{file}: quotes" in (said := capsys.readouterr().err) and "lines 2" in said


def test_read_without_a_list() -> None:
    """Nobody."""
    assert () == student_list.read(Options(roster="", language="en"))
