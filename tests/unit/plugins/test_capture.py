"""The module `capture` and its recorder, as far as they need neither tcpdump nor systemd."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import module_process
from tests.support.waiting import wait_until

capture = module_process.load("modules/capture.py")
recorder = module_process.load("module_utils/recorder.py")
processes = module_process.load("module_utils/processes.py")
REQUEST: dict[str, Any] = {"captures": [], "sockets": True, "max_seconds": 60, "max_bytes": 1000}
CAPTURE = {"id": "a", "interface": "lo", "filter": "", "snaplen": 0}


def start(folder: Path, path: str | None = None, **request: Any) -> subprocess.Popen[bytes]:
    """Start a recorder in `folder` and wait for its answer."""
    (folder / "captures").mkdir(exist_ok=True)
    (folder / "request.json").write_text(json.dumps(REQUEST | request))
    command = [sys.executable, "-I", str(recorder.__file__), str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={"PATH": path or os.environ["PATH"]})
    wait_until(lambda: (folder / "started.json").exists() or process.poll() is not None)
    return process


@contextmanager
def recording(folder: Path, **request: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Record in `folder` meanwhile, then stop as the module does."""
    process = start(folder, **request)
    assert {"error": None} == json.loads((folder / "started.json").read_text())
    yield process
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(timeout=120)


def test_recorder_sees_a_connection(tmp_path: Path) -> None:
    """A connection that is opened meanwhile is listed with its process and its times."""
    before = time.time()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with recording(tmp_path):
            client = socket.create_connection(("127.0.0.1", port))
            local = client.getsockname()[1]
        client.close()
    lines = json.loads((tmp_path / "sockets.json").read_text())
    (found,) = [line for line in lines if f"127.0.0.1:{local} 127.0.0.1:{port} users" in line["line"]]
    assert found["line"].startswith("tcp ESTAB 0 0 ")
    assert f"pid={os.getpid()}," in found["line"]
    assert before < found["first"] <= found["last"] < time.time()


def test_recorder_hears_of_a_connection_that_no_sample_shows(tmp_path: Path) -> None:
    """The kernel reports each socket as it closes: a recorder that takes no sample meanwhile has it, too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with recording(tmp_path) as recorder_process:
            recorder_process.send_signal(signal.SIGSTOP)
            with socket.create_connection(("127.0.0.1", port)) as client:
                local = client.getsockname()[1]
                server.accept()[0].close()
            recorder_process.send_signal(signal.SIGCONT)
    found = [entry["line"].split() for entry in json.loads((tmp_path / "sockets.json").read_text())]
    assert [f"127.0.0.1:{local}", f"127.0.0.1:{port}"] in [words[4:6] for words in found]
    assert [] == json.loads((tmp_path / "notes.json").read_text())


def test_recorder_notes_that_the_kernel_does_not_report(tmp_path: Path) -> None:
    """Where `ss --events` fails, samples go on, and a note says what may be missing."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ss").write_text(f'#!/bin/sh\n[ "$1" = -HtunE ] || exec {shutil.which("ss")} "$@"\n')
    (tools / "ss").chmod(0o755)
    process = start(tmp_path, f"{tools}:{os.environ['PATH']}")
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(timeout=120)
    assert ["Sockets of a short life may be missing: ss --events does not work."] == json.loads(
        (tmp_path / "notes.json").read_text()
    )


def test_a_socket_that_a_sample_showed_is_not_noted_again() -> None:
    """The line with the process stays the only one of its socket."""
    sockets = recorder.Sockets()
    sockets.note('tcp ESTAB 0 0 10.0.0.1:40000 10.0.0.2:443 users:(("curl",pid=7,fd=3))')
    sockets.close(["tcp UNCONN 0 0 10.0.0.1:40000 10.0.0.2:443", "udp ESTAB 0 -1 10.0.0.1:50000 10.0.0.2:53"])
    assert 2 == len(sockets.seen)


def test_recorder_without_sockets(tmp_path: Path) -> None:
    """Both lists are always written, so that their absence means a fault."""
    with recording(tmp_path, sockets=False):
        pass
    assert ([], []) == tuple(
        json.loads((tmp_path / name).read_text()) for name in ("captures.json", "sockets.json")
    )


