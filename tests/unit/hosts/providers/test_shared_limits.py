"""The limits that all hosts share: left alone, raised, or too low."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers import shared_limits
from sharklab.message import Message
from tests.support.errors import error_of


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands for /proc/sys: all is ample; 100 inotify instances are in use."""
    monkeypatch.setattr(shared_limits, "SETTINGS", tmp_path)
    monkeypatch.setattr(shared_limits, "_in_use", lambda: 100)
    for name, ample in shared_limits.AMPLE.items():
        file = tmp_path / name.replace(".", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{ample}\n")
    return tmp_path


def test_low_limits_are_raised_and_told(settings: Path) -> None:
    """In one sentence; an ample limit stays, and one that this kernel does not have is nobody's."""
    said: list[Message] = []
    (settings / "kernel/pty/max").write_text("4096\n")
    (settings / "kernel/pid_max").write_text(f"{2**23}\n")
    (settings / "net/ipv6/neigh/default/gc_thresh3").unlink()
    shared_limits.ensure(3, said.append)
    shared_limits.ensure(3, said.append)
    assert [{"names": ["kernel.pty.max"]}] == [message.values for message in said]
    assert (2**16, 2**23) == tuple(
        int((settings / f"kernel/{n}").read_text()) for n in ("pty/max", "pid_max")
    )


def test_instances_that_cannot_be_raised_may_be_enough(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four hosts of seven instances fit into 28; five do not, and the error counts."""
    monkeypatch.setattr(shared_limits, "AMPLE", {})
    (settings / "fs/inotify/max_user_instances").write_text("128\n")
    shared_limits.ensure(4, lambda _: None)
    error = error_of(MachineryError, shared_limits.ensure, 5, lambda _: None)
    assert (128, 28, 5, 7) == tuple(error.values[name] for name in ("limit", "free", "count", "each"))
    assert "sysctl fs.inotify.max_user_instances=1024" == error.hint


@pytest.mark.parametrize(
    ("used", "limit", "counted"), [(8, 16, 4), (7, 16, 0), (8, 17, 0), (16, 20, 0)], ids=str
)
def test_terminals_are_counted_when_they_are_scarce(
    settings: Path, used: int, limit: int, counted: int
) -> None:
    """Half of all are in use, and these processes have a quarter of all."""
    (settings / "kernel/pty/max").write_text(f"{limit}\n")
    (settings / "kernel/pty/nr").write_text(f"{used}\n")
    ends = [end for _ in range(4) for end in os.openpty()]
    try:
        assert counted == shared_limits.count_terminals([os.getpid()])
    finally:
        for end in ends:
            os.close(end)


def test_a_terminal_counts_once_whoever_shares_it(settings: Path) -> None:
    """A program passes the file on to those that it starts, and each of them has a number for it."""
    (settings / "kernel/pty/max").write_text("4\n")
    (settings / "kernel/pty/nr").write_text("4\n")
    ends = list(os.openpty())
    ends += [os.dup(ends[0]) for _ in range(3)]
    try:
        assert 1 == shared_limits.count_terminals([os.getpid(), os.getpid()])
    finally:
        for end in ends:
            os.close(end)
