"""What the verbs around a student's work do: seats for a class, the form, checking and handing in."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from sharklab import flow, load, ownership, roster, seat_file
from sharklab.errors import GOOD
from sharklab.submission import form as forms
from sharklab.verbs import say, translate


def seats_create(args: Namespace) -> int:
    """Write a file for each student of the class, for that student alone."""
    lab, folder = load.load(load.find(args.lab)), Path(args.out)
    students = roster.read(Path(args.roster))
    files = {student.id: seat_file.create(lab, student.id, folder) for student in students}
    ownership.give_like_folder(folder, *files.values())
    text = translate(args).gettext(
        "{count} seats of {lab} are in {folder}. Give each student their own file."
    )
    seats = [
        {"student": student.id, "name": student.name, "file": str(files[student.id])} for student in students
    ]
    say(args, text.format(count=len(files), lab=lab.name, folder=folder), seats=seats)
    return GOOD


def seats_import(args: Namespace) -> int:
    """Take the seats that the instructor made."""
    text = translate(args).gettext("Seat {lab} of {student} is yours. Next: sharklab up {lab}")
    seats = [seat_file.install(Path(file)) for file in args.files]
    lines = [text.format(lab=own.lab, student=own.student) for own in seats]
    say(args, "\n".join(lines), seats=[{"lab": own.lab, "student": own.student} for own in seats])
    return GOOD


def form(args: Namespace) -> int:
    """Make the folder that a student fills in, or add to it what it lacks."""
    plan = flow.prepare(args.lab, args.student)
    folder, words = Path(args.out or plan.lab.name), translate(args)
    changed = forms.write(plan, folder, words)
    ownership.give_like_folder(folder, *folder.iterdir())
    text = words.gettext("Fill in {folder}/answers.yml and put your captures into {folder}/captures/.")
    if not changed:
        text = words.gettext("{folder}/answers.yml has all that is asked already; nothing was changed.")
    say(args, text.format(folder=folder), folder=str(folder), changed=changed)
    return GOOD
