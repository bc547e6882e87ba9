"""What goes wrong in the middle: interrupts, kill -9, two runs at once; and that nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import main
from sharklab.hosts.providers import access
from sharklab.lab import load, seat
from tests.conftest import ROOT, Call


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


def wait_for(condition: Callable[[], bool], limit: float = 120) -> None:
    """Wait until `condition` holds, at most `limit` seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "the condition did not come about"
        time.sleep(0.05)


def traces(name: str) -> list[str]:
    """Return everything on this machine that belongs to the seat of tp4 of student `name`."""
    own = seat.register(load.named("tp4"), name)
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
    found += [str(folder) for folder in Path("/sys/fs/cgroup").rglob(f"*{own.id}*") if folder.is_dir()]
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
    chosen = student("robust")
    yield chosen
    sharklab("down", "tp4", "--student", chosen)


def test_down_leaves_nothing(name: str, sharklab: Call) -> None:
    """After up and down the machine is as it was before."""
    before = links()
    assert sharklab("up", "tp4", "--student", name).returncode == 0
    assert traces(name) and links() == before
    assert sharklab("down", "tp4", "--student", name).returncode == 0
    assert traces(name) == [] and links() == before


@pytest.mark.parametrize("moment", ["hosts", "personalise"])
def test_up_recovers_from_kill_9(name: str, sharklab: Call, moment: str) -> None:
    """A seat whose `up` was killed comes up by `up`, and goes by `down`."""
    folder = state.seat_folder("tp4", name)
    child = start("up", "tp4", "--student", name)
    begun = {
        "hosts": lambda: any(folder.glob("hosts/*")),
        "personalise": lambda: any(Path("/proc").glob("[0-9]*/cmdline")) and playing(folder),
    }
    wait_for(begun[moment])
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    again = sharklab("up", "tp4", "--student", name)
    assert again.returncode == 0, again.stderr
    assert sharklab("down", "tp4", "--student", name).returncode == 0
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


def test_interrupt_of_a_run_leaves_readable_captures(name: str, sharklab: Call) -> None:
    """Ctrl-C in the middle of a run ends with 130, whole captures, and a seat that `down` removes."""
    assert sharklab("up", "tp4", "--solved", "--student", name).returncode == 0
    child = start("run", "tp4", "--student", name)
    socket_log = [
        "nsenter",
        f"--net=/run/netns/sl-{seat_id(name)}-desktop",
        "ss",
        "-Htn",
        "state",
        "established",
    ]
    wait_for(lambda: ":443" in subprocess.run(socket_log, capture_output=True, text=True).stdout)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=90)
    assert child.returncode == 130, err
    assert "Traceback" not in out + err
    files = list(state.runs_folder("tp4", name).glob("*/hosts/*/captures/*.pcap"))
    assert files
    for file in files:
        subprocess.run(["tshark", "-n", "-r", str(file), "-c", "1"], check=True, capture_output=True)
    assert sharklab("down", "tp4", "--student", name).returncode == 0
    assert traces(name) == []


def seat_id(name: str) -> str:
    """Return the id of the seat of tp4 of student `name`."""
    return seat.register(load.named("tp4"), name).id


def test_second_run_of_a_seat_is_told_to_wait(name: str, sharklab: Call) -> None:
    """Two commands on one seat do not mix: the second says who holds it."""
    child = start("up", "tp4", "--student", name)
    wait_for(lambda: state.seat_folder("tp4", name).exists())
    second = sharklab("up", "tp4", "--student", name)
    assert second.returncode == 3 and "in use by process" in second.stderr
    child.communicate(timeout=120)
    assert child.returncode == 0


def test_host_that_never_answers_is_one_clear_error(
    name: str, sharklab: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host whose sshd is gone is an error that names the host once it was waited for, not a hang."""
    assert sharklab("up", "tp4", "--student", name).returncode == 0
    mask = "sudo systemctl mask --now ssh; sudo pkill -KILL sshd"
    stop = sharklab("shell", "tp4", "client", "--student", name, "--", mask)
    assert stop.returncode == 255, stop.stderr  # this very connection ends with it
    monkeypatch.setattr(access, "LIMIT", 10.0)
    code = main.main(["up", "tp4", "--student", name, "--lang", "en"])
    said = capsys.readouterr().err
    assert code == 3 and "host client did not come up: no answer within 10 s" in said
    assert "Traceback" not in said
