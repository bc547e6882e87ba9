"""The provider `existing`: which machines can be a lab's hosts, and what is said of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from sharklab import i18n, privilege, state, untrusted
from sharklab.cli import flow, setup
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import borrowed, seat_provider
from sharklab.hosts.providers import existing, remote
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
    said = untrusted.size(changed[field]) if field == "size" else changed[field]
    assert (said, True) == (error.values[field], f"{{{field}}}" in error.message_id)


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


def test_sockets_have_a_short_path_wherever_temporary_files_are(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a socket has at most 107 bytes (unix(7)); a folder with a longer name is passed by."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / ("d" * 60)))
    folder = existing._sockets(plan.seat)
    try:
        assert existing.SOCKET_PATH >= len(str(folder)) + existing.SOCKET_NAME
    finally:
        folder.rmdir()


def test_a_machine_of_another_name_is_told(plan: Plan) -> None:
    """A person sees which machine becomes which host before anything changes."""
    known = {
        host.name: {
            "machine": host.name.upper(),
            "missing": [],
            **borrowed.description(host, SEEN, {"interface": "eth0", "ipv4": "192.0.2.5/24"}),
        }
        for host in plan.hosts
    }
    told = existing._sentences(plan, known)
    assert "CLIENT" in [line.values.get("machine") for line in told if "{machine}" in line.msgid]


def test_python_is_looked_for_as_ansible_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of the names that the machine has, whatever its login prints."""
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\necho welcome\neval "$4"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    machine = remote.Machine("server", tmp_path / "config")
    found = machine.find_python(["no-such-python", "python3"])
    assert ("/", "python3") == (found[0], Path(found).name)
    assert "" == machine.find_python([])
    error = error_of(MachineryError, machine.find_python, ["no-such-python"])
    assert "server" == error.values["host"]
    entry = {"python": "auto", "vars": {"ansible_python_interpreter": "auto"}}
    assert {"ansible_python_interpreter": found} == borrowed.with_python(entry, found)["vars"]
    assert entry == borrowed.with_python(entry, "")
