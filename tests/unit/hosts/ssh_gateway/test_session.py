"""Logins of students: which host is meant, and what runs there."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sharklab.errors import InputError
from sharklab.hosts import host_login
from sharklab.hosts.door import seats, server
from sharklab.hosts.door.server import Reply
from sharklab.hosts.providers import access
from sharklab.hosts.providers.this_computer import ThisComputer
from sharklab.hosts.ssh_gateway import logins, names, session, students
from sharklab.hosts.ssh_gateway.session import Submit
from sharklab.i18n import Translator
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support import door_seats
from tests.support.errors import error_of
from tests.unit.hosts.ssh_gateway.test_keys import ED25519

pytestmark = pytest.mark.usefixtures("own_state")
TARGETS = names.logins(
    ["alice", "bob"], {"tp4": ("server", "client", "desktop"), "tcpdump": ("server", "client")}
)


def refuse(*words: object) -> Sequence[Message]:
    """Take no submission."""
    raise AssertionError


def write_form(student: str, lab: str, words: Translator) -> str:
    """Return a short form."""
    return f"# {lab} of {student}, {words.language}"


TEXTS = {"form": write_form, "brief": write_form}


def ask(
    name: str, student: str = "alice", handles: tuple[int, ...] = (), **request: Any
) -> Mapping[str, Any]:
    """Return the answer to a login of that name."""
    login = session.handlers(lambda: TARGETS, Submit(refuse, refuse, TEXTS))["login"]
    return login(student, {"name": name, "from": "192.0.2.7", **request}, list(handles)).content


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Give Alice a seat of tp4, with its keys."""
    found = door_seats.save(monkeypatch, ("tp4", "alice"))
    for plan in found:
        access.prepare(plan)
    return found


def test_a_host_by_name(plans: list[Plan]) -> None:
    """The answer has what ssh needs, and the login is noted."""
    answer = ask("alice+client", terminal=True)
    assert ("tp4", "client", True, False) == tuple(
        answer[key] for key in ("lab", "host", "terminal", "stream")
    )
    assert "PRIVATE KEY" in answer["key"] and answer["known"].startswith("client ssh-ed25519 ")
    assert host_login.command("student", ()) == answer["command"]
    [own] = logins.read()
    assert ("alice", "tp4", "client", "192.0.2.7", "shell") == tuple(own.values())[1:]


def test_a_login_of_somebody_else_is_refused(plans: list[Plan]) -> None:
    """The kernel says who asks; the name is only a wish."""
    error_of(InputError, ask, "alice+client", student="bob")
    error_of(InputError, ask, "nobody", student="bob")
    assert seats.no_seat().message_id == error_of(InputError, ask, "bob", student="bob").message_id


def test_a_terminal_gets_a_menu(plans: list[Plan]) -> None:
    """Enter takes the desktop; a choice is a login."""
    menu = ask("alice", terminal=True)
    assert ["server", "client", "desktop", "?", ""] == [choice["host"] for choice in menu["choices"]]
    assert 2 == menu["default"]
    assert [] == logins.read()
    assert "server" == ask("alice", terminal=True, chosen=["tp4", "server"])["host"]


def test_a_command_without_a_host_is_for_the_desktop(plans: list[Plan]) -> None:
    """So are scp and sftp."""
    answer = ask("alice", command=session.SUBSYSTEM)
    assert (
        "desktop" == answer["host"] and host_login.command("student", (host_login.SFTP,)) == answer["command"]
    )
    assert ["sftp"] == [each["what"] for each in logins.read()]


