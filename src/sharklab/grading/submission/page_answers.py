"""Find answers in the README and the texts of a student's folder, where a line ties them to a question.

Students without a seat often write no answers.yml: their answers are in the text beside the captures. An
answer counts below a heading that names its exercise alone, or in the row of a table that does. Its own words
name the question ("Port du serveur: 22"), or it has no label (`unlabelled`): a line that a tool printed, a
sentence. Nothing is guessed: of two different answers to a question none counts. A heading may name two
exercises ("Application 1: SSH"): the one is meant that has no answers elsewhere, or whose service the answers
below name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from sharklab import untrusted
from sharklab.checks import QUESTIONS
from sharklab.checks.question import End, Value
from sharklab.errors import InputError
from sharklab.grading.submission import answers, finding, page_lines, service, sheet
from sharklab.grading.submission.model import Answers, Problem, WrittenAnswer
from sharklab.grading.submission.page_names import of
from sharklab.grading.submission.page_reader import PageReader, Said, is_answer
from sharklab.grading.submission.service import AskedService
from sharklab.lab.model import Exercise, Plan
from sharklab.message import N_, Message

_LARGEST, _PAGES, _ALL = 256 << 10, 20, 1 << 20
"""Bytes of a page, pages of a folder, and bytes of them all, that are read."""
_ENDINGS = frozenset({"", ".md", ".markdown", ".txt", ".text", ".rst", ".html", ".htm"})
_SHOWN = 8
"""Lines of a page that are named."""
_COMMENT = re.compile(r"^[ \t]*#.*|(?<=\s)#.*", re.MULTILINE)
"""A comment of YAML: the form has some."""
_OURS = re.compile(r"(?:report|brief|feedback)\.[a-z]{2}\.(?:md|html)")
"""Pages that sharklab itself wrote: they may hold the right answers."""

_TYPED = "onlinetext.html"
"""The end of the name of a text that a student typed in Moodle: its student may have nothing else."""
SILENT = N_(
    "the text has no answer that names its question, below a heading or in a line that names its exercise"
)


@dataclass(frozen=True)
class AnswersInPages:
    """The answers that were found, with their places, and those that contradict each other."""

    answers: Answers = field(default_factory=dict)
    places: tuple[WrittenAnswer, ...] = ()
    problems: tuple[Problem, ...] = ()


def find(folder: Path, plan: Plan, known: Answers) -> AnswersInPages:
    """Return the answers in the texts below `folder` for exercises of which `known` has no answer.

    Only exercises that take captures from anywhere are looked at. The first page with an answer counts. A
    file of answers is read as a text, too, for the questions that it answers in other words.
    """
    anywhere = [each for each in plan.lab.exercises if each.anywhere]
    wanted = {each.id for each in anywhere if not known.get(each.id)}
    forms = {each.id for each in anywhere if not {*each.questions} <= known.get(each.id, {}).keys()}
    given: dict[str, dict[str, Any]] = {}
    places: list[WrittenAnswer] = []
    problems: list[Problem] = []
    lines_lost: dict[str, list[int]] = {}
    pages = _pages(folder, plan.lab.name) if forms else ()
    for page in pages:
        own = forms if sheet.is_sheet(page.name) else wanted
        name = untrusted.one_line(page.relative_to(folder).as_posix())
        answered = {id for id, each in {**known, **given}.items() if each}
        every, lost = _read_answers(page, plan)
        sure, unclear = _resolve_headings(every, plan.lab.exercises, answered)
        one, refused = _settle_answers(
            each
            for each in sure
            if each.exercise in own and each.question not in known.get(each.exercise, {})
        )
        problems += (Problem(name, reason) for reason in (*unclear, *refused))
        lines_lost |= {name: lost} if lost else {}
        for said in one:
            if said.question not in given.setdefault(said.exercise, {}):
                given[said.exercise][said.question] = said.text
                places.append(WrittenAnswer(said.exercise, said.question, name, said.line))
    if not places and not any(known.values()):
        typed = (page.name for page in pages if page.name.endswith(_TYPED))
        problems += (Problem(untrusted.one_line(name), Message(SILENT)) for name in typed)
    open_ones = [
        each.id for each in anywhere if each.questions and not (known.get(each.id) or given.get(each.id))
    ]
    problems += _name_lost(lines_lost, open_ones)
    return AnswersInPages(
        {name: each for name, each in given.items() if each}, tuple(places), tuple(problems)
    )


def _name_lost(lines_lost: Mapping[str, Sequence[int]], open_ones: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each page with answers of no exercise, where some exercises have no answer."""
    text = N_(
        "no heading above these lines names an exercise, and they count for none: {lines}; "
        "without an answer: {exercises}"
    )
    for name, lines in lines_lost.items() if open_ones else ():
        shown = [*map(str, lines[:_SHOWN]), *["…"] * (len(lines) > _SHOWN)]
        yield Problem(name, Message(text, {"lines": shown, "exercises": list(open_ones)}))


def is_page(name: str) -> bool:
    """Tell whether a file of this name is a text in which a student may write answers."""
    ending = Path(name).suffix.casefold()
    named = bool(ending) or name.casefold() == "readme"
    return named and ending in _ENDINGS and not sheet.is_sheet(name) and not _OURS.fullmatch(name)


