"""Hosts that end while sharklab works on them are the cause of what fails then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from sharklab.cli import ended_hosts, flow
from sharklab.errors import MachineryError
from sharklab.hosts import providers
from sharklab.hosts.providers import internet_gateway, this_computer
from sharklab.lab.model import Plan, Seat
from tests.support.errors import error_of


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plan:
    """Return the plan of a seat in a state folder of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    return flow.prepare("tcpdump", "ada")


@pytest.mark.parametrize(
    ("state", "logged", "sentence", "place"),
    [
        ("stopped", True, "host {host} stopped unexpectedly", "hosts/server/console.log"),
        ("stopped", False, "host {host} stopped unexpectedly", "."),
        ("lost", False, "host {host} is lost: its member of the cluster does not answer", "."),
    ],
)
def test_ended_hosts_are_the_cause_of_a_failure(
    plan: Plan, state: str, logged: bool, sentence: str, place: str
) -> None:
    """The place is one that is there; a lost host may still run."""
    log = plan.seat.folder / "hosts" / "server" / "console.log"
    if logged:
        log.parent.mkdir(parents=True)
        log.touch()
    hosts = SimpleNamespace(bakes=True, status=lambda seat: {"client": "running", "server": state})

    def fail() -> None:
        with ended_hosts.explain(plan, hosts):
            raise MachineryError("an effect")

    error = error_of(ended_hosts.HostEnded, fail)
    assert (sentence, "server") == (error.message_id, error.values["host"])
    assert str(plan.seat.folder / place) == error.place


@pytest.mark.parametrize("error", [MachineryError("a task failed"), None], ids=["a failure", "an end"])
def test_internet_access_that_ended_is_told(
    error: MachineryError | None, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a playbook failed or came to its end meanwhile: the cause is told, not what came of it."""
    states = {"server": internet_gateway.CUT_OFF, "client": "running"}
    monkeypatch.setattr(this_computer.ThisComputer, "status", lambda self, own: states)
    monkeypatch.setattr(internet_gateway, "cut_off", lambda own: frozenset({"server"}))
    with (
        pytest.raises(MachineryError) as caught,
        ended_hosts.explain(plan, providers.get("nspawn")),
    ):
        if error:
            raise error
    expected = internet_gateway.explain_end(plan)
    assert (expected.message_id, expected.values) == (caught.value.message_id, caught.value.values)


def test_a_provider_that_does_not_answer_is_asked_again(plan: Plan) -> None:
    """An engine that hangs does not say that hosts have ended; it may do so a moment later."""
    answers: list[str | MachineryError] = [MachineryError("no answer"), "running", "stopped"]

    def status(own: Seat) -> Mapping[str, str]:
        answer = answers.pop(0)
        if isinstance(answer, MachineryError):
            raise answer
        return {"server": answer}

    hosts = SimpleNamespace(bakes=True, status=status)
    assert [False, False, True] == [ended_hosts.are_any(plan, hosts) for _ in range(3)]
