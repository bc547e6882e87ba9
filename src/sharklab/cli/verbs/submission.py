"""The verbs for a student's work: seats for a class, the form, checking and handing in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sharklab import ownership
from sharklab.cli.options import Options
from sharklab.cli.say import languages, say, translate
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import DID_YOU_MEAN, N_, nearest

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.grading.marking.model import Result
    from sharklab.grading.submission.model import HostState, Submission
    from sharklab.i18n import Translator
    from sharklab.lab.model import Plan


def seats_create(args: Options) -> int:
    """Write a file for each student of the class, for that student alone."""
    from sharklab.author import lint
    from sharklab.cli import moment
    from sharklab.lab import exam, roster, seat_file

    lab, folder = lint.named(args.lab), Path(args.out)
    students = roster.read(Path(args.roster))
    times = exam.windows(lab, students, *moment.read_exam(args.begin, args.end))
    files = seat_file.create_all(lab, [student.id for student in students], folder, times)
    ownership.give_like_folder(folder, *files.values())
    text = translate(args).gettext(
        "{count} seats of {lab} are in {folder}. Give each student their own file."
    )
    seats = [
        {"student": student.id, "name": student.name, "file": str(files[student.id])} for student in students
    ]
    say(args, text.format(count=len(files), lab=lab.name, folder=folder), seats=seats)
    return GOOD


def seats_code(args: Options) -> int:
    """Show for each student the code to hand in once more in an exam."""
    from sharklab.author import lint
    from sharklab.lab import exam, seat

    lab = lint.named(args.lab)
    if lab.exam is None:
        raise InputError(N_("the lab {lab} is not an exam"), place="sharklab seats code", lab=lab.name)
    codes = {student: exam.code(lab.name, seat.check_student(student)) for student in args.students}
    say(args, "\n".join(f"{student}: {code}" for student, code in codes.items()), codes=codes)
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
    from sharklab.cli import exam_rules, flow, work
    from sharklab.grading.marking import advice
    from sharklab.grading.marking.export import to_plain
    from sharklab.grading.marking.keys import without_keys
    from sharklab.grading.marking.marks import grade
    from sharklab.grading.marking.policy import Policy
    from sharklab.lab import diary

    plan = flow.look_up(args.lab, args.student)
    if args.hint:
        exam_rules.refuse_in_exam(plan, "check --hint")
    submission = _read_work(args, plan)
    has_seat = work.has_seat(plan)
    graded = grade(plan, submission, Policy(without_seats=not has_seat))
    if plan.lab.exam:
        return _say_missing(args, plan, submission, graded)
    offered = advice.hint_names(graded)
    if args.hint:
        _check_criterion(args.hint, graded)
        _take_hint(plan, args.hint, offered)
    result = without_keys(graded, diary.hints(plan.seat))
    words = translate(args)
    lines = [*_without_seat(has_seat, words), *advice.lines(result, words, offered)]
    told = {"folder": str(submission.folder), "hints": list(offered), "seat": has_seat}
    say(args, "\n".join(lines), **told, result=to_plain(result))
    return GOOD if result.points == result.worth else NOT_ACHIEVED


def _without_seat(has_seat: bool, words: Translator) -> Iterator[str]:
    """Yield a sentence on the criteria that do not count when the student has no seat."""
    if not has_seat:
        yield words.gettext(
            N_("You have no seat of this lab here: the criteria that need a seat do not count.")
        )


def _say_missing(args: Options, plan: Plan, submission: Submission, result: Result) -> int:
    """Say in an exam which parts are missing, by their titles alone; exit code 1 when some are."""
    from sharklab.grading.marking import advice
    from sharklab.grading.submission import contents
    from sharklab.lab import diary

    diary.note_check(plan.seat)
    words, missing = translate(args), advice.missing(result)
    lines = [*map(words.say, contents.taken(submission)), *advice.exam_lines(result, words)]
    titles = {id: [words.say(mark.title) for mark in marks] for id, marks in missing.items()}
    say(args, "\n".join(lines), folder=str(submission.folder), missing=titles)
    return NOT_ACHIEVED if missing else GOOD


def _check_criterion(name: str, graded: Result) -> None:
    """Raise InputError when the lab has no criterion of the name exercise/criterion."""
    known = [f"{exercise.id}/{mark.criterion}" for exercise in graded.exercises for mark in exercise.marks]
    if name in known:
        return
    near = nearest(name, known)
    exercise = name.partition("/")[0]
    raise InputError(
        N_("the lab has no criterion {name!r}"),
        place="--hint",
        hint=DID_YOU_MEAN if near else N_("criteria: {known}"),
        name=name,
        near=near,
        known=", ".join([each for each in known if each.startswith(f"{exercise}/")] or known),
    )


def _take_hint(plan: Plan, name: str, known: tuple[str, ...]) -> None:
    """Note that a hint is taken. Raises InputError when there is none of that name now."""
    from sharklab.lab import diary

    if name not in known:
        raise InputError(
            N_("there is no hint for {name!r} now"),
            place="--hint",
            hint=N_("there are hints for: {known}") if known else N_("no missing part has a hint"),
            name=name,
            known=", ".join(known),
        )
    diary.take_hint(plan.seat, name)


def _read_work(args: Options, plan: Plan) -> Submission:
    """Return the work of the student as it is now."""
    from sharklab.cli import work
    from sharklab.grading.submission import form as forms
    from sharklab.grading.submission import work as folders

    found = folders.read(forms.place(args.folder, plan.lab.name), plan)
    return work.with_state(plan, found, _observe_hosts(plan, translate(args)))


def _observe_hosts(plan: Plan, words: Translator) -> Mapping[str, HostState]:
    """Return the state of the seat's hosts, if they are up and the lab asks for it.

    If that takes root's rights, the command starts again through sudo.
    """
    from sharklab import privilege
    from sharklab.checks import host_demands
    from sharklab.cli import seats, setup
    from sharklab.evidence import host_state
    from sharklab.hosts.providers import sleeping
    from sharklab.progress import Progress

    if not host_demands.is_needed(plan) or not (plan.seat.folder / "ssh" / "config").exists():
        return {}
    if seats.provider_of(plan.seat).name not in setup.ROOTLESS_PROVIDERS and not privilege.is_root():
        privilege.become_root(words)
    sleeping.wake(plan.seat)
    with Progress(words.gettext).step(N_("record the state of the hosts")):
        return host_state.observe(plan, host_demands.demands(plan))


def report(args: Options) -> int:
    """Write the report of a student's own answers and captures into their folder."""
    from sharklab.cli import exam_rules, flow, work
    from sharklab.grading.marking import preview as reports

    plan = flow.look_up(args.lab, args.student)
    exam_rules.refuse_in_exam(plan, "report --folder")
    submission = _read_work(args, plan)
    files = reports.write(plan, submission, languages(args), without_seats=not work.has_seat(plan))
    ownership.give_like_folder(*submission.folder.iterdir())
    say(args, "\n".join(map(str, files)), reports=[str(file) for file in files])
    return GOOD


