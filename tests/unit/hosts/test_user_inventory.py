"""A user's inventory, and the ssh configuration that is made from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.hosts import user_inventory
from tests.support.errors import error_of

INVENTORY = """
[lab:vars]
ansible_user=admin
[lab]
server ansible_host=192.0.2.1 ansible_port=2222
client ansible_ssh_private_key_file="~/my key" ansible_ssh_common_args="-J gate -o Compression=yes"
printer
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write an inventory in Ansible's INI form, with groups and their variables."""
    path = tmp_path / "hosts.ini"
    path.write_text(INVENTORY)
    return path


def settings(file: Path, host: str) -> dict[str, str]:
    """Return what ssh itself makes of a configuration, for a host."""
    done = subprocess.run(["ssh", "-G", "-F", file, host], capture_output=True, text=True, check=True)
    return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


def test_read_takes_what_ansible_understands(file: Path) -> None:
    """Variables of groups are those of their hosts, and a machine that the lab has not is left out."""
    found = user_inventory.read(file, ["server", "client"])
    assert {"server": "admin", "client": "admin"} == {host: found[host]["ansible_user"] for host in found}


def test_read_names_the_hosts_that_are_missing(file: Path) -> None:
    """All of the lab's hosts have to be there."""
    error = error_of(InputError, user_inventory.read, file, ["server", "desktop"])
    assert (["desktop"], ["server", "desktop"]) == (error.values["absent"], error.values["hosts"])


def test_read_of_something_else_says_so(tmp_path: Path) -> None:
    """A file that is no inventory, and one that is not there, are bad input."""
    broken = tmp_path / "hosts.yml"
    broken.write_text("all: [")
    for path in (broken, tmp_path / "none.yml"):
        assert f"--inventory {path}" == error_of(InputError, user_inventory.read, path, ["server"]).place


def test_ssh_config_says_what_the_inventory_says(file: Path, tmp_path: Path) -> None:
    """ssh itself, given the configuration, does what Ansible would by the inventory."""
    config = tmp_path / "config"
    machines = user_inventory.read(file, ["server", "client"])
    config.write_text(user_inventory.ssh_config(config, machines, tmp_path / "sockets"))
    server, client = settings(config, "server"), settings(config, "client")
    assert ("192.0.2.1", "2222", "admin") == (server["hostname"], server["port"], server["user"])
    assert ("gate", "yes") == (client["proxyjump"], client["compression"])
    assert "~/my key" == client["identityfile"]
    assert ("yes", "600") == (server["batchmode"], server["controlpersist"])


def test_ssh_config_goes_on_with_the_users_own(tmp_path: Path) -> None:
    """What the inventory does not say comes from the configuration that it names by -F."""
    own, config = tmp_path / "own", tmp_path / "config"
    own.write_text("Host server\n    HostName 192.0.2.7\n    User root\nHost *\n    User nobody\n")
    machines = {"server": {"ansible_ssh_common_args": f"-F {own}"}}
    config.write_text(user_inventory.ssh_config(config, machines, tmp_path))
    found = settings(config, "server")
    assert ("192.0.2.7", "root") == (found["hostname"], found["user"])


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("ansible_host", "{{ address }}", None),
        ("ansible_ssh_common_args", "-L 1:localhost:2", "-L"),
        ("ansible_ssh_extra_args", "-o Compression", "-o"),
    ],
)
def test_ssh_config_refuses_what_it_cannot_say(
    name: str, value: str, word: str | None, tmp_path: Path
) -> None:
    """Rather than reach a machine in another way than Ansible would, the error names the setting."""
    machines = {"server": {name: value}}
    error = error_of(InputError, user_inventory.ssh_config, tmp_path / "config", machines, tmp_path)
    assert (f"--inventory: server: {name}", word) == (error.place, error.values.get("word"))
