"""Help on the pages of both sides: hands, rights at terminals, and messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.lab import help_note
from tests.support import workbench
from tests.support.workbench_door import DoorHere

TEACHER = Reader("instructor", INSTRUCTOR)
NAMES = {"alice": "Alice Müller", "bob": "Bob Martin"}


@pytest.fixture
def bench(mylab: Path, tmp_path: Path, door_here: DoorHere) -> workbench.Bench:
    """Return the workbench of a class of two, with terminals."""
    return workbench.Bench(str(mylab), "alice", tmp_path / "work", keeper=str(door_here.path), names=NAMES)


def hands(bench: workbench.Bench) -> list[str]:
    """Return the students who ask for help."""
    return re.findall(r'id="row-(\w+)"', bench.browser(TEACHER).get("/class/rows?only=hands").text)


def rights(text: str) -> list[str]:
    """Return the rights that the buttons of a page give."""
    return re.findall(r'name="right" value="(\w*)"', text)


def test_hand_is_raised_and_lowered(bench: workbench.Bench) -> None:
    """Both sides can lower it, and the student's page shows it."""
    own, teacher = bench.browser(), bench.browser(TEACHER)
    assert 'aria-pressed="false"' in own.get(bench.at + "/").text
    assert 'aria-pressed="true"' in own.post(bench.at + "/help", data={"up": "yes"}).text
    assert 'aria-pressed="true"' in own.get(bench.at + "/").text
    assert ["alice"] == hands(bench)
    table = teacher.post("/class/helped/alice", data={"search": "bob"}).text
    assert [] == hands(bench)
    assert ["bob"] == re.findall(r'id="row-(\w+)"', table)
    own.post(bench.at + "/help", data={"up": "yes"})
    own.post(bench.at + "/help", data={"up": "no"})
    assert [] == hands(bench)


def test_rights_are_given_and_taken_back(bench: workbench.Bench) -> None:
    """A hand shows the terminals, and its end hides them. The student gives each right, and no other."""
    own, at = bench.browser(), bench.at
    assert [help_note.SEE] == rights(own.get(at + "/").text)
    assert [help_note.TYPE, ""] == rights(own.post(at + "/help", data={"up": "yes"}).text)
    assert [help_note.SEE, ""] == rights(own.post(at + "/agree", data={"right": "type"}).text)
    assert 422 == own.post(at + "/agree", data={"right": "all"}).status_code
    assert [help_note.SEE] == rights(own.post(at + "/help", data={"up": "no"}).text)
    assert [help_note.TYPE, ""] == rights(own.post(at + "/agree", data={"right": "see"}).text)
    assert [] == rights(bench.browser(TEACHER).get(at + "/").text)


def test_instructor_sees_terminals_with_the_right_alone(
    bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never the packets. A page of another right is loaded again."""
    monkeypatch.setattr("sharklab.lab.plan_file.state_of", lambda folder: ((), ()))
    teacher, own = bench.browser(TEACHER), bench.browser()
    assert "<x-terminal" not in teacher.get(bench.at + "/").text
    own.post(bench.at + "/agree", data={"right": "see"})
    page = teacher.get(bench.at + "/").text
    assert (True, True, False) == ("<x-terminal" in page, " follows>" in page, "<x-packets" in page)
    assert "x-packets" in own.get(bench.at + "/").text
    assert "hx-refresh" not in teacher.get(bench.at + "/notes?right=see").headers
    assert "true" == teacher.get(bench.at + "/notes?right=").headers["hx-refresh"]
    assert "hx-refresh" not in own.get(bench.at + "/notes?right=").headers


@pytest.mark.parametrize("to", ["", "alice"])
def test_message_stays_until_it_is_read(bench: workbench.Bench, to: str) -> None:
    """It is text and never markup; the table tells how many are not read."""
    teacher, own = bench.browser(TEACHER), bench.browser()
    assert 200 == teacher.post("/class/messages", data={"to": to, "text": "Look <b>here</b>"}).status_code
    for path in ("/", "/notes", "/notes"):
        page = own.get(bench.at + path).text
        assert "Look &lt;b&gt;here&lt;/b&gt;" in page
    bob = Reader("bob", seats=frozenset({("mylab", "bob")}))
    assert (to == "") == ("Look" in bench.browser(bob).get("/seats/mylab/bob/notes").text)
    assert (1 if to else 2) == teacher.get("/class/rows").text.count("✉ 1")
    [number] = re.findall(r'name="number" value="(\d+)"', page)
    assert "Look" not in own.post(bench.at + "/read", data={"number": number}).text
    assert "Look" not in own.get(bench.at + "/").text
    assert (0 if to else 1) == teacher.get("/class/rows").text.count("✉ 1")


@pytest.mark.parametrize("given", [{"text": " "}, {"text": "x" * 501}, {"text": "a\x1b[2J"}, {"to": "eve"}])
def test_message_that_nobody_can_read_is_refused(bench: workbench.Bench, given: dict[str, str]) -> None:
    """Nobody gets a part of it."""
    refused = bench.browser(TEACHER).post("/class/messages", data={"text": "Hello", **given})
    assert 422 == refused.status_code
    assert () == help_note.read("mylab", "alice").letters


def test_pages_say_the_commands(bench: workbench.Bench) -> None:
    """A button and the command beside it do the same."""
    own = bench.browser()
    assert "<code>sharklab seats help mylab alice</code>" in own.get(bench.at + "/").text
    raised = own.post(bench.at + "/help", data={"up": "yes"}).text
    assert "<code>sharklab seats help mylab alice --over</code>" in raised
    assert "<code>sharklab seats terminals mylab alice --right …</code>" in raised
    assert "<code>sharklab seats help mylab … --over</code>" in bench.browser(TEACHER).get("/class/").text
