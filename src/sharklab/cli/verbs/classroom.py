"""The verbs for the seats of a class on this computer: up, status, down, sleep, wake, feedback."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sharklab import paths
from sharklab.cli import time_option
from sharklab.cli.options import Options
from sharklab.cli.say import say, translate, warn
from sharklab.cli.verbs.seat import agree, use_remote
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import DID_YOU_MEAN, N_, Message, nearest
from sharklab.progress import Progress
from sharklab.untrusted import visible

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.cli.parallel_work import Done
    from sharklab.i18n import Translator
    from sharklab.lab.model import Seat
    from sharklab.lab.roster import Student


def up(args: Options) -> int:
    """Bring the seats of a class up; exit code 1 when one of them did not come up."""
    from sharklab.author import lint
    from sharklab.cli import classroom, seats
    from sharklab.hosts import seat_provider
    from sharklab.lab import exam, seat

    lab, students = lint.load_named(args.lab), find_students(args)
    provider = seat_provider.of_class(lab.name, [student.id for student in students], args.provider)
    use_remote(args, provider)
    times = exam.windows(lab, students, *time_option.read_exam(args.begin, args.end))
    until = time_option.read_until(args.until, time.time())
    progress = Progress(translate(args).gettext)
    exam.note_windows(seat.register_all(lab, [student.id for student in students]), times)
    ids = [student.id for student in students]
    mend_notes(args, [own for own in seats.seats_here(lab.name) if own.student in ids])
    results = classroom.up(lab, ids, args.solved, args.os, progress, provider, until=until or None)
    return say_results(args, results, N_("Seats of {lab} that are up: {good} of {count}."), lab.name)


def down(args: Options) -> int:
    """Remove the seats of a class; exit code 1 when one of them remains. The submissions stay.

    A person agrees first when work is lost. A seat that another command holds stays, and is not asked about:
    that command may be about to remove it.
    """
    from sharklab.cli import classroom
    from sharklab.lab import submission_store

    here, words, lab = find_seats(args), translate(args), paths.lab_name(args.lab)
    busy = classroom.in_use(here)
    own = [one for one in here if one.student not in {each.student for each in busy}]
    if lost := classroom.not_handed_in(own):
        sentence = N_("The work of these students is lost, because they did not hand it in: {students}.")
        agree(args, [Message(sentence, {"students": lost})])
    results = [*busy, *classroom.down(own, Progress(words.gettext))]
    known = submission_store.last(lab)
    without = [one.student for one in own if one.student not in known]
    more = []
    if known:
        text = words.gettext("The submissions stay in {folder}.")
        more.append(text.format(folder=submission_store.folder(lab)))
    if without:
        text = words.gettext("Handed in nothing on this computer: {students}")
        more.append(text.format(students=", ".join(without)))
    sentence = N_("Seats of {lab} that are removed: {good} of {count}.")
    return say_results(args, results, sentence, lab, more, handed_in=known, without=without)


def sleep(args: Options) -> int:
    """Put the idle seats to sleep; exit code 1 when one stays awake."""
    from sharklab.cli import class_work

    own = find_seats(args)
    mend_notes(args, own)
    results = class_work.sleep(own, Progress(translate(args).gettext))
    return say_results(
        args, results, N_("Seats of {lab} that fell asleep: {good} of {count}."), paths.lab_name(args.lab)
    )


def wake(args: Options) -> int:
    """Wake the seats that sleep; exit code 1 when one does not."""
    from sharklab.cli import class_work

    results = class_work.wake(find_seats(args), Progress(translate(args).gettext))
    return say_results(
        args, results, N_("Seats of {lab} that are awake again: {good} of {count}."), paths.lab_name(args.lab)
    )


def status(args: Options) -> int:
    """Show the seats of a class: hosts, memory, times, and limits that hosts have reached."""
    from sharklab.cli import classroom, student_list

    words = translate(args)
    seats = classroom.status(find_seats(args))
    people = {own.id: own.name for own in student_list.read(args)}
    rows = [
        (
            one["student"],
            *([visible(people[one["student"]])] if people else []),
            _describe_hosts(one["hosts"], words),
            f"{one['memory'] / 1024 / 1024:.0f} MiB",
            _describe_time(one["begun"]),
            _describe_time(one["checked"]),
            words.gettext("it is over") if one["over"] else _describe_time(one["until"]),
        )
        for one in seats
    ]
    who = (N_("student"), *([N_("name")] if people else []))
    titles = (*who, N_("hosts"), N_("memory"), N_("since"), N_("last check"), N_("until"))
    lines = align([tuple(map(words.gettext, titles)), *rows])
    for one in seats:
        one["warnings"] = [words.say(sentence) for sentence in one["warnings"]]
        lines += [f"! {one['student']}: {sentence}" for sentence in one["warnings"]]
    say(
        args,
        "\n".join(lines) if rows else words.gettext("No seat is up."),
        lab=paths.lab_name(args.lab),
        seats=seats,
    )
    return GOOD


def feedback(args: Options) -> int:
    """Give the students of a class their feedback, or take it back."""
    from sharklab.lab import class_news, feedback_note

    lab = paths.lab_name(args.lab)
    feedback_note.give(lab, not args.take_back)
    class_news.tell(lab)
    given = N_("Each student can read their own feedback.")
    sentence = N_("Nobody can read the feedback.") if args.take_back else given
    say(args, translate(args).gettext(sentence), lab=lab, given=not args.take_back)
    return GOOD


def _describe_time(moment: float) -> str:
    """Return a time of this computer's time zone, "" for one that is not known."""
    from sharklab.lab import exam

    return exam.local_time(moment) if moment else ""


