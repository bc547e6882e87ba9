"""The verbs for the seats of a class on this computer: bring them up, look at them, remove them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharklab import paths
from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import DID_YOU_MEAN, N_, nearest
from sharklab.progress import Progress

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.cli.classroom import SeatResult
    from sharklab.i18n import Translator
    from sharklab.lab.model import Seat
    from sharklab.lab.roster import Student


def up(args: Options) -> int:
    """Bring the seats of a class up; exit code 1 when one of them did not come up."""
    from sharklab.author import lint
    from sharklab.cli import classroom

    lab, students = lint.named(args.lab), _students(args)
    progress = Progress(translate(args).gettext)
    results = classroom.up(lab, [student.id for student in students], args.solved, args.os, progress)
    return _say_results(args, results, N_("{good} of {count} seats of {lab} are up."), lab.name)


def down(args: Options) -> int:
    """Remove the seats of a class; exit code 1 when one of them remains."""
    from sharklab.cli import classroom

    results = classroom.down(_seats(args), Progress(translate(args).gettext))
    sentence = N_("{good} of {count} seats of {lab} are removed.")
    return _say_results(args, results, sentence, paths.lab_name(args.lab))


def status(args: Options) -> int:
    """Show the seats of a class: hosts, memory, and since when."""
    from sharklab.cli import classroom
    from sharklab.lab import exam

    words = translate(args)
    seats = classroom.status(_seats(args))
    rows = [
        (
            one["student"],
            _describe_hosts(one["hosts"], words),
            f"{one['memory'] / 1024 / 1024:.0f} MiB",
            exam.local_time(one["begun"]) if one["begun"] else "",
        )
        for one in seats
    ]
    titles = tuple(map(words.gettext, (N_("student"), N_("hosts"), N_("memory"), N_("since"))))
    text = "\n".join(_align([titles, *rows])) if rows else words.gettext("No seat is up.")
    say(args, text, lab=paths.lab_name(args.lab), seats=seats)
    return GOOD


def _describe_hosts(hosts: Mapping[str, str], words: Translator) -> str:
    """Return one word if all hosts are in the same state, else the state of each."""
    states = set(hosts.values())
    if len(states) == 1:
        return f"{len(hosts)} {words.gettext(states.pop())}"
    return ", ".join(f"{host} {words.gettext(state)}" for host, state in hosts.items())


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines, with columns of one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [[f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)] for row in rows]
    return ["  ".join(cells).rstrip() for cells in lines]


def _say_results(args: Options, results: Sequence[SeatResult], sentence: str, lab: str) -> int:
    """Print the seats that failed with their reasons, and how many are good."""
    words = translate(args)
    failed = [result for result in results if result.error]
    good = len(results) - len(failed)
    lines = [f"✗ {each.student}: {each.error.say(words.gettext)}" for each in failed if each.error]
    lines.append(words.gettext(sentence).format(good=good, count=len(results), lab=lab))
    say(args, "\n".join(lines), lab=lab, seats=[_to_plain(result) for result in results])
    return NOT_ACHIEVED if failed else GOOD


def _to_plain(result: SeatResult) -> dict[str, Any]:
    plain = {"student": result.student, "seconds": round(result.seconds, 1), "good": result.error is None}
    return {**plain, "error": str(result.error)} if result.error else plain


def _students(args: Options) -> Sequence[Student]:
    """Return the students of the roster that the command is about. Raises InputError for other names."""
    from sharklab.lab import roster

    students = roster.read(Path(args.roster))
    return [student for student in students if student.id in _chosen(args, [each.id for each in students])]


def _seats(args: Options) -> Sequence[Seat]:
    """Return the seats of the class on this computer. Raises InputError for other names."""
    from sharklab.cli import seats
    from sharklab.lab import load

    here = seats.seats_here(paths.lab_name(args.lab))
    if not here:
        load.find(args.lab)  # raises InputError for a name that no lab has
    if args.roster:
        members = {student.id for student in _students(args)}
        return [own for own in here if own.student in members]
    return [own for own in here if own.student in _chosen(args, [own.student for own in here])]


def _chosen(args: Options, known: Sequence[str]) -> Sequence[str]:
    """Return the names of --only, or all. Raises InputError for a name that is not in `known`."""
    if not args.only:
        return known
    names = [name.strip() for name in args.only.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise InputError(
                N_("{name!r} is no student of this class"),
                place="--only",
                hint=DID_YOU_MEAN if nearest(name, known) else N_("students: {known}"),
                name=name,
                near=nearest(name, known),
                known=", ".join(known[:20]),
            )
    return names
