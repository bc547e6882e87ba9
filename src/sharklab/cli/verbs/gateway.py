"""The verbs for the SSH gateway of a class server."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sharklab import ownership
from sharklab.cli.options import Options
from sharklab.cli.say import say, translate, warn
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import N_

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.i18n import Translator

COMMAND = (sys.executable, "-P", "-m", "sharklab.cli.gateway_process")


def start(args: Options) -> int:
    """Start the gateway, or give a running one the students of another roster."""
    from sharklab.cli import student_list
    from sharklab.hosts import own_firewall
    from sharklab.hosts.ssh_gateway import control, keys, students

    if args.keys and not args.roster:
        raise InputError(N_("needs --roster"), place="--keys")
    if args.roster:
        known = student_list.read(args)
        given = keys.of_folder(Path(args.keys), [one.id for one in known]) if args.keys else {}
        students.enter(known, given)
    if not students.read():
        raise InputError(
            N_("the gateway does not know any student yet"),
            place="sharklab gateway start",
            hint="sharklab gateway start --roster roster.csv",
        )
    students.write_language(args.language)
    running, is_new = control.start(args.listen, args.port, COMMAND)
    count = sum(bool(own.keys) for own in students.read().values())
    words = translate(args)
    lines = [
        _describe_start(is_new, count, words).format(where=running.where, count=count),
        words.gettext("Fingerprint of its key: {fingerprint}").format(fingerprint=running.fingerprint),
    ]
    say(args, "\n".join(lines), where=str(running.where), fingerprint=running.fingerprint, students=count)
    warn(args, own_firewall.check_port(running.where.address, running.where.port))
    return GOOD


def _describe_start(is_new: bool, count: int, words: Translator) -> str:
    if is_new:
        return words.ngettext(
            "The gateway listens on {where}, for {count} student.",
            "The gateway listens on {where}, for {count} students.",
            count,
        )
    return words.ngettext(
        "The gateway already listens on {where}, now for {count} student.",
        "The gateway already listens on {where}, now for {count} students.",
        count,
    )


def stop(args: Options) -> int:
    """Stop the gateway; all logins end."""
    from sharklab.hosts.ssh_gateway import control

    stopped = control.stop()
    words = translate(args)
    say(
        args,
        words.gettext("The gateway is stopped.") if stopped else words.gettext("No gateway runs."),
        stopped=stopped,
    )
    return GOOD


def status(args: Options) -> int:
    """Say whether the gateway runs; exit code 1 when it does not."""
    from sharklab.hosts.ssh_gateway import control, students

    running, words = control.status(), translate(args)
    if running is None:
        say(args, words.gettext("No gateway runs."), running=False)
        return NOT_ACHIEVED
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(running.since))
    count = sum(bool(own.keys) for own in students.read().values())
    text = words.ngettext(
        "The gateway listens on {where} since {since}, for {count} student. Log: {log}",
        "The gateway listens on {where} since {since}, for {count} students. Log: {log}",
        count,
    )
    say(
        args,
        text.format(where=running.where, since=since, count=count, log=control.log_file()),
        running=True,
        where=str(running.where),
        since=running.since,
        fingerprint=running.fingerprint,
        students=count,
    )
    return GOOD


def logins(args: Options) -> int:
    """List the logins, the oldest first."""
    from sharklab.hosts.ssh_gateway import logins as record

    found = record.read(args.student)
    lines = [
        f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(each['time']))}  {each['student']}"
        f"  {each['lab']} {each['host']}  {each['from'] or '-'}  {each['what']}"
        for each in found
    ]
    say(args, "\n".join(lines) or translate(args).gettext("Nobody has logged in yet."), logins=found)
    return GOOD


def keys(args: Options) -> int:
    """Write the personal key of each student of a class."""
    from sharklab import state
    from sharklab.cli import student_list
    from sharklab.hosts.ssh_gateway import control
    from sharklab.hosts.ssh_gateway import keys as login_keys

    folder, files = state.folder(Path(args.out)), {}
    for student in student_list.read(args):
        files[student.id] = folder / f"{student.id}.key"
        state.write(files[student.id], login_keys.personal(student.id)[0])
    ownership.give_like_folder(folder, *files.values())
    text = translate(args).ngettext(
        "{count} key is in {folder}. Give it to its student: ssh -i NAME.key -p {port} NAME@SERVER",
        "{count} keys are in {folder}. Give each student their own: ssh -i NAME.key -p {port} NAME@SERVER",
        len(files),
    )
    written = {student: str(file) for student, file in files.items()}
    port = control.read_port()
    say(args, text.format(count=len(files), folder=folder, port=port), keys=written)
    return GOOD