def test_recorder_ends_by_itself(tmp_path: Path) -> None:
    """When the time is over, the recorder writes its results without being told."""
    assert 0 == start(tmp_path, sockets=False, max_seconds=0.2).wait(timeout=120)
    assert (tmp_path / "captures.json").exists()


@pytest.mark.parametrize(
    ("request_", "tool"),
    [({"captures": [CAPTURE], "sockets": False}, "tcpdump"), ({"sockets": True}, "ss")],
    ids=["tcpdump", "ss"],
)
def test_recorder_names_a_missing_tool(tmp_path: Path, request_: dict[str, Any], tool: str) -> None:
    """A tool that is not installed is the answer, not a traceback."""
    process = start(tmp_path, str(tmp_path), **request_)
    assert {"error": f"{tool} is not installed on the host"} == json.loads(
        (tmp_path / "started.json").read_text()
    )
    assert 1 == process.wait(timeout=120)


def test_recorder_excludes_a_second_one(tmp_path: Path) -> None:
    """Two recorders never share a folder."""
    with recording(tmp_path, sockets=False):
        (tmp_path / "started.json").unlink()
        assert 1 == start(tmp_path, sockets=False).wait(timeout=120)


@pytest.mark.parametrize(
    "said",
    [
        "2 packets captured\n3 packets received by filter\n1 packet dropped by kernel\n",
        "tcpdump: 2 packets captured, 3 packets received by filter, 1 packet dropped by kernel\n",
    ],
    ids=["at the end", "when asked"],
)
def test_statistics_of_tcpdump(said: str) -> None:
    """Both forms in which tcpdump tells its numbers are understood."""
    assert [("2", "3", "1")] == recorder.STATISTICS.findall(said)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["-i", "lo", "-w", "a.pcap"]),
        ({"snaplen": 96, "filter": "-x or udp"}, ["-i", "lo", "-s", "96", "-w", "a.pcap", "--", "-x or udp"]),
    ],
    ids=["plain", "all"],
)
def test_tcpdump_argv(more: dict[str, Any], expected: list[str]) -> None:
    """The filter is one word and never an option."""
    assert ["tcpdump", "-p", "-U", *expected] == recorder.tcpdump_argv(CAPTURE | more)


