"""The page of a class: the table, its order and filters, raised hands, links, and the instructor's rights."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from sharklab.cli.workbench import board, class_links
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.jobs import DONE, FAILED
from sharklab.errors import MachineryError
from sharklab.lab import diary, seat
from sharklab.lab.model import Plan
from sharklab.progress import Progress
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


def test_longest_without_progress_comes_first(
    bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who began first and gained nothing since is first; who has handed in is last."""
    now = 1_000_000.0
    lab = bench.plan.source
    for minutes, student in ((50, "carol"), (30, "alice"), (40, "bob")):
        monkeypatch.setattr("sharklab.lab.diary.time.time", lambda minutes=minutes: now - minutes * 60)
        diary.begin(seat.look_up(lab, student))
    monkeypatch.setattr("sharklab.cli.workbench.board.time.time", lambda: now)
    assert ["carol", "bob", "alice"] == [row["student"] for row in board_rows(bench)]
    assert [50, 40, 30] == [row["stuck"] for row in board_rows(bench)]
    monkeypatch.setattr("sharklab.cli.workbench.board.handed_in.last", lambda name: {"carol": now})
    assert ["bob", "alice", "carol"] == [row["student"] for row in board_rows(bench)]


def board_rows(bench: workbench.Bench) -> list[dict[str, object]]:
    """Return the rows in English."""
    from sharklab.i18n import translator

    return board.rows(bench.plan.source, bench.students, translator("en"))


@pytest.mark.parametrize(
    ("query", "students"),
    [
        ("", {"alice", "bob", "carol"}),
        ("?search=MÜLL", {"alice"}),
        ("?only=hands", {"bob"}),
        ("?only=handed", set()),
    ],
)
def test_filters_leave_the_rows_that_are_wanted(
    bench: workbench.Bench, query: str, students: set[str]
) -> None:
    """A search looks at names and ids."""
    bob = Reader("bob", seats=frozenset({("mylab", "bob")}))
    bench.browser(bob).post("/seats/mylab/bob/help", data={"up": "yes"})
    assert students == set(shown(bench, query))


def test_hand_is_raised_and_lowered(bench: workbench.Bench) -> None:
    """Both sides can lower it, and the student's page shows it."""
    own, teacher = bench.browser(), bench.browser(TEACHER)
    assert 'aria-pressed="false"' in own.get(bench.at + "/").text
    own.post(bench.at + "/help", data={"up": "yes"})
    assert 'aria-pressed="true"' in own.get(bench.at + "/").text
    assert ["alice"] == shown(bench, "?only=hands")
    teacher.post("/class/helped/alice")
    assert [] == shown(bench, "?only=hands")
    own.post(bench.at + "/help", data={"up": "yes"})
    own.post(bench.at + "/help", data={"up": "no"})
    assert [] == shown(bench, "?only=hands")


def test_check_of_a_student_is_on_the_board(bench: workbench.Bench) -> None:
    """The table knows the points of the last check."""
    own = bench.browser()
    own.get(bench.at + "/")
    assert 0.0 == board.read("mylab", "alice").checked
    own.post(bench.at + "/check")
    record = board.read("mylab", "alice")
    assert record.checked > 0
    assert {"page"} == set(record.points)


@pytest.mark.parametrize(
    ("points", "state"),
    [((2.0, 2.0, 2.0), board.NOW), ((1.0, 2.0, 2.0), board.ONCE), ((1.0, 2.0, 1.0), board.NEVER)],
)
def test_exercise_is_achieved_now_once_or_never(points: tuple[float, float, float], state: str) -> None:
    """The most points ever count for `once`."""
    assert state == board._state(board.Record({"page": points}), "page")


def test_personal_link_works_once_and_is_renewed(bench: workbench.Bench) -> None:
    """A used link stays used after a restart; the instructor gives another one."""
    [token] = class_links.unused("mylab", ["alice"])
    bench.links.add(token, bench.reader())
    assert 303 == bench.stranger().post("/enter", data={"token": token}).status_code
    assert {} == class_links.unused("mylab", ["alice"])
    part = bench.browser(TEACHER).post("/class/links/alice").text
    [newer] = class_links.unused("mylab", ["alice"])
    assert newer != token
    assert f"/enter/{newer}" in part
    assert 303 == bench.stranger().post("/enter", data={"token": newer}).status_code


def test_link_of_a_stranger_is_refused(bench: workbench.Bench) -> None:
    """Nobody outside of the roster gets a link, a hand or a submission."""
    assert 422 == bench.browser(TEACHER).post("/class/links/mallory").status_code


def test_instructor_sees_the_page_of_a_student_and_no_button(bench: workbench.Bench) -> None:
    """No form of that page writes, except the one of the language."""
    page = bench.browser(TEACHER).get(bench.at + "/").text
    assert [] == re.findall(r"<button (?!role|name=.language)", page)
    assert "readonly" in page


def test_hand_in_keeps_the_submission_of_the_class(bench: workbench.Bench, tmp_path: Path) -> None:
    """The instructor grades the folder of the lab, and the table shows the time."""
    own = bench.browser()
    own.get(bench.at + "/")
    receipt = own.post(bench.at + "/hand-in")
    assert 200 == receipt.status_code
    [file] = (tmp_path / "state" / "handed" / "mylab").glob("alice-*.sharklab")
    assert file.stat().st_mode & 0o777 == 0o600
    assert ["alice"] == shown(bench, "?only=handed")


def test_missing_seats_are_started_in_turn(bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody gets a job; a failure is told on the page of the seat, and the others go on."""
    go, begun = threading.Event(), []

    def up(plan: Plan, provider: str, os: str, progress: Progress) -> None:
        begun.append(plan.seat.student)
        assert go.wait(60)
        with progress.step("set up"):
            if plan.seat.student == "bob":
                raise MachineryError("no room")

    monkeypatch.setattr("sharklab.cli.workbench.class_desk.flow.up", up)
    teacher = bench.browser(TEACHER)
    assert 3 == teacher.post("/class/start").text.count("<em>")
    assert 422 == teacher.post("/class/seats/alice/start").status_code
    go.set()
    bench.of_class.jobs._pool.shutdown(wait=True)
    assert set(NAMES) == set(begun)
    assert {"alice": DONE, "bob": FAILED, "carol": DONE} == {
        student: job.state for student, job in bench.of_class.jobs.known().items()
    }
    assert "no room" in teacher.get("/class/seats/bob/").text


def test_seat_is_removed_and_reset(bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each action does what its verb does; a seat that is not up cannot be reset."""
    done = []
    down = "sharklab.cli.workbench.class_desk.seats.down"
    monkeypatch.setattr(down, lambda lab, student, progress: done.append((lab, student)))
    teacher = bench.browser(TEACHER)
    assert 422 == teacher.post("/class/seats/alice/reset").status_code
    assert 404 == teacher.post("/class/seats/alice/other").status_code
    assert 422 == teacher.post("/class/seats/mallory/stop").status_code
    assert 200 == teacher.post("/class/seats/alice/stop").status_code
    bench.of_class.jobs._pool.shutdown(wait=True)
    assert [("mylab", "alice")] == done
    assert 404 == bench.browser().post("/class/seats/alice/stop").status_code
