"""The verbs for the work on the seats of a class: check, run, reset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sharklab import paths
from sharklab.cli.options import Options
from sharklab.cli.say import languages, say, translate
from sharklab.cli.verbs import classroom
from sharklab.cli.verbs.seat import agree
from sharklab.errors import GOOD, NOT_ACHIEVED
from sharklab.message import N_, Message
from sharklab.progress import Progress
from sharklab.untrusted import visible

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.cli.parallel_work import Done
    from sharklab.grading.gradebook.model import Class
    from sharklab.i18n import Translator


def check(args: Options) -> int:
    """Grade every seat as it stands into the page of the class; exit code 1 when one could not be graded."""
    from sharklab.author import lint
    from sharklab.cli import class_work, student_list
    from sharklab.grading.gradebook.model import UNREADABLE, state

    words, out = translate(args), Path(args.out)
    lab, own = lint.load_named(args.lab), classroom.find_seats(args)
    students = student_list.read(args)
    classroom.mend_notes(args, own)
    results, group = class_work.check(lab, own, students, out, Progress(words.gettext))
    entries = group.entries if group else ()
    more = list(_describe_faults(results, words))
    if group:
        more += _describe_class(group, out, args.language, words)
    points = {
        entry.student: {"points": round(entry.result.points, 4), "of": entry.result.worth}
        for entry in entries
        if entry.result
    }
    sentence = N_("Seats of {lab} that are checked: {good} of {count}.")
    code = classroom.say_results(args, results, sentence, lab.name, more, gradebook=str(out), points=points)
    return NOT_ACHIEVED if any(state(entry) == UNREADABLE for entry in entries) else code


def _describe_faults(results: Sequence[Done], words: Translator) -> Iterator[str]:
    for each in results:
        if each.silent:
            text = words.gettext("{student}: these hosts do not answer, and nothing on them counts: {hosts}")
            yield text.format(student=each.student, hosts=", ".join(each.silent))
        for sentence in each.warnings:
            yield f"! {each.student}: {words.say(sentence)}"


def _describe_class(group: Class, out: Path, language: str, words: Translator) -> Iterator[str]:
    for entry in group.entries:
        if entry.result:
            who = " ".join(filter(None, (entry.student, visible(entry.name))))
            yield f"{who}: {entry.result.points:g} / {entry.result.worth:g}"
        elif entry.problem:
            yield f"✗ {entry.student}: {words.say(entry.problem)}"
    yield words.gettext("The page of the class: {page}").format(page=out / f"class.{language}.html")


def run(args: Options) -> int:
    """Run the lab on every solved seat and show the exercises that came about; exit code 1 unless all did."""
    from sharklab.author import lint
    from sharklab.cli import class_work

    lab, own, words = lint.load_named(args.lab), classroom.find_seats(args), translate(args)
    results = class_work.run(lab, own, args.os, languages(args), Progress(words.gettext))
    good = [result for result in results if not result.error]
    achieved = [result for result in good if all(result.exercises.values())]
    names = list(good[0].exercises) if good else []
    rows = [(each.student, *("✓" if each.exercises[name] else "✗" for name in names)) for each in good]
    lines = [f"✗ {each.student}: {each.error.say(words.gettext)}" for each in results if each.error]
    lines += classroom.align([(words.gettext("student"), *names), *rows]) if rows else []
    text = words.gettext("Seats of {lab} that achieved every exercise: {good} of {count}.")
    lines.append(text.format(good=len(achieved), count=len(results), lab=lab.name))
    plain = [{**classroom.to_plain(each), "exercises": dict(each.exercises)} for each in results]
    say(args, "\n".join(lines), lab=lab.name, seats=plain)
    return GOOD if len(achieved) == len(results) else NOT_ACHIEVED


def reset(args: Options) -> int:
    """Put hosts of every seat back into their start state, once a person agrees; exit code 1 if one fails."""
    from sharklab.author import lint
    from sharklab.cli import class_work
    from sharklab.cli import classroom as rooms

    lab, own = lint.load_named(args.lab), classroom.find_seats(args)
    hosts = class_work.hosts_to_reset(lab, own, args.subject)
    if own:
        sentences = [
            Message(
                N_("These hosts lose all changes: {hosts}. On the seats of: {students}."),
                {"hosts": hosts, "students": [one.student for one in own]},
            )
        ]
        if workers := rooms.with_work(own):
            sentences.append(
                Message(N_("These students have worked on them: {students}."), {"students": workers})
            )
        agree(args, sentences)
    results = class_work.reset(lab, own, args.subject, Progress(translate(args).gettext))
    sentence = N_("Seats of {lab} in their start state: {good} of {count}.")
    return classroom.say_results(args, results, sentence, paths.lab_name(args.lab), hosts=list(hosts))
