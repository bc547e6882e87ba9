"""The verbs of a seat, called with the arguments that the command line gives them."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli.verbs import seat
from sharklab.errors import MachineryError
from tests.support import report_run
from tests.support.programs import script
from tests.support.student_hosts import StudentHosts


def test_report_refuses_a_run_that_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sharklab report` stops with the one message."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    folder = state.runs_folder("tp4", "alice") / "20261120T231802Z-5ef1"
    report_run.seal(folder, ["ssh"])
    report_run.TAMPERINGS[0][0](folder)
    args = Namespace(lab="tp4", student="alice", run=None, folder=None, language="en")
    with pytest.raises(MachineryError) as caught:
        seat.report(args)
    assert report_run.TAMPERED == caught.value.message_id


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        (["printf", "%s.", "a  b", "$HOME", "-x", "*"], b"a  b.$HOME.-x.*."),
        (["echo $((1 + 1)) | tr 2 3"], b"3\n"),
        (["head", "-c", "3"], b"\0\xff\n"),
    ],
)
def test_shell_keeps_words_and_bytes(command: list[str], printed: bytes, tmp_path: Path) -> None:
    """Several words are one command; a single one is a line for the shell. Bytes pass as they are.

    ssh gives the command line to a shell, here too; runuser(1) gives one to the user's.
    """
    script(tmp_path, "runuser", 'shift 3; exec sh -c "$1"')
    script(tmp_path, "sudo", 'exec "$@"')
    done = subprocess.run(
        ["sh", "-c", seat._login_command("student", command)],
        input=b"\0\xff\n\r",
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    assert printed == done.stdout


@pytest.mark.parametrize("terminals", [(True, True), (True, False), (False, True)])
def test_shell_has_a_terminal_only_between_terminals(
    terminals: tuple[bool, bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal between them would change the bytes of a pipe."""
    started: list[str] = []
    hosts = StudentHosts(tmp_path, monkeypatch)
    for stream, is_terminal in zip((sys.stdin, sys.stdout), terminals, strict=True):
        monkeypatch.setattr(stream, "isatty", lambda found=is_terminal: found, raising=False)
    monkeypatch.setattr(os, "execvp", lambda program, words: started.extend(words))
    seat.shell(Namespace(lab="./mylab", host="client", student="alice", user="student", command=["ls"]))
    assert ["ssh", "-t" if all(terminals) else "-T", "-q", "-F"] == started[:4]
    assert str(hosts.plan.seat.folder / "ssh" / "config") == started[4]
