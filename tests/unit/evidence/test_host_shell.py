"""Commands on a host by testinfra; a program stands in for ssh, and runs the command on this computer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sharklab import process
from sharklab.evidence import host_shell
from tests.support import programs

CONFIG = Path("/nowhere/config")
SSH = 'while [ "$1" != host ]; do shift; done; shift'


@pytest.mark.parametrize(("user", "rights"), [(0, "as is"), (1000, "as root")])
def test_find_gives_a_host_whose_commands_run_as_root(user: int, rights: str, fakes: Path) -> None:
    """A user who is not root has sudo; a login may take its time."""
    programs.script(fakes, "id", f"echo {user}")
    programs.script(fakes, "sudo", 'RIGHTS="as root" exec "$@"')
    programs.script(fakes, "ssh", 'echo "$*" >"$0.log"', SSH, 'exec sh -c "$*"')
    shell = host_shell.find(CONFIG, "host", 60)
    assert rights == shell.run('echo "${RIGHTS:-as is}"').stdout.strip()
    words = (fakes / "ssh.log").read_text()
    assert f"-F {CONFIG}" in words and f"ConnectTimeout={process.LOGIN_SECONDS}" in words


@pytest.mark.parametrize("line", ["exit 255", "exit 1", "exec sleep 60"], ids=["no way", "no shell", "hangs"])
def test_find_ends_where_a_host_does_not(line: str, fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is off, one without a shell, and one whose login waits for a dead mount."""
    monkeypatch.setattr(process, "LOGIN_SECONDS", 1)
    programs.script(fakes, "ssh", line)
    began = time.monotonic()
    with pytest.raises(RuntimeError):
        host_shell.find(CONFIG, "host", 60)
    assert time.monotonic() < began + 50


def test_a_command_that_is_late_is_no_answer(fakes: Path) -> None:
    """Half of its output would be taken for the state of the host."""
    programs.script(fakes, "ssh", SSH, 'exec sh -c "$*"')
    programs.script(fakes, "id", "echo 0")
    shell, began = host_shell.find(CONFIG, "host", 2), time.monotonic()
    with pytest.raises(RuntimeError):
        shell.run("sleep 60 & echo half; exec sleep 60")  # the first one holds the pipes
    assert time.monotonic() < began + 50
