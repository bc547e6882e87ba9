"""tp4 on two virtual machines with NFS in the kernel, its server and client, and a desktop in a container."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.cli import flow
from sharklab.hosts import providers
from sharklab.hosts.providers import cgroups, network
from sharklab.hosts.providers.qemu import rights
from sharklab.lab import plan_file
from sharklab.lab.model import Plan
from sharklab.progress import Progress
from tests.conftest import ROOT, Call
from tests.e2e.test_provider import ask, left_of
from tests.e2e.test_tp4 import tshark

BOOT_ID = "/proc/sys/kernel/random/boot_id"
LIMIT = 600.0
"""Seconds; a machine that is emulated on a busy computer takes minutes to boot."""


@dataclass(frozen=True)
class Done:
    """A run on a seat that is still up."""

    said: dict[str, Any]
    plan: Plan

    @property
    def folder(self) -> Path:
        """Where the run's evidence is."""
        return Path(self.said["run"])

    @property
    def share(self) -> str:
        """Where the client mounts the server's folder."""
        return f"/mnt/{self.plan.seat.share}"


@pytest.fixture(scope="module")
def done(sharklab: Call, student: Callable[[str], str]) -> Iterator[Done]:
    """Run tp4 on two virtual machines and a container, and remove the seat afterwards."""
    name = student("linus")
    made = sharklab("image", "build", "tp4", "--solved", "--provider", "auto", timeout=3 * LIMIT)
    assert made.returncode == 0, made.stderr
    try:
        run = sharklab(
            "run", "tp4", "--student", name, "--provider", "auto", "--output", "json", timeout=LIMIT
        )
        assert run.returncode == 0, run.stdout + run.stderr
        yield Done(json.loads(run.stdout), plan_file.read(state.seat_folder("tp4", name) / "plan.json"))
    finally:
        sharklab("down", "tp4", "--student", name)


def test_run_achieves_every_exercise(done: Done) -> None:
    """Every exercise of the lab comes about, and the evidence says what made the hosts."""
    assert done.said["achieved"] and all(done.said["exercises"].values())
    assert "auto" == json.loads((done.folder / "manifest.json").read_text())["provider"]


def test_hosts_are_what_they_need_to_be(done: Done) -> None:
    """The hosts that need a kernel's NFS have a kernel of their own; the other one is a container."""
    kinds = {host.name: ask(done.plan, host.name, "systemd-detect-virt || true") for host in done.plan.hosts}
    assert "systemd-nspawn" == kinds.pop("desktop")
    assert {"server", "client"} == set(kinds) and set(kinds.values()) <= {"qemu", "kvm"}


def test_machines_run_without_roots_rights(done: Done) -> None:
    """Every thread of QEMU is the seat's own user, without any capability and with system calls filtered."""
    rest = {"Gid:": [str(rights.GROUP)] * 4, "CapEff:": ["0" * 16], "NoNewPrivs:": ["1"], "Seccomp:": ["2"]}
    expected = {"Uid:": [str(rights.user(done.plan.seat.id))] * 4, **rest}
    for name in ("server", "client"):
        unit = network.namespace(done.plan.seat.id, name)
        threads = [task for pid in cgroups.processes(unit) for task in Path(f"/proc/{pid}/task").iterdir()]
        assert len(threads) > 1
        for task in threads:
            lines = [line.split() for line in (task / "status").read_text().splitlines()]
            assert expected == {key: values for key, *values in lines if key in expected}


def test_nfs_is_the_kernels(done: Done) -> None:
    """`df -hT` says nfs4 in the evidence, and the server is nfsd: no program listens in its place."""
    probes = json.loads((done.folder / "hosts/client/probes.json").read_text())
    [said] = [probe["stdout"] for probe in probes if probe["id"] == "nfs-df"]
    server = done.plan.seat.address("server", "lan").ipv4.ip
    [line] = [line.split() for line in said.splitlines() if line.startswith(f"{server}:")]
    assert ("nfs4", done.share) == (line[1], line[-1])
    listening = ask(done.plan, "server", "ss -Hltnp 'sport = 2049'; pgrep --count nfsd")
    assert "users:" not in listening and int(listening.split()[-1]) > 0


def test_nfs_capture_has_operations(done: Done) -> None:
    """The client's own capture shows NFSv4: files opened, read and written, and both refusals."""
    file = done.folder / "hosts/client/captures/nfs.pcap"
    shown = {op for line in tshark(file, "nfs", "nfs.opcode") for op in line.split(",") if op}
    names = {"18": "OPEN", "25": "READ", "38": "WRITE", "15": "LOOKUP", "9": "GETATTR", "42": "EXCHANGE_ID"}
    assert set(names) <= shown, {names[op] for op in set(names) - shown}


