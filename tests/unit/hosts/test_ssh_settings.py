"""Values of an ssh_config(5), read by ssh itself."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from sharklab.hosts import ssh_settings

FOLDERS = ("plain", "a b", "a,b", "a:b", "a%hb", 'a"b', "a\\b", "a'b", "a$b")


@pytest.mark.parametrize("name", FOLDERS)
def test_ssh_takes_a_file_of_any_name(name: str, tmp_path: Path) -> None:
    """ssh expands the setting to the very path."""
    config = tmp_path / "config"
    config.write_text(f"Host *\n    ControlPath {ssh_settings.file(tmp_path / name)}\n")
    command = ["ssh", "-G", "-F", str(config), "server"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"controlpath {tmp_path / name}" in said.splitlines()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_word_of_a_command_stays_one_word(name: str) -> None:
    """The shell gets the word as it was; ssh makes one percent sign of two."""
    assert [name] == shlex.split(ssh_settings.word(name).replace("%%", "%"))
