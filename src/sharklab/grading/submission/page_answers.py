"""Find answers in the README and the texts of a student's folder, where a line ties them to a question.

Students without a seat often write no answers.yml: their answers are in the text beside the captures. An
answer counts below a heading that names its exercise alone, or in the row of a table that does. Its own words
name the question ("Port du serveur: 22"), or it is the only line of ss, netstat or lsof there. Nothing is
guessed: of two different answers to a question none counts. A heading may name two exercises ("Application 1:
SSH"): the one is meant that has no answers elsewhere, or whose service the answers below name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sharklab import untrusted
from sharklab.checks import QUESTIONS
from sharklab.checks.question import End, Question, Value
from sharklab.errors import InputError
from sharklab.grading.submission import answers, finding, labels, page_lines, service, sheet, socket_line
from sharklab.grading.submission.model import Answers, Problem, WrittenAnswer
from sharklab.grading.submission.page_lines import LOWEST, PageLine
from sharklab.grading.submission.service import AskedService
from sharklab.lab.model import Exercise, Plan
from sharklab.limits import BUNDLE
from sharklab.message import N_, Message

_LARGEST, _PAGES = 256 << 10, 20
"""Bytes of a page, and pages of a folder, that are read."""
_ENDINGS = frozenset({"", ".md", ".markdown", ".txt", ".text", ".rst"})
_OURS = re.compile(r"(?:report|brief|feedback)\.[a-z]{2}\.md")
"""Pages that sharklab itself wrote: they may hold the right answers."""


_NUMBER = re.compile(r"\d")


@dataclass(frozen=True)
class AnswersInPages:
    """The answers that were found, with their places, and those that contradict each other."""

    answers: Answers = field(default_factory=dict)
    places: tuple[WrittenAnswer, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Said:
    """An answer in a page: `text` is its value as the student wrote it.

    `heading` is the line of a heading that names several exercises, of which this is only one, else 0. The
    label of an `open` one names no end: "IP : 192.0.2.7".
    """

    exercise: str
    question: str
    text: str
    line: int
    heading: int = 0
    open: bool = False


@dataclass(frozen=True)
class _Place:
    """The heading above a line: its level, the exercises it may name, and whether it is of another lab.

    `line` is that of a heading that names several exercises, else 0. `end` is a heading that names an end of
    the conversation, else "".
    """

    level: int
    exercises: tuple[Exercise, ...] = ()
    foreign: bool = False
    line: int = 0
    end: str = ""


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
        answered = {id for id, each in {**known, **given}.items() if each}
        sure, unclear = _resolve_headings(_read_answers(page, plan), plan.lab.exercises, answered)
        one, refused = _settle_answers(each for each in sure if each.exercise in wanted)
        problems += (Problem(name, reason) for reason in (*unclear, *refused))
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


def _read_answers(page: Path, plan: Plan) -> list[_Said]:
    try:
        text = sheet.text(untrusted.read(page, _LARGEST))
    except InputError:  # it is no text, or no page that a person wrote
        return []
    reader = _Reader(plan.lab.exercises, plan.lab.name)
    for line in page_lines.lines(text):
        reader.read(line)
    return _without_open([each for each in (*reader.said, *reader.sockets()) if _is_answer(each)], plan)


def _without_open(said: list[_Said], plan: Plan) -> list[_Said]:
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


def _others(said: _Said, questions: Iterable[str]) -> list[str]:
    """Return the questions about the client's value of the same kind."""
    value = QUESTIONS[said.question].value
    return [name for name in questions if _of(QUESTIONS[name]) == (value, End.CLIENT)]


def _is_answer(said: _Said) -> bool:
    right = bool(answers.values(said.question, said.text))
    return right and len(said.text) <= BUNDLE.text and untrusted.is_visible(said.text)


def _resolve_headings(
    said: Sequence[_Said], exercises: Sequence[Exercise], answered: Collection[str]
) -> tuple[list[_Said], list[Message]]:
    """Return the answers whose exercise is sure, and why others do not count.

    `answered` are the exercises that have answers in another file.
    """
    sure, unclear = [each for each in said if not each.heading], []
    done = {*answered, *(each.exercise for each in sure)}
    for heading in sorted({each.heading for each in said} - {0}):
        below = [each for each in said if each.heading == heading]
        if meant := _find_exercise(below, exercises, done):
            sure += (each for each in below if each.exercise == meant)
            done.add(meant)
            continue
        ids = list(dict.fromkeys(each.exercise for each in below))
        text = N_("line {line}: the heading may name each of {exercises}: the answers below count for none")
        unclear.append(Message(text, {"line": heading, "exercises": ids}))
    return sure, unclear


