"""Read a page line by line: the exercise of each line, and the answers up to there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sharklab import untrusted
from sharklab.checks import QUESTIONS
from sharklab.grading.submission import answers, finding, labels, packet_line, sentences, service, socket_line
from sharklab.grading.submission.page_lines import LOWEST, PageLine
from sharklab.grading.submission.page_names import PageNames, of
from sharklab.grading.submission.unlabelled import LABELLED, Unlabelled
from sharklab.lab.model import Exercise
from sharklab.limits import BUNDLE

_NUMBER = re.compile(r"\d")
_NAMED = re.compile(r"(?P<name>[^:–—]{2,80}?)(?:\s*[:–—]|\s-)\s+(?P<rest>\S.*)")
"""A line that may begin with the name of an exercise: "SSH : 192.0.2.7:22"."""
_ENUMERATION = re.compile(
    r"^(?:[Pp]art(?:ie)?\s+)?(?:[IVX]{1,4}|\d{1,2}|[A-Ha-h])(?:[.-]\d{1,2})*\s*[.):–-]?\s+"
)
"""The number before a heading: "I) SSH", "II.1 SSH", "Partie 2 - SSH"."""
_REMARK = re.compile(r"\s*\([^()]*\)$")
"""A remark behind the name of an exercise: "Site web (YouTube)"."""
_WRAPPED = 40
"""Characters of a line from which on a sentence may go on in the next one."""


@dataclass(frozen=True)
class Said:
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


@dataclass
class _Paragraph:
    """Lines in which sentences may stand: their place, their number, and their text up to here."""

    place: _Place = field(default_factory=lambda: _Place(0))
    number: int = 0
    last: int = 0
    text: str = ""


def is_answer(said: Said) -> bool:
    """Tell whether the value is one that answers its question."""
    right = bool(answers.values(said.question, said.text))
    return right and len(said.text) <= BUNDLE.text and untrusted.is_visible(said.text)


class PageReader:
    """A page as it is read: the exercise of each line, and the answers up to here."""

    def __init__(self, exercises: Sequence[Exercise], lab: str) -> None:
        self.said: list[Said] = []
        self.lost: list[int] = []
        """The lines of answers that belong to no exercise."""
        self._names = PageNames(exercises)
        self._exercises = {each.id: each for each in exercises}
        self._lab = lab
        self._above: list[_Place] = []
        self._head: tuple[str, ...] = ()
        self._printed = packet_line.PrintedLines()
        self._unlabelled: dict[tuple[str, int], Unlabelled] = {}
        self._paragraph = _Paragraph()
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
        elif name := self._find_heading(line.text.rstrip(" :")):
            self._open(LOWEST, replace(line, text=name))
        elif self._place.exercises or not self._place.foreign:
            self._line_of_exercise(line)

    def rest(self) -> Iterator[Said]:
        """Yield the answers without a label to the questions that no label answers."""
        self._end_paragraph()
        labelled: dict[tuple[str, int], list[Said]] = {}
        for each in filter(is_answer, self.said):
            labelled.setdefault((each.exercise, each.heading), []).append(each)
        for (id, heading), every in self._unlabelled.items():
            given = labelled.get((id, heading), [])
            asked = service.of(self._exercises[id])
            questions = {of(QUESTIONS[name]): name for name in self._names.questions(id)}
            known = {
                named: answers.values(each.question, each.text)
                for named in LABELLED
                for each in given
                if each.question == questions.get(named)
            }
            for named, text, number in every.values(known, str(asked.port) if asked else ""):
                question = questions.get(named, "")
                if question and question not in {each.question for each in given}:
                    yield Said(id, question, text, number, heading)

    @property
    def _place(self) -> _Place:
        return self._above[-1] if self._above else _Place(0)

    def _find_heading(self, text: str) -> str:
        """Return the name of the exercise that a line of its own names, "" for another line.

        More words may follow the name, if they are no answer: "Application 1: my bank's site".
        """
        bare = _REMARK.sub("", _ENUMERATION.sub("", text, count=1))
        if whole := next((each for each in (text, bare) if self._names.exact(each)), ""):
            return whole
        found = _NAMED.fullmatch(bare)
        if not found or not self._names.exact(found["name"]) or _NUMBER.search(found["rest"]):
            return ""
        inside = self._place.exercises and self._place.level < LOWEST
        return "" if inside or labels.has_label(found["rest"]) else found["name"]

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

    def _line_of_exercise(self, line: PageLine) -> None:
        """Take a line below the name of an exercise, or one that names its exercise itself."""
        found = _NAMED.fullmatch(line.text)
        own = self._names.exact(found["name"]) if found else ()
        if found and len(own) == 1:
            self._within(_Place(LOWEST, own), replace(line, text=found["rest"]))
        elif self._place.exercises:
            self._line(line)
        elif len(own := self._names.near(line.text)) == 1:
            self._within(_Place(LOWEST, own), line)
        elif labels.tells_endpoint(line.text):
            self.lost.append(line.number)

    def _within(self, place: _Place, line: PageLine) -> None:
        """Take a line that is of another place than those around it."""
        self._above.append(place)
        self._line(line)
        self._end_paragraph()
        self._above.pop()

    def _line(self, line: PageLine) -> None:
        if found := self._printed.read(line.text):
            for every in self._every():
                every.lines.append((line.number, found))
            return
        self._of_endpoint(line)
        above, self._label = self._label, line.text
        is_label = labels.has_label(above) and not _NUMBER.search(above) and not labels.is_labelled(line.text)
        below = self._find_answers(self._place, above, line.text, line.number) if is_label else []
        if right := list(filter(is_answer, below)):
            self.said += right
            return
        self._of_sentence(line)
        if labels.is_end(line.text):
            self._end = line
        elif labels.has_label(line.text):
            self._take_labels(line)

    def _every(self) -> list[Unlabelled]:
        """Return the texts without a label of each exercise of this place."""
        place = self._place
        return [self._unlabelled.setdefault((each.id, place.line), Unlabelled()) for each in place.exercises]

    def _of_endpoint(self, line: PageLine) -> None:
        """Take a line that is an endpoint or a port, and nothing else."""
        found = socket_line.place(line.text)
        port = line.text if line.text.isdigit() else ""
        if (found and found.port) or (port := socket_line.port(port) or ""):
            for every in self._every():
                every.endpoints.append((line.number, found or socket_line.PrintedEndpoint("", port)))

    def _of_sentence(self, line: PageLine) -> None:
        """Take a line in which a sentence may begin, or go on."""
        paragraph = self._paragraph
        goes_on = line.number == paragraph.last + 1 and self._place is paragraph.place and not line.item
        if goes_on and len(paragraph.text) >= _WRAPPED and paragraph.text[-1] not in ".:!?":
            paragraph.text, paragraph.last = f"{paragraph.text} {line.text}", line.number
            return
        self._end_paragraph()
        self._paragraph = _Paragraph(self._place, line.number, line.number, line.text)

    def _end_paragraph(self) -> None:
        paragraph, self._paragraph = self._paragraph, _Paragraph()
        if not _NUMBER.search(paragraph.text) and not labels.has_transport(paragraph.text):
            return
        for exercise in paragraph.place.exercises:
            own = self._names.words(exercise)
            every = self._unlabelled.setdefault((exercise.id, paragraph.place.line), Unlabelled())
            said = sentences.values(paragraph.text, own)
            every.sentences += ((paragraph.number, values) for values in said)

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

    def _of_part(self, text: str, end: str, line: int) -> list[Said]:
        """Return the answers in a line or a part of it; `end` is named above it."""
        labelled = [
            (named, value) for label, value in labels.pairs(text) for named in (label, f"{label} {end}")
        ]
        return self._best(self._place, labelled, line)

    def _row(self, line: PageLine) -> None:
        """Take a row of a table: question and answer, or answers below a head of questions or exercises.

        Row and head may name a question together: the address in the row of the server. A row may be a line
        that a tool printed.
        """
        before = len(self.said)
        self._answers_of_row(line)
        printed = self._printed.read(" ".join(line.cells)) if len(self.said) == before else None
        if printed:
            for every in self._every():
                every.lines.append((line.number, printed))

    def _answers_of_row(self, line: PageLine) -> None:
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

    def _best(self, place: _Place, labelled: Iterable[Sequence[str]], line: int) -> list[Said]:
        """Return the answers of the first label that names an end, else of the first that names any."""
        groups = [said for label, text in labelled if (said := self._find_answers(place, label, text, line))]
        return next((each for each in groups if not each[0].open), groups[0] if groups else [])

    def _find_answers(self, place: _Place, label: str, text: str, line: int) -> list[Said]:
        """Return the answers whose label names questions of the place's exercises."""
        return [
            Said(exercise.id, question, value, line, place.line, is_open)
            for value in filter(None, [labels.value(text)])
            for exercise in place.exercises
            for question, is_open in self._names.find_questions(exercise, label, value).items()
        ]
