"""The built and installed collection sets up a lab on existing machines, by plain Ansible outside of a clone.

docs/ansible.md has the inventory and the commands. The machines become the hosts of a lab with fewer roles
than the page's: `tests/roles` and test_rocky.py apply all roles, which are the same files.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sharklab import paths
from sharklab.hosts import providers
from sharklab.lab import load
from sharklab.lab.model import Plan
from tests.support import provider_seat

nspawn = providers.get("nspawn")

PAGE = (paths.ROOT / "docs" / "ansible.md").read_text()
INVENTORY = re.findall(r"```yaml\n(plugin: .*?)```", PAGE, re.DOTALL)[0]
SEAT = "alice.sharklab.yml"
SMALL = "small.sharklab.yml"
GRAPH, LIST_TASKS, SITE, RUN = re.findall(r"^ansible-(?:inventory|playbook) .*$", PAGE, re.MULTILINE)


@dataclass(frozen=True)
class User:
    """Somebody with a folder, the installed collection, and no clone or ansible.cfg of sharklab."""

    folder: Path
    collections: Path

    def call(self, command: str) -> str:
        """Run a line of the page in the user's folder and return its output."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment = {
            **ours,
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(paths.ROOT / "src"),  # as pip install --editable has it
        }
        done = subprocess.run(
            ["sh", "-ec", command], cwd=self.folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        return done.stdout


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """Bring up two hosts without any role: the machines of somebody who has never heard of us."""
    layers = provider_seat.bare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("machines")))
        own = provider_seat.plan("lovelace", 33)
        nspawn.up(own, layers, print)
        yield own
        nspawn.down(own.seat)


@pytest.fixture(scope="module")
def user(machines: Plan, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Build and install the collection, and write the page's inventory with the addresses of the machines."""
    own = User(tmp_path_factory.mktemp("user"), tmp_path_factory.mktemp("collections"))
    own.call(f"ansible-galaxy collection build --output-path build '{paths.ROOT}'")
    own.call(f"ansible-galaxy collection install --offline --no-deps -p '{own.collections}' build/*.tar.gz")
    (own.folder / SEAT).write_text(INVENTORY)
    (own.folder / SMALL).write_text(INVENTORY.replace("lab: tp4", "lab: tcpdump"))
    hosts = {
        host.name: {"lab_address": str(machines.seat.address(host.name, "lan").ipv4.ip)}
        for host in machines.hosts
    }
    hosts["desktop"] = {"lab_address": "192.0.2.12"}  # of the page's lab, whose machines nobody asks
    reached = {"ansible_ssh_common_args": f"-F {machines.seat.folder / 'ssh' / 'config'}"}
    (own.folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": reached}}))
    return own


@pytest.fixture(scope="module")
def evidence(user: User) -> Path:
    """Set the machines up and run the lab's probes; return the evidence folder."""
    user.call(SITE.replace(SEAT, SMALL))
    user.call(RUN.replace(SEAT, SMALL))
    return user.folder / "run"


def test_graph_shows_the_hosts_by_role(user: User) -> None:
    """`ansible-inventory --graph` reads the seat, without any machine being asked."""
    groups = re.findall(r"\|--@role_(\w+):((?:\n  \|  \|--\w+)*)", user.call(GRAPH))
    found = {role: re.findall(r"--(\w+)", hosts) for role, hosts in groups}
    assert (["server"], ["client", "desktop"], ["server", "client", "desktop"]) == (
        found["nfs_server"],
        found["dns_client"],
        found["common"],
    )


def test_list_tasks_shows_the_roles_of_the_hosts(user: User) -> None:
    """Each play names the hosts of its role, and its tasks are listed."""
    plays = re.findall(r"play #\d+ \((.*)\): .*\n    tasks:\n((?:      .*\n)*)", user.call(LIST_TASKS))
    [hosts] = {hosts for hosts, tasks in plays if "sharklab.lab.desktop_apps : " in tasks}
    assert hosts == "desktop"


def test_every_probe_of_the_lab_ran(evidence: Path) -> None:
    """Each command came to the end that the lab expects of it."""
    lab = load.read_named("tcpdump")
    expected = {probe.id: probe.exit for exercise in lab.exercises for probe in exercise.probes}
    files = sorted(evidence.glob("hosts/*/probes.json"))
    probes = [probe for file in files for probe in json.loads(file.read_text())]
    wrong = [probe for probe in probes if probe["exit_code"] not in expected[probe["id"]]]
    assert (set(expected), []) == ({probe["id"] for probe in probes}, wrong)


@pytest.mark.parametrize(
    ("capture", "display_filter"),
    [
        ("refused", "tcp.flags.reset == 1"),
        ("exchange", "tcp.flags.fin == 1"),
        ("nobody", "arp.opcode == 1"),
        ("unexpected", "http.response.code == 200"),
    ],
)
def test_the_traffic_is_on_the_wire(evidence: Path, capture: str, display_filter: str) -> None:
    """The captures hold what their exercises are about, as tshark reads them."""
    [file] = evidence.glob(f"hosts/*/captures/{capture}.pcap")
    command: list[str | Path] = ["tshark", "-n", "-r", file, "-Y", display_filter]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.splitlines()


def test_site_for_one_host_changes_nothing_the_second_time(user: User, evidence: Path) -> None:
    """The machine is as the lab wants it, and knows the others' addresses; `tests/roles` tries all hosts."""
    told = user.call(f"{SITE.replace(SEAT, SMALL)} --limit server")
    recap = dict(re.findall(r"^(\w+)\s+: ok=\d+\s+changed=(\d+)", told, re.MULTILINE))
    assert {"server": "0"} == recap


def test_host_vars_override_the_lab(user: User, evidence: Path) -> None:
    """What the user writes beside the inventory counts, and reading it leaves the register as it is."""
    state = Path(os.environ["SHARKLAB_STATE"])
    register = (state / "course" / "seats.json").read_bytes()
    (user.folder / "host_vars").mkdir()
    (user.folder / "host_vars" / "server.yml").write_text("web_server_title: mine\n")
    values = json.loads(user.call(f"{GRAPH.replace('--graph', '--host server')}"))
    assert ("mine", register) == (values["web_server_title"], (state / "course" / "seats.json").read_bytes())