def _find_exercise(below: Sequence[_Said], exercises: Sequence[Exercise], done: Collection[str]) -> str:
    """Return the one exercise of a heading that its answers can be of, "" for none or several."""
    by_id = {each.exercise: [said for said in below if said.exercise == each.exercise] for each in below}
    left = [each for each in exercises if each.id in by_id and each.id not in done]
    fit = [each for each in left if _fits(service.of(each), by_id[each.id])]
    meant = left if len(left) == 1 else fit
    return meant[0].id if len(meant) == 1 else ""


def _fits(wanted: AskedService | None, said: Iterable[_Said]) -> bool:
    """Tell whether answers name the port of a service; the transport may be a mistake."""
    asked = [each for each in said if _of(QUESTIONS[each.question]) == (Value.PORT, End.SERVER)]
    ports = {port for each in asked for port in answers.values(each.question, each.text)}
    return wanted is not None and str(wanted.port) in ports


def _settle_answers(said: Iterable[_Said]) -> tuple[list[_Said], list[Message]]:
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
        self._above: list[_Place] = []
        self._head: tuple[str, ...] = ()
        self._sockets: dict[tuple[str, int], list[_Said]] = {}
        self._end = PageLine(0, "")
        """The line that names an end of the conversation, for the lines that are set in below it."""
        self._label = ""
        """The line above, if it may be the label of a value on a line of its own."""

    def read(self, line: PageLine) -> None:
        """Take a line."""
        if line.level:
            self._open(line.level, line)
        elif line.cells:
            self._row(line)
        elif self._names.exact(line.text.rstrip(" :")):
            self._open(LOWEST, line)
        elif self._place.exercises:
            self._line(line)

    def sockets(self) -> Iterator[_Said]:
        """Yield the answers without a label: the only socket that tools show below an exercise's headings.

        The tool may have run on both sides, or twice. Windows shows one end only of a socket of UDP.
        """
        answered = {(each.exercise, each.heading, each.question) for each in self.said if _is_answer(each)}
        for key, every in self._sockets.items():
            found = [each for each in every if all(end.port for end in _ends_of(each.text))] or every
            if len({_ends_of(each.text) for each in found}) == 1:
                for question in self._names.questions(key[0]):
                    if (*key, question) not in answered:
                        yield replace(found[0], question=question)

    @property
    def _place(self) -> _Place:
        return self._above[-1] if self._above else _Place(0)

    def _open(self, level: int, line: PageLine) -> None:
        """Take a heading. The name of a capture counts where no heading above has named an exercise."""
        self._end, self._label = PageLine(0, ""), line.text
        self._above = [each for each in self._above if each.level < level]
        other = finding.nearness((line.text,), self._lab)
        foreign = other is finding.OTHER or (self._place.foreign and other is not finding.OWN)
        named = self._names.near(line.text)
        if foreign or named:
            several = line.number if len(named) > 1 else 0
            self._above.append(_Place(level, () if foreign else named, foreign, several))
        elif self._place.exercises:
            end = line.text if labels.is_end(line.text) else self._place.end
            self._above.append(replace(self._place, level=level, foreign=False, end=end))
        else:
            self._above.append(_Place(level, self._names.of_capture(line.text)))

    def _line(self, line: PageLine) -> None:
        found = socket_line.lines(line.text)
        if found:
            for exercise in self._place.exercises:
                said = _Said(exercise.id, "", line.text, line.number, self._place.line)
                self._sockets.setdefault((exercise.id, said.heading), []).append(said)
            return
        above, self._label = self._label, line.text
        is_label = labels.has_label(above) and not _NUMBER.search(above)
        below = self._find_answers(self._place, above, line.text, line.number) if is_label else []
        if right := list(filter(_is_answer, below)):
            self.said += right
            return
        if labels.is_end(line.text):
            self._end = line
        elif labels.has_label(line.text):
            self._take_labels(line)

    def _take_labels(self, line: PageLine) -> None:
        """Take a line that may have answers with their labels."""
        if line.indent <= self._end.indent:
            self._end = PageLine(0, "")
        end = self._end.text or self._place.end
        parts = labels.parts(line.text)
        each = [self._of_part(part, end, line.number) for part in parts] if len(parts) > 1 else []
        several = sum(map(bool, each)) > 1
        self.said += (
            [said for one in each for said in one] if several else self._of_part(line.text, end, line.number)
        )

    def _of_part(self, text: str, end: str, line: int) -> list[_Said]:
        """Return the answers in a line or a part of it; `end` is named above it."""
        labelled = [
            (named, value) for label, value in labels.pairs(text) for named in (label, f"{label} {end}")
        ]
        return self._best(self._place, labelled, line)

    def _row(self, line: PageLine) -> None:
        """Take a row of a table: question and answer, or answers below a head of questions or exercises.

        Row and head may name a question together: the address in the row of the server.
        """
        named = next((found for cell in line.cells if (found := self._names.exact(cell))), ())
        place = _Place(LOWEST, named) if named else self._place
        if line.first:
            self._head = line.cells
        pair = [line.cells] if len(line.cells) == 2 else []
        if answered := self._best(place, pair, line.number):
            self.said += answered
            return
        for label, cell in zip(self._head, line.cells, strict=False) if not line.first else ():
            if column := self._names.exact(label):
                labelled = [(line.cells[0], cell)]
                self.said += self._best(_Place(LOWEST, column), labelled, line.number)
            else:
                labelled = [(label, cell), (f"{line.cells[0]} {label}", cell)]
                self.said += self._best(place, labelled, line.number)

    def _best(self, place: _Place, labelled: Iterable[Sequence[str]], line: int) -> list[_Said]:
        """Return the answers of the first label that names an end, else of the first that names any."""
        groups = [said for label, text in labelled if (said := self._find_answers(place, label, text, line))]
        return next((each for each in groups if not each[0].open), groups[0] if groups else [])

    def _find_answers(self, place: _Place, label: str, text: str, line: int) -> list[_Said]:
        """Return the answers whose label names questions of the place's exercises."""
        return [
            _Said(exercise.id, question, value, line, place.line, is_open)
            for value in filter(None, [labels.value(text)])
            for exercise in place.exercises
            for question, is_open in self._names.find_questions(exercise, label, value).items()
        ]


