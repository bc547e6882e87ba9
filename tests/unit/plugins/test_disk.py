"""The connection `disk`: the file system of a host that has not booted; here it is this computer's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sharklab import paths

PLAYBOOK = """
- hosts: all
  gather_facts: false
  strategy: sharklab.lab.one_process
  tasks:
    - name: Write
      sharklab.lab.files:
        files: [{path: "{{ folder }}/written", content: "one\\n", mode: "0600"}]
        then: [sh, -c, "echo $SYSTEMD_OFFLINE > {{ folder }}/then"]
    - {name: Ask, ansible.builtin.raw: "echo $SYSTEMD_OFFLINE; exit 3", ignore_errors: true, register: asked}
    - {name: Copy, ansible.builtin.copy: {src: play.yml, dest: "{{ folder }}/copied", mode: "0644"}}
    - {name: Fetch, ansible.builtin.fetch: {src: "{{ folder }}/written", dest: fetched, flat: true}}
    - name: Note
      ansible.builtin.copy: {content: "{{ asked | to_json }}", dest: "{{ folder }}/asked", mode: "0644"}
"""


def play(folder: Path, disk: str) -> subprocess.CompletedProcess[str]:
    """Run the playbook on a host whose disk is mounted at `disk`."""
    (folder / "play.yml").write_text(PLAYBOOK)
    host = {"ansible_connection": "sharklab.lab.disk", "lab_disk": disk, "folder": str(folder)}
    host["ansible_python_interpreter"] = "/usr/bin/python3"
    (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": {"alone": host}}}))
    return subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory.json", "play.yml"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_tasks_find_files_and_no_systemd(tmp_path: Path) -> None:
    """Files are written, copied and fetched there; a command knows that no systemd runs, and may fail."""
    done = play(tmp_path, "/")
    assert 0 == done.returncode, done.stdout
    assert ("one\n", "1\n") == ((tmp_path / "written").read_text(), (tmp_path / "then").read_text())
    assert (tmp_path / "copied").read_text() == PLAYBOOK and (tmp_path / "fetched").read_text() == "one\n"
    asked = json.loads((tmp_path / "asked").read_text())
    assert (3, "1") == (asked["rc"], asked["stdout"].strip())


def test_folder_without_a_system_is_refused(tmp_path: Path) -> None:
    """It is no root file system, or not mounted: nothing is written beside it."""
    done = play(tmp_path, str(tmp_path))
    assert "no root file system is mounted" in done.stdout + done.stderr
    assert 4 == done.returncode and not (tmp_path / "written").exists()
