"""Bring together what a report shows: a plan, what its run left, and what the checks found."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from sharklab.checks.cells import Cell, cells_of_run
from sharklab.checks.outcome import Answer, Outcome, Reference, Status, Table, Verdict
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.run_folder import Evidence
from sharklab.i18n import Translator, translator
from sharklab.lab.model import Capture, Exercise, Plan, Probe, Text
from sharklab.message import Message
from sharklab.report import topology
from sharklab.report.content import (
    CaptureReport,
    CheckReport,
    Command,
    Comparison,
    ExerciseReport,
    Link,
    MatrixReport,
    Output,
    Part,
    ReportPage,
    Sockets,
)
from sharklab.report.conversations import choose_conversations
from sharklab.report.explanations import find_copy, lines
from sharklab.report.links import links
from sharklab.report.matrix_report import matrix_report
from sharklab.report.packet_view import LadderPicture, hosts, packet_view, picture
from sharklab.untrusted import clip, visible

MAX_LINES, MAX_COLUMNS = 200, 2000
"""How much of one command's output is shown; the rest is in the run's folder."""

CELL_LADDERS = 2
"""How many conversations of a matrix's cell are drawn: a browser opens several that are alike."""


def page(
    plan: Plan,
    evidence: Evidence,
    verdicts: Iterable[Verdict],
    language: str,
    folder: Path | None = None,
) -> ReportPage:
    """Return the report's content; links to files count from `folder`.

    Raises InputError when `language` is none of `i18n.languages()`.
    """
    cells = cells_of_run(plan, evidence) if plan.lab.matrices else ()
    by_exercise = {verdict.exercise: verdict for verdict in verdicts}
    builder = _PageBuilder(plan, evidence, by_exercise, cells, translator(language), folder)
    return ReportPage(
        language=language,
        plan=plan,
        title=builder.speak.prose(plan.lab.title),
        summary=builder.speak.prose(plan.lab.summary),
        manifest=evidence.manifest,
        started=float(evidence.manifest.get("started", 0)),
        ended=float(evidence.manifest.get("ended", 0)),
        topology=topology.svg(plan, builder.speak),
        parts=tuple(
            Part(name, tuple(map(builder.section, exercises)))
            for name, exercises in groupby(plan.lab.exercises, key=lambda exercise: exercise.part)
        ),
    )


def overall(verdict: Verdict | None) -> Status | None:
    """Return an exercise's gravest status; None for an exercise without checks and questions.

    Skipped checks count if there are no others, as in `Verdict.achieved`.
    """
    if verdict is None or not (verdict.outcomes or verdict.answers):
        return None
    return Status.gravest(item.status for item in _items(verdict))


def _items(verdict: Verdict) -> tuple[Outcome | Answer, ...]:
    return (*verdict.outcomes, *verdict.answers)


