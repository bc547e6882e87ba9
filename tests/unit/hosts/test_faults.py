"""Faults on their way to the hosts: who gets which, with what, and only once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharklab import paths
from sharklab.errors import InputError
from sharklab.hosts import faults, playbook
from sharklab.lab import fault_catalogue
from sharklab.lab.model import Plan
from tests.support import faults_sample as sample
from tests.support.errors import error_of

Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Return the playbooks that are run, each with its variables; none is."""
    found: Calls = []
    monkeypatch.setattr(
        playbook, "run", lambda name, inventory, values, progress: found.append((name, values))
    )
    return found


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the plan of a seat in a folder of its own, with a fault on each side of a router."""
    made = sample.plan(archive="fw-forward-zones", backup="ssh-first-wins", login="ssh-key-mode")
    return replace(made, seat=replace(made.seat, folder=tmp_path))


def test_injections_are_on_the_host_of_each_fault(plan: Plan) -> None:
    """A fault of the server's side is on the server of its own exercise."""
    found = {
        host: {entry["id"] for entry in entries}
        for host, entries in faults.injections(plan, plan.start).items()
    }
    assert {"fw-forward-zones"} == found["router"]
    assert {"ssh-first-wins", "ssh-key-mode"} <= found["client"]


def test_injections_know_the_addresses_of_the_conversation(plan: Plan) -> None:
    """A router has a card to each side; another host of its network is known too."""
    [entry] = faults.injections(plan, plan.start)["router"]
    own = plan.seat
    assert ("client", "archive", 80, "tcp", "lan", "dmz") == tuple(
        entry[name] for name in ("client", "server", "port", "transport", "card", "far_card")
    )
    assert str(own.address("client", "lan").ipv4.ip) == entry["client_address"]
    assert str(own.address("archive", "dmz").ipv4.ip) == entry["server_address"]
    assert str(own.address("router", "lan").ipv4.ip) == entry["router"]
    assert str(own.address("server", "lan").ipv4.ip) == entry["other"]


def test_injections_give_what_the_role_takes(plan: Plan) -> None:
    """Every value is an option of the role, of its type, and none that it requires is missing."""
    specs = yaml.safe_load((paths.ROLES / "faults" / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["inject"]["options"]["faults_wanted"]["options"]
    required = {name for name, option in options.items() if option.get("required")}
    for entries in faults.injections(plan, plan.start).values():
        for entry in entries:
            assert required <= {*entry} <= {*options}
            assert all(isinstance(value, int if name == "port" else str) for name, value in entry.items())


def test_inject_takes_the_exercises_that_are_named(plan: Plan, calls: Calls) -> None:
    """Without any, no playbook runs."""
    faults.inject(plan, plan.start)
    faults.inject(plan, plan.start[-1:])
    faults.inject(plan, ())
    wanted = [faults.injections(plan, plan.start), faults.injections(plan, plan.start[-1:])]
    assert [("faults", {"faults": each, "entry": "inject"}) for each in wanted] == calls


def test_repair_takes_the_repair_that_is_asked_for(plan: Plan, calls: Calls) -> None:
    """The role has it by that name."""
    faults.repair(plan, ["backup"], "repair_another")
    faults.repair(plan, [])
    wanted = {
        "faults": faults.injections(plan, ["backup"]),
        "entry": "repair",
        "faults_repair": "repair_another",
    }
    assert [("faults", wanted)] == calls


def test_refuse_borrowed_names_the_lab(plan: Plan) -> None:
    """The way of the controller may lead over the network that a fault cuts; a solved seat has no faults."""
    error = error_of(InputError, faults.refuse_borrowed, plan)
    assert ("--provider existing", "pannes") == (error.place, error.values["lab"])
    faults.refuse_borrowed(replace(plan, solved=plan.start))
    faults.refuse_borrowed(replace(plan, start=()))


def test_repairs_are_those_of_the_folder() -> None:
    """Level 1 has one repair, the others two."""
    assert {1: ["repair"], 2: ["repair", "repair_another"]} == {
        min(fault_catalogue.find(id).level, 2): [*faults.repairs(id)] for id in fault_catalogue.names()
    }
