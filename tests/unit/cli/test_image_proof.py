"""The proof of an image: each kind of fault, and how long it is kept. The hosts' answers are made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import pytest

from sharklab.cli import image_proof
from sharklab.errors import MachineryError
from sharklab.hosts import condition
from sharklab.hosts.condition import HostCondition
from sharklab.hosts.image import Image, Layers
from sharklab.hosts.image.model import Accelerator, Snapshots
from sharklab.lab.model import Plan, Seat
from sharklab.message import Message
from tests.support import provider_seat
from tests.support.errors import error_of

OPENED = {"lan": {"ports": ["1025/tcp"], "services": ["443/tcp"]}}


class Answers(Protocol):
    """Sets the answers of the hosts."""

    def __call__(self, seen: Mapping[str, HostCondition], silent: Sequence[condition.Port] = ()) -> None:
        """Let hosts be in the condition `seen`, with ports that are silent."""


@dataclass
class Seats:
    """Golden seats that exist only here; `up` and `run` may be replaced."""

    done: list[str] = field(default_factory=list)
    missed: Sequence[str] = ()
    error: BaseException | None = None

    def up(self, plan: Plan) -> None:
        """Write what a host leaves, and fail if a test wants so."""
        self.done.append("up")
        console = plan.seat.folder / "hosts" / "server" / "console.log"
        console.parent.mkdir(parents=True)
        console.write_text("the last words\n")
        if self.error:
            raise self.error

    def run(self, plan: Plan, folder: Path) -> Sequence[str]:
        """Leave a report, and return the exercises that failed."""
        self.done.append("run")
        folder.mkdir()
        (folder / "report.en.html").write_text(plan.seat.id)
        return self.missed

    def down(self, own: Seat) -> None:
        """Note that the seat is removed."""
        self.done.append("down")

    def steps(self) -> image_proof.Steps:
        """Return the steps as the flow gives them."""
        return image_proof.Steps(self.up, self.run, self.down)


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    """Return layers that are there."""
    folder = tmp_path / "rocky9-1" / "bare-2"
    folder.mkdir(parents=True)
    return Layers(Image("rocky9", "RedHat", folder.parent), folder)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Return a function that sets what the hosts answer; at first all is well."""

    def settle(seen: Mapping[str, HostCondition], silent: Sequence[condition.Port] = ()) -> None:
        monkeypatch.setattr(condition, "look", lambda plan: seen)
        monkeypatch.setattr(condition, "find_silent", lambda plan, opened: [p for p in opened if p in silent])

    settle({"server": HostCondition({}, OPENED)})
    return settle


def find(layers: Layers, seats: Seats) -> Message | None:
    """Ask for the fault of the layers."""
    return image_proof.find_fault(provider_seat.plan("golden", 9), layers, seats.steps(), lambda text: None)


def fault(layers: Layers, seats: Seats) -> tuple[str, tuple[str, ...], Path]:
    """Return kind, names and report of the fault of the layers."""
    found = find(layers, seats)
    assert found
    kinds = {sentence: kind for kind, sentence in image_proof.SENTENCES.items()}
    return kinds[found.msgid], found.values["names"], Path(found.values["report"])


def test_an_image_that_works_is_proved_once(layers: Layers, answers: Answers) -> None:
    """The golden seat goes up, works, runs and is removed; the second time only the record is read."""
    seats = Seats()
    assert [None, None] == [find(layers, seats) for _ in range(2)]
    assert ["down", "up", "run", "down"] == seats.done
    assert not layers.folder.with_name("bare-2.proof").exists()


def test_a_seat_that_does_not_start_is_a_fault(layers: Layers, answers: Answers) -> None:
    """The first line of the error is named; all of it and the consoles of the hosts are in the report."""
    seats = Seats(error=MachineryError("no boot\nlast line", place="console.log"))
    kind, names, report = fault(layers, seats)
    assert ("start", ("no boot",)) == (kind, names)
    assert ["console.log: no boot\nlast line\n", "the last words\n"] == [
        (report / name).read_text() for name in ("error.txt", "console-server.log")
    ]
    assert ["down", "up", "down"] == seats.done


