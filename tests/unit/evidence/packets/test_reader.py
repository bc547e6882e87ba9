"""What tshark shows of recorded captures, against display filters as an independent witness."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.evidence.packets import box, reader
from sharklab.evidence.packets.model import Packet
from sharklab.limits import ToolLimits
from tests.support.capture_files import alone, recording
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"


@cache
def packets(name: str) -> tuple[Packet, ...]:
    """Return the packets of the recorded capture `name`."""
    return recording(DATA / name).packets


def witness(name: str, display_filter: str) -> list[int]:
    """Return the numbers of the packets that tshark finds itself."""
    argv = ["tshark", "-n", "-r", str(DATA / name), "-d", "tcp.port==2049,rpc", "-Y", display_filter]
    done = subprocess.run(
        [*argv, "-T", "fields", "-e", "frame.number"], capture_output=True, text=True, check=True
    )
    return [int(line) for line in done.stdout.split()]


def has(*flags: str) -> Callable[[Packet], bool]:
    """Return a test for packets with just these TCP flags."""
    return lambda packet: set(packet.flags) == set(flags)


@pytest.mark.parametrize(
    ("name", "display_filter", "wanted"),
    [
        ("ssh.pcap", "tcp.flags.syn == 1", lambda p: "SYN" in p.flags),
        ("ssh.pcap", "tcp.flags.fin == 1", lambda p: "FIN" in p.flags),
        ("ssh6.pcap", "tcp.len > 0 && ipv6", lambda p: p.transport == "tcp" and p.payload > 0),
        ("reset.pcap", "tcp.flags == 0x014", has("RST", "ACK")),
        ("dns.pcap", "dns.flags.response == 1", lambda p: any(m.response for m in p.dns)),
        ("dns.pcap", "dns.flags.rcode == 3", lambda p: any(m.rcode == "NXDOMAIN" for m in p.dns)),
        ("nfs.pcap", "nfs.opcode == 18", lambda p: any("OPEN" in m.operations for m in p.nfs)),
        ("nfs.pcap", "nfs.nfsstat4 == 13", lambda p: any(m.status == "NFS4ERR_ACCESS" for m in p.nfs)),
        ("nfs.pcap", "rpc.msgtyp == 1", lambda p: any(m.reply for m in p.nfs)),
        ("icmp.pcap", "arp", lambda p: p.transport == "arp"),
        ("icmp.pcap", "icmp || icmpv6", lambda p: p.transport == "icmp"),
        ("ntp.pcapng", "ntp", lambda p: p.transport == "udp" and p.protocol == "NTP"),
        ("voice.pcap", "udp.length > 168", lambda p: p.transport == "udp" and p.payload > 160),
    ],
)
def test_read_agrees_with_display_filter(
    name: str, display_filter: str, wanted: Callable[[Packet], bool]
) -> None:
    """What we read of a capture is what tshark's own filter finds in it."""
    expected = witness(name, display_filter)
    actual = [packet.number for packet in packets(name) if wanted(packet)]
    assert expected == actual
    assert expected != []


def test_read_decodes_nfs_on_a_port_of_another_protocol() -> None:
    """A client on port 862 is NFS all the same, though that port is TWAMP's."""
    first = [packet for packet in packets("nfs.pcap") if packet.source.port == 862 and packet.payload]
    assert {"NFS"} == {packet.protocol for packet in first}


def test_read_with_a_small_snapshot_shows_truncated_packets() -> None:
    """A packet of which 40 bytes are left has no flags, and says that it is truncated."""
    short = packets("short.pcap")
    assert all(packet.truncated and not packet.flags for packet in short)
    assert len(witness("short.pcap", "frame")) == len(short)


@pytest.mark.parametrize(("name", "missing"), [("ssh.pcap", 20), ("ssh.pcap", 100), ("ntp.pcapng", 30)])
def test_read_of_a_cut_capture_gives_whole_packets(name: str, missing: int, tmp_path: Path) -> None:
    """A capture without its end is read as far as it goes, and says so."""
    file = tmp_path / name
    file.write_bytes((DATA / name).read_bytes()[:-missing])
    cut = recording(file)
    assert cut.cut
    assert cut.packets == packets(name)[: len(cut.packets)]
    assert 0 < len(cut.packets) < len(packets(name))


@pytest.mark.parametrize(("name", "length"), [("ntp.pcapng", 8), ("ntp.pcapng", 48), ("ssh.pcap", 10)])
def test_read_of_a_capture_that_ends_in_its_header_gives_no_packet(
    name: str, length: int, tmp_path: Path
) -> None:
    """It is cut like any other. tshark would say that it is in no format that it knows."""
    file = tmp_path / name
    file.write_bytes((DATA / name).read_bytes()[:length])
    assert ((), True) == (recording(file).packets, recording(file).cut)


