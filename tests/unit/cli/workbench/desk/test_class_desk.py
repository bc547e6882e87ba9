"""The desk of a class: its table, links, submissions, and whoever waits for a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab.cli.workbench import client
from sharklab.cli.workbench.client import NOBODY
from sharklab.cli.workbench.desk import board, class_desk, class_links
from sharklab.cli.workbench.desk import student_desk as desk
from sharklab.errors import InputError
from sharklab.lab import exam, help_note, seat, submission_store
from tests.support.class_asker import NAMES, ClassAsker
from tests.support.errors import error_of


@pytest.mark.parametrize(
    "want",
    ["page", "notes", "help", "agree", "read", "new link", "hand in", "seat", "start", "stop", "restart"],
)
def test_stranger_is_refused(ask: ClassAsker, want: str) -> None:
    """Nobody outside of the roster gets anything, and no request leaves a trace of one."""
    error = error_of(InputError, ask, want, "mallory", up="yes")
    assert {"student": "mallory"} == error.values
    assert {} == ask.desk.seat_desk.jobs.list_last_jobs()
    assert board.BoardRecord({}) == board.read("mylab", "mallory")
    assert help_note.HelpNote() == help_note.read("mylab", "mallory")


def test_table_is_made_once_for_many_readers(ask: ClassAsker, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each language, and again when it is old or a student asks for help."""
    made: list[str] = []
    whole = board.rows

    def rows(*given: Any) -> list[dict[str, Any]]:
        made.append(given[2].language)
        return whole(*given)

    monkeypatch.setattr(board, "rows", rows)
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    for lang in ("en", "fr", "en", "fr"):
        assert set(NAMES) == set(ask.rows(lang))
    assert ["en", "fr"] == made
    clock[0] += class_desk.FRESH + 0.1
    ask.rows()
    assert ["en", "fr", "en"] == made
    ask("help", "bob", up="yes")
    assert 0 == ask.rows()["bob"]["hand"]
    assert ["en", "fr", "en", "en"] == made


def test_table_is_in_the_language_of_the_reader(ask: ClassAsker) -> None:
    """A language that does not exist is English."""
    assert ("mylab", "Un TP") == tuple(ask("class", NOBODY, lang="fr")[name] for name in ("lab", "title"))
    assert "A lab" == ask("class", NOBODY, lang="xx")["title"]


def test_change_is_told_to_whoever_waits(ask: ClassAsker) -> None:
    """With the students that it is about."""
    now = ask("changes", NOBODY, since="-1")["now"]
    ask("tell", NOBODY, to="", text="Five minutes left")
    assert set(NAMES) == set(ask("changes", NOBODY, since=str(now))["students"])


def test_link_is_used_and_renewed(ask: ClassAsker) -> None:
    """Another link takes the place of a used one, with another number for its cookie."""
    token = class_links.token("mylab", "alice")
    reader = ask("use link", "?", token=token)["reader"]
    assert ("alice", 0) == (reader["name"], reader["epoch"])
    error_of(InputError, ask, "use link", "?", token=token)
    assert {"bob", "carol"} == {own.name for own in class_links.list_unused("mylab", NAMES).values()}
    newer = ask("new link")["token"]
    assert [newer] == list(class_links.list_unused("mylab", ["alice"]))
    assert {"": 0, "alice": 1, "bob": 0, "carol": 0} == ask("links", "*")["numbers"]


def test_hand_in_keeps_the_submission_of_the_class(ask: ClassAsker, tmp_path: Path) -> None:
    """The instructor grades the folder of the lab, the table shows the time, the receipt no file here."""
    ask("page")
    assert not ask.rows()["alice"]["handed"]
    receipt = ask("hand in")
    [file] = submission_store.folder("mylab").glob("alice-*.sharklab")
    assert file.stat().st_mode & 0o777 == 0o600
    assert ask.rows()["alice"]["handed"]
    assert receipt["digest"] in receipt["kept"]
    assert receipt["lines"]
    assert str(tmp_path) not in f"{receipt}"


def test_nobody_reads_the_tasks_before_the_exam(
    mylab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No part of a student's page is answered, also not to the instructor."""
    with (mylab / "lab.yml").open("a") as file:
        file.write("exam: {minutes: 90}\n")
    ask = ClassAsker(str(mylab), tmp_path)
    begin = 1_796_000_000.0
    exam.note_windows([seat.register(ask.lab, "alice")], exam.windows(ask.lab, ask.desk.students, begin))
    monkeypatch.setattr("time.time", lambda: begin - 1)
    for want in ("page", "work", "plan", "check", "hand in"):
        assert exam.local_time(begin) == error_of(InputError, ask, want).values["time"]
    monkeypatch.setattr("time.time", lambda: begin)
    assert "mylab" == ask("page")["lab"]


def test_error_is_told_in_the_language_of_the_reader(ask: ClassAsker) -> None:
    """As the pages ask: each request through the desk's own words."""
    own = client.Seats(client.here(ask.handlers, desk.explain))
    said = []
    for lang in ("en", "fr"):
        with pytest.raises(client.DeskRefusal) as refused:
            own.ask("seat", "mylab", "mallory", lang)
        said.append(str(refused.value))
    assert said[0] != said[1]
