"""Seat files: a student's machine has the instructor's seat, and nothing of the course's secret."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.lab import load, seat, seat_file
from sharklab.lab.exam import Window
from sharklab.lab.model import Lab, Seat
from tests.support.errors import error_of

Machine = Callable[[str], None]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a function that goes to the machine of that name."""
    return lambda name: monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / name))


@pytest.fixture(scope="module")
def lab() -> Lab:
    """Return the lab tp4."""
    return load.read_named("tp4")


def same(first: Seat, second: Seat) -> bool:
    """Tell whether two seats are one, on whatever machine."""
    return replace(first, folder=second.folder) == second


def test_install_makes_the_instructors_seat_that_of_the_machine(
    machine: Machine, lab: Lab, tmp_path: Path
) -> None:
    """The same addresses, names, token and key on the student's machine as on the instructor's."""
    machine("instructor")
    for student in ("bob", "alice"):
        file = seat_file.create(lab, student, tmp_path / "seats")
    own, key = seat.register(lab, "alice"), seat.key("tp4", "alice")
    machine("student")
    assert not same(own, seat.register(lab, "alice"))
    seat_file.install(file)
    assert same(own, seat.register(lab, "alice"))
    assert key == seat.key("tp4", "alice")
    assert not same(own, seat.register(lab, "bob"))


def test_create_writes_nothing_of_the_course(machine: Machine, lab: Lab, tmp_path: Path) -> None:
    """What is in the file is the seat's: no secret, no other student, and nobody else may read it."""
    machine("instructor")
    files = {student: seat_file.create(lab, student, tmp_path / "seats") for student in ("alice", "bob")}
    text = files["alice"].read_text()
    bob = seat.register(lab, "bob")
    others = [seat.secret().hex(), bob.token, bob.password, bob.id, seat.key("tp4", "bob").hex(), "bob"]
    assert [] == [value for value in others if value in text]
    assert {"schema", "seat", "key"} == json.loads(text).keys()
    assert [0o600, 0o600] == [stat.S_IMODE(file.stat().st_mode) for file in files.values()]


def test_install_keeps_the_key_to_its_owner(machine: Machine, lab: Lab, tmp_path: Path) -> None:
    """What is kept on the student's machine is for the student alone."""
    machine("instructor")
    file = seat_file.create(lab, "alice", tmp_path / "seats")
    machine("student")
    seat_file.install(file)
    kept = seat.find_imported_file("tp4", "alice")
    assert 0o600 == stat.S_IMODE(kept.stat().st_mode)
    assert {0o700} == {stat.S_IMODE(folder.stat().st_mode) for folder in (kept.parent, kept.parent.parent)}


def test_key_of_a_seat_tells_nothing_of_another(machine: Machine) -> None:
    """Keys differ by student, by lab and by course."""
    machine("first")
    keys = {seat.key(lab, student) for lab in ("tp4", "tcpdump") for student in ("alice", "bob")}
    machine("second")
    assert 5 == len(keys | {seat.key("tp4", "alice")})


def _edited(content: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {**content, "seat": {**content["seat"], name: value}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("student", "../evil"),
        ("token", "$(reboot)"),
        ("domain", "evil.test"),
        ("share", "../etc"),
        ("id", "12345678; reboot"),
        ("password", "x y"),
        ("addresses", {"server": {"lan": {"ipv4": "x", "ipv6": "y", "mac": "z"}}}),
        ("addresses", []),
        ("faults", {"mail": ["../evil"]}),
        ("faults", {"mail": [["svc-off"]]}),
        ("faults", []),
    ],
)
def test_install_of_a_seat_that_was_never_derived_is_refused(
    name: str, value: Any, machine: Machine, lab: Lab, tmp_path: Path
) -> None:
    """Values of a seat get into commands and names of files: none is taken that could not be one."""
    machine("instructor")
    file = seat_file.create(lab, "alice", tmp_path / "seats")
    file.write_text(json.dumps(_edited(json.loads(file.read_text()), name, value)))
    with pytest.raises(InputError):
        seat_file.install(file)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 1}', '{"schema": 2}', "[" * 100_000])
def test_install_of_another_file_is_an_input_error(text: str, machine: Machine, tmp_path: Path) -> None:
    """What is no seat is refused with who can make one."""
    machine("student")
    file = tmp_path / "x.seat"
    file.write_text(text)
    assert str(file) == error_of(InputError, seat_file.install, file).place


def test_install_for_another_version_of_the_lab_is_refused(
    machine: Machine, lab: Lab, tmp_path: Path
) -> None:
    """A host that the lab has here and the seat has not would have no address."""
    machine("instructor")
    file = seat_file.create(lab, "alice", tmp_path / "seats")
    content = json.loads(file.read_text())
    del content["seat"]["addresses"]["desktop"]
    file.write_text(json.dumps(content))
    error = error_of(InputError, seat_file.install, file)
    assert (str(file), {"lab": "tp4"}) == (error.place, error.values)


def test_install_beside_a_seat_that_is_up_is_refused(machine: Machine, lab: Lab, tmp_path: Path) -> None:
    """Hosts that run with other addresses are removed by who started them, not silently."""
    machine("instructor")
    file = seat_file.create(lab, "alice", tmp_path / "seats")
    machine("student")
    own = seat.register(lab, "alice")
    state.write(state.folder(own.folder) / "seat.json", json.dumps(seat.to_plain(own)))
    error = error_of(MachineryError, seat_file.install, file)
    assert {"lab": "tp4", "student": "alice"} == error.values


def test_register_with_a_damaged_import_says_so(machine: Machine, lab: Lab, tmp_path: Path) -> None:
    """A seat that was imported is never silently another one."""
    machine("student")
    file = seat.find_imported_file("tp4", "alice")
    state.write(state.folder(file.parent) / file.name, "{")
    assert str(file) == error_of(MachineryError, seat.register, lab, "alice").place


EXAM = {"begin": 100.0, "end": 200.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exam", {"begin": 200.0, "end": 100.0}),
        ("exam", {"begin": 100.0}),
        ("exam", {"begin": "now", "end": 200.0}),
        ("exam", {"begin": 1.0, "end": 1e12}),
        ("exam", [100.0, 200.0]),
        ("again", "abc"),
        ("again", 7),
    ],
)
def test_read_refuses_an_exam_of_another_shape(
    machine: Machine, lab: Lab, tmp_path: Path, name: str, value: Any
) -> None:
    """The time is one, and the code's digest is a SHA-256."""
    machine("instructor")
    file = seat_file.create(lab, "alice", tmp_path / "seats")
    content = {**json.loads(file.read_text()), "exam": EXAM, "again": "0" * 64}
    file.write_text(json.dumps(content))
    assert (Window(100.0, 200.0), "0" * 64) == (
        seat_file.read(file).window,
        seat_file.read(file).again,
    )
    file.write_text(json.dumps(content | {name: value}))
    error = error_of(InputError, seat_file.read, file)
    assert "the file is not a seat file, or it is damaged" == error.message_id


def test_install_gives_the_faults_of_the_seat(machine: Machine, tmp_path: Path) -> None:
    """The student's machine injects what the instructor's course chose; an old file has no faults."""
    machine("instructor")
    lab = load.read_named("pannes")
    file = seat_file.create(lab, "alice", tmp_path / "seats")
    own = seat.register(lab, "alice")
    machine("student")
    seat_file.install(file)
    assert own.faults == seat.register(lab, "alice").faults != {}
    old = json.loads(file.read_text())
    del old["seat"]["faults"]
    file.write_text(json.dumps(old))
    seat_file.install(file)
    assert {} == seat.register(lab, "alice").faults
