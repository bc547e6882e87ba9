"""Answer the logins of students: which seat and host are meant, and which command runs there.

The commands `key`, `brief`, `form` and `submit`, and those that begin with `sharklab`, are for the gateway
itself. Every other one is for the host.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sharklab import i18n, untrusted
from sharklab.errors import InputError, SharklabError
from sharklab.hosts import host_login, providers, seat_provider
from sharklab.hosts.agent import live
from sharklab.hosts.door import connection, seats, server
from sharklab.hosts.door.server import Reply, text
from sharklab.hosts.providers import access
from sharklab.hosts.ssh_gateway import logins, names, students
from sharklab.lab.model import Capture, Host, Plan
from sharklab.message import N_, Message

USER = "student"
"""The account of students on hosts (roles/common)."""

SUBSYSTEM = "sharklab-sftp"
"""The command of sshd's subsystem sftp."""

KEY_COMMAND = "key"
"""Stores a key of the student; a login by password does nothing else."""

FROM_HOSTS = "--from-hosts"
BRIEF = "brief"
"""The command that shows the tasks."""

_SHOW_BRIEF = "?"
"""The place of a host in the menu; no host has such a name."""

_NO_LANGUAGE = ("", "C", "POSIX")
"""Locales that name no language (locale(7))."""

DEFAULT_HOST = "desktop"
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Submit:
    """The functions for a submission; all raise SharklabError.

    `file` takes a bundle (student, lab, file descriptor), `from_hosts` the work on the hosts (student, lab,
    code of an exam): both return the receipt. `texts` return a text for the student (student, lab, words) by
    the command that asks for it: `brief` the tasks, `form` the file for the answers.
    """

    file: Callable[[str, str, int], Sequence[Message]]
    from_hosts: Callable[[str, str, str], Sequence[Message]]
    texts: Mapping[str, Callable[[str, str, i18n.Translator], str]]


def words_of(request: Mapping[str, Any]) -> i18n.Translator:
    """Return the translator for the language of the student's computer, else for that of the class."""
    given = request.get("language", "")
    locale = given if isinstance(given, str) and given.partition(".")[0] not in _NO_LANGUAGE else ""
    return i18n.translator(i18n.choose(None, {"LANG": locale or students.read_language()}))


def explain(error: SharklabError, request: Mapping[str, Any]) -> str:
    """Return an error in words, for the student's terminal."""
    return f"sharklab: {error.say(words_of(request).gettext)}"