def _ends_of(text: str) -> frozenset[socket_line.PrintedEndpoint]:
    [line, *_] = socket_line.lines(text)
    return frozenset((line.client, line.server))


class _Names:
    """The words by which a page names exercises and questions."""

    def __init__(self, exercises: Sequence[Exercise]) -> None:
        self._by_id = {each.id: each for each in exercises}
        self._words = _own_words({each.id: _names(each) for each in exercises})
        self._captures = _own_words({each.id: _capture_names(each) for each in exercises})

    def near(self, text: str) -> tuple[Exercise, ...]:
        """Return the exercises that a heading may name; one name in another does not count."""
        return self._find_exercises(text, self._words)

    def of_capture(self, text: str) -> tuple[Exercise, ...]:
        """Return the exercise of which a heading names a capture; nothing if it names none, or several."""
        found = self._find_exercises(text, self._captures)
        return found if len(found) == 1 else ()

    def _find_exercises(self, text: str, known: Mapping[str, set[tuple[str, ...]]]) -> tuple[Exercise, ...]:
        said = labels.words(text)
        names = {(id, words) for id, own in known.items() for words in own if _holds(said, words)}
        longest = {
            id
            for id, words in names
            if not any(len(other) > len(words) and _holds(other, words) for _, other in names)
        }
        return tuple(self._by_id[id] for id in known if id in longest)

    def exact(self, text: str) -> tuple[Exercise, ...]:
        """Return the exercise of which a text is the name, and nothing else."""
        words = labels.words(text)
        return tuple(self._by_id[id] for id, own in self._words.items() if words in own)

    def questions(self, exercise: str) -> list[str]:
        """Return the questions of an exercise that a conversation answers."""
        return [name for name in self._by_id[exercise].questions if QUESTIONS[name].of_conversation]

    def find_questions(self, exercise: Exercise, label: str, text: str) -> dict[str, bool]:
        """Return the questions of an exercise that a label names: two for "IP:port server".

        The value is True for a question about a server whose label names no end.
        """
        said = {*labels.words(label)}
        names = [name for name in self.questions(exercise.id) if said == set(name.split("_"))]
        own = {word for name in self._words[exercise.id] for word in name}
        wanted = set() if names else labels.find_values(label, text, own)
        found = dict.fromkeys(names, False)
        for name in self.questions(exercise.id):
            value, end = _of(QUESTIONS[name])
            if (value, end) in wanted or (end is End.SERVER and (value, None) in wanted):
                found[name] = (value, end) not in wanted
        return found


def _of(question: Question) -> tuple[Value, End | None]:
    return question.value, question.end


def _own_words(names: Mapping[str, Iterable[str]]) -> Mapping[str, set[tuple[str, ...]]]:
    """Return the words of the names of each exercise, without names that others have too."""
    words = {id: {found for name in own if (found := labels.words(name))} for id, own in names.items()}
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


def _holds(said: Sequence[str], words: Sequence[str]) -> bool:
    return any(said[start : start + len(words)] == words for start in range(len(said) - len(words) + 1))
