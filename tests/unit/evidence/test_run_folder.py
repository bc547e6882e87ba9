"""The evidence folder: sealed, verified, and read with every fault named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import MachineryError
from sharklab.evidence import run_folder
from sharklab.evidence.capture import Counted, RecordedCapture
from sharklab.evidence.run_folder import ProbeResult, SocketLine
from sharklab.message import N_, Message
from tests.support.errors import error_of

PROBE: dict[str, Any] = {
    "id": "web",
    "argv": ["curl", "www"],
    "user": "student",
    "started": 10.0,
    "duration": 0.5,
    "exit_code": 0,
    "timed_out": False,
    "missing": False,
    "stdout": "é\n",
    "stderr": "",
    "truncated": False,
}
CAPTURE: dict[str, Any] = {
    "id": "web",
    "file": "captures/web.pcap",
    "argv": ["tcpdump", "-w", "web.pcap"],
    "started": 9.0,
    "ended": 11.0,
    "packets_captured": 12,
    "packets_dropped": 0,
    "exit_code": 0,
    "stderr": "",
}
SOCKET: dict[str, Any] = {"line": "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*", "first": 9.0, "last": 11.0}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the sealed folder of a run with one host that did all and one that only has sockets."""
    for host in ("client", "server"):
        (tmp_path / "hosts" / host / "captures").mkdir(parents=True)
        write(tmp_path / "hosts" / host / "sockets.json", [SOCKET])
        write(tmp_path / "hosts" / host / "captures.json", [CAPTURE] if host == "client" else [])
    write(tmp_path / "hosts/client/probes.json", [PROBE])
    (tmp_path / "hosts/client/captures/web.pcap").write_bytes(b"pcap")
    run_folder.seal(tmp_path, {"lab": "tp4", "started": 8.0})
    return tmp_path


def write(file: Path, content: object) -> None:
    """Write JSON."""
    file.write_text(json.dumps(content))


def refusal(folder: Path) -> MachineryError:
    """Return the error that reading `folder` raises."""
    return error_of(MachineryError, run_folder.read, folder)


def test_read_returns_what_the_hosts_left(run: Path) -> None:
    """Every probe, socket and capture comes back typed, with its host."""
    found = run_folder.read(run)
    plain = {name: value for name, value in PROBE.items() if name != "argv"}
    assert {"web": ProbeResult(host="client", argv=("curl", "www"), **plain)} == found.probes
    assert (
        SocketLine("client", SOCKET["line"], 9.0, 11.0),
        SocketLine("server", SOCKET["line"], 9.0, 11.0),
    ) == (found.sockets)
    file = run.absolute() / "hosts/client/captures/web.pcap"
    expected = RecordedCapture("web", "client", file, Counted(12, 0, 9.0, 11.0))
    assert {"web": expected} == found.captures


def test_read_returns_the_manifest(run: Path) -> None:
    """The manifest comes back as it stands, with the header and the version."""
    manifest = run_folder.read(run).manifest
    assert (1, "tp4", 8.0) == (manifest["schema"], manifest["lab"], manifest["started"])


@pytest.mark.parametrize("name", ["manifest.json", "hosts/server/sockets.json", "hosts/client/captures.json"])
def test_read_missing_file_is_named(run: Path, name: str) -> None:
    """A file that every run leaves must be there."""
    (run / name).unlink()
    assert (str(run / name), N_("is missing")) == (refusal(run).place, refusal(run).message_id)


def test_read_missing_capture_file_is_named(run: Path) -> None:
    """A capture without its packets is not evidence."""
    file = run / "hosts/client/captures/web.pcap"
    file.unlink()
    assert str(file) == refusal(run).place


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("[", "line 1"),
        ("{}", "at $"),
        ("[" * 100_000, ""),
        ('[{"line": "x", "first": NaN, "last": 1}]', "NaN"),
        ('[{"line": "x", "first": 1e999, "last": 1}]', "at $[0].first"),
        ('[{"line": "\\ud800", "first": 1, "last": 1}]', "'utf-8'"),
        ('[{"line": 1, "first": 1, "last": 1}]', "at $[0].line"),
        ('[{"line": "x", "first": 1}]', "at $[0]"),
    ],
    ids=["cut", "shape", "deep", "nan", "infinite", "surrogate", "type", "key"],
)
def test_read_damaged_file_is_named(run: Path, content: str, where: str) -> None:
    """Whatever a host writes, the answer is one error with the file and the place in it."""
    file = run / "hosts/server/sockets.json"
    file.write_text(content)
    error = refusal(run)
    assert (str(file), N_("the file is damaged: {fault}")) == (error.place, error.message_id)
    assert where in str(error.values["fault"])


def test_read_takes_no_host_s_word_for_another(run: Path) -> None:
    """An entry belongs to the host in whose folder it lies, whatever it says."""
    write(run / "hosts/client/sockets.json", [SOCKET | {"host": "server"}])
    write(run / "hosts/server/sockets.json", [])
    assert ["client"] == [line.host for line in run_folder.read(run).sockets]


@pytest.mark.parametrize("name", ["../../../../etc/passwd", "web\n", "", "a/b"])
def test_read_capture_with_a_path_for_a_name(run: Path, name: str) -> None:
    """A capture's name cannot lead out of its host's folder."""
    write(run / "hosts/client/captures.json", [CAPTURE | {"id": name}])
    assert ("at $[0].id", ",") == str(refusal(run).values["fault"]).partition(",")[:2]


def test_read_one_id_from_two_hosts(run: Path) -> None:
    """An id names one capture of the run; a second one would hide the first."""
    write(run / "hosts/server/captures.json", [CAPTURE])
    (run / "hosts/server/captures/web.pcap").touch()
    assert {"id": "web", "first": "client", "second": "server"} == refusal(run).values


def test_read_other_version(run: Path) -> None:
    """A folder of another version is not guessed at."""
    write(run / "manifest.json", {"schema": 2, "files": {}})
    assert {"schema": 2, "known": 1} == refusal(run).values


def test_verify_accepts_what_was_sealed(run: Path) -> None:
    """An untouched folder verifies; a report written later does not matter."""
    (run / "report.html").touch()
    run_folder.verify(run)


def test_verify_names_every_difference(run: Path) -> None:
    """Changed, missing and added files are all told at once."""
    (run / "hosts/client/captures/web.pcap").write_bytes(b"other")
    (run / "hosts/server/sockets.json").unlink()
    (run / "hosts/server/captures/more.pcap").touch()
    error = error_of(MachineryError, run_folder.verify, run)
    assert [
        Message(N_("{file} is missing"), {"file": "hosts/server/sockets.json"}),
        Message(N_("{file} was added"), {"file": "hosts/server/captures/more.pcap"}),
        Message(N_("{file} was changed"), {"file": "hosts/client/captures/web.pcap"}),
    ] == error.values["problems"]


def test_seal_leaves_no_temporary_file(run: Path) -> None:
    """The manifest is written whole and for its owner only."""
    assert ["hosts", "manifest.json"] == sorted(file.name for file in run.iterdir())
    assert 0o600 == (run / "manifest.json").stat().st_mode & 0o777