def submit(args: Options) -> int:
    """Pack the work and say what is in it, and what is not; in an exam the hosts reboot before that."""
    from sharklab.cli import exam_rules, flow
    from sharklab.grading.submission import bundle, contents, manifest
    from sharklab.lab import diary, seat

    plan = flow.look_up(args.lab, args.student)
    exam_rules.check_submission(plan, args.again)
    submission = _read_work(args, plan)
    if plan.lab.exam:
        submission = _end_exam(args, plan, submission)
    name, student = plan.lab.name, plan.seat.student
    file = Path(args.out or f"{name}-{student}{bundle.ENDING}")
    bundle.pack(submission, seat.key(name, student), file)
    ownership.give_like_folder(file)
    digest = manifest.digest(file.read_bytes())
    if plan.lab.exam:
        diary.note_submission(plan.seat, digest)
    lines = contents.lines(plan, submission, file, translate(args))
    say(args, "\n".join(lines), file=str(file), digest=digest, **contents.plain(plan, submission))
    return GOOD


def _end_exam(args: Options, plan: Plan, submission: Submission) -> Submission:
    """Return the submission with the record of its exam, and with the second look at its hosts."""
    from sharklab.checks import host_demands
    from sharklab.cli import exam_rules
    from sharklab.progress import Progress

    record = exam_rules.with_record(plan, submission, args.again)
    if not host_demands.is_needed(plan):
        return record
    progress = Progress(translate(args).gettext)
    return exam_rules.look_again(plan, record, host_demands.demands(plan), progress)