def test_without_a_desktop_a_command_needs_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the logins; so does one of two labs with a desktop each."""
    for plan in door_seats.save(monkeypatch, ("tcpdump", "alice")):
        access.prepare(plan)
    refused = error_of(InputError, ask, "alice", command="ls")
    assert ["alice+tcpdump+client", "alice+tcpdump+server"] == refused.values["names"]
    assert -1 == ask("alice+tcpdump", terminal=True)["default"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("", "shell"),
        ("scp -t .", "scp"),
        ("echo secret", "command"),
        ("sharklab capture", "sharklab"),
        (" ", "command"),
    ],
)
def test_the_record_has_no_command(plans: list[Plan], command: str, kind: str) -> None:
    """A command may hold a password."""
    ask("alice+client", command=command)
    assert kind == logins.read()[0]["what"]


def test_other_commands_go_to_the_shell_of_the_host(plans: list[Plan]) -> None:
    """Word for word, also with a quote that does not close."""
    for line in ("echo 'a  b' | wc", "echo '", "sharklabs"):
        assert (host_login.command("student", (line,)), False) == session.command_on_host(
            plans[0], plans[0].hosts[0], line
        )


@pytest.mark.parametrize(
    ("line", "interface", "expression"),
    [
        ("sharklab capture", "lan", ""),
        ("sharklab capture lan --filter 'port 53'", "lan", "port 53"),
        ("sharklab capture web", "lan", None),
        ("sharklab capture web --filter tcp", "lan", "tcp"),
    ],
)
def test_a_live_capture(plans: list[Plan], line: str, interface: str, expression: str | None) -> None:
    """Of a network of the host, or of an exercise; it is a stream to the student."""
    host = next(one for one in plans[0].hosts if one.name == "desktop")
    command, stream = session.command_on_host(plans[0], host, line)
    words = shlex.split(command)
    own = {c.id: c.filter for e in plans[0].lab.exercises for c in e.captures}
    assert stream and [interface, own["web"] if expression is None else expression] == words[4:6]


@pytest.mark.parametrize(
    "line",
    [
        "sharklab",
        "sharklab up tp4",
        "sharklab capture eth9",
        "sharklab capture lan --write /etc/x",
        "sharklab capture --packets x",
    ],
)
def test_other_words_of_sharklab_are_refused(plans: list[Plan], line: str) -> None:
    """Nothing runs then."""
    error_of(InputError, session.command_on_host, plans[0], plans[0].hosts[1], line)


def test_a_submission_reaches_its_taker(plans: list[Plan]) -> None:
    """With the student whom the kernel named, and the lab that was named."""
    taken: list[tuple[str, str, bytes]] = []

    def take(student: str, lab: str, handle: int) -> Sequence[Message]:
        taken.append((student, lab, os.read(handle, 10)))
        return [Message("received")]

    reader, writer = os.pipe()
    os.write(writer, b"bundle")
    os.close(writer)
    login = session.handlers(lambda: TARGETS, Submit(take, refuse, TEXTS))["login"]
    answer = login("alice", {"name": "alice", "command": "submit tp4"}, [reader])
    os.close(reader)
    assert {"say": "received"} == answer.content and [("alice", "tp4", b"bundle")] == taken
    assert ["submit"] == [each["what"] for each in logins.read()]
    for command in ("submit", "submit tp4 ports", "submit tp4 --all"):
        error_of(InputError, login, "alice", {"name": "alice", "command": command}, [0])
    error_of(InputError, login, "alice", {"name": "alice", "command": "submit tp4"}, [])


def test_the_work_on_the_hosts_is_handed_in_by_the_menu(plans: list[Plan]) -> None:
    """Or by a command, which may have the code of an exam; the receipt has no terminal escapes."""
    taken: list[tuple[str, str, str]] = []

    def take(student: str, lab: str, code: str) -> Sequence[Message]:
        taken.append((student, lab, code))
        return [Message("received"), Message("\x1b[2J")]

    login = session.handlers(lambda: TARGETS, Submit(refuse, take, TEXTS))["login"]
    menu = login("alice", {"name": "alice", "terminal": True}, []).content
    assert [("tp4", "")] == [(one["lab"], one["host"]) for one in menu["choices"] if not one["host"]]
    answer = login("alice", {"name": "alice", "terminal": True, "chosen": ["tp4", ""]}, [])
    assert answer.content["say"].startswith("received\n") and "\x1b" not in answer.content["say"]
    login("alice", {"name": "alice+tp4", "command": "submit --from-hosts --again abcd"}, [])
    assert [("alice", "tp4", ""), ("alice", "tp4", "abcd")] == taken


@pytest.mark.parametrize("word", ["form", "brief"])
def test_a_student_gets_the_brief_and_the_form_for_the_answers(
    plans: list[Plan], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the student's language; the lab is in the command, in the login, or the only one of the student."""
    for name, command in (("alice", f"{word} tp4"), ("alice+tp4", word), ("alice", word)):
        assert "# tp4 of alice, fr" == ask(name, command=command, language="fr_FR.UTF-8")["say"]
    assert [] == logins.read()
    door_seats.save(monkeypatch, ("tcpdump", "alice"), ("tp4", "alice"))
    error_of(InputError, ask, "alice", command=word)


