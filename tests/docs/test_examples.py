"""What users take as it is: the Vagrantfile with its inventory, and the workflow for a public CI."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from sharklab import paths
from sharklab.hosts import user_inventory
from sharklab.lab import load

VAGRANT = paths.ROOT / "examples" / "vagrant"
WORKFLOW = paths.ROOT / ".github" / "workflows" / "rocky.yml"


def test_vagrantfile_is_ruby() -> None:
    """Ruby, which Vagrant's configuration is written in, can read it."""
    done = subprocess.run(
        ["ruby", "-c", VAGRANT / "Vagrantfile"], capture_output=True, text=True, check=False
    )
    assert (0, "Syntax OK\n") == (done.returncode, done.stdout), done.stderr


def test_vagrantfile_has_the_machines_of_its_inventory() -> None:
    """The machines are tp4's hosts, at the addresses that the inventory says."""
    hosts = [host.name for host in load.read_named("tp4").hosts]
    machines = dict(
        re.findall(r'^  "(\w+)" => "([\d.]+)",$', (VAGRANT / "Vagrantfile").read_text(), re.MULTILINE)
    )
    found = user_inventory.read(VAGRANT / "hosts.yml", hosts)
    assert machines == {host: variables["lab_address"] for host, variables in found.items()}


def test_workflow_fits_its_schema() -> None:
    """The workflow is one as its schema (SchemaStore's, in the package check-jsonschema) wants it."""
    tool = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [tool, "--builtin-schema", "vendor.github-workflows", WORKFLOW]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout


def test_workflow_runs_scripts_that_are_there() -> None:
    """Each step's script is one for sh, and the files of ours that it names exist."""
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    scripts = [
        (step["run"], step.get("working-directory", "."))
        for job in jobs.values()
        for step in job["steps"]
        if "run" in step
    ]
    for script, folder in scripts:
        assert 0 == subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode, script
        for name in re.findall(r"(?:\.\./)*[\w./]*sharklab\b|tests/[\w/.]+", script):
            assert (paths.ROOT / folder / name).exists() or name.startswith("/"), name
