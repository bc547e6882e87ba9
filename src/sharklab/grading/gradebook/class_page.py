"""The page of a class: figures, distribution, hardest criteria, everyone's progress, who needs a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

from sharklab.checks.outcome import Status
from sharklab.grading.gradebook import exam_page, figures
from sharklab.grading.gradebook.feedback import template
from sharklab.grading.gradebook.figures import Summary
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.i18n import Translator, languages, translator
from sharklab.report.drawing import Drawing
from sharklab.report.speech import Words
from sharklab.untrusted import visible

TONES = ((0.8, "most"), (0.4, "some"), (0.0, "few"))
"""The colours of a share of points; the points stand there as well."""
WIDTH, HEIGHT, FOOT = 640, 220, 40


@dataclass(frozen=True)
class Bin:
    """A tenth of the points: its label, and how many results are in it."""

    label: str
    count: int


@dataclass(frozen=True)
class HardCriterion:
    """A criterion in words, how much of it was earned, and how often each status came up."""

    exercise: str
    title: str
    share: float
    statuses: tuple[tuple[Status, int], ...]


@dataclass(frozen=True)
class PointsCell:
    """Points of an exercise or of all, and the tone that goes with them."""

    points: float
    worth: float
    tone: str


@dataclass(frozen=True)
class StudentRow:
    """A student's progress, the sum first; without a result `cells` is empty and `state` says why.

    `record` is the place of the record of an exam.
    """

    student: str
    name: str
    href: str
    record: str
    cells: tuple[PointsCell, ...]
    state: str


@dataclass(frozen=True)
class AttentionRow:
    """A student who needs a look, and why."""

    student: str
    name: str
    href: str
    record: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ClassPage:
    """The page of a class in one language; `histogram` is SVG, `columns` are exercises and their worth."""

    language: str
    title: str
    group: Class
    summary: Summary
    bins: tuple[Bin, ...]
    histogram: str
    hardest: tuple[HardCriterion, ...]
    columns: tuple[tuple[str, float], ...]
    rows: tuple[StudentRow, ...]
    looks: tuple[AttentionRow, ...]

    @property
    def tool(self) -> str:
        """The version of sharklab that graded the class."""
        return self.group.tool

    @property
    def handed_in(self) -> int:
        """How many students handed something in."""
        return sum(entry.handed_in for entry in self.group.entries)


def files(group: Class) -> dict[str, str]:
    """Return the pages of a class by file name, one for each language."""
    return {f"class.{language}.html": lay_out(page(group, language)) for language in languages()}


def lay_out(content: ClassPage) -> str:
    """Return the page as a file's text."""
    return template(content.language, "class.html.j2").render(page=content)


def page(group: Class, language: str) -> ClassPage:
    """Return the content of the page of a class."""
    speak = translator(language)
    bins = tuple(map(Bin, _labels(group.worth, Words(speak)), figures.distribution(group)))
    return ClassPage(
        language=language,
        title=speak.prose(group.title),
        group=group,
        summary=figures.summary(group),
        bins=bins,
        histogram=histogram(bins, speak),
        hardest=tuple(_hard(each, speak) for each in figures.hardest(group)),
        columns=tuple((speak.prose(each.title), each.worth) for each in group.exercises),
        rows=tuple(_row(entry, group.exam, speak) for entry in group.entries),
        looks=tuple(
            _look(entry, group.exam, speak) for entry in _first_handed_in(group) if figures.reasons(entry)
        ),
    )


def _first_handed_in(group: Class) -> Sequence[Entry]:
    """Return the entries; students who handed in nothing come last."""
    return sorted(group.entries, key=lambda entry: not entry.handed_in)


def _labels(worth: float, words: Words) -> Sequence[str]:
    """Return the bounds of each tenth, in points."""
    edges = [words.number(round(worth * index / figures.BINS, 2)) for index in range(figures.BINS + 1)]
    return [f"{low}–{high}" for low, high in pairwise(edges)]


def histogram(bins: Sequence[Bin], speak: Translator) -> str:
    """Return the distribution of points as a picture; the page has it as a table too."""
    most = max([1, *(each.count for each in bins)])
    told = "; ".join(f"{each.label}: {each.count}" for each in bins if each.count)
    title = speak.gettext("Distribution of points")
    drawing = Drawing(
        "histogram", "histogram", WIDTH, title, told or speak.gettext("no student has a result")
    )
    step, base = WIDTH / len(bins), HEIGHT - FOOT
    for index, each in enumerate(bins):
        height = (base - 25) * each.count / most
        middle = step * (index + 0.5)
        drawing.box("bar", step * index + 5, base - height, step - 10, height, 3)
        if each.count:
            drawing.text("count", middle, base - height - 7, str(each.count), "middle")
        drawing.text("range", middle, base + 18, each.label, "middle")
    drawing.line("axis", 0, base, WIDTH, base)
    return drawing.svg(HEIGHT - 10)


def _hard(each: figures.Difficulty, speak: Translator) -> HardCriterion:
    return HardCriterion(
        exercise=speak.prose(each.exercise.title),
        title=visible(speak.say(each.mark.title)),
        share=each.share,
        statuses=tuple((status, each.statuses[status]) for status in Status if each.statuses.get(status)),
    )


def _row(entry: Entry, exam: bool, speak: Translator) -> StudentRow:
    who = _who(entry, exam, speak)
    result = entry.result
    if result is None:
        state = speak.gettext("not graded") if entry.problem else speak.gettext("nothing handed in")
        return StudentRow(*who, (), state)
    cells = [_cell(each.points, each.worth) for each in result.exercises]
    return StudentRow(*who, (_cell(result.points, result.worth), *cells), "")


def _who(entry: Entry, exam: bool, speak: Translator) -> tuple[str, str, str, str]:
    """Return the identifier and name of a student, and the places of the feedback and of an exam's record."""
    feedback = _place(entry, f"feedback.{speak.language}.html")
    record = _place(entry, exam_page.name(speak.language)) if exam else ""
    return visible(entry.student), visible(entry.name), feedback, record


def _place(entry: Entry, file: str) -> str:
    """Return where a file of the student is, from the page of the class."""
    return quote(f"{entry.student}/{file}") if entry.result else ""


def _cell(points: float, worth: float) -> PointsCell:
    earned = figures.share(points, worth)
    return PointsCell(points, worth, next(tone for least, tone in TONES if earned >= least))


def _look(entry: Entry, exam: bool, speak: Translator) -> AttentionRow:
    said = tuple(visible(speak.say(reason)) for reason in figures.reasons(entry))
    return AttentionRow(*_who(entry, exam, speak), said)
