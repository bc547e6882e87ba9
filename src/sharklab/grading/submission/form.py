"""The form that a student fills in: answers.yml with comments that say what is asked, and a folder."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from sharklab import state, untrusted
from sharklab.checks import QUESTIONS
from sharklab.errors import InputError
from sharklab.grading.submission import answers, sheet, work
from sharklab.i18n import Translator
from sharklab.lab.model import Exercise, Plan
from sharklab.limits import BUNDLE
from sharklab.message import N_

COLUMNS = 100


def write(plan: Plan, folder: Path, words: Translator) -> bool:
    """Make the form in `folder`, or add to the one that is there what it lacks; tell whether it changed.

    The student's own text stays as it is. Raises InputError when the present form cannot be read, and
    MachineryError when the folder cannot be written.
    """
    state.folder(folder / work.CAPTURES)
    file = next(iter(sheet.find(folder)), folder / sheet.NAME)
    there = untrusted.read(file, BUNDLE.answers) if file.exists() else b""
    whole = _add_exercises(plan, file, there, words) if there.strip() else text(plan, words).encode()
    if whole != there:
        state.write(file, whole, 0o644)
    return whole != there


def text(plan: Plan, words: Translator) -> str:
    """Return the whole form, without an answer."""
    return "\n".join([*_head(plan, words), *_blocks(plan, list_exercises(plan), words)])


def list_exercises(plan: Plan) -> tuple[Exercise, ...]:
    """Return the exercises for which a student hands something in."""
    return tuple(exercise for exercise in plan.lab.exercises if exercise.questions or exercise.captures)


def _add_exercises(plan: Plan, file: Path, there: bytes, words: Translator) -> bytes:
    """Return the present form, with the missing exercises below it."""
    found = sheet.names(there, file)
    lacking = [
        exercise for exercise in list_exercises(plan) if exercise.questions and exercise.id not in found
    ]
    if not lacking:
        return there
    present = sheet.text(there, str(file)).rstrip("\r\n")  # an editor may have saved it in another encoding
    return "\n".join([present, "", *_blocks(plan, lacking, words)]).encode()


def _head(plan: Plan, words: Translator) -> Iterator[str]:
    name, student = plan.lab.name, plan.seat.student
    yield from _comment(f"{words.prose(plan.lab.title)} · {name}/{student}")
    yield from _comment(words.gettext(N_("Write each answer after its colon; spelling and units are free.")))
    yield from _comment(
        words.gettext(
            N_("Put an answer with a colon (an IPv6 address) in quotes. Write several answers as [1, 2].")
        )
    )
    yield from _comment(
        words.gettext(N_("Captures go into the folder {folder}/.")).format(folder=work.CAPTURES)
    )
    exercise, file = words.gettext(N_("EXERCISE")), words.gettext(N_("HOST:FILE"))
    yield from _comment(f"sharklab capture {name} {exercise}   ·   sharklab fetch {name} {file}")
    yield from _comment(
        f"sharklab check {name}   ·   sharklab report {name} --folder .   ·   sharklab submit {name}"
    )
    yield ""


def _blocks(plan: Plan, exercises: Iterable[Exercise], words: Translator) -> Iterator[str]:
    for exercise in exercises:
        yield from _comment(" ".join(filter(None, (exercise.part, words.prose(exercise.title)))))
        yield from _comment(words.prose(exercise.text))
        for capture in exercise.captures:
            text = (
                N_("🦈 on {host}, interface {network}, or on your own machine: {file} (or .pcapng)")
                if exercise.anywhere
                else N_("🦈 on {host}, interface {network}: {file} (or .pcapng)")
            )
            said = words.gettext(text)
            file = f"{work.CAPTURES}/{capture.id}.pcap"
            yield from _comment(said.format(host=capture.host, network=capture.network, file=file))
        if exercise.questions:
            yield f"{exercise.id}:"
        for question in exercise.questions:
            yield f"  # {words.gettext(QUESTIONS[question].text)}{_example(question, words)}"
            yield from _choices(plan, exercise, question, words)
            yield f"  {question}:"
        yield ""


def _choices(plan: Plan, exercise: Exercise, question: str, words: Translator) -> Iterator[str]:
    """Yield the possible answers to a question, each with its meaning."""
    choices = QUESTIONS[question].choices
    for name, meaning in choices(plan, exercise).items() if choices else ():
        yield f"  #   {name}: {words.prose(meaning)}"


def _example(question: str, words: Translator) -> str:
    example = answers.FORMATS[QUESTIONS[question].value].example
    return ", " + words.gettext(N_("for example {example}")).format(example=example) if example else ""


def _comment(text: str) -> Iterator[str]:
    """Yield the lines of a comment; the words of a seat hold no line's end."""
    for line in text.splitlines():
        yield from textwrap.wrap(line, COLUMNS, initial_indent="# ", subsequent_indent="# ")


def place(folder: str | None, lab: str) -> Path:
    """Return the folder of a student's work: the one that is named, or here, or the lab's below here.

    Raises InputError when none of these is there.
    """
    if folder:
        return Path(folder)
    for found in (Path(), Path(lab)):
        if sheet.find(found):
            return found
    raise InputError(
        N_("there is no {file} here"),
        place=str(Path.cwd()),
        hint=N_("make it with: sharklab form {lab}; or name its folder: --folder DIR"),
        file=sheet.NAME,
        lab=lab,
    )
