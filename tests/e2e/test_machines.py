"""Plain Ansible on machines that exist: an inventory that only says how to reach them gets all of tp4."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharklab import paths
from sharklab.hosts import providers
from sharklab.lab.model import Plan
from tests.support import provider_seat

nspawn = providers.get("nspawn")


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """Bring up three hosts without any role: the machines of somebody who has never heard of us."""
    layers = provider_seat.bare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("machines")))
        own = provider_seat.plan("lovelace", 33, ("server", "client", "desktop"))
        nspawn.up(own, layers, print)
        yield own
        nspawn.down(own.seat)


@pytest.fixture(scope="module")
def evidence(machines: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Set the machines up and run the lab's probes, by one ansible-playbook; return the evidence folder."""
    folder = tmp_path_factory.mktemp("play")
    config = machines.seat.folder / "ssh" / "config"
    inventory = folder / "hosts.yml"
    hosts = {
        host.name: {"lab_address": str(machines.seat.address(host.name, "lan").ipv4.ip)}
        for host in machines.hosts
    }
    content = {"all": {"hosts": hosts, "vars": {"ansible_ssh_common_args": f"-F {config}"}}}
    inventory.write_text(json.dumps(content))
    books = [str(paths.PLAYBOOKS / name) for name in ("site.yml", "run.yml")]
    values = {"lab": "tp4", "student": "lovelace", "run_folder": str(folder / "run")}
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            inventory,
            *books,
            "-e",
            json.dumps(values),
        ],
        cwd=paths.ROOT,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return folder / "run"


def test_every_probe_of_the_lab_ran(evidence: Path) -> None:
    """All commands of all hosts came to a good end, but for those that are meant to be refused."""
    files = sorted(evidence.glob("hosts/*/probes.json"))
    probes = [probe for file in files for probe in json.loads(file.read_text())]
    failed = {probe["id"] for probe in probes if probe["exit_code"] != 0}
    assert (["client", "desktop", "server"], set()) == (
        [file.parent.name for file in files],
        failed - {"nfs-missing", "nfs-refused"},
    )


@pytest.mark.parametrize(
    ("capture", "display_filter"),
    [
        ("web", "tls.handshake.type == 2"),
        ("mail", "tls.handshake.type == 2"),
        ("chat", "mqtt"),
        ("time", "ntp.flags.mode == 4"),
        ("voice", "udp"),
        ("ssh", "tcp.flags.fin == 1"),
        ("nfs", "nfs.opcode == 38"),
        ("dns", "dns.flags.response == 1 and dns.mx.mail_exchange"),
    ],
)
def test_the_traffic_is_on_the_wire(evidence: Path, capture: str, display_filter: str) -> None:
    """Each exercise's capture holds what it is about, as tshark reads it."""
    [file] = evidence.glob(f"hosts/*/captures/{capture}.pcap")
    command: list[str | Path] = ["tshark", "-n", "-r", file, "-d", "tcp.port==2049,rpc", "-Y", display_filter]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.splitlines()