def handlers(targets: Callable[[], Mapping[str, names.Target]], submit: Submit) -> dict[str, server.Handler]:
    """Return the functions of the gateway's door. `targets` returns the login names as they are now."""

    def login(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        target = targets().get(text(request, "name"), names.Target(""))
        if target.student != student:
            raise InputError(N_("this login is not yours"))
        return _login(target, request, handles, submit)

    return {"connection": server.connect, "forward": forward, "login": login}


def forward(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
    """Answer the relay of the jail: a connection for `ssh -L` or `ssh -J`. Raises as `server.connect` does.

    A connection to SSH is for `ssh -J`: the host gets the student's keys before.
    """
    plan, host = seats.find(student, text(request, "lab"), text(request, "host"))
    logins.note(student, plan.lab.name, host.name, "", f"forward {request.get('port')}")
    if request.get("port") == access.SSH_PORT:
        own = students.read().get(student)
        host_login.let_in(connection.ssh(plan), host.name, USER, own.keys if own else ())
    return server.connect(student, {**request, "lab": plan.lab.name}, handles)


def _login(target: names.Target, request: Mapping[str, Any], handles: list[int], submit: Submit) -> Reply:
    if answer := _own_command(target, request, handles, submit):
        return answer
    chosen = request.get("chosen")
    if isinstance(chosen, list) and len(chosen) == 2:
        lab, host = map(str, chosen)
        if not host:
            return _submit(target, request, (lab, FROM_HOSTS), handles, submit)
        if host == _SHOW_BRIEF:
            return Reply({"say": submit.texts[BRIEF](target.student, lab, words_of(request))})
    elif target.host:
        lab, host = target.lab, target.host
    else:
        return _without_host(target, request)
    return _enter(target.student, lab, host, request)


def _own_command(
    target: names.Target, request: Mapping[str, Any], handles: list[int], submit: Submit
) -> Reply | None:
    """Answer a command of the gateway itself; return None for another one, which is for a host."""
    command = text(request, "command")
    word, _, rest = command.partition(" ")
    if request.get("password") is True or (command == KEY_COMMAND and not target.host):
        return _store_key(target.student, request, command)
    if word == "submit":
        return _submit(target, request, _split(rest), handles, submit)
    if word in submit.texts and not target.host:
        lab = rest.strip() or target.lab or _only_lab(target.student)
        if not lab:
            raise _lab_missing(target.student, f"{word} LAB")
        return Reply({"say": submit.texts[word](target.student, lab, words_of(request))})
    return None


def _only_lab(student: str) -> str:
    """Return the lab of a student who has a seat of one lab, else ""."""
    labs = {plan.lab.name for plan in seats.of_student(student, "")}
    return labs.pop() if len(labs) == 1 else ""


def _store_key(student: str, request: Mapping[str, Any], command: str) -> Reply:
    """Answer a login that stores a key: ask for it, or keep the one that came. Raises InputError."""
    if command == SUBSYSTEM or command.startswith("scp "):
        raise InputError(
            N_("you have no key here yet"),
            hint=N_("log in once by ssh, and store your key: {command}"),
            command=f"ssh -p 2222 {student}@SERVER key < ~/.ssh/id_ed25519.pub",
        )
    words = words_of(request)
    if "key" not in request:
        return Reply(
            {"key_question": words.gettext(N_("Paste the line of your public key (the file .pub):"))}
        )
    students.store(student, text(request, "key"))
    logins.note(student, "", "", text(request, "from"), KEY_COMMAND)
    return Reply(
        {
            "say": words.gettext(
                N_("Your key is stored. From now on it lets you in, and the password does not.")
            )
        }
    )


def _without_host(target: names.Target, request: Mapping[str, Any]) -> Reply:
    """Answer a login that names no host: the only one, a menu, or the host that a command is for."""
    plans = seats.of_student(target.student, target.lab)
    if not plans:
        raise seats.no_seat(target.lab)
    places = [(plan, host) for plan in plans for host in plan.hosts]
    usual = [index for index, (_, host) in enumerate(places) if host.name == DEFAULT_HOST]
    if len(places) == 1:
        usual = [0]
    if len(places) > 1 and request.get("terminal") is True and not text(request, "command"):
        return _menu(places, usual[0] if usual else -1, request)
    if len(usual) != 1:
        raise InputError(
            N_("it is not clear which host is meant"),
            hint=N_("name it in the login: {names}"),
            names=[f"{target.student}+{plan.lab.name}+{host.name}" for plan, host in places],
        )
    plan, host = places[usual[0]]
    return _enter(target.student, plan.lab.name, host.name, request)


def _menu(places: Sequence[tuple[Plan, Host]], usual: int, request: Mapping[str, Any]) -> Reply:
    words = words_of(request)
    question = words.gettext(N_("Number of the host:"))
    if usual >= 0:
        question = words.gettext(N_("Number of the host (Enter: {number}):")).format(number=usual + 1)
    choices = [
        {
            "lab": plan.lab.name,
            "host": host.name,
            "text": f"{plan.lab.name} {host.name}  {words.prose(host.title)}",
        }
        for plan, host in places
    ]
    labs = dict.fromkeys(plan.lab.name for plan, _ in places)
    for host, what in (_SHOW_BRIEF, N_("show the brief of {lab}")), ("", N_("hand in {lab}")):
        said = words.gettext(what)
        choices += [{"lab": lab, "host": host, "text": said.format(lab=lab)} for lab in labs]
    title = words.gettext(N_("Your hosts on this server:"))
    return Reply({"title": title, "question": question, "default": usual, "choices": choices})


def _enter(student: str, lab: str, host: str, request: Mapping[str, Any]) -> Reply:
    """Return the parts of the ssh command to the host: key, known host, command."""
    plan, own = seats.find(student, lab, host)
    command, stream = command_on_host(plan, own, text(request, "command"))
    source = text(request, "from")
    logins.note(student, plan.lab.name, own.name, source, _kind(text(request, "command")))
    folder = access.folder(plan)
    return Reply(
        {
            "notice": _notice(plan, request) if request.get("terminal") is True else "",
            "lab": plan.lab.name,
            "host": own.name,
            "key": (folder / "id_ed25519").read_text(),
            "known": f"{own.name} {access.public(access.host_key(plan, own.name))}",
            "command": command,
            "stream": stream,
            "terminal": request.get("terminal") is True,
        }
    )


def _notice(plan: Plan, request: Mapping[str, Any]) -> str:
    """Return the sentences about limits that hosts of the seat have reached: programs may fail there."""
    provider = providers.get(seat_provider.read(plan.seat.folder) or seat_provider.DEFAULT)
    return "\n".join(words_of(request).say(sentence) for sentence in provider.warnings(plan.seat))


def _kind(command: str) -> str:
    """Return a word for the record of logins: the command itself may hold a secret."""
    if not command:
        return "shell"
    if command == SUBSYSTEM:
        return "sftp"
    first = Path(command.split()[0]).name if command.split() else ""
    return first if first in ("scp", "sharklab", "rsync") else "command"


def command_on_host(plan: Plan, host: Host, asked: str) -> tuple[str, bool]:
    """Return the command line for root on the host, and True for a stream that only goes to the student.

    Raises InputError for a command of sharklab that is none.
    """
    if asked == SUBSYSTEM:
        return host_login.command(USER, (host_login.SFTP,)), False
    words = _split(asked)
    if words[:1] == ["sharklab"]:
        return _capture(plan, host, words[1:]), True
    return host_login.command(USER, (asked,) if asked else ()), False


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote that does not close is for the shell of the host
        return []


def _capture(plan: Plan, host: Host, words: Sequence[str]) -> str:
    """Return the command that records packets of a host to standard output (`sharklab capture`)."""
    parser = _Parser(prog="sharklab capture", add_help=False)
    parser.add_argument("verb", choices=["capture"])
    parser.add_argument("subject", nargs="?", default="")
    parser.add_argument("--filter", default=None)
    parser.add_argument("--packets", type=int, default=0)
    parser.add_argument("--live", action="store_true")
    chosen = parser.parse_args(list(words))
    interface, expression, snaplen = _find_capture(plan, host, chosen.subject)
    expression = expression if chosen.filter is None else chosen.filter
    options = ["-s", str(snaplen), *(["-c", str(chosen.packets)] if chosen.packets > 0 else [])]
    source = Path(live.__file__).read_text(encoding="utf-8")
    return shlex.join([PYTHON, "-I", "-c", source, interface, expression, *options])


def _find_capture(plan: Plan, host: Host, subject: str) -> tuple[str, str, int]:
    """Return interface, filter and snaplen for a network of the host, or a capture or exercise of the lab."""
    if not subject or subject in host.networks:
        return subject or host.networks[0], "", 0
    own: list[Capture] = [
        capture
        for exercise in plan.lab.exercises
        for capture in exercise.captures
        if subject in (exercise.id, capture.id) and capture.host == host.name
    ]
    if len(own) == 1:
        return own[0].network, own[0].filter, own[0].snaplen
    raise InputError(
        N_("{name!r} is no network and no capture of the host {host}"),
        place="sharklab capture",
        hint=N_("networks: {networks}; captures: {captures}"),
        name=subject,
        host=host.name,
        networks=list(host.networks),
        captures=[c.id for e in plan.lab.exercises for c in e.captures if c.host == host.name],
    )


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are InputErrors."""

    def error(self, message: str) -> NoReturn:
        usage = self.usage or USAGE
        raise InputError(
            "{said}", place=self.prog, hint=N_("the command: {usage}"), said=message, usage=usage
        )


SUBMIT_USAGE = f"submit LAB [{FROM_HOSTS}] [--again CODE]"
USAGE = "sharklab capture [NETWORK|CAPTURE] [--filter FILTER] [--packets N]"


def _lab_missing(student: str, usage: str) -> InputError:
    return InputError(
        N_("the lab is missing"), hint="ssh {student}@SERVER {usage}", student=student, usage=usage
    )


def _submit(
    target: names.Target,
    request: Mapping[str, Any],
    words: Sequence[str],
    handles: Sequence[int],
    submit: Submit,
) -> Reply:
    """Answer `submit`: keep the file that came, or the work on the hosts. Raises SharklabError."""
    parser = _Parser(prog="submit", add_help=False, usage=SUBMIT_USAGE)
    parser.add_argument("lab", nargs="?", default=target.lab)
    parser.add_argument(FROM_HOSTS, action="store_true", dest="from_hosts")
    parser.add_argument("--again", default="")
    chosen = parser.parse_args(list(words))
    if not chosen.lab:
        raise _lab_missing(target.student, SUBMIT_USAGE)
    if chosen.from_hosts:
        receipt = submit.from_hosts(target.student, chosen.lab, chosen.again)
    elif handles:
        receipt = submit.file(target.student, chosen.lab, handles[0])
    else:
        raise InputError(
            N_("no file came"), hint="ssh {student}@SERVER submit LAB < FILE", student=target.student
        )
    logins.note(target.student, chosen.lab, "", text(request, "from"), "submit")
    said = words_of(request)
    return Reply({"say": "\n".join(untrusted.visible(said.say(each)) for each in receipt)})
