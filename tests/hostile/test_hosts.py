"""A host whose student has replaced its Python: the playbook takes no orders of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sharklab import paths
from tests.support.programs import script

FILES = "sharklab-files: "
"""The start of the answer of the action `files`."""


def play(place: Path, *tasks: dict[str, Any]) -> str:
    """Run tasks on a host that is reached by a stand-in for ssh; return all that was printed.

    The host has the Python `python` in `place`. Its shell is that of this computer.
    """
    script(place, "ssh", 'for word in "$@"; do :; done', 'exec sh -c "$word"')
    host = {
        "ansible_host": "server",
        "ansible_ssh_executable": str(place / "ssh"),
        "ansible_python_interpreter": str(place / "python"),
    }
    (place / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"server": host}}}))
    own = {"hosts": "all", "gather_facts": False, "tasks": list(tasks)}
    (place / "play.yml").write_text(json.dumps([own]))
    program = Path(sys.executable).parent / "ansible-playbook"
    words = [str(program), "-i", str(place / "inventory.yml"), str(place / "play.yml")]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(words, cwd=paths.ROOT, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_host_does_not_lead_the_controller_elsewhere(tmp_path: Path) -> None:
    """`add_host` in its answer would give it another ssh: a program of its own choice, on this computer."""
    script(tmp_path, "own", f"touch {tmp_path}/obeyed")
    order = {"host_name": "server", "host_vars": {"ansible_ssh_executable": str(tmp_path / "own")}}
    (tmp_path / "answer").write_text(FILES + json.dumps({"changed": True, "add_host": order}) + "\n")
    script(tmp_path, "python", f"cat >/dev/null; cat {tmp_path}/answer")
    said = play(tmp_path, {"sharklab.lab.files": {}}, {"ansible.builtin.raw": f"touch {tmp_path}/next"})
    assert (tmp_path / "next").exists(), said
    assert not (tmp_path / "obeyed").exists()


def test_a_host_does_not_choose_a_file_of_the_controller(tmp_path: Path) -> None:
    """A fact is a part of the name of a file of variables, whose templates are filled in on this computer."""
    run = f"{{{{ lookup('pipe', 'touch {tmp_path}/obeyed') }}}}"
    other = tmp_path / "other" / "own.yml"
    other.parent.mkdir()
    other.write_text(json.dumps({"__routing_packages": [run]}))
    answer = {"changed": False, "ansible_facts": {"os_family": str(other.with_suffix(""))}}
    (tmp_path / "answer").write_text(json.dumps(answer) + "\n")
    script(tmp_path, "python", f"cat >/dev/null; cat {tmp_path}/answer")
    load = {"name": "sharklab.lab.routing", "tasks_from": "bake", "rolespec_validate": False}
    said = play(tmp_path, {"ansible.builtin.setup": {}}, {"ansible.builtin.include_role": load})
    assert "Load the variables" in said, said
    assert not (tmp_path / "obeyed").exists()
