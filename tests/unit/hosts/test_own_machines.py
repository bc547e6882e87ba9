"""A seat on machines that an Ansible user has: where they are, and what is written when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts import own_machines
from sharklab.lab import load, seat
from tests.support.errors import error_of

HOSTS = ("server", "client", "desktop")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a state folder of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    return tmp_path


def facts(number: int) -> dict[str, Any]:
    """Return the network facts of a machine with one card."""
    card = {"device": "ens3", "ipv4": {"address": f"192.0.2.{number}", "prefix": "24"}}
    return {"interfaces": ["lo", "ens3"], "ens3": card}


FACTS = {host: facts(number) for number, host in enumerate(HOSTS, 10)}


def locate(found: Mapping[str, Mapping[str, Any]]) -> bool:
    """Note machines of alice's seat of tp4."""
    return own_machines.locate("tp4", "alice", found, {})


def test_variables_are_those_of_the_located_machines() -> None:
    """Templates of the lab and captures take address and card of each machine."""
    assert (True, False) == (locate(FACTS), locate(FACTS))
    found = own_machines.variables("tp4", "alice")["client"]
    assert ({"lan": "ens3"}, ["192.0.2.10"], {"ens3"}) == (
        found["lab_interfaces"],
        found["dns_client_servers"],
        {capture["interface"] for capture in found["capture_captures"]},
    )


def test_locate_registers_the_seat_and_variables_do_not(folder: Path) -> None:
    """Whoever only reads an inventory takes no subnets from others."""
    before = own_machines.variables("tp4", "alice")["server"]
    assert ({"lan": "lan"}, False) == (before["lab_interfaces"], (folder / "course" / "seats.json").exists())
    locate(FACTS)
    assert (folder / "course" / "seats.json").exists()
    assert before["seat"] == own_machines.variables("tp4", "alice")["server"]["seat"]


def test_variables_are_of_the_registered_seat() -> None:
    """A seat that `sharklab up` registered keeps its addresses."""
    own = seat.register(load.read_named("tp4"), "alice")
    found = own_machines.variables("tp4", "alice")["server"]["lab_hosts"]
    assert found["server"]["ipv4"] == str(own.address("server", "lan").ipv4.ip)


def test_locate_of_some_machines_keeps_the_others() -> None:
    """A run for one host (--limit) knows the others from the run before."""
    locate(FACTS)
    assert locate({"client": facts(99)})
    found = own_machines.variables("tp4", "alice")["server"]["lab_hosts"]
    assert ("192.0.2.10", "192.0.2.99") == (found["server"]["ipv4"], found["client"]["ipv4"])


def test_locate_needs_every_machine_once() -> None:
    """Without the others' addresses no host can be set up."""
    error = error_of(InputError, locate, {host: FACTS[host] for host in ("server", "client")})
    assert (["desktop"], True) == (error.values["missing"], "--limit" in error.hint)


def test_locate_names_the_machine_without_an_address() -> None:
    """The error says which machine has no network card."""
    with pytest.raises(InputError) as raised:
        locate({**FACTS, "client": {"interfaces": ["lo"]}})
    assert raised.value.place == "client"


def test_damaged_addresses_say_so(folder: Path) -> None:
    """The error names the file."""
    locate(FACTS)
    file = folder / "located" / "tp4" / "alice.json"
    assert 0o600 == file.stat().st_mode & 0o777
    file.write_text("{")
    with pytest.raises(MachineryError) as raised:
        own_machines.variables("tp4", "alice")
    assert raised.value.place == str(file)
