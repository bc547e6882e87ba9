"""A lab outside `labs/` is named by its folder in each verb that takes a lab."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.cli import main
from sharklab.lab import load, plan_file, seat
from sharklab.lab.plan import make_plan
from tests.support.labs import write_lab
from tests.support.packets_made import LINKS, Tcp, Way, exchange, pcap

BRIEF = "# {{ lab }} of {{ student }}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand beside the lab `mylab`, with a state of one's own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    write_lab(tmp_path / "here" / "mylab", fr=BRIEF, en=BRIEF)
    (tmp_path / "here" / "roster.csv").write_text("student,name,email\nalice,Alice,alice@example.org\n")
    monkeypatch.chdir(tmp_path / "here")


def tell(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command and return its exit code and all that it prints."""
    capsys.readouterr()
    code = main.main(list(words))
    return code, "".join(capsys.readouterr())


def start(student: str = "alice") -> None:
    """Write what `up` leaves of a seat of the lab."""
    lab = load.named("./mylab")
    plan_file.save(make_plan(lab, seat.register(lab, student)))


def statuses(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[str, str]]:
    """Return lab and student of each seat that `status` shows."""
    code, said = tell(capsys, "status", *words, "--output", "json")
    assert 0 == code
    return [(each["lab"], each["student"]) for each in json.loads(said)["seats"]]


def work(capsys: pytest.CaptureFixture[str]) -> Path:
    """Make a folder with the captured page, and return it."""
    assert 0 == tell(capsys, "form", "./mylab", "--student", "alice", "-o", "work")[0]
    own = seat.register(load.named("./mylab"), "alice")
    client, server = (str(own.address(name, "lan").ipv4.ip) for name in ("client", "server"))
    packets = exchange(Tcp(Way(client, server), 40_000, 80))
    frames = [LINKS["ethernet"].wrap(packet, "<") for packet in packets]
    pcap(Path("work/captures/page.pcap"), 1, frames, "<", 1000)
    Path("work/answers.yml").write_text("page:\n  server_port: 80\n")
    return Path("work")


def test_lint_and_brief_take_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is started for these."""
    assert (0, "1 exercises\n") == at_end(tell(capsys, "lint", "./mylab"), 2)
    assert (0, "# mylab of alice\n") == tell(capsys, "brief", "mylab/", "--student", "alice")


def test_lint_renders_the_briefs(capsys: pytest.CaptureFixture[str]) -> None:
    """A lab whose brief shows an object of Python is refused."""
    Path("mylab/brief.fr.md.j2").write_text("# {{ hosts.server }}\n")
    code, said = tell(capsys, "lint", "./mylab")
    assert (2, True) == (code, "mylab/brief.fr.md.j2:1: a value between double braces is neither" in said)


def at_end(told: tuple[int, str], count: int) -> tuple[int, str]:
    """Return the exit code and the last `count` words."""
    return told[0], " ".join(told[1].split()[-count:]) + "\n"


def test_work_is_checked_handed_in_and_graded_by_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """From the form to the gradebook; the submission names its lab, which is not in `labs/`."""
    folder = str(work(capsys))
    assert 0 == tell(capsys, "seats", "create", "roster.csv", "--lab", "./mylab", "-o", "seats")[0]
    options = ("--student", "alice", "--folder", folder)
    assert 0 == tell(capsys, "check", "./mylab", *options)[0]
    assert 0 == tell(capsys, "report", "./mylab", *options)[0]
    assert 0 == tell(capsys, "submit", "./mylab", *options)[0]
    grade = ("grade", "mylab-alice.sharklab", "-o", "book", "--jobs", "1")
    code, said = tell(capsys, *grade, "--lab", "./mylab")
    assert (0, True) == (code, said.startswith("1 graded")), said
    assert 1.0 == points()
    shutil.rmtree("book")
    start()
    assert 0 == tell(capsys, *grade)[0]


def points() -> Any:
    """Return the share of the points that alice has in the gradebook."""
    [student] = json.loads(Path("book/results.json").read_text())["students"]
    return student["result"]["points"] / student["result"]["worth"]


def test_form_leaves_the_folder_of_the_lab_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The form's folder is named like the lab, which lies there already."""
    code, said = tell(capsys, "form", "./mylab", "--student", "alice")
    assert 2 == code
    assert "mylab: this is the folder of the lab, not of a student's work\n  hint: name another" in said
    assert not Path("mylab/answers.yml").exists()


def test_status_takes_a_lab_and_a_student(capsys: pytest.CaptureFixture[str]) -> None:
    """All seats, those of a lab by name or folder, those of a student; an unknown lab is an error."""
    start("alice")
    start("bob")
    both = [("mylab", "alice"), ("mylab", "bob")]
    assert [both, both, both] == [statuses(capsys, *words) for words in ((), ("mylab",), ("./mylab",))]
    assert both[1:] == statuses(capsys, "--student", "bob") == statuses(capsys, "mylab", "--student", "bob")
    assert [] == statuses(capsys, "tp4")
    code, said = tell(capsys, "status", "tp5")
    assert (2, True) == (code, "there is no lab named 'tp5'\n  hint: did you mean tp4?" in said)


@pytest.mark.parametrize("lab", ["./mylab", "mylab"])
def test_seat_is_found_by_folder_or_name(lab: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The verbs of a seat that is up take the lab's folder, or its name as `status` shows it."""
    start()
    code, said = tell(capsys, "prove", lab, "--student", "alice")
    assert (3, True) == (code, "alice has no run of mylab yet" in said)
    code, said = tell(capsys, "report", lab, "--student", "alice")
    assert (3, True) == (code, "alice has no run of mylab yet" in said)
    assert (0, "# mylab of alice\n") == tell(capsys, "brief", lab, "--student", "alice")
    code, said = tell(capsys, "shell", lab, "moon", "--student", "alice")
    assert (2, True) == (code, "mylab has no host 'moon'" in said)
    code, said = tell(capsys, "down", lab, "--student", "alice")
    assert (0, True) == (code, said.startswith("Seat mylab/alice is removed.\n"))
    assert not state.seat_folder("mylab", "alice").exists()
