"""The key pair of a user who logs in to other hosts: whole, also after a set-up that was killed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import jinja2
import pytest
import yaml

from sharklab import paths

KILLED = """#!/bin/sh
while [ "$1" != -f ]; do shift; done
echo half >"$2"
kill -9 $PPID
"""
"""An ssh-keygen after whose first file everything is killed."""


def script() -> str:
    """Return the command that makes the key pair, filled in."""
    task = yaml.safe_load((paths.ROLES / "common" / "tasks" / "ssh_to.yml").read_text())[0]
    engine = jinja2.Environment()  # noqa: S701 (shell)
    engine.filters["quote"] = str
    return engine.from_string(task["ansible.builtin.raw"]).render(common_user="student")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with .ssh, and a runuser that goes there."""
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    write(tmp_path / "bin" / "runuser", f'#!/bin/sh\ncd {tmp_path}/home && exec sh -c "$4"\n')
    return tmp_path / "home"


def write(path: Path, text: str) -> None:
    """Write a program."""
    path.write_text(text)
    path.chmod(0o755)


def run(home: Path) -> list[str]:
    """Run the command, and return the lines that it prints."""
    own = f"{home.parent}/bin:{os.environ['PATH']}"
    words = ["sh", "-c", script()]
    done = subprocess.run(words, env={**os.environ, "PATH": own}, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_a_user_gets_a_key_pair_once(home: Path) -> None:
    """And the task tells whether it is new."""
    word, key = run(home)
    assert "new" == word and key.startswith("ssh-ed25519 ")
    assert [key] == run(home)
    assert {"id_ed25519", "id_ed25519.pub"} == {file.name for file in (home / ".ssh").iterdir()}
    assert 0o600 == (home / ".ssh" / "id_ed25519").stat().st_mode & 0o777


def test_a_set_up_that_was_killed_leaves_no_half_pair(home: Path) -> None:
    """The next one makes both halves."""
    write(home.parent / "bin" / "ssh-keygen", KILLED)
    assert [] == run(home)
    (home.parent / "bin" / "ssh-keygen").unlink()
    word, key = run(home)
    assert "new" == word and key.startswith("ssh-ed25519 ")


def test_a_key_without_its_public_half_is_kept(home: Path) -> None:
    """The public half follows from it."""
    _, key = run(home)
    before = shutil.copy(home / ".ssh" / "id_ed25519", home.parent)
    (home / ".ssh" / "id_ed25519.pub").unlink()
    [again] = run(home)
    assert key.split()[:2] == again.split()[:2]
    assert Path(before).read_text() == (home / ".ssh" / "id_ed25519").read_text()
