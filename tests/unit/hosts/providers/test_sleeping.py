"""Seats that sleep, with control groups that stand for the kernel's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab import process, state
from sharklab.cli import flow
from sharklab.errors import MachineryError
from sharklab.hosts.providers import cgroups, network, nspawn, qemu, sleeping
from sharklab.lab.model import Seat
from tests.support.errors import error_of


class Kernel:
    """The control groups of a seat: what runs in each, and which are frozen."""

    def __init__(self, own: Seat) -> None:
        self.names = [network.namespace(own.id, host) for host in ("client", "server")]
        self.frozen: set[str] = set()
        self.stuck = ""
        self.pids: list[int] = []

    def freeze(self, unit: str) -> None:
        """Freeze a unit, unless a process in it does not stop."""
        if unit == self.stuck:
            raise MachineryError("stuck")
        self.frozen.add(unit)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seat:
    """Return a seat that is up."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    own = flow.prepare("tp4", "ada").seat
    state.folder(own.folder)
    return own


@pytest.fixture
def kernel(own: Seat, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Return the control groups of the seat."""
    kernel = Kernel(own)
    monkeypatch.setattr(cgroups, "units", lambda pattern: kernel.names)
    monkeypatch.setattr(cgroups, "freeze", kernel.freeze)
    monkeypatch.setattr(cgroups, "thaw", kernel.frozen.discard)
    monkeypatch.setattr(cgroups, "is_frozen", lambda unit: unit in kernel.frozen)
    monkeypatch.setattr(cgroups, "processes", lambda unit: kernel.pids)
    return kernel


def test_sleep_and_wake_all_hosts(own: Seat, kernel: Kernel) -> None:
    """A second time changes nothing."""
    for _ in range(2):
        sleeping.sleep(own)
        assert (set(kernel.names), True) == (kernel.frozen, sleeping.is_asleep(own))
    for _ in range(2):
        sleeping.wake(own)
        assert (set(), False) == (kernel.frozen, sleeping.is_asleep(own))


def test_wake_looks_at_no_host_of_a_seat_that_does_not_sleep(own: Seat, kernel: Kernel) -> None:
    """Computers without control groups have such seats, too."""
    kernel.frozen.add(kernel.names[0])
    sleeping.wake(own)
    assert {kernel.names[0]} == kernel.frozen


def test_sleep_is_all_or_nothing(own: Seat, kernel: Kernel) -> None:
    """A host that does not stop keeps the others awake."""
    kernel.stuck = kernel.names[1]
    error_of(MachineryError, sleeping.sleep, own)
    assert (set(), False) == (kernel.frozen, (own.folder / "asleep").exists())


def test_a_process_of_a_person_is_use(own: Seat, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has ended is none, and neither is one of root or of a service."""
    assert not sleeping.is_in_use(own)
    kernel.pids = [os.getpid(), 1 << 30]
    for uid, used in ((0, False), (999, False), (1000, True), (65534, False), (1000 + 3 * 65536, True)):
        monkeypatch.setattr(Path, "read_text", lambda file, uid=uid: _status(file, uid))
        assert used == sleeping.is_in_use(own)


def _status(file: Path, uid: int) -> str:
    if str(os.getpid()) not in str(file):
        raise FileNotFoundError
    return f"Name:\tsh\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"


def test_a_host_that_a_killed_command_left_paused_runs_again(
    own: Seat, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file system can be written before its processes run: until then none of them could end."""
    done: list[tuple[object, ...]] = []
    kernel.pids = [7, 8]
    kernel.frozen.add(kernel.names[0])
    monkeypatch.setattr(nspawn, "_is_nspawn", lambda pid: pid == 8)
    monkeypatch.setattr(process, "run", lambda words: done.append((words[1], words[5], set(kernel.frozen))))
    asked: list[str] = []
    monkeypatch.setattr(qemu, "resume", asked.append)
    sleeping.resume(own)
    assert ([("--target=8", "--unfreeze", {kernel.names[0]})], set()) == (done, kernel.frozen)
    sleeping.resume(own)
    assert (1, [own.id] * 2) == (len(done), asked)
