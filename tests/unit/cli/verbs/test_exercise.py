"""The verbs `solve` and `reset`, and `brief --solution`, as they are typed, without a host."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from sharklab import privilege, state, system_packages
from sharklab.cli import flow, solution
from sharklab.errors import InputError
from sharklab.hosts import configuration, playbook, seat_provider
from sharklab.lab import plan_file
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.command import refusal, run, tell


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plan:
    """Return the plan of a seat of tp4 that is up in its start state, on a computer that has all it needs."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(privilege, "is_root", lambda: True)
    monkeypatch.setattr(system_packages, "need", lambda *words: None)
    monkeypatch.setattr(playbook, "get_ready", lambda: None)
    own = flow.to_begin(flow.prepare("tp4", "ada"), solved=False)
    plan_file.save(own)
    seat_provider.write(state.folder(own.seat.folder), "nspawn")
    return own


def test_solve_says_what_it_costs_and_asks(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a yes nothing happens; with it the exercises and the changed hosts are told."""
    monkeypatch.setattr(solution, "solve", lambda *words: {"client": "+a mount"})
    monkeypatch.setattr("sys.stdin", StringIO(""))  # nobody answers
    error = refusal(InputError, "solve", "tp4", "nfs", "--student", "ada")
    assert ("nothing was changed", "sharklab solve") == (error.message_id, error.place)
    told = tell(capsys, "solve", "tp4", "nfs", "--student", "ada", "--yes")
    assert (0, ["nfs"], ["client"]) == (told["code"], told["exercises"], list(told["changes"]))
    monkeypatch.setattr(solution, "solve", lambda *words: {})
    told = tell(capsys, "solve", "tp4", "--student", "ada", "--yes")
    assert (list(plan.start), {}) == (told["exercises"], told["changes"])


def test_reset_names_the_other_exercises_on_its_hosts(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it asks; then the hosts and what stays are told."""
    monkeypatch.setattr(solution, "reset", lambda *words: (Message("packages stay"),))
    told = tell(capsys, "reset", "tp4", "ssh", "--student", "ada", "--yes")
    assert (0, ["desktop"]) == (told["code"], told["hosts"])
    capsys.readouterr()
    assert 0 == run("reset", "tp4", "ssh", "--student", "ada", "--yes")
    shown = capsys.readouterr()
    assert ("packages stay" in shown.out, "firewall, dns" in shown.err) == (True, True)


def test_brief_shows_the_solution_that_was_asked_for(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """By the titles of its exercises, with a diff for each host; without a solution it says so."""
    error = refusal(InputError, "brief", "tp4", "--student", "ada", "--solution")
    assert "no exercise was solved on this seat" == error.message_id
    configuration.note(plan, ["nfs"], {"client": "+a mount\n"})
    assert 0 == run("brief", "tp4", "--student", "ada", "--solution")
    shown = capsys.readouterr().out
    assert "## client\n\n```diff\n+a mount\n```" in shown and "A folder shared by NFS" in shown