def test_captures_see_arp(done: Done) -> None:
    """The lab's network is a layer 2 of its own: a question for an address is on the wire."""
    server = done.plan.seat.address("server", "lan")
    # The server asks for the client by itself, too: that is not what is looked for.
    wanted = f"(arp[7]=1 and arp dst host {server.ipv4.ip}) or (arp[7]=2 and arp src host {server.ipv4.ip})"
    capture = f"timeout 60 tcpdump -nn --immediate-mode -c 2 -i lan '{wanted}' 2>/tmp/arp.log"
    ready = "timeout 60 sh -c 'until grep -q listening /tmp/arp.log; do sleep 0.1; done'"
    flush = f"ip neigh flush dev lan; ping -c 1 -W 5 {server.ipv4.ip} >/dev/null"
    seen = ask(done.plan, "client", f"{capture} & {ready}; {flush}; wait")
    assert f"who-has {server.ipv4.ip} tell" in seen and f"is-at {server.mac}" in seen


def test_hosts_have_no_way_out(done: Done) -> None:
    """A host knows its own networks and no way to any other."""
    for host in ("server", "desktop"):
        assert "" == ask(done.plan, host, "ip route show default; ip -6 route show default")


def test_restored_hosts_are_the_seats_own(done: Done) -> None:
    """Name, identity, key, addresses and clock are the seat's, and not those of the snapshot."""
    from sharklab.hosts.providers import access, disk

    for name in ("server", "client"):
        host, address = done.plan.lab.host(name), done.plan.seat.address(name, "lan")
        own = disk.files(done.plan, host)
        shown = ask(
            done.plan, name, "hostname; cat /etc/machine-id; ip -brief address show lan; ip link show lan"
        )
        for expected in (name, own["etc/machine-id"][1].strip(), address.ipv4, address.ipv6, address.mac):
            assert str(expected) in shown
        key = ask(done.plan, name, "cat /etc/ssh/ssh_host_ed25519_key.pub")
        assert key.split()[1] == access.public(access.host_key(done.plan, name)).split()[1]
        assert abs(int(ask(done.plan, name, "date +%s")) - time.time()) < LIMIT
        assert "1" == ask(done.plan, name, "journalctl --quiet --boot --lines=1 >/dev/null && echo 1")


def test_reset_boots_the_disk_that_was_kept(done: Done) -> None:
    """Vandalism is gone, the folder is mounted again at the boot, and the server went on meanwhile."""
    auto, progress = providers.get("auto"), Progress()
    boots = {name: ask(done.plan, name, f"cat {BOOT_ID}") for name in ("server", "client")}
    auto.keep(done.plan)
    ask(done.plan, "client", "rm -r /etc/fstab /etc/firewalld /usr/bin/python3*; touch /etc/vandal; sync")
    auto.reset(done.plan, ["client"], flow.layers_of(done.plan, auto, "auto", progress), progress.note)
    assert boots["server"] == ask(done.plan, "server", f"cat {BOOT_ID}")
    assert boots["client"] != ask(done.plan, "client", f"cat {BOOT_ID}")
    shown = ask(done.plan, "client", f"ls /etc {done.share}; df -hT {done.share}; firewall-cmd --state 2>&1")
    assert (True, True, True) == tuple(word in shown for word in ("readme.txt", "nfs4", "running"))
    assert "vandal" not in shown


def test_kill_of_a_machine_in_the_middle_of_a_run(done: Done, sharklab: Call) -> None:
    """QEMU ended by kill -9 is one clear error that names the host, and `down` leaves nothing."""
    student, unit = done.plan.seat.student, network.namespace(done.plan.seat.id, "server")
    words = [sys.executable, "-m", "sharklab", "run", "tp4", "--student", student]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"}
    said: list[str] = []
    with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as run:
        watchdog = threading.Timer(LIMIT, run.kill)
        watchdog.start()
        for line in run.stderr or ():
            said.append(line)
            if "captures and probes:" in line and line.endswith("role probe\n"):
                for pid in cgroups.processes(unit):
                    os.kill(pid, signal.SIGKILL)
    watchdog.cancel()
    errors = [line for line in said if line.startswith("sharklab:")]
    assert (3, 1) == (run.returncode, len(errors)), "".join(said)
    assert errors[0].endswith("host server stopped unexpectedly\n")
    assert "stopped" == providers.get("auto").status(done.plan.seat)["server"]
    assert 0 == sharklab("down", "tp4", "--student", student).returncode
    assert [] == left_of(done.plan)
