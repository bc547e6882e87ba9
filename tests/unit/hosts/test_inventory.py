"""The Ansible inventory of a seat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import process
from sharklab.hosts import borrowed, inventory
from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from tests.support.labs import write_role


@pytest.fixture
def alice() -> Plan:
    """Return the plan of tp4 for a known seat."""
    lab = load.read_named("tp4")
    return make_plan(lab, seat.derive(lab, "alice", bytes(range(32))))


def test_inventory_reaches_a_host_that_has_not_booted_at_its_disk(alice: Plan) -> None:
    """Another host of the seat is reached over SSH."""
    hosts = inventory.build(alice, disks={"client": Path("/disks/client")})["all"]["hosts"]
    reached = {name: (each.get("ansible_connection"), each.get("lab_disk")) for name, each in hosts.items()}
    assert (inventory.DISK, "/disks/client") == reached["client"]
    assert (None, None) == reached["server"]


def test_inventory_gives_each_host_its_own_captures_and_probes(alice: Plan) -> None:
    """A host hears of its own captures and probes only."""
    hosts = inventory.build(alice)["all"]["hosts"]
    assert "dns" in [capture["id"] for capture in hosts["client"]["capture_captures"]]
    assert "dns" not in [capture["id"] for capture in hosts["desktop"]["capture_captures"]]


def test_busy_computer_has_time_for_a_login(alice: Plan, tmp_path: Path) -> None:
    """Ansible ends a login to a host of our own late; what a user says about own machines stays."""
    assert process.LOGIN_SECONDS == inventory.build(alice)["all"]["vars"]["ansible_ssh_timeout"]
    other = replace(alice, seat=replace(alice.seat, folder=tmp_path))
    borrowed.write(tmp_path, {"elsewhere": {}})
    assert "ansible_ssh_timeout" not in inventory.build(other)["all"]["vars"]


def test_inventory_tells_the_parts_of_roles(alice: Plan, tmp_path: Path) -> None:
    """A playbook applies the parts that there are; the folder of a role of the lab's own is told."""
    folder = write_role(tmp_path, "gate", **{"tasks/peers.yml": "- {}"})
    client = replace(alice.lab.host("client"), roles=("web_server", "gate"))
    others = tuple(host for host in alice.hosts if host.name != "client")
    own = replace(alice, lab=replace(alice.lab, path=tmp_path, hosts=(*others, client)))
    found = inventory.hostvars(own)["client"]
    assert {"personalise": ["web_server"], "peers": ["gate"]} == found["lab_role_parts"]
    assert [str(folder)] == found["lab_own_roles"]
    assert "lab_own_roles" not in inventory.hostvars(alice)["client"]
