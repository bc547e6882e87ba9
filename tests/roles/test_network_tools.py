"""Role network_tools: what the lab runs is there; Firefox prints a page or its error and asks nobody else."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]


def as_student(host: Host, command: str) -> tuple[int, str]:
    """Run a command as the student and return its exit code and what it printed."""
    done = host.run(f"cd /home/student && runuser -u student -- {command}")
    return done.rc, str(done.stdout)


def test_every_tool_of_the_lab_is_there(reached: HostOf, reachability: Plan) -> None:
    """Debian has them all."""
    probes = [probe for exercise in reachability.lab.exercises for probe in exercise.probes]
    tools = sorted({probe.run[0] for probe in probes if probe.host == "client"})
    missing = [tool for tool in tools if reached("client").run(f"command -v {tool}").rc]
    assert [] == missing and "firefox-dump-dom" in tools


def test_firefox_prints_the_page(reached: HostOf, reachability: Plan) -> None:
    """The page of the seat, with exit code 0."""
    code, page = as_student(
        reached("client"), f"firefox-dump-dom http://server.{reachability.seat.domain}:8007/"
    )
    assert 0 == code and f"<title>{reachability.seat.token}</title>" in page


@pytest.mark.parametrize(
    ("port", "words"), [(31999, "establish a connection"), (31250, "connection to the server was reset")]
)
def test_firefox_prints_the_error_page(reached: HostOf, reachability: Plan, port: int, words: str) -> None:
    """Its words and its name, with exit code 1."""
    target = reachability.seat.address("target", "lan").ipv4.ip
    code, page = as_student(reached("client"), f"firefox-dump-dom http://{target}:{port}/")
    assert 1 == code and words in page


def test_firefox_leaves_nothing_behind(reached: HostOf) -> None:
    """Neither a profile nor a process."""
    host = reached("client")
    as_student(host, "firefox-dump-dom about:blank")
    assert [] == host.check_output("find /tmp -maxdepth 1 -name 'firefox-*'").split()
    assert 1 == host.run("pgrep -u student -f firefox-esr").rc


ASKED = """
import subprocess, sys
tcpdump = ["tcpdump", "-Z", "root", "-n", "-l", "-i", "lan", "udp dst port 53"]
with subprocess.Popen(tcpdump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as dump:
    while "listening" not in dump.stderr.readline():
        pass
    page = ["runuser", "-u", "student", "--", "firefox-dump-dom", sys.argv[1]]
    subprocess.run(page, cwd="/home/student", stdout=subprocess.DEVNULL, check=True)
    dump.terminate()
    print(dump.stdout.read())
"""
"""Prints what names were asked for while Firefox loaded a page."""


def test_firefox_asks_for_no_name_but_the_page(reached: HostOf, reachability: Plan) -> None:
    """No look-up leaves for the Internet, where there is none."""
    url = f"http://server.{reachability.seat.domain}:8007/"
    asked = reached("client").check_output(f"python3 -c {shlex.quote(ASKED)} {url}").splitlines()
    assert [] == [line for line in asked if line and reachability.seat.domain not in line]
    assert any(reachability.seat.domain in line for line in asked)
