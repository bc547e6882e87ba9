"""The verbs of one seat, as they are typed, without a host."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import flow
from sharklab.cli.flow import Run
from sharklab.cli.options import Options
from sharklab.cli.verbs import seat
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError, MachineryError
from sharklab.hosts import host_login, playbook
from sharklab.hosts.providers.cluster import course
from sharklab.lab import seat as lab_seat
from tests.support import report_run, report_sample
from tests.support.command import refusal, run, tell
from tests.support.errors import error_of
from tests.support.labs import start
from tests.support.programs import script

pytestmark = pytest.mark.usefixtures("mylab")


def statuses(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[str, str]]:
    """Return lab and student of each seat that `status` shows."""
    return [(each["lab"], each["student"]) for each in tell(capsys, "status", *words)["seats"]]


def test_status_takes_a_lab_and_a_student(capsys: pytest.CaptureFixture[str]) -> None:
    """All seats, those of a lab by name or folder, those of a student; an unknown lab is an error."""
    start("./mylab", "alice")
    start("./mylab", "bob")
    both = [("mylab", "alice"), ("mylab", "bob")]
    assert [both, both, both] == [statuses(capsys, *words) for words in ((), ("mylab",), ("./mylab",))]
    assert both[1:] == statuses(capsys, "--student", "bob") == statuses(capsys, "mylab", "--student", "bob")
    assert [] == statuses(capsys, "tp4")
    error = refusal(InputError, "status", "tp5")
    assert ("there is no lab named {name!r}", "tp5", "tp4") == (
        error.message_id,
        error.values["name"],
        error.values["near"],
    )


@pytest.mark.parametrize("lab", ["./mylab", "mylab"])
def test_seat_is_found_by_folder_or_name(lab: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The verbs of a seat that is up take the lab's folder, or its name as `status` shows it."""
    start("./mylab")
    missing = refusal(MachineryError, "report", lab, "--student", "alice")
    assert "{student} has no run of {lab} yet" == missing.message_id
    assert GOOD == run("brief", lab, "--student", "alice")
    assert "# mylab of alice" == capsys.readouterr().out.strip()
    moon = refusal(InputError, "shell", lab, "moon", "--student", "alice")
    assert ("{lab} has no host {host!r}", "moon") == (moon.message_id, moon.values["host"])
    assert GOOD == run("down", lab, "--student", "alice")
    assert not state.seat_folder("mylab", "alice").exists()


def test_brief_warns_of_the_values_of_another_seat(capsys: pytest.CaptureFixture[str]) -> None:
    """A seat that is not up, one of several, and one that the instructor did not make."""

    def warned(student: str) -> str:
        assert GOOD == run("brief", "./mylab", "--student", student)
        return capsys.readouterr().err

    assert "sharklab up mylab --student alice" in warned("alice")
    start("./mylab", "alice")
    assert "" == warned("alice")
    assert "alice" in warned("bob")
    seat_file = lab_seat.find_imported_file("mylab", "ada")
    seat_file.parent.mkdir(parents=True)
    seat_file.write_text("{}")
    assert ("ada",) == lab_seat.owners("mylab")
    assert "ada" in warned("alice")


def test_report_refuses_a_run_that_was_changed() -> None:
    """`sharklab report` stops with the one message."""
    folder = state.runs_folder("tp4", "alice") / "20261120T231802Z-5ef1"
    report_run.seal(folder, ["ssh"])
    report_run.TAMPERINGS[0][0](folder)
    error = refusal(MachineryError, "report", "tp4", "--student", "alice")
    assert report_run.TAMPERED == error.message_id


