"""Machines that are asked over SSH; a program stands in for ssh and runs the command on this computer."""

from __future__ import annotations

import ast
import os
import pwd
from pathlib import Path

import pytest

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts import agent
from sharklab.hosts.providers import remote
from sharklab.hosts.providers.remote import Machine
from tests.support.errors import error_of
from tests.support.programs import script

CONFIG = Path("/nowhere/config")


@pytest.fixture
def ssh(fakes: Path) -> Path:
    """Return the folder of a stand-in for ssh: `ssh -F CONFIG HOST COMMAND`."""
    script(fakes, "ssh", 'echo Welcome; shift 3; exec sh -c "$*"')
    return fakes


def machine(**values: object) -> Machine:
    """Return a machine whose user is root."""
    return Machine("server", CONFIG, **values)  # type: ignore[arg-type]


@pytest.mark.usefixtures("ssh")
def test_ask_runs_the_agent_and_returns_its_answer() -> None:
    """Lines of the login beside the answer do not matter."""
    assert {"missing": ["no-such-package"]} == machine().ask("missing", packages=["no-such-package"])


def test_ask_sends_the_modules_in_an_order_that_can_be_imported() -> None:
    """Each imports modules of the agent that come before it, and no other."""
    folder, seen = Path(agent.__file__).parent, set[str]()
    for name in remote.MODULES:
        imported: set[str] = set()
        for each in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(each, ast.ImportFrom) and (each.module or "").startswith(agent.__name__):
                own = (each.module or "").removeprefix(agent.__name__).removeprefix(".")
                imported |= {own} if own else {alias.name for alias in each.names}
        assert set() == imported - seen
        seen.add(name)


def test_ask_becomes_root_by_sudo(fakes: Path) -> None:
    """The password goes to sudo's standard input and never into a command line."""
    script(fakes, "ssh", 'shift 3; echo "$*" >>"$0.log"; exec sh -c "$*"')
    # sudo -S reads one line and leaves the rest to the program.
    script(
        fakes,
        "sudo",
        'echo "$*" >>"$0.log"; [ "$1" = -n ] || read -r line',
        'while [ "$1" != env ]; do shift; done',
        'exec "$@"',
    )
    for password in ("", "secret"):
        asked = machine(sudo=True, password=password).ask("missing", packages=[])
        assert {"missing": []} == asked
    log = (fakes / "sudo.log").read_text()
    assert ["-n", "-S"] == [line.split()[0] for line in log.splitlines() if line.startswith("-")]
    assert "secret" not in log + (fakes / "ssh.log").read_text()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["echo refused >&2; exit 255"], "host {host} cannot be reached over SSH: {said}"),
        (["echo no python >&2; exit 127"], "sharklab's program failed on host {host}: {said}"),
        (["echo Welcome"], "sharklab's program failed on host {host}: {said}"),
    ],
    ids=["unreachable", "failed", "no answer"],
)
def test_ask_tells_a_machine_from_its_program(fakes: Path, lines: list[str], message: str) -> None:
    """A machine that cannot be reached has another remedy than one on which the program fails."""
    script(fakes, "ssh", "cat >/dev/null", *lines)
    error = error_of(MachineryError, machine().ask, "missing", packages=[])
    assert (message, "server") == (error.message_id, error.values["host"])


@pytest.mark.parametrize(("code", "answers"), [(0, True), (255, False)])
def test_answers_tells_whether_ssh_gets_there(fakes: Path, code: int, answers: bool) -> None:
    """Any failure counts as no answer."""
    script(fakes, "ssh", f"exit {code}")
    assert answers == machine().answers()


def test_ask_all_has_the_first_error_in_order() -> None:
    """All machines are asked; the error is that of the first that failed."""
    machines = [Machine(name, CONFIG) for name in ("a", "b", "c")]
    assert {"a": "A", "b": "B", "c": "C"} == remote.ask_all(machines, lambda each: each.name.upper())

    def fail(each: Machine) -> None:
        if each.name != "a":
            raise MachineryError(each.name)

    assert "b" == error_of(MachineryError, remote.ask_all, machines, fail).message_id


def test_failures_have_a_line_each() -> None:
    """An answer without failed steps has none."""
    assert ["mount /x: busy"] == remote.failures({"failed": [["mount /x", "busy"]]})
    assert [] == remote.failures({})


@pytest.mark.usefixtures("ssh")
def test_copy_compares_names_of_open_files(tmp_path: Path) -> None:
    """A file is still written if a program has it open for that, by whatever name it was asked for."""
    (file := tmp_path / "a [1]*.pcap").write_bytes(b"content")
    (link := tmp_path / "link.pcap").symlink_to(file)
    home = pwd.getpwuid(os.getuid()).pw_name
    for path in (file, link):
        with file.open("ab"), (tmp_path / "to").open("wb") as target:
            error = error_of(MachineryError, machine().copy, str(path), home, target, 100, finished=True)
        assert "a program on the host still writes this file" == error.message_id
        with file.open("rb"), (tmp_path / "to").open("wb") as target:
            machine().copy(str(path), home, target, 100, finished=True)
        assert b"content" == (tmp_path / "to").read_bytes().removeprefix(b"Welcome\n")


def test_a_host_that_hangs_holds_nobody_up(
    fakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one whose program looks at a mount of a dead server: the error says so."""
    script(fakes, "ssh", "exec sleep 60")
    monkeypatch.setattr(remote, "LIMIT", 0.2)
    monkeypatch.setattr(process, "LOGIN_SECONDS", 0.2)
    sentence = "host {host} does not answer within {seconds:g} s"
    with (tmp_path / "to").open("wb") as target:
        for do in (
            lambda: machine().ask("captures"),
            lambda: machine().find_python(["python3"]),
            lambda: machine().copy("file", "root", target, 100),
        ):
            assert sentence == error_of(MachineryError, do).message_id
    assert not machine().answers()


@pytest.mark.parametrize("answer", ["[]", "7", "{", "[" * 100_000], ids=["list", "number", "cut", "deep"])
def test_ask_refuses_an_answer_of_another_form(fakes: Path, answer: str) -> None:
    """A student may have replaced the Python of a host."""
    (fakes / "answer").write_text(f"{remote.ANSWER}{answer}\n")
    script(fakes, "ssh", f"cat >/dev/null; cat {fakes}/answer")
    assert "server" == error_of(MachineryError, machine().ask, "captures").values["host"]


@pytest.mark.parametrize("words", ["yes", "exec sleep 600"])
def test_ask_ends_a_host_without_end(fakes: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """One that prints, and one that says nothing."""
    monkeypatch.setattr(remote, "LIMIT", 1.0)
    monkeypatch.setattr(process, "MOST", 1 << 20)
    script(fakes, "ssh", f"cat >/dev/null; {words}")
    assert "server" == error_of(MachineryError, machine().ask, "captures").values["host"]


def test_copy_ends_a_host_that_sends_more_than_was_asked_for(fakes: Path, tmp_path: Path) -> None:
    """The host may have another `head`: the limit is kept here."""
    script(fakes, "ssh", "exec cat /dev/zero")
    with (tmp_path / "file").open("wb") as file:
        error = error_of(MachineryError, machine().copy, "a.pcap", "student", file, 1000)
    assert "server:a.pcap" == error.place and (tmp_path / "file").stat().st_size <= 1001
