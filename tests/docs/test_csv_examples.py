"""The rosters that the documentation shows are read as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharklab.grading.gradebook import corrections
from sharklab.lab import roster
from sharklab.paths import ROOT

EXAMPLES = [
    (page.name, text)
    for page in sorted((ROOT / "docs").glob("*.md"))
    for text in re.findall(r"^```csv\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
]


CORRECTIONS = [text for _, text in EXAMPLES if "points" in text.splitlines()[0]]
"""Marks by hand; all other examples are rosters."""
ROSTERS = [(page, text) for page, text in EXAMPLES if text not in CORRECTIONS]


@pytest.mark.parametrize(("page", "text"), ROSTERS, ids=[page for page, _ in ROSTERS])
def test_roster_of_the_docs_is_read(page: str, text: str, tmp_path: Path) -> None:
    """One student for each line below the headings, with a name and an address."""
    file = tmp_path / "roster.csv"
    file.write_text(text)
    students = roster.read(file)
    assert text.count("\n") - 1 == len(students)
    assert all(student.name and "@" in student.email for student in students)
    for column in ("group", "minutes"):
        assert (column in text.splitlines()[0]) == any(getattr(student, column) for student in students)


def test_corrections_of_the_docs_are_read(tmp_path: Path) -> None:
    """One correction for each line below the headings."""
    [text] = CORRECTIONS
    file = tmp_path / "corrections.csv"
    file.write_text(text)
    assert text.count("\n") - 1 == len(corrections.read(file).lines)


def test_docs_have_examples_of_rosters() -> None:
    """The pages on the gradebook, on handing in and on exams show one each."""
    assert {"exam.md", "gradebook.md", "submitting.md"} == {page for page, _ in ROSTERS}
