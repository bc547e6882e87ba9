"""The facts about a seat's borrowed machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts import borrowed, user_inventory
from sharklab.lab.model import Host
from tests.support import provider_seat
from tests.support.errors import error_of

SEEN = {
    "id": "abc",
    "system": "Rocky Linux 9",
    "family": "RedHat",
    "kernel": [],
    "way": {"address": "192.0.2.7", "port": "2222"},
    "zones": {"eth1": "internal"},
    "connections": {"eth1": "Wired 1"},
    "sudo": True,
}
AT = {"interface": "eth1", "ipv4": "192.0.2.7/24"}
SERVER = Host("server", {}, ("lan",), ())


def test_facts_are_for_the_owner_alone(tmp_path: Path) -> None:
    """They may contain passwords; a seat without machines has none."""
    assert {} == borrowed.read(tmp_path)
    known = {"server": {"password": "x", "address": AT}}
    borrowed.write(tmp_path, known)
    assert (known, 0o600) == (
        borrowed.read(tmp_path),
        (tmp_path / borrowed.FILE).stat().st_mode & 0o777,
    )


def test_damaged_facts_are_an_error(tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / borrowed.FILE).write_text("{")
    error = error_of(MachineryError, borrowed.read, tmp_path)
    assert ("the file is damaged", str(tmp_path / borrowed.FILE)) == (error.message_id, error.place)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"python": "/usr/bin/python3", "password": "", "vars": {}}),
        (
            {
                "ansible_python_interpreter": "/opt/python",
                "ansible_become_pass": 1234,
                "ansible_host": "192.0.2.7",
                "colour": "red",
            },
            {"python": "/opt/python", "password": "1234"},
        ),
    ],
)
def test_access_has_the_variables_of_ansible(variables: dict[str, Any], expected: dict[str, Any]) -> None:
    """A password is text; the configuration of ssh has the address; other variables are left out."""
    found = borrowed.access({user_inventory.MACHINE: "box", **variables})
    assert "box" == found["machine"]
    assert expected == {name: found[name] for name in expected}
    assert not {"ansible_host", "colour"} & set(found["vars"])


def test_description_has_the_zone_and_the_connection_of_the_card() -> None:
    """Roles then change the place where the lab's packets come in, and log in where SSH listens."""
    found = borrowed.description(SERVER, SEEN, AT)
    assert (AT, True, "RedHat") == (found["address"], found["sudo"], found["family"])
    assert found["extra"] == {
        "lab_ssh_port": 2222,
        "firewall_zone": "internal",
        "port_states_zone": "internal",
        "dns_client_connection": "Wired 1",
        "dns_client_interface": "eth1",
        "ansible_become": True,
    }


def test_description_of_a_card_without_zone_and_connection() -> None:
    """Without the words of firewalld and NetworkManager the roles have their defaults."""
    found = borrowed.description(
        SERVER, {**SEEN, "zones": {}, "connections": {}, "way": {}, "sudo": False}, AT
    )
    assert ({"lab_ssh_port": 22}, False) == (found["extra"], found["sudo"])


def test_with_addresses_places_hosts_at_their_machines() -> None:
    """The seat has the addresses of the machines."""
    own = provider_seat.plan("ada", 1).seat
    at = {
        name: {"address": {"interface": "eth1", "ipv4": f"192.0.2.{number}/24", "ipv6": f"fd00::{number}/64"}}
        for number, name in enumerate(("server", "client"), 1)
    }
    moved = borrowed.with_addresses(own, at)
    assert ["192.0.2.1", "192.0.2.2"] == [str(moved.address(name, "lan").ipv4.ip) for name in at]


@pytest.mark.parametrize(
    "told",
    ["/usr/bin/{{ x }}", {"zones": {"lan": "{% x %}"}}, {"facts": [{"{# x": 1}]}],
    ids=["text", "value", "key"],
)
def test_a_machine_tells_no_templates(told: Any) -> None:
    """Ansible would fill them in on this computer: the inventory of the seat has the texts."""
    assert "--inventory: client" == error_of(InputError, borrowed.refuse_templates, "client", told).place


def test_other_words_of_a_machine_may_be_any() -> None:
    """Braces too."""
    borrowed.refuse_templates("client", {"system": "Debian {12}", "size": 7, "kernel": [None, "}}"]})
