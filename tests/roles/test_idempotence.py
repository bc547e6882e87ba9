"""Every role of the labs, applied again to a seat that is set up, changes nothing; nor does --check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sharklab import paths
from sharklab.lab import load
from sharklab.lab.model import Plan

STRATEGY = "sharklab.lab.one_process"
"""A process for each task would cost a third more: a second run has nothing to wait for."""


def play(plan: Plan, inventory: Path, *options: str) -> dict[str, dict[str, int]]:
    """Run site.yml by plain ansible-playbook on the seat and return the recap per host."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        str(inventory),
        str(paths.PLAYBOOKS / "site.yml"),
        *options,
    ]
    done = subprocess.run(
        command,
        cwd=paths.ROOT,
        env={**os.environ, "LC_ALL": "C.UTF-8", "ANSIBLE_STRATEGY": STRATEGY},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    recap = re.findall(r"^(\w+)\s+: (ok=.*)$", done.stdout, re.MULTILINE)
    return {host: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in recap}


LABS = {"tp4": "plan", "reachability": "reachability", "ports": "ports"}
"""The labs, and the fixture with the plan of a seat that is set up; none tries what an earlier one did."""


def repeated(lab: str) -> set[tuple[str, str]]:
    """Return role and host where a lab applies a role that an earlier lab, or an earlier host, has tried.

    Two hosts of a lab try the same of a role if they set the same variables of it.
    """
    before = list(LABS)[: list(LABS).index(lab)]
    tried = {role for name in before for host in load.read_named(name).hosts for role in host.roles}
    tried.discard("mail_server")  # in ports it offers other protocols than in tp4
    found, seen = set(), set()
    for host in load.read_named(lab).hosts:
        for role in host.roles:
            key = (role, frozenset(name for name in host.vars if name.startswith(f"{role}_")))
            if role in tried or key in seen:
                found.add((role, host.name))
            seen.add(key)
    return found


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["apply", "check"])
@pytest.mark.parametrize("lab", LABS)
def test_site_changes_nothing_the_second_time(
    request: pytest.FixtureRequest, tmp_path: Path, lab: str, options: tuple[str, ...]
) -> None:
    """A second run of the lab's roles, for real and in check mode, finds everything as it should be."""
    plan: Plan = request.getfixturevalue(LABS[lab])
    inventory = json.loads((plan.seat.folder / "inventory.yml").read_text())
    for role, host in repeated(lab):
        del inventory["all"]["children"][f"role_{role}"]["hosts"][host]
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    recap = play(plan, tmp_path / "inventory.yml", *options)
    assert {host.name: 0 for host in plan.hosts} == {name: host["changed"] for name, host in recap.items()}
    assert {0} == {host["failed"] + host["unreachable"] for host in recap.values()}