def test_sockets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit lines are left out, and that is told."""
    monkeypatch.setattr(recorder, "LINE_LIMIT", 2)
    sockets = recorder.Sockets()
    sockets.current = ["a", "b", "c"]
    sockets.extend()
    assert ["a", "b"] == [entry["line"] for entry in sockets.result()]
    assert ["There were over 2 different sockets: later ones are left out."] == sorted(sockets.notes)


class SlowSs:
    """A clock, and an `ss` that needs `cost` seconds of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: float) -> None:
        self.now, self.cost, self.counters = 100.0, cost, 0
        self.looks: list[float] = []
        monkeypatch.setattr(recorder.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(recorder, "socket_counters", lambda: [self.counters])
        monkeypatch.setattr(recorder, "socket_lines", self.lines)

    def lines(self) -> list[str]:
        """Take the time of a look."""
        self.looks.append(self.now)
        self.now += self.cost
        return [f"socket {self.counters}"]

    def watch(self, sockets: Any, seconds: float) -> None:
        """Look twenty times a second, as the recorder does."""
        end = self.now + seconds
        while self.now < end:
            sockets.look()
            self.now += recorder.TICK


@pytest.mark.parametrize(("cost", "share"), [(0.01, 0.02), (1.0, 0.2), (3.0, 0.2)])
def test_sockets_of_a_quiet_host_cost_little(
    cost: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ss` never takes the only processor of a slow host away from the host's programs."""
    clock = SlowSs(monkeypatch, cost)
    clock.watch(recorder.Sockets(), 100)
    assert 0 < cost * len(clock.looks) <= 100 * share


def test_sockets_of_a_slow_host_are_looked_at_after_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is seen as soon as `ss` has rested; until then no old line is said to be still there."""
    clock, sockets = SlowSs(monkeypatch, 2.0), recorder.Sockets()
    clock.watch(sockets, 10)
    clock.looks.clear()
    clock.counters = 1
    before = {line: times[1] for line, times in sockets.seen.items()}
    clock.watch(sockets, 0.1)
    assert 1 == len(clock.looks)
    assert before.keys() < sockets.seen.keys()
    clock.counters = 2
    sockets.look()
    assert 1 == len(clock.looks)
    clock.watch(sockets, 4)
    assert "socket 2" in sockets.seen


def test_halt_ends_holders_of_the_lock_only(tmp_path: Path) -> None:
    """What a killed recorder left is ended; a process that only looks alike is not touched."""
    lock = tmp_path / "lock"
    lock.write_text("1")
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        orphan = subprocess.Popen(["sleep", "300"], pass_fds=[file.fileno()])
    other = subprocess.Popen(["sleep", "300"])
    try:
        assert capture.holders(lock) == [orphan.pid]
        assert capture.halt(tmp_path)
        assert (-signal.SIGKILL, None) == (orphan.wait(timeout=120), other.poll())
    finally:
        other.kill()
        other.wait()


def test_holders_names_one_that_opens_and_closes_files(tmp_path: Path) -> None:
    """A recorder that starts its last `ss` is still at work: what it has just closed hides nothing."""
    lock = tmp_path / "lock"
    lock.touch()
    busy = "import os\nwhile True:\n    for file in os.pipe() + os.pipe():\n        os.close(file)\n"
    with lock.open() as file:
        holder = subprocess.Popen([sys.executable, "-I", "-c", busy], pass_fds=[file.fileno()])
    try:
        wait_until(lambda: capture.holders(lock) == [holder.pid])
        assert all(str(lock) in processes.open_files(holder.pid) for _ in range(200))
    finally:
        holder.kill()
        holder.wait()


def test_pack_takes_evidence_only(tmp_path: Path) -> None:
    """The archive holds what the reader expects and nothing of the machinery."""
    (tmp_path / "captures").mkdir()
    for name in ("lock", "recorder.py", "probes.json", "sockets.json", "captures/a.pcap", "captures/other"):
        (tmp_path / name).touch()
    with tarfile.open(capture.pack(tmp_path)) as archive:
        assert ["probes.json", "sockets.json", "captures/a.pcap"] == archive.getnames()


def test_prepare_clears_its_own_folder(tmp_path: Path) -> None:
    """A new recording starts from an empty folder that only root reads."""
    folder = tmp_path / "evidence"
    capture.prepare(folder)
    (folder / "captures" / "old.pcap").touch()
    capture.prepare(folder)
    assert [] == list((folder / "captures").iterdir())
    assert 0o700 == folder.stat().st_mode & 0o777


def test_start_in_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    """A folder with other content is left alone."""
    (tmp_path / "thesis.txt").touch()
    answer = module_process.call("capture", folder=str(tmp_path))
    assert f"{tmp_path} is not a folder of this module: give it one of its own" == answer["msg"]
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("state", ["stopped", "absent"])
def test_nothing_recorded_changes_nothing(tmp_path: Path, state: str) -> None:
    """Stopping or removing what is not there is done already."""
    answer = module_process.call("capture", state=state, folder=str(tmp_path / "none"))
    assert (False, "") == (answer["changed"], answer.get("evidence", ""))


def test_check_mode_does_nothing(tmp_path: Path) -> None:
    """Check mode tells of the change and makes none."""
    answer = module_process.call("capture", folder=str(tmp_path / "none"), _ansible_check_mode=True)
    assert (True, False) == (answer["changed"], (tmp_path / "none").exists())


@pytest.mark.parametrize(
    ("captures", "message"),
    [
        ([CAPTURE, CAPTURE], "capture a: this id is used more than once"),
        ([CAPTURE | {"id": "../a"}], "capture '../a': an id has letters, digits, '.', '_' and '-' only"),
        ([CAPTURE | {"snaplen": -1}], "capture a: snaplen must not be negative"),
    ],
    ids=["duplicate", "path", "snaplen"],
)
def test_bad_options_are_refused(captures: list[dict[str, Any]], message: str) -> None:
    """Options that cannot be meant are refused before anything starts, with the capture's name."""
    params = {"captures": captures, "max_seconds": 1, "max_bytes": 1}
    assert [message] == sorted(set(capture.problems(params)))
