"""A student's login on the server: what the door is told, and what follows from its answer."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts.door import protocol
from sharklab.hosts.ssh_gateway.inside import login

MENU = {
    "title": "Hosts:",
    "question": "Number:",
    "default": 1,
    "choices": [{"lab": "tp4", "host": name, "text": name} for name in ("server", "desktop")],
}
ORDER = {
    "lab": "tp4",
    "host": "client",
    "key": "secret",
    "known": "client k",
    "command": "id",
    "terminal": True,
}


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("1\n", "server"),
        ("2\n", "desktop"),
        ("\n", "desktop"),
        ("7\nx\n1\n", "server"),
        ("", ""),
        ("0\n0\n0\n", ""),
    ],
)
def test_a_choice_in_the_menu(monkeypatch: pytest.MonkeyPatch, typed: str, chosen: str) -> None:
    """Enter takes the usual host; after three wrong answers, and at the end of input, nothing is chosen."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert (["tp4", chosen] if chosen else []) == login.choose(MENU)


def test_a_menu_without_a_usual_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter chooses nothing."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n\n"))
    assert [] == login.choose({**MENU, "default": -1})


def test_the_request_is_what_sshd_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name, the command, the address and the language."""
    for name, value in {
        "USER": "alice+client",
        "SSH_ORIGINAL_COMMAND": "ls -l",
        "SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 2222",
        "LANG": "fr_FR.UTF-8",
        "LC_ALL": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    told = login.request()
    assert ("alice+client", "ls -l", "192.0.2.7", "fr_FR.UTF-8") == tuple(
        told[key] for key in ("name", "command", "from", "language")
    )


def test_ssh_gets_the_key_in_a_file_of_this_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And never on its command line."""
    monkeypatch.setattr(login, "TEMPORARY", tmp_path)
    words = login.ssh(ORDER)
    assert ["-t", "root@client", "id"] == [words[3], *words[-2:]]
    assert not any("secret" in word for word in words)
    key = next(Path(word.partition("=")[2]) for word in words if word.startswith("IdentityFile="))
    assert ("secret", 0o600, 0o700) == (
        key.read_text(),
        key.stat().st_mode & 0o777,
        key.parent.stat().st_mode & 0o777,
    )
    login.ssh({**ORDER, "key": "new"})
    assert "new" == key.read_text()


