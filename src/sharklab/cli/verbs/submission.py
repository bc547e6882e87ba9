"""The verbs for a student's work: seats for a class, the form, checking and handing in."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sharklab import ownership
from sharklab.cli.options import Options
from sharklab.cli.say import languages, say, translate, warn
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import N_
from sharklab.untrusted import visible

LINKS = "links.csv"
"""The file with the personal links of a class, beside the files of its seats."""

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.cli.own_work import Look
    from sharklab.grading.submission.model import Submission
    from sharklab.lab.model import Plan
    from sharklab.lab.roster import Student


def seats_create(args: Options) -> int:
    """Write a file for each student of the class, and print the password of each for a class server."""
    from sharklab.author import lint
    from sharklab.cli import student_list, time_option
    from sharklab.hosts.ssh_gateway import control, keys
    from sharklab.lab import exam, seat_file

    lab, folder = lint.load_named(args.lab), Path(args.out)
    students = student_list.read(args)
    times = exam.windows(lab, students, *time_option.read_exam(args.begin, args.end))
    files = seat_file.create_all(lab, [student.id for student in students], folder, times)
    if args.url:
        _write_links(args.url, lab.name, students, folder / LINKS)
    ownership.give_like_folder(folder, *files.values())
    words = translate(args)
    text = words.ngettext(
        "{count} seat of {lab} is in {folder}. Give the file to its student.",
        "{count} seats of {lab} are in {folder}. Give each student their own file.",
        len(files),
    )
    first = words.gettext(
        "For the first login on a class server (ssh -p {port} NAME@SERVER), each student's password:"
    ).format(port=control.read_port())
    passwords = {student.id: keys.password(student.id) for student in students}
    seats = [
        {
            "student": student.id,
            "name": student.name,
            "file": str(files[student.id]),
            "password": passwords[student.id],
        }
        for student in students
    ]
    lines = [text.format(count=len(files), lab=lab.name, folder=folder), first]
    width = max(len(own.id) for own in students)
    lines += [
        f"  {own.id.ljust(width)}  {passwords[own.id]}  {visible(own.name)}".rstrip() for own in students
    ]
    say(args, "\n".join(lines), seats=seats)
    return GOOD


def _write_links(url: str, lab: str, students: Iterable[Student], file: Path) -> None:
    """Write the personal links of a class for the workbench at `url`; each of them works.

    A student whose link was used gets another one, which ends the cookie of the older one.
    """
    from sharklab import state
    from sharklab.cli.workbench import site
    from sharklab.cli.workbench.desk import class_links

    place, own = site.read(url), tuple(students)
    class_links.renew_used(lab, [each.id for each in own])
    state.write(file, class_links.table(lab, own, place))
    ownership.give_like_folder(file)


def seats_code(args: Options) -> int:
    """Show for each student the code to hand in once more in an exam."""
    from sharklab.author import lint
    from sharklab.lab import exam, seat

    lab = lint.load_named(args.lab)
    if lab.exam is None:
        raise InputError(N_("the lab {lab} is not an exam"), place="sharklab seats code", lab=lab.name)
    codes = {student: exam.code(lab.name, seat.check_student(student)) for student in args.students}
    say(args, "\n".join(f"{student}: {code}" for student, code in codes.items()), codes=codes)
    return GOOD


def seats_minutes(args: Options) -> int:
    """Give students of an exam more minutes, and show the end of each."""
    from sharklab.author import lint
    from sharklab.lab import exam

    lab, words = lint.load_named(args.lab), translate(args)
    ends = {student: exam.give_minutes(lab, student, args.more).end for student in args.students}
    text = words.gettext("The time of {student} ends at {end}.")
    lines = [text.format(student=student, end=exam.local_time(end)) for student, end in ends.items()]
    say(args, "\n".join(lines), ends=ends)
    return GOOD


def seats_import(args: Options) -> int:
    """Take the seats that the instructor made."""
    from sharklab.lab import seat_file

    text = translate(args).gettext("Seat {lab} of {student} is installed. Next: sharklab up {lab}")
    seats = [seat_file.install(Path(file)) for file in args.files]
    lines = [text.format(lab=own.lab, student=own.student) for own in seats]
    say(args, "\n".join(lines), seats=[{"lab": own.lab, "student": own.student} for own in seats])
    return GOOD


def form(args: Options) -> int:
    """Make the folder that a student fills in, or add to it what it lacks."""
    from sharklab.cli import flow
    from sharklab.grading.submission import form as forms
    from sharklab.lab import load

    plan = flow.prepare(args.lab, args.student)
    folder, words = Path(args.folder or plan.lab.name), translate(args)
    if (folder / load.FILE).exists():
        raise InputError(
            N_("this is the folder of the lab, not of a student's work"),
            place=str(folder),
            hint=N_("name another folder: --folder DIR"),
        )
    changed = forms.write(plan, folder, words)
    ownership.give_like_folder(folder, *folder.iterdir())
    text = words.gettext("Fill in {folder}/answers.yml and put your captures into {folder}/captures/.")
    if not changed:
        text = words.gettext("{folder}/answers.yml already has every question; nothing was changed.")
    say(args, text.format(folder=folder), folder=str(folder), changed=changed)
    return GOOD


def check(args: Options) -> int:
    """Grade the folder as it lies there and say what a student may know; exit code 1 unless all is there."""
    from sharklab.cli import exam_rules, flow, own_work
    from sharklab.grading.marking import advice
    from sharklab.grading.marking.export import to_plain

    plan = flow.look_up(args.lab, args.student)
    if args.hint:
        exam_rules.refuse_in_exam(plan, "check --hint")
    folder = _find_folder(args, plan)
    with _open_work(args, plan, folder) as submission:
        found = own_work.look(plan, submission, args.hint)
    if plan.lab.exam:
        return _say_missing(args, found, folder)
    words, result = translate(args), found.result
    lines = [*(visible(words.say(note)) for note in found.notes), *advice.lines(result, words, found.offered)]
    told = {"folder": str(folder), "hints": list(found.offered), "seat": found.has_seat}
    say(args, "\n".join(lines), **told, result=to_plain(result))
    return GOOD if result.points == result.worth else NOT_ACHIEVED


def _say_missing(args: Options, found: Look, folder: Path) -> int:
    """Say in an exam which parts are missing, by their titles alone; exit code 1 when some are."""
    from sharklab.grading.marking import advice

    words, missing = translate(args), advice.list_missing(found.result)
    lines = [*(visible(words.say(note)) for note in found.notes), *advice.exam_lines(found.result, words)]
    titles = {id: [words.say(mark.title) for mark in marks] for id, marks in missing.items()}
    say(args, "\n".join(lines), folder=str(folder), missing=titles)
    return NOT_ACHIEVED if missing else GOOD


def _find_folder(args: Options, plan: Plan) -> Path:
    """Return the folder of the student's work; warn first of hosts that are not up."""
    from sharklab.cli import own_work
    from sharklab.grading.submission import form as forms

    warn(args, own_work.name_missing_hosts(plan))
    return forms.place(args.folder, plan.lab.name)


