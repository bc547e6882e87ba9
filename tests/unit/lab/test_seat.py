"""Seats: derived, different for each student, the same for the same one."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.lab import load, seat
from sharklab.lab.model import Lab, Seat
from tests.support.errors import error_of

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def lab() -> Lab:
    """Return the lab tp4."""
    return load.read_named("tp4")


def values(own: Seat) -> set[str]:
    """Return every value of a seat that must be its own."""
    places = [at for nets in own.addresses.values() for at in nets.values()]
    addresses = {str(x) for at in places for x in (at.ipv4, at.ipv6, at.mac)}
    return addresses | {own.id, own.token, own.domain, own.share}


def test_derive_is_the_same_for_the_same_student(lab: Lab) -> None:
    """A seat can be derived again from the secret, the lab and the student."""
    assert seat.derive(lab, "alice", SECRET) == seat.derive(lab, "alice", SECRET)


def test_derive_differs_for_every_student_of_a_large_class(lab: Lab) -> None:
    """No value of a seat is another's, in a class of 300."""
    taken: list[IPv4Network] = []
    seen: set[str] = set()
    for number in range(300):
        own = seat.derive(lab, f"student{number}", SECRET, taken)
        assert not values(own) & seen
        seen |= values(own)
        taken += {at.ipv4.network for nets in own.addresses.values() for at in nets.values()}


def test_derive_moves_away_from_a_taken_subnet(lab: Lab) -> None:
    """A seat whose subnet is taken gets another, and keeps its id."""
    first = seat.derive(lab, "alice", SECRET)
    other = seat.derive(lab, "alice", SECRET, [first.address("server", "lan").ipv4.network])
    assert other.address("server", "lan").ipv4.network != first.address("server", "lan").ipv4.network
    assert other.id == first.id


def test_derive_depends_on_the_secret(lab: Lab) -> None:
    """Without the course's secret a seat cannot be computed."""
    assert not values(seat.derive(lab, "alice", SECRET)) & values(seat.derive(lab, "alice", bytes(32)))


@pytest.mark.parametrize("name", ["", "../etc", "a/b", "-x", "a b", "é", "x" * 65, ".."])
def test_check_student_refuses_names_that_are_no_folder(name: str) -> None:
    """A student's name is also a folder's: what could leave it is refused."""
    with pytest.raises(InputError):
        seat.check_student(name)


def test_to_plain_is_read_back(lab: Lab) -> None:
    """A seat survives JSON."""
    own = seat.derive(lab, "alice", SECRET)
    assert seat.from_plain(json.loads(json.dumps(seat.to_plain(own)))) == own


def test_register_keeps_the_secret_to_its_owner(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The course secret and the register are readable by their owner alone."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    seat.register(lab, "alice")
    modes = {
        file.name: oct(file.stat().st_mode & 0o777)
        for file in (tmp_path / "course").iterdir()
        if file.name != "lock"
    }
    assert modes == {"secret": "0o600", "seats.json": "0o600"}


def test_register_damaged_says_so(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged register is an error with its place, not a new register."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    seat.register(lab, "alice")
    (file := tmp_path / "course" / "seats.json").write_text("{")
    assert str(file) == error_of(MachineryError, seat.register, lab, "bob").place


def test_register_all_is_register_of_each(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class gets the seats that its students would get one after the other, and the same register."""
    students = ["alice", *(f"student{number}" for number in range(20)), "alice"]
    found = []
    for name in ("one", "all"):
        monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / name))
        (tmp_path / name / "course").mkdir(parents=True)
        (tmp_path / name / "course" / "secret").write_text("07" * 32)
        seat.register(lab, "student3")
        seats = (
            seat.register_all(lab, students)
            if name == "all"
            else [seat.register(lab, student) for student in students]
        )
        entries = json.loads((tmp_path / name / "course" / "seats.json").read_text())
        found.append(([seat.to_plain(own) for own in seats], entries, seats == _looked_up(lab, students)))
    assert found[0] == found[1]
    assert found[0][2]


def _looked_up(lab: Lab, students: list[str]) -> list[Seat]:
    seats = seat.look_up_all(lab, students)
    return [seats[student] for student in students]


def test_networks_of_others_are_those_of_the_register(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over IPv4 and IPv6, without the own ones."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    own = seat.look_up(lab, "alice")
    assert frozenset() == seat.networks_of_others(own)
    for student in ("alice", "bob"):
        seat.register(lab, student)
    found = seat.networks_of_others(own)
    assert {4, 6} == {net.version for net in found}
    assert not any(at.ipv4.ip in net for net in found for at in own.addresses["server"].values())


def test_register_all_reads_and_writes_the_register_once(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost of a class grows with its students, not with their square."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    seat.secret()
    written: list[Path] = []
    write = state.write

    def note(path: Path, content: str | bytes, mode: int = 0o600, durable: bool = False) -> None:
        written.append(path)
        write(path, content, mode, durable)

    monkeypatch.setattr(state, "write", note)
    seat.register_all(lab, ["alice", "bob", "zoe"])
    seat.register_all(lab, ["zoe", "bob"])
    assert [tmp_path / "course" / "seats.json"] == written


def test_register_all_moves_away_from_seats_of_the_same_class(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subnet that an earlier student of the class got is taken for the next one."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    draws = iter([1, 1, 2])
    monkeypatch.setattr(seat, "_subnet", lambda draw, network: IPv4Network(f"10.99.{next(draws)}.0/24"))
    first, second = seat.register_all(lab, ["alice", "bob"])
    assert [{"10.99.1.0/24"}, {"10.99.2.0/24"}] == [_nets(first), _nets(second)]


def _nets(own: Seat) -> set[str]:
    return {str(at.ipv4.network) for places in own.addresses.values() for at in places.values()}
