"""The report by plain Ansible: one implementation, idempotent, with a check mode."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharklab.report.render import contents, is_new
from tests.support import report_run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a run out of recorded captures."""
    folder = tmp_path_factory.mktemp("run")
    report_run.seal(folder, ["ssh"])
    return folder


def _play(run_folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Play playbooks/report.yml and return its exit code and what the last task gave."""
    environ = {
        **os.environ,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
    }
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "playbooks/report.yml",
            "-e",
            json.dumps({"run_folder": str(run_folder), "report_lang": "fr"}),
            *more,
        ],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
    )
    last = json.loads(done.stdout)["plays"][0]["tasks"][-1]
    return done.returncode, last["hosts"]["localhost"]


def test_role_writes_what_the_function_writes(run_folder: Path, tmp_path: Path) -> None:
    """In check mode nothing is written, then the report is, and a second time neither adds to it."""
    report = run_folder / "report.fr.html"
    code, result = _play(run_folder, "--check")
    assert (code, result["changed"], report.exists()) == (0, True, False)
    code, result = _play(run_folder)
    assert (code, result["changed"], result["files"][0]) == (0, True, str(report))
    code, result = _play(run_folder)
    assert (code, result["changed"]) == (0, False)
    assert "établissement de la connexion (handshake)" in report.read_text()
    assert not any(is_new(*item) for item in contents(run_folder, "fr").items())


def test_role_without_a_run_says_what_is_missing(tmp_path: Path) -> None:
    """A folder that no run left is one clear message."""
    code, result = _play(tmp_path)
    assert code == 2
    assert str(tmp_path) in result["msg"]
    assert "Traceback" not in json.dumps(result)
