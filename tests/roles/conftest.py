"""Running seats for testinfra, a plan and a function that gives hosts of each.

`plan` and `host_of` of tp4, `reachability` and `reached`, `ports` and `served`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import testinfra
from testinfra.host import Host

from sharklab import state
from sharklab.lab import plan_file
from sharklab.lab.model import Plan


@pytest.fixture(scope="session")
def plan(seat: str) -> Plan:
    """Return the plan of the seat that is up."""
    return plan_file.read(state.seat_folder("tp4", seat) / "plan.json")


@pytest.fixture(scope="session")
def host_of(plan: Plan) -> Callable[[str], Host]:
    """Return a function that gives a host of the seat by its name, over the seat's own ssh config."""
    return _hosts(plan)


@pytest.fixture(scope="session")
def reachability(reachability_seat: str) -> Plan:
    """Return the plan of the seat of reachability that is up."""
    return plan_file.read(state.seat_folder("reachability", reachability_seat) / "plan.json")


@pytest.fixture(scope="session")
def reached(reachability: Plan) -> Callable[[str], Host]:
    """Return a function that gives a host of that seat by its name."""
    return _hosts(reachability)


@pytest.fixture(scope="session")
def ports(ports_seat: str) -> Plan:
    """Return the plan of the seat of ports that is up."""
    return plan_file.read(state.seat_folder("ports", ports_seat) / "plan.json")


@pytest.fixture(scope="session")
def served(ports: Plan) -> Callable[[str], Host]:
    """Return a function that gives a host of that seat by its name."""
    return _hosts(ports)


def _hosts(plan: Plan) -> Callable[[str], Host]:
    config = plan.seat.folder / "ssh" / "config"
    hosts = {
        host.name: testinfra.get_host(f"ssh://{host.name}", ssh_config=str(config)) for host in plan.hosts
    }
    return hosts.__getitem__
