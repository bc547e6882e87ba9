"""Role nfs_client before it changes a host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sharklab import paths


def test_controller_without_mfusepy_says_how_to_get_it(tmp_path: Path) -> None:
    """The host gets the controller's, so the message names the controller's Python."""
    include = {"ansible.builtin.include_role": {"name": "nfs_client", "tasks_from": "fuse.yml"}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [include]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    tool = Path(sys.executable).with_name("ansible-playbook")
    options = ["-c", "local", "-i", "localhost,", "--check", "-e", "__nfs_client_find_mfusepy=echo"]
    done = subprocess.run(
        [tool, *options, tmp_path / "play.yml"], cwd=paths.ROOT, capture_output=True, text=True, timeout=120
    )
    assert (2, True) == (done.returncode, "-m pip install mfusepy" in done.stdout), done.stdout
