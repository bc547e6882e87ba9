"""The verb of the workbench: a lab in the browser."""

from __future__ import annotations

import sys
from pathlib import Path

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import GOOD

PORT = 8470


def serve(args: Options) -> int:
    """Serve the pages of a seat to browsers of this computer, until Ctrl-C."""
    from sharklab.cli import flow
    from sharklab.cli.workbench import browser, desk, javascript, server, site
    from sharklab.cli.workbench.identity import Reader
    from sharklab.progress import Progress

    plan = flow.prepare(args.lab, args.student)
    name, student = plan.lab.name, plan.seat.student
    folder = _work_folder(args.folder, name)
    files = javascript.install(Progress(translate(args).gettext))
    port = PORT if args.port is None else args.port
    listener = server.listen("127.0.0.1", port)
    at_desk = desk.Desk({name: plan.source}, lambda lab, student: folder)
    bench = server.Workbench(site.read(f"http://127.0.0.1:{port}"), at_desk)
    link = bench.link(Reader(student, seats=frozenset({(name, student)})))
    words = translate(args)
    text = words.gettext("Open this link, which works once: {link}").format(link=link)
    end = words.gettext("Ctrl-C ends the workbench.")
    say(args, f"{text}\n{end}", link=link)
    sys.stdout.flush()
    if not args.no_browser:
        browser.open_link(link)
    bench.run(listener, files)
    return GOOD


def _work_folder(folder: str | None, lab: str) -> Path:
    """Return the folder of the work: the one that is named, or here, or the lab's, which may be missing."""
    from sharklab.errors import InputError
    from sharklab.grading.submission import form

    try:
        return form.place(folder, lab).absolute()
    except InputError:
        return Path(lab).absolute()
