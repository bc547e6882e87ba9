"""Role common: the student's account, logins between hosts, tools, locale and time zone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from testinfra.host import Host

from sharklab import paths
from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]
HOSTS = ("server", "client", "desktop")


@pytest.mark.parametrize("name", HOSTS)
def test_student_becomes_root_without_a_password(host_of: HostOf, name: str) -> None:
    """The student's sudo asks nothing and warns of nothing."""
    done = host_of(name).run("runuser -u student -- sudo --non-interactive id --user")
    assert (0, "0", "") == (done.rc, done.stdout.strip(), done.stderr.strip())


@pytest.mark.parametrize("name", HOSTS)
def test_student_has_no_password(host_of: HostOf, name: str) -> None:
    """There is no password of the student to guess."""
    assert "*" == host_of(name).user("student").password


@pytest.mark.parametrize("name", HOSTS)
def test_tools_of_the_course_are_there(host_of: HostOf, name: str) -> None:
    """Every tool that an exercise or a student calls is installed."""
    tools = ("tcpdump", "dig", "host", "nc", "curl", "lsof", "ip", "ss", "ping", "less", "ssh")
    host = host_of(name)
    assert [] == [tool for tool in tools if not host.exists(tool)]


@pytest.mark.parametrize("name", HOSTS)
def test_host_keeps_universal_time(host_of: HostOf, name: str) -> None:
    """The time zone is the one that the role's default names."""
    assert "UTC" == host_of(name).check_output("date +%Z")


@pytest.mark.parametrize("target", ["server", "client"])
def test_student_logs_in_from_desktop_without_a_prompt(host_of: HostOf, plan: Plan, target: str) -> None:
    """By its short name, full name and address, with the host's key known beforehand."""
    place = plan.seat.address(target, "lan")
    names = (target, f"{target}.{plan.seat.domain}", str(place.ipv4.ip))
    strict = "-o BatchMode=yes -o StrictHostKeyChecking=yes"
    found = [
        host_of("desktop").check_output(f"runuser -l student -c 'ssh {strict} {name} hostname'")
        for name in names
    ]
    assert [target] * len(names) == found


def test_play_for_one_host_asks_the_others_for_their_keys(plan: Plan, tmp_path: Path) -> None:
    """With --limit, no play has learned facts of the hosts that the user logs in to."""
    play = tmp_path / "play.yml"
    play.write_text("[{hosts: all, gather_facts: true, roles: [{role: common}]}]")
    tool = Path(sys.executable).with_name("ansible-playbook")
    words: list[str | Path] = [tool, "-i", plan.seat.folder / "inventory.yml", "--limit", "desktop", play]
    done = subprocess.run(words, cwd=paths.ROOT, capture_output=True, text=True, timeout=120)
    assert (0, True) == (done.returncode, "desktop" in done.stdout), done.stdout


@pytest.mark.parametrize("name", HOSTS)
def test_no_unit_failed(host_of: HostOf, name: str) -> None:
    """systemd has no failed unit on any host."""
    assert "" == host_of(name).check_output("systemctl list-units --failed --plain --no-legend")
