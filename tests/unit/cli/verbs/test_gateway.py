"""The verbs for the SSH gateway."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharklab.cli.verbs import gateway
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.hosts import own_firewall
from sharklab.hosts.ssh_gateway import control, logins, students
from sharklab.hosts.ssh_gateway.control import GatewayStatus
from sharklab.hosts.ssh_gateway.supervisor import Where
from sharklab.message import Message
from tests.support.command import refusal, run, tell

pytestmark = pytest.mark.usefixtures("own_state", "as_root")
RUNNING = GatewayStatus(Where("192.0.2.1", 2222), 1_790_000_000.0, "SHA256:x")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no verb install a package or ask sudo."""
    monkeypatch.setattr("sharklab.cli.setup.prepare", lambda *words: None)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """Return the roster of a class of two."""
    file = tmp_path / "roster.csv"
    file.write_text("student,name,email\nalice,A,a@uni.example\nbob,B,b@uni.example\n")
    return file


def test_start_takes_a_roster_and_keeps_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, roster: Path, tmp_path: Path
) -> None:
    """Without one, the students are those of before; without any, nothing starts."""
    asked: list[tuple[object, ...]] = []

    def start(*words: object) -> tuple[GatewayStatus, bool]:
        asked.append(words)
        return RUNNING, True

    monkeypatch.setattr(control, "start", start)
    refusal(InputError, "gateway", "start")
    assert "--keys" == refusal(InputError, "gateway", "start", "--keys", str(tmp_path)).place
    assert [] == asked
    told = tell(capsys, "gateway", "start", "--roster", str(roster), "--port", "2200")
    assert (GOOD, 2, "192.0.2.1:2222", "SHA256:x") == (
        told["code"],
        told["students"],
        told["where"],
        told["fingerprint"],
    )
    assert {"alice", "bob"} == set(students.read()) and (None, 2200, gateway.COMMAND) == asked[0]
    tell(capsys, "gateway", "start")
    assert (None, None, gateway.COMMAND) == asked[1]


def test_start_says_that_a_firewall_closes_the_port(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, roster: Path
) -> None:
    """On standard error: it does not fail for that."""
    asked: list[tuple[object, ...]] = []

    def closed(*words: object) -> list[Message]:
        asked.append(words)
        return [Message("closed")]

    monkeypatch.setattr(control, "start", lambda *words: (RUNNING, True))
    monkeypatch.setattr(own_firewall, "check_port", closed)
    assert GOOD == run("gateway", "start", "--roster", str(roster))
    assert ([("192.0.2.1", 2222)], "closed\n") == (asked, capsys.readouterr().err)


def test_status_and_stop(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts see by the exit code whether it runs."""
    assert (NOT_ACHIEVED, False) == tuple(
        tell(capsys, "gateway", "status")[key] for key in ("code", "running")
    )
    monkeypatch.setattr(control, "status", lambda: RUNNING)
    assert (GOOD, True) == tuple(tell(capsys, "gateway", "status")[key] for key in ("code", "running"))
    monkeypatch.setattr(control, "stop", lambda: True)
    assert tell(capsys, "gateway", "stop")["stopped"]


def test_logins_are_those_of_a_student(capsys: pytest.CaptureFixture[str]) -> None:
    """Or of all."""
    logins.note("alice", "tp4", "client", "192.0.2.7", "shell")
    logins.note("bob", "tp4", "client", "", "forward 80")
    assert ["alice", "bob"] == [each["student"] for each in tell(capsys, "gateway", "logins")["logins"]]
    [own] = tell(capsys, "gateway", "logins", "--student", "bob")["logins"]
    assert "forward 80" == own["what"]


def test_keys_are_for_one_student_each(
    capsys: pytest.CaptureFixture[str], roster: Path, tmp_path: Path
) -> None:
    """The gateway knows their public halves as soon as it knows the roster."""
    files = tell(capsys, "gateway", "keys", str(roster), "-o", str(tmp_path / "keys"))["keys"]
    assert {"alice", "bob"} == set(files) and 0o600 == Path(files["alice"]).stat().st_mode & 0o777
    said = subprocess.run(
        ["ssh-keygen", "-y", "-f", files["alice"]], capture_output=True, text=True, check=True
    )
    from sharklab.lab import roster as rosters

    assert said.stdout.strip() in students.enter(rosters.read(roster), {})["alice"].keys