@dataclass(frozen=True)
class _PageBuilder:
    plan: Plan
    evidence: Evidence
    verdicts: Mapping[str, Verdict]
    cells: Sequence[Cell]
    speak: Translator
    folder: Path | None

    def section(self, exercise: Exercise) -> ExerciseReport:
        verdict = self.verdicts.get(exercise.id) or Verdict(exercise.id, (), ())
        cells = [cell for cell in self.cells if cell.matrix.id == exercise.id]
        shown = {cell.probe.id for cell in cells}
        fine = {Status.PASSED, Status.SKIPPED} if cells else set()
        return ExerciseReport(
            anchor=f"exercise-{exercise.id}",
            exercise=exercise,
            title=self.speak.prose(exercise.title),
            text=self.speak.prose(exercise.text),
            status=overall(verdict),
            answers=tuple(self._answer(exercise.id, answer) for answer in verdict.answers),
            checks=tuple(self._check(exercise.id, o) for o in verdict.outcomes if o.status not in fine),
            commands=tuple(self._command(probe) for probe in exercise.probes if probe.id not in shown),
            sockets=tuple(self._sockets(verdict)),
            shots=tuple(self._capture(capture, drawn=not cells) for capture in exercise.captures),
            grid=self._matrix(exercise, cells) if cells else None,
            comparisons=tuple(self._comparison(o.table) for o in verdict.outcomes if o.table),
        )

    def _comparison(self, table: Table) -> Comparison:
        return Comparison(
            visible(self.speak.say(table.title)),
            tuple(self.speak.say(column) for column in table.columns),
            tuple((tuple(map(self._cell, entry.cells)), entry.right) for entry in table.lines),
        )

    def _cell(self, cell: Message | Text) -> str:
        return visible(self.speak.say(cell) if isinstance(cell, Message) else self.speak.prose(cell))

    def _matrix(self, exercise: Exercise, cells: Sequence[Cell]) -> MatrixReport:
        return matrix_report(
            cells,
            command=lambda cell: self._command(cell.probe),
            draw=self._pictures,
            refer=lambda references: self._links(exercise.id, references),
            speak=self.speak,
        )

    def _pictures(self, cell: Cell) -> tuple[LadderPicture, ...]:
        """Return ladders of a cell's packets, as the client's capture has them."""
        capture, numbers = next(iter(cell.packets.items()))
        if not numbers:
            return ()
        facts, mine = self.evidence.captures[capture].facts, set(numbers)
        talks = [talk for talk in facts.conversations if mine & {*talk.packets, *talk.icmp_errors}]
        return tuple(
            picture(f"ladder-{cell.probe.id}-{index}", talk, facts, self._hosts, (), self.speak)
            for index, talk in enumerate(choose_conversations(talks, ())[:CELL_LADDERS], 1)
        )

    def _answer(self, exercise: str, answer: Answer) -> CheckReport:
        title, found = visible(self.speak.say(answer.text)), visible(self.speak.say(answer.found))
        grounds = self._links(exercise, answer.evidence)
        return CheckReport(title, "", found, answer.status, grounds, value=visible(answer.value or ""))

    def _check(self, exercise: str, outcome: Outcome) -> CheckReport:
        found, title = visible(self.speak.say(outcome.found)), visible(self.speak.say(outcome.title))
        expected = visible(self.speak.say(outcome.expected)) if outcome.expected else ""
        return CheckReport(title, expected, found, outcome.status, self._links(exercise, outcome.evidence))

    def _links(self, exercise: str, references: Iterable[Reference]) -> tuple[Link, ...]:
        return links(exercise, references, self._commands, self.speak)

    def _command(self, probe: Probe) -> Command:
        result = self.evidence.probes.get(probe.id)
        return Command(
            anchor=f"probe-{probe.id}",
            host=probe.host,
            user=probe.user,
            line=visible(shlex.join(probe.run)),
            allowed=probe.exit,
            result=result,
            stdout=_output(result.stdout if result else ""),
            stderr=_output(result.stderr if result else ""),
        )

    def _sockets(self, verdict: Verdict) -> Iterator[Sockets]:
        """Yield the lines of `ss` that outcomes of the exercise rest on, host by host."""
        references = (reference for item in _items(verdict) for reference in item.evidence)
        lines = dict.fromkeys((r.host, r.line) for r in references if r.line)
        for host in dict.fromkeys(host for host, _ in lines):
            wanted = {line for name, line in lines if name == host}
            seen = [s for s in self.evidence.sockets if s.host == host and s.line in wanted]
            if seen:
                anchor, text = f"ss-{verdict.exercise}-{host}", _align(s.line for s in seen)
                yield Sockets(anchor, host, text, min(s.first for s in seen), max(s.last for s in seen))

    def _capture(self, capture: Capture, drawn: bool) -> CaptureReport:
        recorded = self.evidence.captures.get(capture.id)
        facts = recorded.facts if recorded else None
        evidence = self._packets_by_item(capture.id)
        options = {} if drawn else {"ladders": 0}
        shown = (
            packet_view(capture.id, facts, self._hosts, evidence, self.speak, **options) if facts else None
        )
        told = lines(capture.id, facts, self._hosts, self.speak) if facts and capture.explain else ()
        copy = find_copy(capture.id, self.speak.language).as_posix() if told else ""
        return CaptureReport(
            f"capture-{capture.id}", capture, recorded, self._address(recorded), shown, told, copy
        )

    @cached_property
    def _commands(self) -> frozenset[str]:
        """Return the probes that have a place on the page."""
        return frozenset(probe.id for exercise in self.plan.lab.exercises for probe in exercise.probes)

    @cached_property
    def _hosts(self) -> Mapping[str, str]:
        return hosts(self.plan)

    def _packets_by_item(self, capture: str) -> tuple[tuple[int, ...], ...]:
        """Return the packets of `capture` that each outcome and answer rests on."""
        items = (item for verdict in self.verdicts.values() for item in _items(verdict))
        references = (reference for item in items for reference in item.evidence)
        return tuple(r.packets for r in references if r.capture == capture)

    def _address(self, recorded: RecordedCapture | None) -> str:
        if recorded is None:
            return ""
        return quote(os.path.relpath(recorded.path, self.folder or self.evidence.folder))


def _output(text: str) -> Output:
    lines = visible(text).rstrip("\n").split("\n")
    shown = "\n".join(clip(line, MAX_COLUMNS) for line in lines[:MAX_LINES])
    return Output(shown, len(lines[MAX_LINES:]))


def _align(lines: Iterable[str]) -> str:
    """Return lines of `ss -Htunap` under its heading, their columns made even."""
    heading = ("Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process")
    rows = [heading, *(visible(line).split(maxsplit=6) for line in lines)]
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(heading))]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=False)] for row in rows)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)
