"""The seats of this computer: which there are, and their runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import classroom, flow, seats
from sharklab.cli.main import main
from sharklab.errors import Busy, InputError, MachineryError
from sharklab.hosts import seat_provider
from sharklab.hosts.providers.this_computer import ThisComputer
from sharklab.message import Message
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test a computer without seats."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))


def make(lab: str, student: str) -> Path:
    """Make the folder of a seat, as `up` leaves it, and return it."""
    from sharklab.lab import plan_file

    plan = flow.prepare(lab, student)
    state.folder(plan.seat.folder)
    plan_file.save(plan)
    return plan.seat.folder


def test_provider_of_a_seat_is_the_one_that_made_it() -> None:
    """`down` and `status` need not be told; a folder that does not say is the default provider's."""
    own = flow.prepare("tp4", "ada").seat
    assert seats.provider_of(own).name == "nspawn"
    seat_provider.write(state.folder(own.folder), "cloud")
    assert "cloud" == error_of(InputError, seats.provider_of, own).values["name"]


def test_seats_here_are_chosen_by_lab_and_student() -> None:
    """All, those of a lab, those of a student, or one."""
    made = [("tp4", "ada"), ("tp4", "bob"), ("tcpdump", "ada")]
    for lab, student in made:
        make(lab, student)
    found = [
        [(own.lab, own.student) for own in seats.seats_here(*wanted)]
        for wanted in ((), ("tp4",), (None, "ada"), ("tcpdump", "ada"), ("ports",))
    ]
    assert [sorted(made), made[:2], [made[2], made[0]], made[2:], []] == found


def test_a_seat_that_cannot_be_looked_at_is_a_line() -> None:
    """It tells why, and the other seats are shown as ever. So in the table of a class."""
    folders = [make("tp4", student) for student in ("ada", "bob", "eve")]
    seat_provider.write(folders[0], "cloud")
    (folders[1] / "class.json").write_text("{")
    for found in (seats.status("tp4"), classroom.status(seats.seats_here("tp4"))):
        ada, bob, eve = found
        assert ("cloud", {}) == (ada["warnings"][0].values["said"].values["name"], ada["hosts"])
        assert ([], eve["hosts"]) == (eve["warnings"], bob["hosts"]) and eve["hosts"]
    assert str(folders[1] / "class.json") == bob["warnings"][0].values["place"]


def test_status_has_the_warnings_of_hosts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host at one of its limits is told below its seat, and in JSON."""
    make("tp4", "ada")
    monkeypatch.setattr(
        ThisComputer, "warnings", lambda self, own: [Message("{host} is full", {"host": "client"})]
    )
    assert 0 == main(["status", "--output", "json"])
    [found] = json.loads(capsys.readouterr().out)["seats"]
    assert (["client is full"], "nspawn") == (found["warnings"], found["provider"])
    assert 0 == main(["status"])
    assert "  client is full" == capsys.readouterr().out.splitlines()[1]


def runs(lab: str, student: str, *names: str) -> Path:
    """Make the folders of runs and return the folder of them all."""
    folder = state.runs_folder(lab, student)
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text(json.dumps({}))
    return folder


def test_find_run_takes_the_newest_or_the_named_one() -> None:
    """The names of runs begin with their time; a folder without a manifest is none."""
    folder = runs("tp4", "ada", "20260102T000000Z-aa", "20260101T000000Z-bb")
    (folder / "20270101T000000Z-cc").mkdir()
    assert folder / "20260102T000000Z-aa" == seats.find_run("tp4", "ada", None)
    assert folder / "20260101T000000Z-bb" == seats.find_run("tp4", "ada", "20260101T000000Z-bb")


def test_find_run_refuses_an_unknown_name() -> None:
    """The error names the run; a path cannot leave the folder."""
    runs("tp4", "ada", "20260102T000000Z-aa")
    runs("tp4", "bob", "20260103T000000Z-bb")
    for name in ("20250101T000000Z-aa", "../bob/20260103T000000Z-bb"):
        error = error_of(InputError, seats.find_run, "tp4", "ada", name)
        assert ("there is no run {run!r}", name) == (error.message_id, error.values["run"])


def test_find_run_without_a_run_names_the_command() -> None:
    """The lab must be run first."""
    error = error_of(MachineryError, seats.find_run, "tp4", "ada", None)
    assert "{student} has no run of {lab} yet" == error.message_id
    assert "sharklab run {lab} --student {student}" == error.hint_id


def test_hold_keeps_others_out() -> None:
    """Two commands do not work on one seat; the lock survives the seat's folder."""
    own = flow.prepare("tp4", "ada").seat
    with seats.hold(own), pytest.raises(Busy), seats.hold(own):
        pass
    with seats.hold(own):
        pass
