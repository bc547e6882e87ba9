"""A user's inventory, and the ssh configuration that is made from it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import InputError
from sharklab.hosts import user_inventory
from tests.support.errors import error_of

HOSTS = ("server", "client", "desktop")
CASES = Path(__file__).resolve().parents[2] / "data" / "inventories"
JUMP = "ssh -W %h:%p -q jump@203.0.113.5"
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
    assert (["desktop"], ["server", "client", "printer"]) == (
        error.values["absent"],
        error.values["machines"],
    )
    assert "lab_host: desktop" == error.values["example"]


def test_read_of_something_else_says_so(tmp_path: Path) -> None:
    """A file that is no inventory, and one that is not there, are bad input."""
    broken = tmp_path / "hosts.yml"
    broken.write_text("all: [")
    for path in (broken, tmp_path / "none.yml"):
        assert f"--inventory {path}" == error_of(InputError, user_inventory.read, path, ["server"]).place


@pytest.mark.parametrize(
    ("name", "target", "proxy"),
    [
        ("hosts.ini", "192.0.2.11", JUMP),
        ("hosts.yml", "192.0.2.11", JUMP),
        ("o-quoted-ends.yml", "server", "ssh -W %h:%p -q jump"),
        ("o-space-form.yml", "server", "ssh -W %h:%p jump"),
        ("fqdn-names.yml", "server.lab.example", None),
        ("upper-names.yml", "server", None),
    ],
)
def test_inventories_as_ansible_users_write_them(
    name: str, target: str, proxy: str | None, tmp_path: Path
) -> None:
    """Jump hosts in every quoting, variables of groups, names in another case or with a domain."""
    machines = user_inventory.read(CASES / name, HOSTS)
    found = settings(written(tmp_path, machines), "server")
    assert (target, proxy) == (found["hostname"], found.get("proxycommand"))


def written(folder: Path, machines: Mapping[str, user_inventory.Variables]) -> Path:
    """Write the configuration of the machines, and return its file."""
    config = folder / "config"
    config.write_text(user_inventory.ssh_config(config, machines, folder / "sockets", folder))
    return config


@pytest.mark.parametrize(
    "arguments",
    [
        "-J gate,jump@203.0.113.5:2222",
        "-o ProxyJump=gate",
        '-o "ProxyJump gate"',
        "-oProxyJump=gate -C -4",
        "-o 'ProxyCommand=ssh -W %h:%p -i \"my key\" gate'",
        "-o ProxyCommand='nc -x proxy:1080 %h %p' -o 'UserKnownHostsFile /dev/null'",
        "-l admin -p 2200 -i '/keys/my key' -q",
        "-o Compression=no -A",
    ],
)
def test_ssh_config_means_what_ansibles_arguments_mean(arguments: str, tmp_path: Path) -> None:
    """ssh with the configuration does the same as ssh with the arguments, in every setting."""
    machines = {"server": {"ansible_host": "192.0.2.1", "ansible_ssh_common_args": arguments}}
    mine = settings(written(tmp_path, machines), "server")
    command = ["ssh", "-G", *shlex.split(arguments), "192.0.2.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    of_sharklab = {
        *user_inventory.OURS,
        *(word.partition("=")[0].casefold() for word in user_inventory.DEFAULTS),
    }
    assert {key: theirs[key] for key in theirs.keys() - of_sharklab} == {
        key: mine.get(key) for key in theirs.keys() - of_sharklab
    }


def test_ssh_config_says_what_the_inventory_says(file: Path, tmp_path: Path) -> None:
    """ssh itself, given the configuration, does what Ansible would by the inventory."""
    machines = user_inventory.read(file, ["server", "client"])
    config = written(tmp_path, machines)
    server, client = settings(config, "server"), settings(config, "client")
    assert ("192.0.2.1", "2222", "admin") == (server["hostname"], server["port"], server["user"])
    assert ("gate", "yes") == (client["proxyjump"], client["compression"])
    assert "~/my key" == client["identityfile"]
    assert ("yes", "600") == (server["batchmode"], server["controlpersist"])


def test_ssh_config_goes_on_with_the_users_own(tmp_path: Path) -> None:
    """The user's configuration knows the machine by Ansible's name for it, and the jump hosts."""
    own = tmp_path / "my own"
    own.write_text("Host tp\n    HostName 192.0.2.7\n    User root\nHost *\n    User nobody\n    Port 2222\n")
    machines = {"server": {"ansible_host": "tp", "ansible_ssh_common_args": f"-F '{own}'"}}
    config = written(tmp_path, machines)
    found, jump = settings(config, "server"), settings(config, "gate")
    assert ("192.0.2.7", "root", "2222") == (found["hostname"], found["user"], found["port"])
    assert ("gate", "nobody") == (jump["hostname"], jump["user"])


def test_what_the_inventory_says_goes_before_the_users_own(tmp_path: Path) -> None:
    """Also where it says the same as ssh does by itself."""
    own = tmp_path / "own"
    own.write_text("Host *\n    Compression yes\n    ConnectTimeout 99\n")
    arguments = f"-F {own} -o Compression=no"
    machines = {"server": {"ansible_ssh_common_args": arguments, "ansible_ssh_timeout": 33}}
    found = settings(written(tmp_path, machines), "server")
    assert ("no", "33") == (found["compression"], found["connecttimeout"])


def test_a_relative_key_is_here_or_beside_the_inventory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible looks in the current folder; a key that lies beside the inventory is found as well."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    machines = {"server": {"ansible_ssh_private_key_file": "keys/my id"}}
    assert str(here / "keys/my id") == settings(written(tmp_path, machines), "server")["identityfile"]
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "my id").touch()
    assert str(tmp_path / "keys/my id") == settings(written(tmp_path, machines), "server")["identityfile"]


@pytest.mark.parametrize("is_relative", [True, False])
def test_a_key_may_lie_in_a_folder_with_a_percent_sign(is_relative: bool, tmp_path: Path) -> None:
    """A percent sign is a token for ssh, which refuses to connect for one that it does not know."""
    folder = tmp_path / "50% b"
    folder.mkdir()
    (folder / "id").touch()
    key = "id" if is_relative else str(folder / "id")
    machines = {"server": {"ansible_ssh_private_key_file": key}}
    text = user_inventory.ssh_config(tmp_path / "config", machines, tmp_path / "sockets", folder)
    assert f'identityfile "{tmp_path}/50%% b/id"' in text


def test_folders_of_keys_and_sockets_may_have_odd_names(tmp_path: Path) -> None:
    """A blank, a comma, a colon, a percent sign: ssh reads the path as it is."""
    folder = tmp_path / "a b,c:d%e"
    folder.mkdir()
    found = settings(written(folder, {"server": {}}), "server")
    assert found["controlpath"].startswith(f"{folder}/sockets/")


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("ansible_ssh_extra_args", "-o Compression", "--inventory: server"),
        ("ansible_ssh_extra_args", "-o NoSuchOption=1", "--inventory: server"),
        ("ansible_ssh_common_args", "-o", "--inventory: server: ansible_ssh_common_args"),
        ("ansible_ssh_common_args", "-o 'A=1", "--inventory: server: ansible_ssh_common_args"),
        (
            "ansible_ssh_common_args",
            "-o ProxyCommand=ssh -W %h:%p jump",
            "--inventory: server: ansible_ssh_common_args",
        ),
    ],
)
def test_ssh_config_refuses_what_ssh_refuses(name: str, value: str, place: str, tmp_path: Path) -> None:
    """The error names the setting, or the machine."""
    machines = {"server": {name: value}}
    error = error_of(InputError, user_inventory.ssh_config, tmp_path / "config", machines, tmp_path)
    assert place == error.place


def test_a_machine_says_which_host_it_is() -> None:
    """`lab_host` goes before any name; a name without domain, in another case, goes last."""
    known: dict[str, dict[str, Any]] = {
        "pc17": {"lab_host": "server"},
        "Server": {},
        "CLIENT.lab.example": {},
    }
    found = user_inventory.choose(known, ["server", "client"], "")
    assert {"server": "pc17", "client": "CLIENT.lab.example"} == found


def test_two_machines_for_one_host_are_refused() -> None:
    """Nothing is guessed: the error names both."""
    known: dict[str, dict[str, Any]] = {"Server": {}, "server.lab.example": {}}
    error = error_of(InputError, user_inventory.choose, known, ["server"], "here")
    assert ("here", ["Server", "server.lab.example"]) == (error.place, error.values["machines"])


def test_templates_mean_what_they_mean_in_a_playbook(tmp_path: Path) -> None:
    """Variables of Ansible and those of group_vars are filled in; one that is unknown is refused."""
    file = tmp_path / "hosts.yml"
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text('net: 192.0.2\nansible_host: "{{ net }}.9"\n')
    file.write_text(json.dumps({"all": {"hosts": {"server": {"ansible_user": "{{ inventory_dir }}/id"}}}}))
    server = user_inventory.read(file, ["server"])["server"]
    assert ("192.0.2.9", f"{tmp_path}/id") == (server["ansible_host"], server["ansible_user"])
    file.write_text(json.dumps({"all": {"hosts": {"server": {"ansible_port": "{{ no_such }}"}}}}))
    error = error_of(InputError, user_inventory.read, file, ["server"])
    assert (f"--inventory {file}", True) == (error.place, "server: ansible_port" in str(error.values["said"]))


def test_discovery_of_python_is_ansibles(tmp_path: Path) -> None:
    """An interpreter `auto` is looked for as Ansible would; any other is taken as it is."""
    machines = user_inventory.read(CASES / "python-auto.yml", HOSTS)
    assert "/usr/bin/python3" in machines["server"]["lab_pythons"]
    assert "lab_pythons" not in user_inventory.read(CASES / "hosts.yml", HOSTS)["server"]