def test_a_stopped_unit_is_a_fault(layers: Layers, answers: Answers) -> None:
    """Host and unit are named; the report has the journal of the unit."""
    answers({"server": HostCondition({"nginx.service": "no such file"}, OPENED)})
    kind, names, report = fault(layers, Seats())
    assert ("units", ("server:nginx.service",)) == (kind, names)
    assert "server:nginx.service\nno such file" == (report / "units.txt").read_text()


def test_a_silent_port_is_a_fault(layers: Layers, answers: Answers) -> None:
    """Host and port are named; the lab is not run any more."""
    seats = Seats()
    answers({"server": HostCondition({}, OPENED)}, [condition.Port("server", "lan", 443, True)])
    assert ("ports", ("server:443/tcp",)) == fault(layers, seats)[:2]
    assert "run" not in seats.done


def test_an_exercise_that_fails_is_a_fault(layers: Layers, answers: Answers) -> None:
    """It is named, and the run with its report is kept."""
    kind, names, report = fault(layers, Seats(missed=["dns", "nfs"]))
    assert ("exercises", ("dns", "nfs")) == (kind, names)
    assert (report / "run" / "report.en.html").exists()


def test_a_fault_is_kept_until_its_record_is_removed(layers: Layers, answers: Answers) -> None:
    """A proof costs once; who mends the machine removes the record, and the old report goes too."""
    seats = Seats(missed=["dns"])
    first = fault(layers, seats)
    assert first == fault(layers, seats)
    assert 1 == seats.done.count("up")
    (layers.folder / "proof.json").unlink()
    assert find(layers, Seats()) is None
    assert not (first[2] / "console-server.log").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError()])
def test_nothing_is_kept_of_an_interrupted_proof(
    layers: Layers, answers: Answers, error: BaseException
) -> None:
    """The seat is removed, and the next command makes the proof."""
    seats = Seats(error=error)
    with pytest.raises(type(error)):
        find(layers, seats)
    assert ["down", "up", "down"] == seats.done
    assert ([], [layers.folder]) == (list(layers.folder.iterdir()), list(layers.image.folder.iterdir()))
    assert find(layers, Seats()) is None


def test_a_proof_with_virtual_machines_lies_with_their_snapshots(layers: Layers, answers: Answers) -> None:
    """It counts for just these layers and snapshots."""
    folder = layers.folder.with_name("bare-2.vm-3")
    folder.mkdir()
    mixed = replace(layers, snapshots=Snapshots(layers.image, folder, Accelerator("tcg", "max")))
    seats = Seats()
    find(mixed, seats)
    assert ([], True) == (list(layers.folder.iterdir()), (folder / "proof.json").exists())
    find(replace(mixed, folder=layers.folder.with_name("bare-4")), seats)
    assert 2 == seats.done.count("up")


@pytest.mark.parametrize("text", ["{", "{}", '{"names": [], "kind": "smell"}', "[]"])
def test_a_damaged_record_is_named(layers: Layers, answers: Answers, text: str) -> None:
    """The file and the remedy are said; no system is chosen in silence."""
    (layers.folder / "proof.json").write_text(text)
    error = error_of(MachineryError, find, layers, Seats())
    assert ("the file is damaged: {fault}", str(layers.folder / "proof.json")) == (
        error.message_id,
        error.place,
    )


def test_golden_seats_of_two_images_have_ids_of_their_own(layers: Layers, answers: Answers) -> None:
    """Two proofs at the same time do not meet on the machine."""
    other = replace(layers, folder=layers.folder.with_name("bare-5"))
    other.folder.mkdir()
    ids = set()
    for each in (layers, other):
        find(each, Seats())
        ids.add((each.folder / "proof.report" / "run" / "report.en.html").read_text())
    assert 2 == len(ids)
