"""The verb `grade`: read the options, grade the class, print the results."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sharklab.cli import student_list, time_option
from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import N_, Message
from sharklab.progress import Progress
from sharklab.untrusted import visible

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.grading.gradebook.model import Class, Entry
    from sharklab.grading.gradebook.moodle import FilledWorksheet, Worksheet
    from sharklab.grading.marking.policy import Policy
    from sharklab.i18n import Translator
    from sharklab.lab.model import Lab


def grade(args: Options) -> int:
    """Grade a class; exit code 1 when a submission could not be graded."""
    from sharklab.grading.gradebook import batch, corrections, inputs
    from sharklab.grading.gradebook.model import UNREADABLE, state

    words, out = translate(args), Path(args.out)
    students = student_list.read(args)
    if sheet := _worksheet(args):
        students = sheet.with_groups(students)
    places = [Path(file) for file in args.files]
    sources = (
        inputs.find_folders(places, students, args.lab)
        if args.without_seats
        else inputs.find(places, students)
    )
    lists = (args.roster, args.moodle, sheet and sheet.target, args.corrections)
    known = {Path(file).name for file in lists if file}
    others = [name for name in inputs.find_others(places, sources) if name not in known]
    jobs, progress = args.jobs or len(os.sched_getaffinity(0)), Progress(words.gettext)
    policy, (begin, end) = _policy(args), time_option.read_exam(args.begin, args.end)
    if begin and policy.due:
        hint = N_("name the end of the exam: --end 2026-12-01T09:30")
        raise InputError(N_("an exam has an end, and no due date"), place="--due", hint=hint)
    by_hand = corrections.read(Path(args.corrections)) if args.corrections else corrections.NO_CORRECTIONS
    group = batch.grade(
        batch.Batch(
            *(sources, students, out, args.lab, policy, max(1, jobs), _load_lab),
            lambda entries: _check_worksheet(sheet, entries, progress),
            *(begin, end, by_hand),
        ),
        progress,
    )
    filled = _fill(sheet, group, out) if sheet else None
    counts = Counter(map(state, group.entries))
    lines = [
        *_describe_due(policy.due, words),
        *_describe_exam(_load_lab(args.lab or group.lab), begin, end, words),
        *_describe(group, filled, out, args.language, words),
    ]
    if others:
        text = words.gettext("These files are no submissions, and nobody graded them: {names}")
        lines.append(visible(text.format(names=", ".join(others))))
    due = datetime.fromtimestamp(policy.due).astimezone().isoformat() if policy.due else ""
    say(args, "\n".join(lines), due=due, others=others, **_to_plain(group, filled, out))
    return NOT_ACHIEVED if counts[UNREADABLE] else GOOD


def _worksheet(args: Options) -> Worksheet | None:
    """Return the worksheet to fill. Raises InputError when there is one and it cannot be filled."""
    from sharklab.grading.gradebook import moodle

    if args.moodle:
        return moodle.read(Path(args.moodle), _scale(args.scale))
    if args.scale:
        raise InputError(
            N_("needs a worksheet"), place="--scale", hint=N_("name the worksheet: --moodle worksheet.csv")
        )
    return None


def _fill(sheet: Worksheet, group: Class, out: Path) -> FilledWorksheet:
    """Fill the worksheet, and remember its rows beside the gradebook: a later run takes back old ones."""
    from sharklab.grading.gradebook import filled_rows

    filled = sheet.fill(group, filled_rows.read(out))
    filled_rows.write(out, filled.rows)
    return filled


def _scale(text: str | None) -> tuple[float, ...]:
    """Return the percentages of a scale. Raises InputError when they do not rise from 0 to 100."""
    try:
        scale = tuple(map(float, text.split(","))) if text else ()
    except ValueError:
        scale = (-1.0,)
    if scale and not (scale[0] == 0 and scale[-1] <= 100 and all(a < b for a, b in pairwise(scale))):
        raise InputError(
            N_("{text!r} are no percentages that rise from 0"),
            place="--scale",
            hint=N_("give one for each item of the scale: --scale 0,50,80"),
            text=text,
        )
    return scale


def _check_worksheet(sheet: Worksheet | None, entries: Sequence[Entry], progress: Progress) -> None:
    """Tell which students have no row, before grading begins. Raises InputError when nobody has one."""
    if sheet and (absent := sheet.check(entries)):
        progress.note(Message(N_("Not in the worksheet: {students}"), {"students": ", ".join(absent)}))


def _policy(args: Options) -> Policy:
    """Return the policy of the options. Raises InputError for a wrong number, or lateness without --due."""
    from sharklab.grading.marking.policy import Policy

    _check_numbers(args)
    return Policy(
        hint=args.hint_cost / 100,
        due=time_option.read(args.due, "--due", is_end=True),
        grace=args.grace * 60,
        per_day=args.late / 100,
        at_most=args.cap / 100,
        closed=args.closed,
        without_seats=args.without_seats,
        given=time_option.read(args.given, "--given"),
    )


def _check_numbers(args: Options) -> None:
    for name, percent in (("late", args.late), ("cap", args.cap), ("hint-cost", args.hint_cost)):
        if not 0 <= percent <= 100:
            raise InputError(N_("a percentage is a number from 0 to 100"), place=f"--{name}")
    for name, length in (("grace", args.grace), ("closed", args.closed)):
        if not 0 <= length < math.inf:
            raise InputError(N_("a length of time cannot be negative"), place=f"--{name}")
    for name, value in (("grace", args.grace), ("late", args.late), ("closed", args.closed)):
        if value and not args.due:
            hint = N_("give the due date: --due 2026-12-01T18:00")
            raise InputError(N_("needs a due date"), place=f"--{name}", hint=hint)


def _describe_due(due: float, words: Translator) -> Iterator[str]:
    """Yield a sentence on when submissions were due, with the time zone."""
    if due:
        last = datetime.fromtimestamp(due).astimezone()
        said = words.gettext("The due date is {time}, in the time zone UTC{offset} of this computer.")
        yield said.format(time=f"{last:%Y-%m-%d %H:%M:%S}", offset=last.isoformat()[-6:])


def _load_lab(name: str) -> Lab:
    """Return the lab, checked. Raises InputError, which names the option for a lab that lies elsewhere."""
    from sharklab.author import lint

    try:
        return lint.load_named(name)
    except InputError as error:
        if error.place == Message(N_("LAB")):
            error.place = "--lab"
        raise


def _describe_exam(lab: Lab, begin: float, end: float, words: Translator) -> Iterator[str]:
    """Yield a sentence on the time of an exam."""
    from sharklab.lab import exam

    if times := exam.windows(lab, (), begin, end):
        said = words.gettext(
            "The exam was from {begin} to {end}; students with more minutes have a later end."
        )
        first, last = map(exam.local_time, (times.common.begin, times.common.end))
        yield said.format(begin=first, end=last)
    elif lab.exam:
        yield words.gettext(
            "Without --begin, the first submission of each student counts, whenever it was made."
        )


def _describe(
    group: Class, filled: FilledWorksheet | None, out: Path, language: str, words: Translator
) -> Iterator[str]:
    from sharklab.grading.gradebook import figures
    from sharklab.grading.gradebook.model import GRADED, MISSING, UNREADABLE, state
    from sharklab.grading.gradebook.selection import SPARE

    counts = Counter(map(state, group.entries))
    text = words.gettext("{graded} graded, {unreadable} could not be graded, {missing} handed in nothing.")
    yield text.format(graded=counts[GRADED], unreadable=counts[UNREADABLE], missing=counts[MISSING])
    for entry in group.entries:
        if state(entry) == UNREADABLE:
            yield f"  {entry.file}: {words.say(entry.problem)}"
    for entry in group.entries:
        if entry.group and not entry.author:
            yield from (f"  {words.say(each.said)}" for each in entry.remarks if each.kind == SPARE)
    looks = sum(bool(figures.reasons(entry)) for entry in group.entries)
    text = words.gettext("Students who need attention ({count}): {page}")
    yield text.format(count=looks, page=out / f"class.{language}.html")
    if filled:
        yield from _describe_worksheet(filled, words)


def _describe_worksheet(filled: FilledWorksheet, words: Translator) -> Iterator[str]:
    text = words.ngettext(
        "{count} grade is in the worksheet {file}.",
        "{count} grades are in the worksheet {file}.",
        filled.graded,
    )
    yield text.format(count=filled.graded, file=filled.file)
    if filled.absent:
        yield words.gettext("Not in the worksheet: {students}").format(students=", ".join(filled.absent))
    if filled.locked:
        yield words.gettext("Locked in the worksheet: {students}").format(students=", ".join(filled.locked))
    if filled.removed:
        text = words.gettext("No result any more, so the old grade is removed from the worksheet: {students}")
        yield visible(text.format(students=", ".join(filled.removed)))
    if filled.old:
        text = words.gettext("No result, but the worksheet has a grade that sharklab leaves: {students}")
        yield text.format(students=", ".join(filled.old))


def _to_plain(group: Class, filled: FilledWorksheet | None, out: Path) -> dict[str, object]:
    from sharklab.grading.gradebook import figures
    from sharklab.grading.gradebook.model import state

    students = {
        entry.student: {
            "state": state(entry),
            "group": entry.group,
            "handed_in_by": entry.author,
            "points": round(entry.result.points, 4) if entry.result else None,
            "problem": str(entry.problem),
            "look": [str(reason) for reason in figures.reasons(entry)],
        }
        for entry in group.entries
    }
    sheet = {**asdict(filled), "file": str(filled.file)} if filled else {}
    sheet.pop("rows", None)
    return {"lab": group.lab, "gradebook": str(out), "students": students, "moodle": sheet or None}
