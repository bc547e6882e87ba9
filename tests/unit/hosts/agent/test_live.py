"""The program that records on a host: its tcpdump, and the end of both."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sharklab.hosts.agent import live
from tests.support.programs import script

OWN = "not (tcp and host 192.0.2.9 and port 4242)"


@pytest.mark.parametrize(
    ("expression", "connection", "expected"),
    [
        ("udp or tcp", "192.0.2.9 4242 192.0.2.1 22", f"(udp or tcp) and {OWN}"),
        ("", "192.0.2.9 4242 192.0.2.1 22", OWN),
        ("", "fe80::1%eth0 4242 fe80::2 22", "not (tcp and host fe80::1 and port 4242)"),
        ("udp", "", "udp"),
        ("udp", "UNKNOWN 65535 UNKNOWN 65535", "udp"),
    ],
)
def test_the_connection_itself_is_not_recorded(expression: str, connection: str, expected: str) -> None:
    """Each recorded packet would make another one."""
    words = live.arguments("lan", expression, ["-s", "0"], connection)
    assert ["-w", "-", "-s", "0", "--", expected] == words[-6:]


@pytest.mark.parametrize("code", [0, 3])
def test_the_end_of_tcpdump_is_the_end(code: int, tmp_path: Path) -> None:
    """Its exit code is passed on, though the input stays open."""
    script(tmp_path, "tcpdump", "echo packets", f"exit {code}")
    with run(tmp_path) as program:
        assert (code, b"packets\n") == (program.wait(), program.stdout and program.stdout.read())


def test_the_end_of_the_input_is_the_end(tmp_path: Path) -> None:
    """Also where nobody says anything: the connection broke."""
    script(tmp_path, "tcpdump", "trap 'echo last; exit 0' TERM", "echo first", "while :; do sleep 0.05; done")
    with run(tmp_path) as program:
        assert program.stdout and program.stdin
        assert b"first\n" == program.stdout.readline()
        program.stdin.close()
        assert (b"last\n", 0) == (program.stdout.read(), program.wait())


def run(tools: Path) -> subprocess.Popen[bytes]:
    """Start the program with the tcpdump of a folder."""
    return subprocess.Popen(
        [sys.executable, "-I", live.__file__, "lan", ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
    )