def test_report_of_a_run_tells_what_was_achieved(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The exit code is that of a run; a script gets the files and each exercise."""
    folder = state.runs_folder("tp4", "alice") / "20261120T231802Z-5ef1"
    plan = report_run.seal(folder, ["ssh"])
    verdicts = report_sample.verdicts()[:1]
    done = Run(folder, plan, verdicts, (folder / "report.en.html",))
    monkeypatch.setattr(flow, "write_reports", lambda *_: done)
    told = tell(capsys, "report", "tp4", "--student", "alice")
    assert (NOT_ACHIEVED, False) == (told["code"], told["achieved"])
    assert {verdict.exercise: verdict.achieved for verdict in verdicts} == told["exercises"]
    assert [str(folder / "report.en.html")] == told["reports"]


@pytest.mark.parametrize(("name", "start_of_file"), [("brief.md", "# mylab"), ("brief.html", "<!")])
def test_brief_writes_a_file_of_the_kind_of_its_name(name: str, start_of_file: str) -> None:
    """Markdown or a page; another name is refused."""
    assert GOOD == run("brief", "mylab/", "--student", "alice", "-o", name)
    assert Path(name).read_text().lstrip().startswith(start_of_file)
    error = refusal(InputError, "brief", "./mylab", "--student", "alice", "-o", "brief.pdf")
    assert ("the brief is an .md or .html file", "--out brief.pdf") == (error.message_id, error.place)


def test_shell_becomes_ssh_as_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a seat that is up there is no shell; the command of the user goes through unchanged."""
    error = refusal(MachineryError, "shell", "./mylab", "client", "--student", "alice")
    assert "seat {lab}/{student} is not up" == error.message_id
    config = state.seat_folder("mylab", "alice") / "ssh" / "config"
    config.parent.mkdir(parents=True)
    config.touch()
    called: list[Sequence[str]] = []
    monkeypatch.setattr(os, "execvp", lambda program, argv: called.append(argv))
    run("shell", "./mylab", "client", "--student", "alice", "--user", "root", "--", "ls", "-l")
    [argv] = called
    assert ("ssh", str(config), "client") == (argv[0], argv[argv.index("-F") + 1], argv[-2])
    assert argv[-1].endswith("runuser --login root --command 'ls -l'")


def test_down_needs_a_lab_or_all() -> None:
    """Neither and both are refused."""
    for words in ((), ("tp4", "--all")):
        assert "name a lab, or give --all" == refusal(InputError, "down", *words).message_id


def test_down_all_removes_each_seat(capsys: pytest.CaptureFixture[str]) -> None:
    """Of every lab and student; without a seat it says so and is content."""
    for student in ("alice", "bob"):
        start("./mylab", student)
    assert GOOD == run("down", "--all")
    assert [] == statuses(capsys)
    assert GOOD == run("down", "--all")


def test_up_takes_an_inventory_for_machines_that_exist_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """--inventory without --provider existing is a mistake."""
    monkeypatch.setattr("sharklab.cli.setup.prepare", lambda *_: None)
    monkeypatch.setattr(playbook, "get_ready", lambda: None)
    error = refusal(InputError, "up", "./mylab", "--student", "alice", "--inventory", "hosts.yml")
    assert ("works only with --provider existing", "--inventory") == (error.message_id, error.place)


@pytest.mark.parametrize(("answer", "yes"), [("y\n", True), ("OUI\n", True), ("\n", False), ("no\n", False)])
def test_consent_is_a_clear_yes(answer: str, yes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is no; --yes asks nobody."""
    monkeypatch.setattr("sys.stdin", StringIO(answer))
    assert yes == seat.ask_consent(Options(yes=False, language="en"), [])
    monkeypatch.setattr("sys.stdin", None)
    assert seat.ask_consent(Options(yes=True, language="en"), [])


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
        ["sh", "-c", host_login.command("student", command)],
        input=b"\0\xff\n\r",
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    assert printed == done.stdout


@pytest.mark.parametrize("terminals", [(True, True), (True, False), (False, True)])
def test_shell_has_a_terminal_only_between_terminals(
    terminals: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal between them would change the bytes of a pipe."""
    started: list[str] = []
    config = state.seat_folder("mylab", "alice") / "ssh" / "config"
    state.folder(config.parent)
    config.touch()
    for stream, is_terminal in zip((sys.stdin, sys.stdout), terminals, strict=True):
        monkeypatch.setattr(stream, "isatty", lambda found=is_terminal: found, raising=False)
    monkeypatch.setattr(os, "execvp", lambda program, words: started.extend(words))
    seat.shell(Options(lab="./mylab", host="client", student="alice", user="student", command=["ls"]))
    assert ["ssh", "-t" if all(terminals) else "-T", "-q", "-F", str(config)] == started[:5]


def test_remote_is_kept_for_the_course_on_a_cluster() -> None:
    """With another provider it means nothing, and is refused."""
    error = error_of(InputError, seat.use_remote, Options(remote="far"), "nspawn")
    assert "--remote" == error.place and course.find_course() is None
    seat.use_remote(Options(remote=None), "nspawn")
    seat.use_remote(Options(remote="far"), "cluster")
    assert '"remote": "far"' in course.file().read_text()
