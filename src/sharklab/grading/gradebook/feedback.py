"""The feedback for a student: each criterion with expected beside found, and the student's own packets.

It holds nothing about other students: remarks on a whole class are for the instructor alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path

import jinja2

from sharklab.checks.outcome import Status
from sharklab.evidence.capture import RecordedCapture
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.marking.model import ExerciseResult, Mark, Result, Step
from sharklab.grading.submission.model import Problem, Seal
from sharklab.i18n import Translator, languages, translator
from sharklab.lab.model import Capture, Plan
from sharklab.message import N_
from sharklab.report.content import CaptureReport, Link, Part
from sharklab.report.links import links
from sharklab.report.packet_view import hosts, packet_view
from sharklab.report.render import environment
from sharklab.untrusted import visible

MAX_LADDERS, MAX_ROWS = 2, 40
"""How much of a capture is shown: the student has the file."""
TEMPLATES = Path(__file__).with_name("templates")
SEALS = {
    Seal.WHOLE: N_("signed by the seat, and unchanged since"),
    Seal.BROKEN: N_("the signature does not fit the content"),
    Seal.NONE: N_("not signed"),
}


@dataclass(frozen=True)
class CriterionFeedback:
    """A criterion or one of its steps in words; only a criterion has more than a title and points."""

    title: str
    status: Status
    points: float
    worth: float
    expected: str = ""
    found: str = ""
    look: str = ""
    links: tuple[Link, ...] = ()
    steps: tuple[CriterionFeedback, ...] = ()


@dataclass(frozen=True)
class ExerciseFeedback:
    """One exercise: its criteria and the captures that were handed in for it."""

    anchor: str
    title: str
    status: Status
    points: float
    worth: float
    lines: tuple[CriterionFeedback, ...]
    shots: tuple[CaptureReport, ...]


@dataclass(frozen=True)
class FeedbackPage:
    """The whole feedback in one language; `adjustments` and `problems` are pairs of words.

    `taken` are sentences on files of other names that count.
    """

    language: str
    title: str
    entry: Entry
    result: Result
    seal: str
    adjustments: tuple[tuple[str, float], ...]
    problems: tuple[tuple[str, str], ...]
    taken: tuple[str, ...]
    parts: tuple[Part[ExerciseFeedback], ...]
    tool: str
    by_hand: bool = True
    """The student recorded the captures: nobody knows their filters, nor what tcpdump dropped."""


def files(entry: Entry, plan: Plan, captures: Mapping[str, RecordedCapture], tool: str) -> dict[str, str]:
    """Return the feedback on a graded entry by file name, in every language as HTML and Markdown.

    `captures` are those that were handed in, by id.
    """
    pages = [page(entry, plan, captures, tool, language) for language in languages()]
    return {
        f"feedback.{each.language}.{kind}": lay_out(each, kind) for each in pages for kind in ("html", "md")
    }


def page(
    entry: Entry, plan: Plan, captures: Mapping[str, RecordedCapture], tool: str, language: str
) -> FeedbackPage:
    """Return the content of the feedback. Raises ValueError for an entry without a result."""
    if entry.result is None:
        raise ValueError(entry.student)
    result, speak = entry.result, translator(language)
    builder = _FeedbackBuilder(plan, captures, result, speak)
    return FeedbackPage(
        language=language,
        title=speak.prose(result.title),
        entry=entry,
        result=result,
        seal=speak.gettext(SEALS[result.seal]),
        adjustments=tuple((visible(speak.say(each.reason)), each.points) for each in result.adjustments),
        problems=tuple(_problem(each, speak) for each in result.problems),
        taken=tuple(visible(speak.say(each)) for each in result.taken),
        parts=tuple(
            Part(name, tuple(map(builder.section, exercises)))
            for name, exercises in groupby(result.exercises, key=lambda exercise: exercise.part)
        ),
        tool=tool,
    )


def _problem(problem: Problem, speak: Translator) -> tuple[str, str]:
    return visible(problem.file), visible(speak.say(problem.reason))


def lay_out(content: FeedbackPage, kind: str) -> str:
    """Return the page as a file's text; `kind` is html or md."""
    return template(content.language, f"feedback.{kind}.j2").render(page=content)


