"""What goes wrong in the middle: interrupts, kill -9, two runs at once; and that nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import flow, main
from sharklab.hosts.providers import consoles, disk
from sharklab.lab import load, seat
from tests.conftest import ROOT, Call
from tests.support.waiting import wait_until

LAB = "tcpdump"
"""The lab of all these seats: two hosts, and the fewest roles."""

IN_USE = "{what} is in use by process {pid} ({command})"
NOT_UP = "host {host} did not come up: {reason}"
"""The message ids of two errors."""


def start(*words: str) -> subprocess.Popen[str]:
    """Start sharklab in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sharklab", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def traces(name: str) -> list[str]:
    """Return everything on this machine that belongs to the seat of student `name`."""
    own = seat.register(load.read_named(LAB), name)
    mark = f"sl-{own.id}"
    found = [str(file) for file in Path("/run/netns").glob("*") if mark in file.name]
    found += [
        line
        for line in Path("/proc/self/mounts").read_text().splitlines()
        if mark in line or str(own.folder) in line
    ]
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in command or str(own.folder) in command:
            found.append(command)
    found += [line for line in links() if own.id in line]
    found += [folder for folder, *_ in os.walk("/sys/fs/cgroup") if own.id in Path(folder).name]
    found += (
        [str(file) for file in Path("/run/sharklab").glob(f"*{own.id}*")]
        if Path("/run/sharklab").exists()
        else []
    )
    return found + ([str(own.folder)] if own.folder.exists() else [])


def links() -> list[str]:
    """Return the network interfaces of the machine itself."""
    return subprocess.run(
        ["ip", "-brief", "link"], capture_output=True, text=True, check=True
    ).stdout.splitlines()


@pytest.fixture
def name(student: Callable[[str], str], sharklab: Call) -> Iterator[str]:
    """Return a student whose seat is removed at the end, whatever happened."""
    yield from _name(student("robust"), sharklab)


@pytest.fixture(scope="module")
def running(student: Callable[[str], str], sharklab: Call) -> Iterator[str]:
    """Bring a seat up and return its student; the seat is removed at the end, whatever happened."""
    for chosen in _name(student("running"), sharklab):
        assert sharklab("up", LAB, "--student", chosen).returncode == 0
        yield chosen


def _name(chosen: str, sharklab: Call) -> Iterator[str]:
    yield chosen
    sharklab("down", LAB, "--student", chosen)


def test_second_command_waits_and_down_leaves_nothing(name: str, sharklab: Call) -> None:
    """Of two commands on one seat the second says who holds it; after `down` the machine is as before."""
    before = links()
    child = start("up", LAB, "--student", name)
    wait_until(lambda: state.seat_folder(LAB, name).exists())
    second = sharklab("up", LAB, "--student", name, "--output", "json")
    assert (3, IN_USE) == (second.returncode, json.loads(second.stdout)["error"]["message_id"])
    child.communicate(timeout=120)
    assert child.returncode == 0
    assert traces(name) and links() == before
    assert sharklab("down", LAB, "--student", name).returncode == 0
    assert traces(name) == [] and links() == before


@pytest.mark.parametrize("moment", ["hosts", "personalise"])
def test_up_recovers_from_kill_9(name: str, sharklab: Call, moment: str) -> None:
    """A seat whose `up` was killed comes up by `up`, and goes by `down`."""
    folder = state.seat_folder(LAB, name)
    child = start("up", LAB, "--student", name)
    begun = {"hosts": lambda: any(folder.glob("hosts/*")), "personalise": lambda: playing(folder)}
    wait_until(begun[moment])
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    again = sharklab("up", LAB, "--student", name)
    assert again.returncode == 0, again.stderr
    assert sharklab("down", LAB, "--student", name).returncode == 0
    assert traces(name) == []


def playing(folder: Path) -> bool:
    """Tell whether a playbook runs on the seat in `folder`."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in file.read_bytes() and b"playbook" in file.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_interrupt_of_a_run_leaves_readable_captures(running: str) -> None:
    """Ctrl-C in the middle of a run ends with 130 and whole captures."""
    child = start("run", LAB, "--student", running)
    config = state.seat_folder(LAB, running) / "ssh" / "config"
    connections = ["ssh", "-F", str(config), "server", "ss", "-Htn", "state", "connected"]
    wait_until(lambda: ":8001" in subprocess.run(connections, capture_output=True, text=True).stdout)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=90)
    assert child.returncode == 130, err
    assert "Traceback" not in out + err
    files = list(state.runs_folder(LAB, running).glob("*/hosts/*/captures/*.pcap"))
    assert files
    for file in files:
        subprocess.run(["tshark", "-n", "-r", str(file), "-c", "1"], check=True, capture_output=True)


def test_host_that_never_answers_is_one_clear_error(
    running: str, sharklab: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host whose sshd is gone is named once it was waited for, not a hang; `down` removes the seat."""
    mask = "sudo systemctl mask --now ssh; sudo pkill -KILL sshd"
    stop = sharklab("shell", LAB, "client", "--student", running, "--", mask)
    assert stop.returncode == 255, stop.stderr  # this very connection ends with it
    monkeypatch.setattr(consoles, "LIMIT", 10.0)
    code = main.main(["up", LAB, "--student", running, "--output", "json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (3, NOT_UP) == (code, error["message_id"])
    assert error["place"] == str(disk.folder(flow.look_up(LAB, running), "client") / disk.CONSOLE)
    assert sharklab("down", LAB, "--student", running).returncode == 0
    assert traces(running) == []