@contextmanager
def _open_work(args: Options, plan: Plan, folder: Path) -> Iterator[Submission]:
    """Give the work in the student's folder as it is now.

    If it takes root's rights to see the hosts, the command starts again through sudo.
    """
    from sharklab.cli import own_work, seats
    from sharklab.progress import Progress

    _become_root(args, plan)
    with own_work.open_work(folder, plan, Progress(translate(args).gettext)) as found:
        warn(args, seats.warnings(plan.lab.name, plan.seat.student))
        yield found


def _become_root(args: Options, plan: Plan) -> None:
    from sharklab import privilege
    from sharklab.cli import own_work, seats, setup

    local = seats.provider_of(plan.seat).name not in setup.ROOTLESS_PROVIDERS
    if own_work.needs_hosts(plan) and local and not privilege.is_root():
        privilege.become_root(translate(args))


def report(args: Options) -> int:
    """Write the report of a student's own answers and captures into their folder."""
    from sharklab.cli import exam_rules, flow, solution
    from sharklab.grading.marking import preview as reports

    plan = flow.look_up(args.lab, args.student)
    exam_rules.refuse_in_exam(plan, "report --folder")
    folder = _find_folder(args, plan)
    with _open_work(args, plan, folder) as found:
        submission = replace(found, folder=folder)
        files = reports.write(plan, submission, languages(args), without_seats=not solution.has_seat(plan))
    ownership.give_like_folder(*folder.iterdir())
    say(args, "\n".join(map(str, files)), reports=[str(file) for file in files])
    return GOOD


def submit(args: Options) -> int:
    """Pack the work and say what is in it, and what is not; in an exam the hosts reboot before that."""
    from sharklab.cli import flow, own_work
    from sharklab.grading.submission import bundle, contents
    from sharklab.progress import Progress

    plan, words = flow.look_up(args.lab, args.student), translate(args)
    name, student = plan.lab.name, plan.seat.student
    folder = _find_folder(args, plan)
    _become_root(args, plan)
    file = Path(args.out or ".")
    if file.is_dir():
        file /= f"{name}-{student}{bundle.ENDING}"
    if not file.parent.is_dir():  # said before the hosts of an exam reboot
        raise InputError(
            N_("the folder does not exist"),
            place=f"--out {file.parent}",
            hint=N_("make it with: mkdir -p {folder}"),
            folder=shlex.quote(str(file.parent)),
        )
    with own_work.pack(plan, folder, file, Progress(words.gettext), args.again) as (submission, digest):
        ownership.give_like_folder(file)
        lines = contents.lines(plan, submission, file, words)
        say(args, "\n".join(lines), file=str(file), digest=digest, **contents.plain(plan, submission))
    return GOOD
