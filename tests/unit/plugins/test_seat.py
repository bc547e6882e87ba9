"""The inventory plugin sharklab.lab.seat, as ansible-inventory runs it in a clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharklab import paths

MACHINES = """
machines:
  server: {ansible_host: 192.0.2.10, web_server_title: mine}
  client: {ansible_host: 192.0.2.11, note: "{{ 40 + 2 }}"}
  desktop:
"""
SEAT = f"plugin: sharklab.lab.seat\nlab: tp4\nstudent: alice\n{MACHINES}"
HOSTS_INI = """
[lab]
server ansible_host=192.0.2.10
client ansible_host=192.0.2.11
desktop
printer
[lab:vars]
ansible_user=admin
"""


def call(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ansible-inventory with the clone's ansible.cfg, elsewhere."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"),
        "SHARKLAB_STATE": str(file.parent / "state"),
        "PYTHONPATH": "",  # the plugin finds the clone by itself
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "1000",
    }
    tool = Path(sys.executable).with_name("ansible-inventory")
    return subprocess.run(
        [tool, "-i", file, *words], cwd=file.parent, env=environment, capture_output=True, text=True
    )


def write(folder: Path, content: str = SEAT, name: str = "alice.sharklab.yml") -> Path:
    """Write an inventory file and return it."""
    file = folder / name
    file.write_text(content)
    return file


def listed(file: Path) -> dict[str, Any]:
    """Return what `ansible-inventory --list` says."""
    done = call(file, "--list")
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def test_hosts_have_the_variables_of_the_lab_and_of_their_machines(tmp_path: Path) -> None:
    """The user's variables come last; passwords are only where a role needs one."""
    file = write(tmp_path)
    server, client = (json.loads(call(file, "--host", host).stdout) for host in ("server", "client"))
    assert ("tp4", "192.0.2.10", "mine", "{{ 40 + 2 }}") == (
        server["lab"],
        server["ansible_host"],
        server["web_server_title"],
        client["note"],
    )
    assert "password" not in json.dumps(client)
    assert ["server", "client", "desktop"] == listed(file)["role_common"]["hosts"]


def test_reading_writes_no_register(tmp_path: Path) -> None:
    """The course's secret is made when it is first needed; nothing else is written."""
    listed(write(tmp_path))
    assert ["secret"] == [file.name for file in (tmp_path / "state").rglob("*") if file.is_file()]


def test_machines_may_be_another_inventory(tmp_path: Path) -> None:
    """Variables of its groups are those of its hosts, and other machines are left out."""
    write(tmp_path, HOSTS_INI, "hosts.ini")
    content = listed(write(tmp_path, SEAT.replace(MACHINES, "machines: hosts.ini\n")))
    found = content["_meta"]["hostvars"]
    assert ({"server", "client", "desktop"}, "admin", "192.0.2.10") == (
        set(found),
        found["server"]["ansible_user"],
        found["server"]["ansible_host"],
    )


def test_lab_may_be_a_folder_beside_the_file(tmp_path: Path) -> None:
    """A relative folder starts at the inventory file."""
    (tmp_path / "mylab").symlink_to(paths.LABS / "tp4")
    assert "role_nfs_client" in listed(write(tmp_path, SEAT.replace("tp4", "./mylab")))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("tp4", "tp5", "did you mean tp4?"),
        ("alice", "a/b", "'a/b' is not a valid student id"),
        ("student:", "studnet: x\nstudent:", "studnet: there is no such key. Did you mean student?"),
        ("  server:", "  sever:", "machines.sever: the lab has no such host. Did you mean server?"),
        ("  desktop:\n", "", "machines: there is no machine for desktop."),
        ("  desktop:\n", "  desktop: 192.0.2.12\n", "machines.desktop: must be variables"),
        (MACHINES, "machines: [server]\n", "machines: must map hosts"),
        (MACHINES, "machines: nowhere.yml\n", "machines: there is no inventory"),
        (MACHINES, "machines: hosts.ini\n", "there is no machine for desktop."),
    ],
)
def test_error_has_place_and_cause(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    """What is wrong is said with the file, in one sentence, and nothing is guessed."""
    write(tmp_path, HOSTS_INI.replace("desktop", ""), "hosts.ini")
    file = write(tmp_path, SEAT.replace(was, becomes, 1))
    done = call(file, "--list")
    assert 0 != done.returncode
    assert f"{file}: " in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_package_that_cannot_be_imported_has_a_remedy(tmp_path: Path) -> None:
    """Elsewhere than in a clone the plugin needs the package, and says how to install it."""
    installed = tmp_path / "ansible_collections" / "sharklab" / "lab"
    installed.mkdir(parents=True)
    for name in ("plugins", "meta"):
        subprocess.run(["cp", "-rL", paths.ROOT / name, installed / name], check=True)
    file = write(tmp_path)
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
        "PYTHONPATH": "",
        "COLUMNS": "1000",
    }
    tool = Path(sys.executable).with_name("ansible-inventory")
    done = subprocess.run(
        [tool, "-i", file, "--list"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "pip install --editable" in done.stderr
