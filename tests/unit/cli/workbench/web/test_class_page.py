"""The page of a class: the table, its order and filters, raised hands, links, and the instructor's rights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharklab.cli.workbench.desk import class_links
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.lab import submission_store
from tests.support import workbench

TEACHER = Reader("instructor", INSTRUCTOR)
NAMES = {"alice": "Alice Müller", "bob": "Bob Martin", "carol": "Carol <b>"}


@pytest.fixture
def bench(mylab: Path, tmp_path: Path) -> workbench.Bench:
    """Return the workbench of a class of three."""
    return workbench.Bench(str(mylab), "alice", tmp_path / "work", names=NAMES)


def shown(bench: workbench.Bench, query: str = "") -> list[str]:
    """Return the students of the table, from top to bottom."""
    return re.findall(r'id="row-(\w+)"', bench.browser(TEACHER).get(f"/class/rows{query}").text)


def test_table_is_for_the_instructor(bench: workbench.Bench) -> None:
    """A student gets the answer of a page that does not exist."""
    assert 404 == bench.browser().get("/class/").status_code
    page = bench.browser(TEACHER).get("/class/")
    assert (200, True) == (page.status_code, "Carol &lt;b&gt;" in page.text)
    assert "/class/" == bench.browser(TEACHER).get("/").headers["location"]


@pytest.mark.parametrize(
    ("query", "students"),
    [
        ("", {"alice", "bob", "carol"}),
        ("?search=MÜLL", {"alice"}),
        ("?only=hands", {"bob"}),
        ("?only=handed", {"carol"}),
        ("?only=working", {"alice", "bob"}),
    ],
)
def test_filters_leave_the_rows_that_are_wanted(
    bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch, query: str, students: set[str]
) -> None:
    """A search looks at names and ids."""
    monkeypatch.setattr(submission_store, "last", lambda lab: {"carol": 1.0})
    bob = Reader("bob", seats=frozenset({("mylab", "bob")}))
    bench.browser(bob).post("/seats/mylab/bob/help", data={"up": "yes"})
    assert students == set(shown(bench, query))


def test_next_link_of_the_instructor_ends_the_older_cookie(bench: workbench.Bench) -> None:
    """Once it is used, and it is used once."""
    older, token = bench.browser(TEACHER), class_links.teachers_token("mylab")
    assert 200 == older.get("/class/").status_code
    newer = bench.stranger()
    assert 303 == newer.post("/enter", data={"token": token}).status_code
    assert (401, 200) == (older.get("/class/").status_code, newer.get("/class/").status_code)
    assert 401 == bench.stranger().post("/enter", data={"token": token}).status_code


def test_personal_link_works_once_and_is_renewed(bench: workbench.Bench) -> None:
    """A used link stays used after a restart. Another link of the instructor ends the older cookie."""
    [token] = class_links.list_unused("mylab", ["alice"])
    first = bench.stranger()
    assert 303 == first.post("/enter", data={"token": token}).status_code
    assert 200 == first.get(bench.at + "/").status_code
    assert 401 == bench.stranger().post("/enter", data={"token": token}).status_code
    part = bench.browser(TEACHER).post("/class/links/alice").text
    [newer] = class_links.list_unused("mylab", ["alice"])
    assert newer != token
    assert f"/enter/{newer}" in part
    assert 401 == first.get(bench.at + "/").status_code
    second = bench.stranger()
    assert 303 == second.post("/enter", data={"token": newer}).status_code
    assert 200 == second.get(bench.at + "/").status_code


def test_link_of_a_stranger_is_refused(bench: workbench.Bench) -> None:
    """Nobody outside of the roster gets a link, a hand or a submission."""
    assert 422 == bench.browser(TEACHER).post("/class/links/mallory").status_code


def test_instructor_sees_the_page_of_a_student_and_no_button(bench: workbench.Bench) -> None:
    """No form of that page writes, except the one of the language."""
    page = bench.browser(TEACHER).get(bench.at + "/").text
    assert [] == re.findall(r"<button (?!role|name=.language)", page)
    assert "readonly" in page
