"""The verbs `capture` and `fetch`, on hosts whose programs stand in for others."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sharklab import process
from sharklab.cli import main
from sharklab.errors import BAD_INPUT, GOOD, MACHINERY, NOT_ACHIEVED
from sharklab.hosts import recording
from sharklab.hosts.agent import captures
from sharklab.hosts.providers import remote
from tests.support.student_hosts import StudentHosts


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudentHosts:
    """Return alice's hosts."""
    found = StudentHosts(tmp_path, monkeypatch)
    found.record(found.traffic)
    return found


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Run a verb for alice; return its exit code and its JSON."""
    capsys.readouterr()
    options = ["--student", "alice", "--folder", "work", "--output", "json"]
    code = main.main([words[0], "./mylab", *words[1:], *options])
    return code, json.loads(capsys.readouterr().out)


def test_capture_records_an_exercise_into_the_folder(
    hosts: StudentHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the interface and the filter of lab.yml; without the packets of its own connection."""
    hosts.have_tcpdump(ends=True)
    code, said = call(capsys, "capture", "page", "--packets", "9")
    assert (GOOD, hosts.traffic.read_bytes()) == (code, (hosts.work / "captures/page.pcap").read_bytes())
    [arrival] = said["captures"]
    assert (True, True, []) == (arrival["shows_exercise"], arrival["new"], arrival["kept"])
    assert hosts.calls() == [
        "-i lan --immediate-mode -U -w - -s 0 -c 9 -- "
        "(tcp port 80) and not (tcp and host 192.0.2.9 and port 4242)"
    ]
    assert ["answers.yml", "captures"] == sorted(file.name for file in hosts.work.iterdir())


