"""The recording on real hosts: real tcpdump, real systemd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from sharklab import paths
from sharklab.lab.model import Plan

FOLDER = "/var/lib/sharklab/test-capture"
SEND = """
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(500):
    sender.sendto(b"%d" % number, (sys.argv[1], 9))
"""

Task = Callable[..., dict[str, Any]]


@pytest.fixture
def task(plan: Plan) -> Iterator[Task]:
    """Return a function that runs one module on the client, whose recording is removed at the end."""

    def run(module: str, **options: Any) -> dict[str, Any]:
        ansible = str(Path(sys.executable).with_name("ansible"))
        inventory = str(plan.seat.folder / "inventory.yml")
        command = [ansible, "-i", inventory, "client", "-m", module, "-a", json.dumps(options)]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
        done = subprocess.run(command, cwd=paths.ROOT, env=environment, capture_output=True, text=True)
        answer: dict[str, Any] = json.loads(done.stdout.partition(" => ")[2])
        return answer

    yield run
    run("sharklab.lab.capture", state="absent", folder=FOLDER)


def captures(name: str, filter: str = "udp port 9") -> list[dict[str, Any]]:
    """Return the option for one capture on the lab's network."""
    return [{"id": name, "interface": "lan", "filter": filter}]


def tcpdumps(host: Host) -> list[str]:
    """Return the command lines of the tcpdumps that run on the host."""
    return sorted(host.check_output("ps -C tcpdump -o args= || true").splitlines())


def test_capture_loses_no_packet(task: Task, plan: Plan, host_of: Callable[[str], Host]) -> None:
    """A burst that ends just before the capture is stopped is in the file to the last packet."""
    target = str(plan.seat.address("server", "lan").ipv4.ip)
    started = task("sharklab.lab.capture", folder=FOLDER, captures=captures("burst"))
    sent = task("sharklab.lab.probe", probes=[{"id": "burst", "argv": ["python3", "-c", SEND, target]}])
    stopped = task("sharklab.lab.capture", state="stopped", folder=FOLDER)
    assert 1 == len(stopped.get("captures", ())), (started, sent, stopped)
    [result] = stopped["captures"]
    assert (500, 0, 0) == (result["packets_captured"], result["packets_dropped"], result["exit_code"])
    shown = host_of("client").check_output(f"tcpdump -r {FOLDER}/captures/burst.pcap 2>&1 | grep -c ' UDP, '")
    assert "500" == shown


@pytest.mark.parametrize(
    ("capture", "message"),
    [
        (captures("a", "tcp prt 22"), "capture a: tcpdump: can't parse filter expression: syntax error"),
        (
            [{"id": "a", "interface": "lan9"}],
            "capture a: tcpdump: lan9: No such device exists (No such device exists)",
        ),
    ],
    ids=["filter", "interface"],
)
def test_capture_tells_what_tcpdump_said(
    task: Task, host_of: Callable[[str], Host], capture: list[dict[str, Any]], message: str
) -> None:
    """A capture that cannot start fails with tcpdump's own words, and nothing goes on running."""
    before = tcpdumps(host_of("client"))
    answer = task("sharklab.lab.capture", folder=FOLDER, captures=captures("good") + capture)
    assert message == answer["msg"]
    assert before == tcpdumps(host_of("client"))
    assert not host_of("client").file(FOLDER).exists


def test_capture_recovers_from_a_killed_run(task: Task, host_of: Callable[[str], Host]) -> None:
    """The next start ends what a killed recorder left, and leaves the student's own tcpdump alone."""
    host = host_of("client")
    host.check_output("systemd-run --collect --unit=test-own-tcpdump tcpdump -i lan -w /tmp/own.pcap")
    before = tcpdumps(host)
    try:
        task("sharklab.lab.capture", folder=FOLDER, captures=captures("first"))
        host.check_output(f"kill -9 $(cat {FOLDER}/lock)")
        task("sharklab.lab.capture", folder=FOLDER, captures=captures("second"))
        assert sorted([*before, "tcpdump -p -U -i lan -w second.pcap -- udp port 9"]) == tcpdumps(host)
        task("sharklab.lab.capture", state="absent", folder=FOLDER)
        assert before == tcpdumps(host)
        assert "" == host.check_output("systemctl list-units --all --no-legend 'sharklab-capture*'")
    finally:
        host.check_output("systemctl stop test-own-tcpdump; rm -f /tmp/own.pcap")
