"""The verb of the workbench: a lab in the browser, for one student or for a class."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate, warn
from sharklab.errors import GOOD, InputError
from sharklab.message import N_

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.cli.workbench.server import Workbench
    from sharklab.cli.workbench.site import Site
    from sharklab.lab.model import Lab

PORT = 8470
LOOPBACK = "127.0.0.1"


def serve(args: Options) -> int:
    """Serve the pages of a seat, or of a class, to browsers until Ctrl-C."""
    from sharklab.author import lint
    from sharklab.cli.workbench import browser, javascript, server
    from sharklab.hosts import own_firewall
    from sharklab.progress import Progress

    address, port = args.listen or LOOPBACK, PORT if args.port is None else args.port
    site = _site(args, address, port)
    lab = lint.load_named(args.lab)
    if (args.provider or args.remote) and not args.roster:
        place = "--provider" if args.provider else "--remote"
        raise InputError(N_("works only with --roster"), place=place)
    bench, link, lines = _of_class(args, lab, site) if args.roster else _of_student(args, lab, site)
    files = javascript.install(Progress(translate(args).gettext))
    listener = server.listen(address, port)
    end = translate(args).gettext("Ctrl-C ends the workbench.")
    say(args, "\n".join([*lines, end]), link=link)
    sys.stdout.flush()
    warn(args, own_firewall.check_port(address, port))
    if not args.no_browser:
        browser.open_link(link)
    bench.run(listener, files, args.certificate, args.key_file)
    return GOOD


def _site(args: Options, address: str, port: int) -> Site:
    """Return the public address of the pages. Raises InputError when they would travel without TLS."""
    from sharklab.cli.workbench import site

    if bool(args.certificate) != bool(args.key_file):
        raise InputError(N_("a certificate and its key belong together"), place="--certificate, --key-file")
    try:
        is_near = ip_address(address).is_loopback
    except ValueError as error:
        raise InputError(N_("{address!r} is not an address"), place="--listen", address=address) from error
    if not is_near and not args.certificate:
        raise InputError(
            N_("the pages may not leave this computer without TLS"),
            place=f"--listen {address}",
            hint=N_("give --certificate and --key-file, or listen at 127.0.0.1 behind a proxy, with --url"),
        )
    shown = f"[{address}]" if ":" in address else address
    return site.read(args.url or f"{'https' if args.certificate else 'http'}://{shown}:{port}")


def _of_student(args: Options, lab: Lab, site: Site) -> tuple[Workbench, str, list[str]]:
    """Return the workbench of one student, its link, and the lines that say so."""
    from sharklab.cli.workbench import server
    from sharklab.cli.workbench.desk import student_desk as desk
    from sharklab.cli.workbench.identity import Reader
    from sharklab.lab import seat

    student, folder = seat.register(lab, args.student).student, _work_folder(args.folder, lab.name)
    bench = server.Workbench(site, desk.Desk({lab.name: lab}, lambda *_: folder).handlers())
    link = bench.link(Reader(student, seats=frozenset({(lab.name, student)})))
    text = translate(args).gettext("Open this link, which works once: {link}")
    return bench, link, [text.format(link=link)]


def _of_class(args: Options, lab: Lab, site: Site) -> tuple[Workbench, str, list[str]]:
    """Return the workbench of a class, the link of its instructor, and the lines that say so."""
    from sharklab import ownership, state
    from sharklab.cli import student_list
    from sharklab.cli.verbs.seat import use_remote
    from sharklab.cli.workbench import server
    from sharklab.cli.workbench.desk import class_desk, class_links
    from sharklab.hosts import seat_provider
    from sharklab.hosts.door import control
    from sharklab.lab import seat

    students = student_list.read(args)
    if args.provider or args.remote:
        use_remote(args, seat_provider.of_class(lab.name, [own.id for own in students], args.provider))
    seat.register_all(lab, [own.id for own in students])
    works = state.folder(state.root() / "work")
    of_class = class_desk.make(
        lab, students, lambda name, student: works / name / student, control.end_visits, args.provider
    )
    bench = server.Workbench(site, of_class.handlers(), lab.name)
    link = site.link(class_links.teachers_token(lab.name))
    file = state.folder(state.root() / "workbench") / f"links-{lab.name}.csv"
    state.write(file, class_links.table(lab.name, students, site))
    ownership.give_like_folder(file)
    words = translate(args)
    return (
        bench,
        link,
        [
            words.gettext("Your own link, which works once: {link}").format(link=link),
            words.ngettext(
                "The link of {count} student is in {file}.",
                "The links of {count} students are in {file}.",
                len(students),
            ).format(count=len(students), file=file),
        ],
    )


def _work_folder(folder: str | None, lab: str) -> Path:
    """Return the folder of the work: the one that is named, or here, or the lab's, which may be missing."""
    from sharklab.grading.submission import form

    try:
        return form.place(folder, lab).absolute()
    except InputError:
        return Path(lab).absolute()