def test_read_of_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    """The error names the file."""
    error = error_of(InputError, recording, tmp_path / "none.pcap")
    assert str(tmp_path / "none.pcap") == error.place
    assert os.strerror(errno.ENOENT) in (error.message_id, *map(str, error.values.values()))


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a shell script in the place of tshark, outside the box."""
    folder.chmod(0o755)
    tool = folder / "tshark"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(box, "box", lambda limits: [])


def test_read_beyond_the_memory_is_an_input_error() -> None:
    """tshark does not start in 250 MiB: a capture that needs more than it may have is at fault."""
    error = error_of(InputError, recording, DATA / "ssh.pcap", ToolLimits(memory=250 << 20))
    assert "the capture is beyond the limits of {tool} ({memory} MiB, {seconds} s)" == error.message_id
    assert (str(DATA / "ssh.pcap"), 250) == (error.place, error.values["memory"])


def test_read_beyond_the_patience_is_an_input_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tool that hangs takes no CPU seconds: the clock ends it."""
    stand_in(tmp_path, "exec sleep 600", monkeypatch)
    monkeypatch.setattr(reader, "_works", lambda limits: True)
    error = error_of(InputError, recording, DATA / "ssh.pcap", ToolLimits(patience=0))
    assert "{tool} needed more than {seconds} s for the capture" == error.message_id
    assert (str(DATA / "ssh.pcap"), 0) == (error.place, error.values["seconds"])


def test_read_beyond_the_cpu_seconds_is_an_input_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The kernel ends a tool at its CPU limit by a signal."""
    stand_in(tmp_path, "kill -XCPU $$", monkeypatch)
    error = error_of(InputError, recording, DATA / "ssh.pcap", ToolLimits(seconds=7))
    assert "the capture is beyond the limits of {tool} ({memory} MiB, {seconds} s)" == error.message_id
    assert 7 == error.values["seconds"]


def test_read_without_tshark_is_a_machinery_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hint names the package to install."""
    for tool in ("prlimit", "unshare", "setpriv"):
        (tmp_path / tool).write_text("#!/bin/sh\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    error = error_of(MachineryError, recording, DATA / "ssh.pcap")
    assert ("{tool} is not installed", "tshark") == (error.message_id, error.values["tool"])
    assert "install the package {package}" == error.hint_id


def test_read_with_a_broken_tshark_is_a_machinery_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The error has the code of tshark and its last line."""
    stand_in(tmp_path, "echo 'cannot load plugins' >&2; exit 9", monkeypatch)
    error = error_of(MachineryError, recording, DATA / "ssh.pcap")
    assert "{tool} failed ({code}): {said}" == error.message_id
    assert (9, "cannot load plugins") == (error.values["code"], error.values["said"])


def test_read_all_keeps_a_bad_capture_from_hiding_the_others(tmp_path: Path) -> None:
    """Each capture has its facts; the one that is no capture says why it is empty."""
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(b"\x7fELF\0")
    found = alone([DATA / "refused.pcap", bad, DATA / "ntp.pcapng"])
    problem = "the file is not a pcap or pcapng capture"
    expected = [("refused.pcap", 2, ""), ("bad.pcap", 0, problem), ("ntp.pcapng", 4, "")]
    assert expected == [(path.name, len(each.packets), str(each.problem)) for path, each in found.items()]


def test_read_does_not_depend_on_the_users_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile that hides protocols or moves time does not change what is read."""
    (tmp_path / "disabled_protos").write_text("tcp\n")
    monkeypatch.setenv("WIRESHARK_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert ["tcp", "tcp"] == [packet.transport for packet in recording(DATA / "refused.pcap").packets]


def test_read_of_a_name_that_is_no_text_keeps_the_packet(tmp_path: Path) -> None:
    """tshark may print bytes of a packet that are no UTF-8; the packet is there all the same."""
    file = tmp_path / "nfs.pcap"
    content = (DATA / "nfs.pcap").read_bytes()
    file.write_bytes(content.replace(b"share-tok7f3a", b"share-tok7f3\xc0"))
    assert len(packets("nfs.pcap")) == len(recording(file).packets)


def test_read_of_a_small_capture_that_ends_in_half_a_record() -> None:
    """A SYN and its RST are read as they are: from half a record tshark would guess another kind of pcap."""
    cut = recording(DATA / "refused.cut")
    assert cut.cut
    assert [("SYN",), ("RST", "ACK")] == [packet.flags for packet in cut.packets]
