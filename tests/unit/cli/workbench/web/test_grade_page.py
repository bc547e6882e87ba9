"""The pages of the gradebook: links that work, and a student who reads only their own feedback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from tests.support import workbench

TEACHER = Reader("instructor", INSTRUCTOR)
BOB = Reader("bob", seats=frozenset({("mylab", "bob")}))


@pytest.fixture
def bench(mylab: Path, tmp_path: Path) -> workbench.Bench:
    """Return the workbench of a class of two, with the pages of a gradebook."""
    own = workbench.Bench(str(mylab), "alice", tmp_path / "work", names={"alice": "A", "bob": "B"})
    folder = own.of_class.grade_desk.folder
    (folder / "alice").mkdir(parents=True)
    for lang in ("en", "fr"):
        (folder / f"class.{lang}.html").write_text(f'<a href="alice/feedback.{lang}.html">{lang}</a>')
        (folder / "alice" / f"feedback.{lang}.html").write_text(f"feedback in {lang}")
    (folder / "gradebook.csv").write_text("student\n")
    return own


def test_instructor_follows_the_links(bench: workbench.Bench) -> None:
    """From the page of the class to the feedback; a table is a file."""
    teacher = bench.browser(TEACHER, "fr")
    [href] = re.findall(r'href="(/class/gradebook/class[^"]+)"', teacher.get("/class/gradebook").text)
    page = teacher.get(href)
    [link] = re.findall(r'href="([^"]+)"', page.text)
    assert "feedback in fr" == teacher.get(href.rpartition("/")[0] + "/" + link).text
    assert "attachment" in teacher.get("/class/gradebook/gradebook.csv").headers["content-disposition"]
    assert 422 == teacher.get("/class/gradebook/other.html").status_code
    assert 422 == teacher.post("/class/grade").status_code


def test_student_reads_own_feedback_once_it_is_given(bench: workbench.Bench) -> None:
    """In their language. The page of the student has the link then, and not before."""
    own, teacher, at = bench.browser(lang="fr"), bench.browser(TEACHER), bench.at + "/feedback"
    assert (422, False) == (own.get(at).status_code, at in own.get(bench.at + "/notes").text)
    assert 200 == teacher.post("/class/feedback", data={"given": "yes"}).status_code
    assert ("feedback in fr", True) == (own.get(at).text, at in own.get(bench.at + "/notes").text)
    assert 404 == bench.browser(BOB).get(at).status_code
    assert 404 == own.get("/class/gradebook/alice/feedback.fr.html").status_code
    assert 422 == bench.browser(BOB).get("/seats/mylab/bob/feedback").status_code
    teacher.post("/class/feedback", data={"given": "no"})
    assert 422 == own.get(at).status_code