def test_a_notice_comes_before_the_host(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """On standard error: the output is that of the host."""
    monkeypatch.setattr(login, "TEMPORARY", tmp_path)
    monkeypatch.setattr(login, "pump", lambda words: 0)
    login.follow({**ORDER, "notice": "the disk is full", "stream": True})
    assert ("", "the disk is full\n") == tuple(capsys.readouterr())


@pytest.mark.parametrize(
    ("order", "code"),
    [({"error": "no"}, login.FAILED), ({"say": "receipt"}, 0), ({"say": "no", "code": 3}, 3)],
)
def test_a_sentence_is_printed(capsys: pytest.CaptureFixture[str], order: dict[str, Any], code: int) -> None:
    """An error on standard error."""
    assert code == login.follow(order)
    printed = capsys.readouterr()
    assert order.get("error", "") == printed.err.strip() and order.get("say", "") == printed.out.strip()


def test_a_stream_ends_when_nobody_reads(tmp_path: Path) -> None:
    """A capture that sees no packet would otherwise stay for ever; its input is open until then."""
    program = (
        "import sys; from sharklab.hosts.ssh_gateway.inside import login; sys.exit(login.pump(sys.argv[1:]))"
    )
    stream = f"echo up; read word; [ -e {tmp_path}/closed ] && exit 5; exit 6"
    with subprocess.Popen(
        [sys.executable, "-c", program, "sh", "-c", stream],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as running:
        assert running.stdout and b"up\n" == running.stdout.readline()
        (tmp_path / "closed").touch()
        running.stdout.close()
        assert 5 == running.wait(60)


def test_a_submission_goes_to_the_door_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, whatever it came from: the door never waits. Of one that is too large, a part is enough."""
    reader, writer = os.pipe()
    os.write(writer, b"bundle")
    os.close(writer)
    handle = login.spool(reader)
    assert b"bundle" == os.read(handle, 100) and stat.S_ISREG(os.fstat(handle).st_mode)
    os.close(handle)
    monkeypatch.setattr(login, "LARGEST", 3)
    with Path("/dev/zero").open("rb") as endless:
        handle = login.spool(endless.fileno())
    assert 3 == os.fstat(handle).st_size
    os.close(handle)
    os.close(reader)


def test_without_a_door_a_student_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence."""

    def fail(*words: Any) -> Any:
        raise protocol.BrokenTalk("gone")

    monkeypatch.setattr(login, "has_too_many", lambda: False)
    monkeypatch.setattr(protocol, "ask", fail)
    assert login.FAILED == login.main()
    assert capsys.readouterr().err.startswith("sharklab: ")


@pytest.mark.parametrize(("method", "expected"), [("password\n", True), ("publickey ssh-rsa A\n", False)])
def test_the_way_of_the_login_is_what_sshd_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, method: str, expected: bool
) -> None:
    """In a file (sshd_config(5), ExposeAuthInfo); without one it is no password."""
    (tmp_path / "info").write_text(method)
    monkeypatch.setenv("SSH_USER_AUTH", str(tmp_path / "info"))
    assert expected is login.request()["password"]
    monkeypatch.delenv("SSH_USER_AUTH")
    assert login.request()["password"] is False


def test_a_key_is_asked_for_and_handed_to_the_door(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line of it."""
    asked: list[dict[str, Any]] = []

    def answer(path: str, request: dict[str, Any], handles: tuple[int, ...], patience: float) -> Any:
        asked.append(request)
        return ({"say": "stored"} if "key" in request else {"key_question": "Paste:"}), []

    monkeypatch.setattr(login, "has_too_many", lambda: False)
    monkeypatch.setattr(protocol, "ask", answer)
    monkeypatch.setattr(sys, "stdin", io.StringIO("ssh-ed25519 A\nmore\n"))
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "key")
    assert 0 == login.main()
    assert "ssh-ed25519 A\n" == asked[-1]["key"]
    assert ("stored\n", "Paste:\n") == tuple(capsys.readouterr())


def test_the_work_on_the_hosts_needs_no_file() -> None:
    """So nothing is read from the student's terminal."""
    asked = {"submit tp4": True, "submit tp4 --from-hosts": False, "submitted": False, "": False}
    assert asked == {command: login.sends_file(command) for command in asked}


def test_a_student_has_no_processes_without_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All students share the memory of the jail: whoever opens logins without end opens no more."""
    for number in range(login.MOST_PROCESSES):
        (tmp_path / str(number)).mkdir()
    (tmp_path / "self").mkdir()
    assert not login.has_too_many(tmp_path)
    (tmp_path / "1000").mkdir()
    assert login.has_too_many(tmp_path)
    monkeypatch.setattr(login, "has_too_many", lambda: True)
    monkeypatch.setattr(login, "ask", lambda *words: pytest.fail("the door was asked"))
    assert login.FAILED == login.main()


def test_one_submission_of_a_student_is_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The next login waits until the one that sends has ended."""
    monkeypatch.setattr(login, "TEMPORARY", tmp_path)
    program = f"""
import sys
from pathlib import Path
from sharklab.hosts.ssh_gateway.inside import login
login.TEMPORARY = Path({str(tmp_path)!r})
print("begun", flush=True)
login.send_file("submit tp4")
print("sent", flush=True)
sys.stdin.readline()
"""
    words = [sys.executable, "-c", program]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as first, subprocess.Popen(words, **pipes) as second:
        for each in (first, second):
            assert each.stdin
            each.stdin.close()
        for each in (first, second):
            assert each.stdout and "begun\nsent\n" == each.stdout.read()
    login.wait_for_turn()
    with subprocess.Popen(words, **pipes) as third:
        assert third.stdout and "begun\n" == third.stdout.readline()
        third.kill()
        assert "" == third.stdout.read()
