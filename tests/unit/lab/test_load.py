"""Which `lab.yml` a user means: by a name, by a folder, or by the name of a lab that has a seat."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path

import pytest

from sharklab import paths, state
from sharklab.errors import InputError
from sharklab.lab import load, plan_file, seat
from sharklab.lab.plan import make_plan
from tests.support.errors import error_of
from tests.support.labs import write_lab


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))


def start(folder: Path, student: str) -> None:
    """Write what `up` leaves of a seat of the lab in `folder`."""
    lab = load.read(folder / load.FILE)
    plan_file.save(make_plan(lab, seat.derive(lab, student, bytes(32))))


def test_find_takes_a_name_or_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder may be relative, absolute, or the one in which the user stands."""
    folder = write_lab(tmp_path / "mylab")
    assert paths.LABS / "tp4" / "lab.yml" == load.find("tp4")
    monkeypatch.chdir(tmp_path)
    for lab in ("./mylab", "mylab/", str(folder), "./mylab/../mylab"):
        assert (folder / "lab.yml", "mylab") == (load.find(lab), paths.lab_name(lab))
    monkeypatch.chdir(folder)
    assert (folder / "lab.yml", "mylab") == (load.find("."), paths.lab_name("."))


def test_find_takes_the_name_of_a_lab_that_has_a_seat(tmp_path: Path) -> None:
    """A lab outside `labs/` is known by its name while a seat of it is up."""
    folder = write_lab(tmp_path / "mylab")
    assert ("mylab", "") == itemgetter("name", "near")(error_of(InputError, load.find, "mylab").values)
    start(folder, "alice")
    start(folder, "bob")
    assert folder / "lab.yml" == load.find("mylab")


def test_find_refuses_a_name_of_two_folders(tmp_path: Path) -> None:
    """Seats of two labs of one name: the user says which lab is meant."""
    for place, student in (("one", "alice"), ("two", "bob")):
        start(write_lab(tmp_path / place / "mylab"), student)
    error = error_of(InputError, load.find, "mylab")
    assert [tmp_path / "one" / "mylab", tmp_path / "two" / "mylab"] == error.values["folders"]


def test_find_refuses_a_lab_whose_folder_is_gone(tmp_path: Path) -> None:
    """The seat is still there, and `down` removes it without the lab."""
    folder = write_lab(tmp_path / "mylab")
    start(folder, "alice")
    (folder / "lab.yml").unlink()
    assert "mylab" == error_of(InputError, load.find, "mylab").values["name"]
    assert state.seat_folder("mylab", "alice").is_dir()


def test_read_finds_the_exam(tmp_path: Path) -> None:
    """A lab is an exam if it says so; the lab of a seat is one, too."""
    folder = write_lab(tmp_path / "mylab")
    assert load.read(folder / load.FILE).exam is None
    exam = write_lab(tmp_path / "myexam")
    with (exam / load.FILE).open("a") as file:
        file.write("exam: {minutes: 90}\n")
    lab = load.read(exam / load.FILE)
    assert lab.exam and 90 == lab.exam.minutes
    assert lab.exam == make_plan(lab, seat.sample(lab)).lab.exam


@pytest.mark.parametrize("exam", ["{minutes: 0}", "{minutes: 1.5}", "{}", "{minutes: 90, hints: true}", "90"])
def test_read_refuses_an_exam_of_another_shape(exam: str, tmp_path: Path) -> None:
    """The problem has its line."""
    folder = write_lab(tmp_path / "mylab")
    with (folder / load.FILE).open("a") as file:
        file.write(f"exam: {exam}\n")
    [problem] = error_of(InputError, load.read, folder / load.FILE).problems
    assert "exam" in str(problem.place)
