"""The lab tcpdump, as users do it, with tshark as a witness that can contradict the report.

What the lab says of each packet is held against what tshark's own fields and filters show.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import Call, misjudged

EXPLAINED = ("refused", "exchange", "s96", "nobody", "silent", "large", "unexpected", "dropped", "reset")


def tshark(file: Path, display_filter: str, *fields: str) -> list[str]:
    """Return a line of `fields` for each packet that the filter shows."""
    options = [word for name in fields or ("frame.number",) for word in ("-e", name)]
    command = ["tshark", "-n", "-r", str(file), "-Y", display_filter, "-T", "fields", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture(scope="module")
def folder(sharklab: Call, student: Callable[[str], str]) -> Iterator[Path]:
    """Run the lab once, and remove the seat afterwards; every exercise must have come about."""
    name = student("dump")
    try:
        done = sharklab("run", "tcpdump", "--student", name, "--output", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert said["achieved"] and len(said["exercises"]) == 9
        yield Path(said["run"])
    finally:
        sharklab("down", "tcpdump", "--student", name)


def capture(folder: Path, name: str) -> Path:
    """Return the capture file of that id."""
    return folder / "hosts" / "client" / "captures" / f"{name}.pcap"


def test_refused_is_a_syn_and_a_rst(folder: Path) -> None:
    """Two packets without data, the second with the first one's number plus one."""
    file = capture(folder, "refused")
    fields = ("tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.len")
    rows = [row.split("\t") for row in tshark(file, "tcp", *fields)]
    assert ["0x0002", "0x0014"] == [row[0] for row in rows]
    assert int(rows[0][1]) + 1 == int(rows[1][2])
    assert {"0"} == {row[3] for row in rows}


def test_exchange_has_all_of_a_connection(folder: Path) -> None:
    """SYN, SYN/ACK, ACK, one PSH with the word and the token, a FIN of each side, nobody resets."""
    file = capture(folder, "exchange")
    token = json.loads((folder / "plan.json").read_text())["seat"]["token"]
    assert ["0x0002", "0x0012", "0x0010"] == tshark(file, "tcp", "tcp.flags")[:3]
    assert [str(len(f"pouet {token}\n"))] == tshark(file, f'frame contains "pouet {token}"', "tcp.len")
    assert 2 == len(set(tshark(file, "tcp.flags.fin == 1", "ip.src")))
    assert [] == tshark(file, "tcp.flags.reset == 1")


FIELDS = (
    *("frame.time_epoch", "frame.len", "frame.cap_len", "ip.src", "tcp.seq_raw", "tcp.flags"),
    *("tcp.flags.str", "tcp.len", "tcp.options.mss_val"),
)


@cache
def rows(file: Path) -> list[list[str]]:
    """Return the comment of each packet and the values of `FIELDS`; tshark reads a file once."""
    return [line.split("\t") for line in tshark(file, "frame", "frame.comment", *FIELDS)]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", EXPLAINED)
def test_copy_has_a_comment_on_each_packet(folder: Path, name: str, language: str) -> None:
    """The annotated copy holds the packets of the capture, each with a comment."""
    copy, file = folder / "captures" / f"{name}.annotated.{language}.pcapng", capture(folder, name)
    assert [values for _, *values in rows(file)] == [values for _, *values in rows(copy)]
    assert rows(copy) and all(comment for comment, *_ in rows(copy))


@pytest.mark.parametrize("name", ["refused", "exchange", "s96", "silent", "large", "unexpected", "dropped"])
def test_comments_have_the_numbers_of_tshark(folder: Path, name: str) -> None:
    """Each comment begins with the packet's flags and has its absolute numbers, options and length."""
    segments = [row for row in rows(folder / "captures" / f"{name}.annotated.en.pcapng") if row[6]]
    assert segments
    for comment, *_, seq, _, flags, length, mss in segments:
        names = {"S": "SYN", "F": "FIN", "R": "RST", "P": "PSH", "A": "ACK"}
        told = set(comment.partition(":")[0].split(", "))
        assert {names[letter] for letter in flags if letter in names} == told
        assert re.search(rf"seq (\d+ \({seq}\)|{seq}:)", comment)
        assert f"length {length}" in comment or "RST" in told
        assert not mss or f"MSS {mss}" in comment


def test_snapshot_loses_the_token(folder: Path) -> None:
    """The same packets twice: at most 96 bytes of each in one, all in the other."""
    whole, cut = capture(folder, "s0"), capture(folder, "s96")
    token = json.loads((folder / "plan.json").read_text())["seat"]["token"]
    assert tshark(whole, "tcp", "tcp.seq_raw", "tcp.flags") == tshark(cut, "tcp", "tcp.seq_raw", "tcp.flags")
    assert tshark(whole, f'frame contains "{token}"') and not tshark(cut, f'frame contains "{token}"')
    assert tshark(cut, "frame.cap_len < frame.len") and not tshark(cut, "frame.cap_len > 96")


def test_faults_are_what_they_are_said_to_be(folder: Path) -> None:
    """Five faults, by tshark's filters alone."""
    assert tshark(capture(folder, "nobody"), "arp.opcode == 1")
    assert not tshark(capture(folder, "nobody"), "arp.opcode == 2 || tcp")
    assert 1 == len(set(tshark(capture(folder, "silent"), "tcp.len > 0", "ip.src")))
    small, large = capture(folder, "small"), capture(folder, "large")
    assert 20 == len(tshark(small, "tcp.flags == 0x002")) and 1 == len(tshark(large, "tcp.flags == 0x002"))
    assert len(tshark(small, "frame")) > len(tshark(large, "frame"))
    assert tshark(capture(folder, "unexpected"), "http.response.code == 200")
    assert tshark(capture(folder, "dropped"), "tcp.analysis.retransmission")
    assert not tshark(capture(folder, "dropped"), "tcp.flags != 0x002")
    assert ["0x0002", "0x0014"] == tshark(capture(folder, "reset"), "tcp", "tcp.flags")


def test_grading_is_proved(folder: Path) -> None:
    """What is right earns every point, nothing earns none, and every single fault loses just its own."""
    assert [] == misjudged(folder)