def test_ctrl_c_ends_a_capture_and_keeps_it(
    hosts: StudentHosts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So do --seconds and a closed terminal, and a second Ctrl-C changes nothing.

    The file that was there before is kept beside.
    """

    def interrupt(*given: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    assert GOOD == call(capsys, "capture", "page", "--seconds", "0.01")[0]
    before = (hosts.work / "captures/page.pcap").read_bytes()
    hosts.record(hosts.traffic, client="192.0.2.77")
    monkeypatch.setattr(recording, "wait", interrupt)
    code, said = call(capsys, "capture", "page")
    [arrival] = said["captures"]
    assert (NOT_ACHIEVED, False) == (code, arrival["shows_exercise"])
    assert [str(Path("work/earlier/page-1.pcap"))] == arrival["kept"]
    assert before == (hosts.work / "earlier/page-1.pcap").read_bytes()


def test_a_signal_at_the_end_of_the_time_keeps_a_capture(
    hosts: StudentHosts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come when --seconds are over and signals are not ignored yet."""
    once = process.interrupt_once

    @contextmanager
    def late() -> Iterator[Callable[[], None]]:
        with once() as ignore:

            def interrupted() -> None:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                finally:
                    ignore()

            yield interrupted

    monkeypatch.setattr(process, "interrupt_once", late)
    assert GOOD == call(capsys, "capture", "page", "--seconds", "0.01")[0]
    assert hosts.traffic.read_bytes() == (hosts.work / "captures/page.pcap").read_bytes()


def test_a_capture_with_losses_is_kept_when_its_terminal_closes(
    hosts: StudentHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be said there any more; the capture comes first."""
    hosts.have_tcpdump(lost=7)

    class Terminal(io.StringIO):
        is_there = True

        def write(self, text: str) -> int:
            if not self.is_there:
                raise OSError(errno.EIO, "the terminal is closed")
            return super().write(text)

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(recording, "wait", lambda *given: setattr(terminal, "is_there", False))
    with pytest.raises(OSError, match="the terminal is closed"):
        main.main(["capture", "./mylab", "page", "--student", "alice", "--folder", "work"])
    assert hosts.traffic.read_bytes() == (hosts.work / "captures/page.pcap").read_bytes()


def test_capture_says_what_tcpdump_says(hosts: StudentHosts, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording that failed leaves nothing in captures/; lost packets are told."""
    hosts.have_tcpdump(error="tcpdump: lan: No such device exists")
    code, said = call(capsys, "capture", "page")
    assert (MACHINERY, True) == (code, "No such device" in said["error"]["message"])
    assert not list(hosts.work.glob("captures/*"))
    hosts.have_tcpdump(ends=True, lost=7)
    main.main(["capture", "./mylab", "page", "--student", "alice", "--folder", "work", "--lang", "en"])
    assert "tcpdump on client lost 7 packets: record again, with less traffic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("capture", "pgae"), "EXERCISE"),
        (("capture", "client"), "EXERCISE"),
        (("capture", "page", "--filter", "tcp"), "--filter"),
        (("capture", "pgae", "--live"), "EXERCISE"),
        (("fetch", "page.pcap"), "HOST:FILE"),
        (("fetch", "clinet:page.pcap"), "HOST"),
        (("fetch", "--as", "page"), "--as"),
        (("fetch", "client:{traffic}", "--as", "pgae"), "--as"),
    ],
)
def test_a_wrong_argument_is_named(
    hosts: StudentHosts, words: tuple[str, ...], place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is recorded or brought home."""
    code, said = call(capsys, *(word.format(traffic=hosts.traffic) for word in words))
    assert (BAD_INPUT, place) == (code, said["error"]["place"])
    assert not (hosts.work / "captures").exists()


def test_a_seat_that_is_not_up_is_told(hosts: StudentHosts, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that starts it."""
    (hosts.plan.seat.folder / "ssh" / "config").unlink()
    code, said = call(capsys, "capture", "page")
    assert (MACHINERY, True) == (code, "sharklab up" in said["error"]["hint"])


@pytest.mark.parametrize(("subject", "filter"), [("client", ""), ("page", "(tcp port 80) and ")])
def test_live_writes_packets_and_nothing_else(
    hosts: StudentHosts, subject: str, filter: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All packets of a host, or those of an exercise, byte by byte."""
    hosts.have_tcpdump(ends=True)
    with (tmp_path / "out").open("wb") as raw, io.TextIOWrapper(raw) as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert GOOD == main.main(["capture", "./mylab", subject, "--live", "--student", "alice"])
    assert hosts.traffic.read_bytes() == (tmp_path / "out").read_bytes()
    assert hosts.calls()[0].endswith(f"-s 0 -- {filter}not (tcp and host 192.0.2.9 and port 4242)")


def test_live_refuses_a_terminal(
    hosts: StudentHosts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error has the command with Wireshark."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code = main.main(["capture", "./mylab", "client", "--live", "--student", "alice"])
    assert (BAD_INPUT, True) == (code, "| wireshark -k -i -" in capsys.readouterr().err)


@pytest.mark.parametrize(
    ("name", "port", "options"),
    [
        ("page.pcap", 80, ()),
        ("PAGE.PCAP", 80, ()),
        ("x.bin", 80, ()),
        ("x", 81, ("--as", "page")),
    ],
)
def test_fetch_brings_a_file_home(
    hosts: StudentHosts,
    name: str,
    port: int,
    options: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By its name, by its packets, or by --as."""
    file = hosts.record(hosts.place / name, port)
    code, said = call(capsys, "fetch", f"client:{file}", *options)
    assert (GOOD if port == 80 else NOT_ACHIEVED) == code
    assert file.read_bytes() == (hosts.work / "captures/page.pcap").read_bytes()
    assert f"client:{file}" == said["captures"][0]["origin"]
    if name == "page.pcap":
        assert not call(capsys, "fetch", f"client:{file}")[1]["captures"][0]["new"]


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [(b"hello", BAD_INPUT, "client:{file}"), (None, MACHINERY, "client:{file}")],
)
def test_fetch_refuses_what_is_no_capture(
    hosts: StudentHosts, content: bytes | None, code: int, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A text, and a file that the host does not have; the error names the file on the host."""
    file = hosts.place / "page.pcap"
    if content:
        file.write_bytes(content)
    found, said = call(capsys, "fetch", f"client:{file}")
    assert (code, place.format(file=file)) == (found, said["error"]["place"])


def test_fetch_refuses_a_file_that_is_still_written(
    hosts: StudentHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last packets are not in it yet. A program that reads it does not matter."""
    file = hosts.record(hosts.place / "page.pcap")
    with file.open("ab"):
        code, said = call(capsys, "fetch", f"client:{file}")
    assert (MACHINERY, f"client:{file}") == (code, said["error"]["place"])
    assert "a program on the host still writes this file" == said["error"]["message_id"]
    with file.open("rb"):
        assert GOOD == call(capsys, "fetch", f"client:{file}")[0]


def test_fetch_says_where_a_file_is_cut_or_empty(
    hosts: StudentHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as that of a tcpdump that was killed; without packets, no name is asked for."""
    file = hosts.record(hosts.place / "page.pcap")
    file.write_bytes(file.read_bytes()[:-3])
    main.main(["fetch", "./mylab", f"client:{file}", "--student", "alice", "--folder", "work"])
    assert "the file ends within a packet" in capsys.readouterr().out
    file = hosts.record(hosts.place / "x.pcap")
    file.write_bytes(file.read_bytes()[:24])
    code, said = call(capsys, "fetch", f"client:{file}")
    assert (BAD_INPUT, "there is no packet in it") == (code, said["error"]["message_id"])


def test_fetch_asks_for_a_name_where_packets_do_not_tell(
    hosts: StudentHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    """Packets of something else, under a name of their own."""
    file = hosts.record(hosts.place / "x.pcap", 81)
    code, said = call(capsys, "fetch", f"client:{file}")
    assert (BAD_INPUT, True) == (code, "page" in said["error"]["hint"])


@pytest.fixture
def there(hosts: StudentHosts, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder of the client where files are looked for; the server has none."""
    folder = hosts.place / "there"
    folder.mkdir()

    def ask(machine: remote.Machine, do: str) -> dict[str, Any]:
        return {do: captures.find((str(folder),)) if machine.name == "client" else []}

    monkeypatch.setattr(remote.Machine, "ask", ask)
    return folder


def test_fetch_of_hosts_without_captures(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing comes, nothing is left."""
    code, said = call(capsys, "fetch")
    assert (NOT_ACHIEVED, [], []) == (code, said["captures"], said["left"])


def test_fetch_without_a_file_brings_all_that_is_new(
    hosts: StudentHosts, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each file that shows an exercise; what stays is listed with its reason."""
    hosts.record(there / "unclear.pcap", 81)
    hosts.record(there / "page.pcap", 81)
    hosts.record(there / "web.pcap")
    (there / "broken.pcap").write_bytes(b"\n\r\r\nxxxx")
    with (there / "large.pcap").open("wb") as file:
        file.write(hosts.traffic.read_bytes()[:4])
        file.truncate(10**9)
    code, said = call(capsys, "fetch")
    assert (GOOD, [f"client:{there}/web.pcap"]) == (code, [each["origin"] for each in said["captures"]])
    left = {Path(each["file"]).stem for each in said["left"]}
    assert {"unclear", "page", "broken", "large"} == left


def test_fetch_without_a_file_replaces_nothing(
    hosts: StudentHosts, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest of an exercise comes; the others stay on the host, and so they do the next time."""
    for name, port in (("older", 40_001), ("newer", 40_002)):
        hosts.record(there / f"{name}.pcap", client_port=port)
        os.utime(there / f"{name}.pcap", (port, port))
    for new in (True, False):
        said = call(capsys, "fetch")[1]
        assert [("newer.pcap", new)] == [
            (Path(each["origin"]).name, each["new"]) for each in said["captures"]
        ]
        assert [f"client:{there}/older.pcap"] == [each["file"] for each in said["left"]]
