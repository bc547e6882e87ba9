"""Every role of the labs, applied again to a seat that is set up, changes nothing; nor does --check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sharklab import load, paths
from sharklab.model import Plan


def play(plan: Plan, *options: str, inventory: Path | None = None) -> dict[str, dict[str, int]]:
    """Run site.yml by plain ansible-playbook on the seat and return the recap per host."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        str(inventory or plan.seat.folder / "inventory.yml"),
        str(paths.PLAYBOOKS / "site.yml"),
        "-e",
        f"lab={plan.lab.name}",
        *options,
    ]
    done = subprocess.run(
        command, cwd=paths.ROOT, env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    recap = re.findall(r"^(\w+)\s+: (ok=.*)$", done.stdout, re.MULTILINE)
    return {host: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in recap}


TWICE = pytest.mark.parametrize("options", [(), ("--check",)], ids=["apply", "check"])


@TWICE
@pytest.mark.parametrize("lab", ["plan", "reachability"])
def test_site_changes_nothing_the_second_time(
    request: pytest.FixtureRequest, lab: str, options: tuple[str, ...]
) -> None:
    """A second run of all roles, for real and in check mode, finds everything as it should be."""
    plan: Plan = request.getfixturevalue(lab)
    check(plan, play(plan, *options))


def check(plan: Plan, recap: dict[str, dict[str, int]]) -> None:
    """Fail unless every host of the plan was reached and nothing on it changed."""
    assert {host: counts["changed"] for host, counts in recap.items()} == {
        host.name: 0 for host in plan.hosts
    }
    assert {counts["failed"] + counts["unreachable"] for counts in recap.values()} == {0}


@TWICE
def test_roles_of_ports_alone_change_nothing_the_second_time(
    ports: Plan, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """The roles that no other lab here has were applied already: a second time finds all as it should be."""
    tried = {
        role
        for lab in ("tp4", "reachability")
        for host in load.load(load.find(lab)).hosts
        for role in host.roles
    }
    tried.discard("mail_server")  # with other protocols than in tp4
    inventory = json.loads((ports.seat.folder / "inventory.yml").read_text())
    for host in inventory["all"]["hosts"].values():
        host["lab_roles"] = [role for role in host["lab_roles"] if role not in tried]
    file = tmp_path / "inventory.yml"
    file.write_text(json.dumps(inventory))
    check(ports, play(ports, *options, inventory=file))
