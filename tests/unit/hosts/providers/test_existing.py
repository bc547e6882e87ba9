"""The provider `existing`: which machines can be a lab's hosts, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab import i18n, privilege, state
from sharklab.cli import flow, setup
from sharklab.errors import InputError
from sharklab.hosts import borrowed, seat_provider
from sharklab.hosts.providers import existing
from sharklab.lab.model import Plan
from tests.support.errors import error_of

CARD = {"device": "eth0", "macaddress": "02:00:00:00:00:01", "ipv4": {"address": "192.0.2.5", "prefix": 24}}
SEEN: dict[str, Any] = {
    "uid": 0,
    "id": "m1",
    "system": "Rocky Linux 9.6",
    "family": "RedHat",
    "facts": {"interfaces": ["eth0"], "eth0": CARD},
    "way": {"address": "192.0.2.5", "port": "2222"},
    "connections": {"eth0": "Wired connection 1"},
    "zones": {"eth0": "internal"},
    "claim": "",
    "kernel": ["nfs_client"],
    "size": 0,
    "sudo": True,
}


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plan:
    """Return a plan of tp4 without machines yet."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    return flow.prepare("tp4", "ada")


@pytest.mark.parametrize(
    "changed",
    [{"system": "Haiku", "family": ""}, {"claim": "0000beef"}, {"size": existing.LIMIT + 1}],
    ids=["another system", "another's seat", "too much to save"],
)
def test_check_refuses_a_machine_that_cannot_be_a_host(plan: Plan, changed: dict[str, Any]) -> None:
    """The error names the machine, and its sentence has the value that is refused."""
    seen = SEEN | changed
    error = error_of(InputError, existing.check_machine, plan, plan.lab.host("client"), seen)
    field = next(iter(changed))
    assert "--inventory: client" == error.place
    assert (changed[field], True) == (error.values[field], f"{{{field}}}" in error.message_id)


def test_check_refuses_another_machine_of_the_same_name(plan: Plan) -> None:
    """What is kept is one machine's: another one cannot take its place while the seat is up."""
    borrowed.write(state.folder(plan.seat.folder), {"client": {"id": "m0"}})
    with pytest.raises(InputError):
        existing.check_machine(plan, plan.lab.host("client"), SEEN)
    existing.check_machine(plan, plan.lab.host("client"), SEEN | {"id": "m0"})


def test_place_needs_networkmanager_where_the_lab_sets_up_a_resolver(plan: Plan) -> None:
    """Without a connection on the card the role dns_client could not do its work: that is said before."""
    seen = SEEN | {"connections": {}}
    error = error_of(InputError, existing.find_address, plan.lab.host("client"), {}, seen)
    assert "eth0" == error.values["card"]
    assert "eth0" == existing.find_address(plan.lab.host("server"), {}, seen)["interface"]


def test_machines_with_one_address_are_refused() -> None:
    """Behind a router of their own all virtual machines have the same: the lab's card has to be named."""
    known = {name: {"address": {"ipv4": "10.0.2.15/24"}} for name in ("server", "client")}
    error = error_of(InputError, existing.check_apart, known)
    assert ["server 10.0.2.15/24", "client 10.0.2.15/24"] == error.values["addresses"]
    assert "lab_address" in error.hint


def test_learnt_gives_the_roles_what_is_the_machines_own(plan: Plan) -> None:
    """sshd's port, the zone and connection of the card, and how root is become."""
    at = existing.find_address(plan.lab.host("client"), {}, SEEN)
    extra = borrowed.description(plan.lab.host("client"), SEEN, at)["extra"]
    assert {
        "lab_ssh_port": 2222,
        "firewall_zone": "internal",
        "port_states_zone": "internal",
        "dns_client_connection": "Wired connection 1",
        "dns_client_interface": "eth0",
        "ansible_become": True,
    } == extra


def test_prepare_asks_for_no_root_where_hosts_are_no_containers(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever borrows machines needs no rights on this one, for any verb."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    monkeypatch.setattr(privilege, "become_root", lambda words: pytest.fail("root"))
    seat_provider.write(state.folder(plan.seat.folder), "existing")
    for verb in ("up", "shell", "down"):
        setup.prepare(verb, seat_provider.choose("tp4", "ada"), i18n.translator("en"), "tp4")