def _pages(folder: Path, lab: str) -> Sequence[Path]:
    """Return the texts below `folder` that may be about the lab, those in its own folder first."""
    pages = [
        (near, len(parts), file)
        for file in finding.files(folder)
        if is_page(file.name) or sheet.is_sheet(file.name)
        for parts in [file.relative_to(folder).parts]
        if (near := finding.nearness(parts, lab)) is not finding.OTHER
    ]
    first = [file for *_, file in sorted(pages)[:_PAGES]]
    sizes = accumulate(file.lstat().st_size for file in first)
    return [file for file, size in zip(first, sizes, strict=True) if size <= _ALL]


def _read_answers(page: Path, plan: Plan) -> tuple[list[Said], list[int]]:
    """Return the answers in a page, and the lines of those that belong to no exercise."""
    try:
        text = sheet.text(untrusted.read(page, _LARGEST))
    except InputError:  # it is no text, or no page that a person wrote
        return [], []
    reader = PageReader(plan.lab.exercises, plan.lab.name)
    if sheet.is_sheet(page.name):
        text = _COMMENT.sub("", text)
    for line in page_lines.lines(text):
        reader.read(line)
    said = _without_open(list(filter(is_answer, (*reader.said, *reader.rest()))), plan)
    return said, [] if sheet.is_sheet(page.name) else reader.lost


def _without_open(said: list[Said], plan: Plan) -> list[Said]:
    """Leave out the answers whose label names no end, where this may be either end.

    An address is the server's where the exercise asks for no other. So is a port, where the client's has a
    label.
    """
    asked = {each.id: each.questions for each in plan.lab.exercises}
    sure = {(each.exercise, each.heading, each.question) for each in said if not each.open}
    return [
        each
        for each in said
        if not each.open
        or (
            (each.exercise, each.heading, each.question) not in sure
            and all(
                (each.exercise, each.heading, other) in sure for other in _others(each, asked[each.exercise])
            )
        )
    ]


def _others(said: Said, questions: Iterable[str]) -> list[str]:
    """Return the questions about the client's value of the same kind."""
    value = QUESTIONS[said.question].value
    return [name for name in questions if of(QUESTIONS[name]) == (value, End.CLIENT)]


def _resolve_headings(
    said: Sequence[Said], exercises: Sequence[Exercise], answered: Collection[str]
) -> tuple[list[Said], list[Message]]:
    """Return the answers whose exercise is sure, and why others do not count.

    `answered` are the exercises that have answers in another file.
    """
    sure, unclear = [each for each in said if not each.heading], []
    done = {*answered, *(each.exercise for each in sure)}
    for heading, below in _by_heading(said).items():
        if meant := _find_exercise(below, exercises, done):
            sure += (each for each in below if each.exercise == meant)
            done.add(meant)
            continue
        ids = list(dict.fromkeys(each.exercise for each in below))
        text = N_("line {line}: the heading may name each of {exercises}: the answers below count for none")
        unclear.append(Message(text, {"line": heading, "exercises": ids}))
    return sure, unclear


def _by_heading(said: Iterable[Said]) -> Mapping[int, list[Said]]:
    """Return the answers below each heading that names several exercises, in the order of their lines."""
    by_heading: dict[int, list[Said]] = {}
    for each in said:
        if each.heading:
            by_heading.setdefault(each.heading, []).append(each)
    return dict(sorted(by_heading.items()))


def _find_exercise(below: Sequence[Said], exercises: Sequence[Exercise], done: Collection[str]) -> str:
    """Return the one exercise of a heading that its answers can be of, "" for none or several."""
    by_id: dict[str, list[Said]] = {}
    for each in below:
        by_id.setdefault(each.exercise, []).append(each)
    left = [each for each in exercises if each.id in by_id and each.id not in done]
    fit = [each for each in left if _fits(service.of(each), by_id[each.id])]
    meant = left if len(left) == 1 else fit
    return meant[0].id if len(meant) == 1 else ""


def _fits(wanted: AskedService | None, said: Iterable[Said]) -> bool:
    """Tell whether answers name the port of a service; the transport may be a mistake."""
    asked = [each for each in said if of(QUESTIONS[each.question]) == (Value.PORT, End.SERVER)]
    ports = {port for each in asked for port in answers.values(each.question, each.text)}
    return wanted is not None and str(wanted.port) in ports


def _settle_answers(said: Iterable[Said]) -> tuple[list[Said], list[Message]]:
    """Return one answer for each question, and why a question with several has none."""
    by_question: dict[tuple[str, str], list[Said]] = {}
    for each in said:
        by_question.setdefault((each.exercise, each.question), []).append(each)
    good, refused = [], []
    for (exercise, question), all_said in by_question.items():
        first, *others = all_said
        values = answers.values(question, first.text)
        other = next((each for each in others if answers.values(question, each.text) != values), None)
        if other is None:
            good.append(first)
            continue
        text = N_("lines {first} and {line} answer {question} of {exercise} differently: none of them counts")
        lines = {"first": first.line, "line": other.line}
        refused.append(Message(text, {**lines, "question": question, "exercise": exercise}))
    return good, refused
