"""The program that reads an inventory with Ansible's own classes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sharklab.hosts import ansible_hosts


def run(file: Path) -> subprocess.CompletedProcess[str]:
    """Run the program for an inventory."""
    argv = [sys.executable, ansible_hosts.__file__, str(file)]
    return subprocess.run(argv, capture_output=True, text=True, cwd=file.parent)


def test_hosts_with_their_variables(tmp_path: Path) -> None:
    """Those of groups too, with templates filled; variables that sharklab does not look at are left out."""
    file = tmp_path / "hosts.yml"
    variables = {"net": "192.0.2", "ansible_host": "{{ net }}.9", "lab_host": "server"}
    file.write_text(json.dumps({"all": {"hosts": {"pc17": {}}, "vars": variables}}))
    said = json.loads(run(file).stdout)
    assert {"pc17": {"ansible_host": "192.0.2.9", "lab_host": "server"}} == said["hosts"]
    assert said["pythons"]


def test_variable_without_a_value_is_named(tmp_path: Path) -> None:
    """One line: the host, the variable, and the words of Ansible."""
    file = tmp_path / "hosts.yml"
    file.write_text(json.dumps({"all": {"hosts": {"pc17": {"ansible_port": "{{ no_such }}"}}}}))
    done = run(file)
    assert (1, "") == (done.returncode, done.stdout)
    line = done.stderr.splitlines()[-1]
    assert (["pc17", "ansible_port"], True) == (line.split(": ")[:2], "no_such" in line)