def test_the_menu_shows_the_brief(plans: list[Plan]) -> None:
    """The student knows what to do before the first login to a host."""
    menu = ask("alice", terminal=True)
    [place] = [[one["lab"], one["host"]] for one in menu["choices"] if "brief" in one["text"]]
    assert "# tp4 of alice, en" == ask("alice", terminal=True, chosen=place)["say"]


@pytest.mark.parametrize(
    ("locale", "language"), [("", "fr"), ("C.UTF-8", "fr"), ("POSIX", "fr"), ("en_US.UTF-8", "en"), (7, "fr")]
)
def test_the_class_has_a_language(locale: object, language: str) -> None:
    """It counts where the student's computer names none, as those with Windows."""
    students.write_language("fr")
    assert language == session.words_of({"language": locale}).language


def test_a_forwarded_port_is_noted_and_ssh_lets_the_student_in(
    plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ssh -J` needs the student's own keys on the host."""
    let_in: list[str] = []
    monkeypatch.setattr(server, "connect", lambda student, request, handles: Reply(request))
    monkeypatch.setattr(host_login, "let_in", lambda ssh, host, user, keys: let_in.append(host))
    answer = session.forward("alice", {"lab": "", "host": "server", "port": 80}, [])
    assert "tp4" == answer.content["lab"] and [] == let_in
    session.forward("alice", {"lab": "tp4", "host": "client", "port": 22}, [])
    assert ["client"] == let_in
    assert ["forward 80", "forward 22"] == [each["what"] for each in logins.read()]


def test_the_language_is_that_of_the_student() -> None:
    """Whatever the client sends."""
    for language, code in (("fr_CH.UTF-8", "fr"), ("xx", "en"), ("", "en"), (7, "en")):
        assert code == session.words_of({"language": language}).language


def test_a_login_by_password_only_stores_a_key() -> None:
    """Whatever its command is, also that of ssh-copy-id(1); scp and sftp are told how."""
    assert ["key_question"] == list(ask("alice", password=True, command="exec sh -c 'cat'"))
    for command in (session.SUBSYSTEM, "scp -t ."):
        assert "command" in error_of(InputError, ask, "alice", password=True, command=command).values
    assert ["say"] == list(ask("alice", password=True, key=f"{ED25519} laptop\n"))
    assert (ED25519,) == students.read_stored_keys("alice")
    error_of(InputError, ask, "alice", password=True, key="")
    assert [("alice", "key")] == [(each["student"], each["what"]) for each in logins.read()]


def test_a_student_stores_another_key(plans: list[Plan]) -> None:
    """With a key that is let in already."""
    assert ["key_question"] == list(ask("alice", command="key"))
    ask("alice", command="key", key=ED25519)
    assert (ED25519,) == students.read_stored_keys("alice")


def test_a_full_host_is_told_on_a_terminal(plans: list[Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that reads the output of a command is not disturbed."""
    full = [Message("{host} is full", {"host": "client"})]
    monkeypatch.setattr(ThisComputer, "warnings", lambda own, seat: full)
    assert "client is full" == ask("alice+client", terminal=True)["notice"]
    assert "" == ask("alice+client", command="ls")["notice"]