@cache
def template(language: str, name: str) -> jinja2.Template:
    """Return a template of the gradebook by its file's name, <page>.<kind>.j2."""
    made = environment(language, name.split(".")[1], jinja2.FileSystemLoader(TEMPLATES))
    return made.get_template(name)


@dataclass(frozen=True)
class _FeedbackBuilder:
    plan: Plan
    captures: Mapping[str, RecordedCapture]
    result: Result
    speak: Translator

    def section(self, exercise: ExerciseResult) -> ExerciseFeedback:
        captures = [c for e in self.plan.lab.exercises if e.id == exercise.id for c in e.captures]
        return ExerciseFeedback(
            anchor=f"exercise-{exercise.id}",
            title=self.speak.prose(exercise.title),
            status=Status.gravest(mark.status for mark in exercise.marks),
            points=exercise.points,
            worth=exercise.worth,
            lines=tuple(self._criterion(exercise.id, mark) for mark in exercise.marks),
            shots=tuple(self._captures[capture.id] for capture in captures),
        )

    def _criterion(self, exercise: str, mark: Mark) -> CriterionFeedback:
        say = self.speak.say
        return CriterionFeedback(
            title=visible(say(mark.title)),
            status=mark.status,
            points=mark.points,
            worth=mark.worth,
            expected=visible(say(mark.decision.expected)),
            found=visible(say(mark.decision.found)),
            look=visible(say(mark.advice)),
            links=self._links(exercise, mark),
            steps=tuple(self._step(step) for step in mark.steps),
        )

    def _step(self, step: Step) -> CriterionFeedback:
        return CriterionFeedback(visible(self.speak.say(step.title)), step.status, step.points, step.worth)

    def _links(self, exercise: str, mark: Mark) -> tuple[Link, ...]:
        """Return the evidence of the mark; packets become links if the page shows them."""
        found = links(exercise, mark.decision.evidence, (), self.speak)
        return tuple(link if self._is_shown(link.href) else Link(link.text, "") for link in found)

    def _is_shown(self, href: str) -> bool:
        anchor = href.lstrip("#")
        return anchor in self._rows or anchor in {shot.anchor for shot in self._captures.values()}

    @cached_property
    def _rows(self) -> frozenset[str]:
        """Return the packets that have a row on the page."""
        shown = (shot.wire for shot in self._captures.values() if shot.wire)
        return frozenset(row.anchor for wire in shown for row in wire.rows)

    @cached_property
    def _captures(self) -> Mapping[str, CaptureReport]:
        """Return the picture of each capture of the lab, by its id."""
        captures = (capture for exercise in self.plan.lab.exercises for capture in exercise.captures)
        return {capture.id: self._capture(capture) for capture in captures}

    def _capture(self, capture: Capture) -> CaptureReport:
        recorded = self.captures.get(capture.id)
        if recorded is None:
            return CaptureReport(f"capture-{capture.id}", capture, None, "", None)
        evidence = self._evidence(capture.id)
        shown = packet_view(
            capture.id, recorded.facts, self._hosts, evidence, self.speak, MAX_LADDERS, MAX_ROWS
        )
        return CaptureReport(f"capture-{capture.id}", capture, recorded, "", shown)

    @cached_property
    def _hosts(self) -> Mapping[str, str]:
        return hosts(self.plan)

    def _evidence(self, capture: str) -> Iterable[tuple[int, ...]]:
        marks = (mark for exercise in self.result.exercises for mark in exercise.marks)
        return [r.packets for mark in marks for r in mark.decision.evidence if r.capture == capture]
