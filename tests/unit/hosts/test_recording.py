"""Recordings on hosts: they listen, they end, and their errors are tcpdump's."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts import recording
from sharklab.hosts.providers import remote
from tests.support.programs import script
from tests.support.student_hosts import StudentHosts

WORD = "of a user"
ORDER = recording.Order("lan", "tcp port 80")


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudentHosts:
    """Return the hosts of a seat."""
    found = StudentHosts(tmp_path, monkeypatch)
    found.record(found.traffic)
    return found


def test_two_recordings_end_together(hosts: StudentHosts) -> None:
    """After the given time; each file is whole."""
    files = [hosts.place / name for name in ("client", "server")]
    opened = [file.open("wb") for file in files]
    wanted = [
        (remote.machine_of(hosts.plan.seat, file.name), ORDER, out)
        for file, out in zip(files, opened, strict=True)
    ]
    with recording.recordings(wanted) as running:
        recording.wait(running, 0.01)
        assert all(each.runs for each in running)
    for each, file, out in zip(running, files, opened, strict=True):
        out.close()
        each.check()
        assert hosts.traffic.read_bytes() == file.read_bytes()


def test_wait_ends_with_the_reader_of_the_pipe(hosts: StudentHosts) -> None:
    """Wireshark was closed: nobody wants the packets any more."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as out:
        wanted = [(remote.machine_of(hosts.plan.seat, "client"), ORDER, out)]
        with recording.recordings(wanted) as running:
            os.close(reader)
            recording.wait(running, 0, writer)
    assert not running[0].runs


def test_a_password_goes_first(hosts: StudentHosts, tmp_path: Path) -> None:
    """sudo reads one line; the program reads the rest."""
    sudo = hosts.tools / "sudo"
    sudo.write_text(f'#!/bin/sh\nread word; echo "$word" >{tmp_path}/word; shift 3; exec "$@"\n')
    sudo.chmod(0o755)
    machine = replace(remote.machine_of(hosts.plan.seat, "client"), sudo=True, password=WORD)
    with (tmp_path / "out").open("wb") as out, recording.recordings([(machine, ORDER, out)]):
        pass
    assert (f"{WORD}\n", hosts.traffic.read_bytes()) == (
        (tmp_path / "word").read_text(),
        (tmp_path / "out").read_bytes(),
    )


def test_a_connection_that_hangs_is_ended(hosts: StudentHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds; what came until then stays."""
    monkeypatch.setattr(recording, "STOP_LIMIT", 0.1)
    (hosts.tools / "ssh").write_text("#!/bin/sh\necho 'listening on lan' >&2\nexec sleep 60 2>/dev/null\n")
    with (hosts.place / "out").open("wb") as out:
        wanted = [(remote.machine_of(hosts.plan.seat, "client"), ORDER, out)]
        with recording.recordings(wanted) as running:
            pass
    with pytest.raises(MachineryError):
        running[0].check()


@pytest.mark.parametrize("flood", ["tr '\\0' x </dev/zero >&2", "yes >&2"], ids=["a line", "lines"])
def test_words_without_end_take_no_memory(
    hosts: StudentHosts, monkeypatch: pytest.MonkeyPatch, flood: str
) -> None:
    """A student may have replaced tcpdump, and the process here keeps the terminals of all students."""
    monkeypatch.setattr(recording, "STOP_LIMIT", 0.5)
    script(hosts.tools, "ssh", "echo 'listening on lan' >&2", f"exec {flood}")
    with (hosts.place / "out").open("wb") as out:
        wanted = [(remote.machine_of(hosts.plan.seat, "client"), ORDER, out)]
        with recording.recordings(wanted) as running:
            pass
    assert sum(map(len, running[0]._said)) <= recording.LINE * recording.LINES


def test_packets_without_end_are_ended(hosts: StudentHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that goes on after the order to end fills no disk."""
    monkeypatch.setattr(recording, "LAST_PACKETS", 1000)
    monkeypatch.setattr(recording, "STOP_LIMIT", 600.0)
    lines = ["echo 'listening on lan' >&2", "exec 2>/dev/null", "while printf %05000d 0; do sleep 0.01; done"]
    script(hosts.tools, "ssh", *lines)
    with (hosts.place / "out").open("wb") as out:
        wanted = [(remote.machine_of(hosts.plan.seat, "client"), ORDER, out)]
        with recording.recordings(wanted) as running:
            pass
    assert not running[0].runs