def _describe_hosts(hosts: Mapping[str, str], words: Translator) -> str:
    """Return one word if all hosts are in the same state, else the state of each."""
    states = set(hosts.values())
    if len(states) == 1:
        return f"{len(hosts)} {words.gettext(states.pop())}"
    return ", ".join(f"{host} {words.gettext(state)}" for host, state in hosts.items())


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines, with columns of one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [[f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)] for row in rows]
    return ["  ".join(cells).rstrip() for cells in lines]


def say_results(
    args: Options,
    results: Sequence[Done],
    sentence: str,
    lab: str,
    more: Sequence[str] = (),
    **content: Any,
) -> int:
    """Print the seats that failed with their reasons, how many are good, and `more` lines."""
    words = translate(args)
    failed = [result for result in results if result.error]
    good = len(results) - len(failed)
    lines = [f"✗ {each.student}: {each.error.say(words.gettext)}" for each in failed if each.error]
    lines.append(words.gettext(sentence).format(good=good, count=len(results), lab=lab))
    say(args, "\n".join([*lines, *more]), lab=lab, seats=[to_plain(result) for result in results], **content)
    return NOT_ACHIEVED if failed else GOOD


def to_plain(result: Done) -> dict[str, Any]:
    """Return the result of a seat for scripts."""
    plain = {"student": result.student, "seconds": round(result.seconds, 1), "good": result.error is None}
    return {**plain, "error": str(result.error)} if result.error else plain


def mend_notes(args: Options, own: Sequence[Seat]) -> None:
    """Put damaged notes about seats aside, and say so, before work on them begins."""
    from sharklab.lab import class_note

    warn(args, [sentence for one in own if (sentence := class_note.mend(one))])


def find_students(args: Options) -> Sequence[Student]:
    """Return the students of the roster that the command is about. Raises InputError for other names."""
    from sharklab.cli import student_list

    students = student_list.read(args)
    chosen = choose(args, [each.id for each in students])
    return [student for student in students if student.id in chosen]


def find_seats(args: Options) -> Sequence[Seat]:
    """Return the seats of the class on this computer. Raises InputError for other names."""
    from sharklab.cli import seats
    from sharklab.lab import load

    here = seats.seats_here(paths.lab_name(args.lab))
    if not here:
        load.find(args.lab)  # raises InputError for a name that no lab has
    if args.roster:
        members = {student.id for student in find_students(args)}
        return [own for own in here if own.student in members]
    return [own for own in here if own.student in choose(args, [own.student for own in here])]


def choose(args: Options, known: Sequence[str]) -> Sequence[str]:
    """Return the names of --only, or all. Raises InputError for a name that is not in `known`."""
    if not args.only:
        return known
    return members([name.strip() for name in args.only.split(",") if name.strip()], known, "--only")


def members(names: Sequence[str], known: Sequence[str], place: str) -> Sequence[str]:
    """Return the names. Raises InputError at `place` for a name that is not in `known`."""
    for name in names:
        if name not in known:
            raise InputError(
                N_("{name!r} is no student of this class"),
                place=place,
                hint=DID_YOU_MEAN if nearest(name, known) else N_("students: {known}"),
                name=name,
                near=nearest(name, known),
                known=", ".join(known[:20]),
            )
    return names
