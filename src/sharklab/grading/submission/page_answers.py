"""Find answers in the README and the texts of a student's folder, where a line ties them to a question.

Students without a seat often write no answers.yml: their answers are in the text beside the captures. An
answer counts below a heading that names its exercise alone, or in the row of a table that does. Its own words
name the question ("Port du serveur: 22"), or it is the only line of ss, netstat or lsof there. Nothing is
guessed: of two different answers to a question none counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sharklab import untrusted
from sharklab.checks import QUESTIONS
from sharklab.checks.question import End, Question, Value
from sharklab.errors import InputError
from sharklab.grading.submission import answers, finding, page_lines, sheet, socket_line
from sharklab.grading.submission.model import Answers, Problem, WrittenAnswer
from sharklab.grading.submission.page_lines import LOWEST, PageLine
from sharklab.lab.model import Exercise, Plan
from sharklab.limits import BUNDLE
from sharklab.message import N_, Message

_LARGEST, _PAGES, _LABELS = 256 << 10, 20, 4
"""Bytes of a page, pages of a folder, and signs after a label in a line, that are read."""
_ENDINGS = frozenset({"", ".md", ".markdown", ".txt", ".text", ".rst"})
_OURS = re.compile(r"(?:report|brief|feedback)\.[a-z]{2}\.md")
"""Pages that sharklab itself wrote: they may hold the right answers."""
_ENDS: Mapping[str, End] = {
    **dict.fromkeys(("server", "serveur", "dst", "dest", "destination", "distant", "distante"), End.SERVER),
    **dict.fromkeys(("remote",), End.SERVER),
    **dict.fromkeys(("client", "local", "locale", "src", "source"), End.CLIENT),
}
_VALUES: Mapping[str, Value] = {
    **dict.fromkeys(("ip", "ipv4", "ipv6", "address", "adresse"), Value.ADDRESS),
    **dict.fromkeys(("port", "ports"), Value.PORT),
    **dict.fromkeys(("transport", "protocol", "protocole"), Value.TRANSPORT),
}
_TELLING = _ENDS.keys() | _VALUES.keys()
_LITTLE_WORDS = "the of a de du des d l le la les et and number numero no n"
_LITTLE = frozenset(_LITTLE_WORDS.split())
_TRANSPORT = re.compile(r"(?:TCP|UDP|QUIC)\.?", re.IGNORECASE)
"""A line that says the transport, and nothing else."""
_WITHOUT_SIGN = re.compile(r"(?P<label>.+?)\s+(?P<value>\S*\d\S*)")
"""A label and a value with a number, without a sign between them: port local 51234."""


@dataclass(frozen=True)
class AnswersInPages:
    """The answers that were found, with their places, and those that contradict each other."""

    answers: Answers = field(default_factory=dict)
    places: tuple[WrittenAnswer, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Said:
    """An answer in a page: `text` is its value as the student wrote it."""

    exercise: str
    question: str
    text: str
    line: int


def find(folder: Path, plan: Plan, known: Answers) -> AnswersInPages:
    """Return the answers in the texts below `folder` for exercises of which `known` has no answer.

    Only exercises that take captures from anywhere are looked at. The first page with an answer counts.
    """
    wanted = {each.id for each in plan.lab.exercises if each.anywhere and not known.get(each.id)}
    given: dict[str, dict[str, Any]] = {}
    places: list[WrittenAnswer] = []
    problems: list[Problem] = []
    for page in _pages(folder, plan.lab.name) if wanted else ():
        name = untrusted.one_line(page.relative_to(folder).as_posix())
        one, refused = _settled(each for each in _said(page, plan) if each.exercise in wanted)
        problems += (Problem(name, reason) for reason in refused)
        for said in one:
            if said.question not in given.setdefault(said.exercise, {}):
                given[said.exercise][said.question] = said.text
                places.append(WrittenAnswer(said.exercise, said.question, name, said.line))
    return AnswersInPages(
        {name: each for name, each in given.items() if each}, tuple(places), tuple(problems)
    )


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
        if is_page(file.name)
        for parts in [file.relative_to(folder).parts]
        if (near := finding.nearness(parts, lab)) is not finding.OTHER
    ]
    return [file for *_, file in sorted(pages)[:_PAGES]]


def _said(page: Path, plan: Plan) -> list[_Said]:
    try:
        text = sheet.text(untrusted.read(page, _LARGEST))
    except InputError:  # it is no text, or no page that a person wrote
        return []
    reader = _Reader(plan.lab.exercises, plan.lab.name)
    for line in page_lines.lines(text):
        reader.read(line)
    return [each for each in (*reader.said, *reader.sockets()) if _is_answer(each)]


def _is_answer(said: _Said) -> bool:
    right = bool(answers.values(said.question, said.text))
    return right and len(said.text) <= BUNDLE.text and untrusted.is_visible(said.text)


def _settled(said: Iterable[_Said]) -> tuple[list[_Said], list[Message]]:
    """Return one answer for each question, and why a question with several has none."""
    by_question: dict[tuple[str, str], list[_Said]] = {}
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


class _Reader:
    """A page as it is read: the exercise of each line, and the answers up to here."""

    def __init__(self, exercises: Sequence[Exercise], lab: str) -> None:
        self.said: list[_Said] = []
        self._names = _Names(exercises)
        self._lab = lab
        self._above: list[tuple[int, Exercise | None, bool]] = []
        """The headings above the line: level, exercise, and whether it is one of another lab."""
        self._head: tuple[str, ...] = ()
        self._sockets: dict[str, list[_Said]] = {}

    def read(self, line: PageLine) -> None:
        """Take a line."""
        if line.level:
            self._open(line.level, line.text)
        elif line.cells:
            self._row(line)
        elif self._names.exact(line.text.rstrip(" :")):
            self._open(LOWEST, line.text)
        elif self._exercise:
            self._line(line, self._exercise)

    def sockets(self) -> Iterator[_Said]:
        """Yield the answers in the only line of a tool below the headings of an exercise."""
        answered = {each.exercise for each in self.said}
        for exercise, found in self._sockets.items():
            if exercise not in answered and len({each.text for each in found}) == 1:
                yield from (
                    _Said(exercise, question, found[0].text, found[0].line)
                    for question in self._names.questions(exercise)
                )

    @property
    def _exercise(self) -> Exercise | None:
        return self._above[-1][1] if self._above else None

    def _open(self, level: int, text: str) -> None:
        """Take a heading. The name of a capture counts where no heading above has named an exercise."""
        self._above = [each for each in self._above if each[0] < level]
        other = finding.nearness((text,), self._lab)
        inside_other = bool(self._above) and self._above[-1][2] and other is not finding.OWN
        foreign = other is finding.OTHER or inside_other
        named = self._names.near(text) or self._exercise or self._names.of_capture(text)
        self._above.append((level, None if foreign else named, foreign))

    def _line(self, line: PageLine, exercise: Exercise) -> None:
        if found := socket_line.lines(line.text):
            if found[0].client.port and found[0].server.port:
                self._sockets.setdefault(exercise.id, []).append(
                    _Said(exercise.id, "", line.text, line.number)
                )
            return
        for mark in islice(re.finditer(r"[:=→]", line.text), _LABELS):
            if self._add(exercise, line.text[: mark.start()], line.text[mark.end() :], line.number):
                return
        if _TRANSPORT.fullmatch(line.text):
            self._add(exercise, "transport", line.text.rstrip("."), line.number)
        elif said := _WITHOUT_SIGN.fullmatch(line.text):
            self._add(exercise, said["label"], said["value"], line.number)

    def _row(self, line: PageLine) -> None:
        """Take a row of a table: question and answer, or answers below a head of questions or exercises.

        Row and head may name a question together: the address in the row of the server.
        """
        named = next((found for cell in line.cells if (found := self._names.exact(cell))), None)
        exercise = named or self._exercise
        if line.first:
            self._head = line.cells
        if exercise and len(line.cells) == 2 and self._add(exercise, *line.cells, line.number):
            return
        for label, cell in zip(self._head, line.cells, strict=False) if not line.first else ():
            if column := self._names.exact(label):
                self._add(column, line.cells[0], cell, line.number)
            elif exercise and not self._add(exercise, label, cell, line.number):
                self._add(exercise, f"{line.cells[0]} {label}", cell, line.number)

    def _add(self, exercise: Exercise, label: str, text: str, line: int) -> bool:
        """Add an answer whose label names questions of the exercise; tell whether it does."""
        asked = self._names.asked(exercise, label, text) if text.strip() else []
        self.said += (_Said(exercise.id, question, text.strip(), line) for question in asked)
        return bool(asked)


class _Names:
    """The words by which a page names exercises and questions."""

    def __init__(self, exercises: Sequence[Exercise]) -> None:
        self._by_id = {each.id: each for each in exercises}
        self._words = _own_words({each.id: _names(each) for each in exercises})
        self._captures = _own_words({each.id: _capture_names(each) for each in exercises})

    def near(self, text: str) -> Exercise | None:
        """Return the exercise that a heading names; None if it names none, or several."""
        return self._named(text, self._words)

    def of_capture(self, text: str) -> Exercise | None:
        """Return the exercise of which a heading names a capture; None if it names none, or several."""
        return self._named(text, self._captures)

    def _named(self, text: str, known: Mapping[str, set[tuple[str, ...]]]) -> Exercise | None:
        said = _words(text)
        named = [id for id, own in known.items() if any(_holds(said, words) for words in own)]
        return self._by_id[named[0]] if len(named) == 1 else None

    def exact(self, text: str) -> Exercise | None:
        """Return the exercise of which a text is the name, and nothing else."""
        return next((self._by_id[id] for id, own in self._words.items() if _words(text) in own), None)

    def questions(self, exercise: str) -> list[str]:
        """Return the questions of an exercise that a conversation answers."""
        return [name for name in self._by_id[exercise].questions if QUESTIONS[name].of_conversation]

    def asked(self, exercise: Exercise, label: str, text: str) -> list[str]:
        """Return the questions of an exercise that a label names: two for "IP:port server".

        Before an address, "server" is enough.
        """
        words = set(_words(label)) - _LITTLE
        names = [name for name in self.questions(exercise.id) if words == set(name.split("_"))]
        rest = words - ({word for own in self._words[exercise.id] for word in own} - _TELLING)
        if names or not rest:
            return names
        if rest - {"or", "ou"} == {"tcp", "udp"}:
            rest = {"transport"}
        ends, values = {_ENDS[each] for each in rest & _ENDS.keys()}, rest & _VALUES.keys()
        if ends and not values and answers.address(text):
            values = {"ip", "port"}
        if rest - _TELLING or len(ends) > 1:
            return []
        wanted = {(_VALUES[each], next(iter(ends), None)) for each in values}
        return [name for name in self.questions(exercise.id) if _of(QUESTIONS[name]) in wanted]


def _of(question: Question) -> tuple[Value, End | None]:
    return question.value, question.end


def _own_words(names: Mapping[str, Iterable[str]]) -> Mapping[str, set[tuple[str, ...]]]:
    """Return the words of the names of each exercise, without names that others have too."""
    words = {id: {found for name in own if (found := _words(name))} for id, own in names.items()}
    return {
        id: own - {each for other, theirs in words.items() if other != id for each in theirs}
        for id, own in words.items()
    }


def _capture_names(exercise: Exercise) -> Iterator[str]:
    return (name for capture in exercise.captures for name in (capture.id, *capture.names))


def _names(exercise: Exercise) -> Iterator[str]:
    yield exercise.id
    for title in exercise.title.values():
        yield from (title, title.partition(":")[0])


def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(re.findall(r"[^\W\d_]+|\d+", bare))


def _holds(said: Sequence[str], words: Sequence[str]) -> bool:
    return any(said[start : start + len(words)] == words for start in range(len(said) - len(words) + 1))
