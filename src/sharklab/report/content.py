"""The content of a report, as plain data in one language: templates only lay it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sharklab.checks.outcome import Status
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.run_folder import ProbeResult
from sharklab.lab.model import Capture, Exercise, Plan
from sharklab.report.explanations import PacketExplanation
from sharklab.report.packet_view import LadderPicture, PacketView


@dataclass(frozen=True)
class Link:
    """A piece of evidence by name, and where on the page it is ("" when it is not)."""

    text: str
    href: str


@dataclass(frozen=True)
class CheckReport:
    """A check or an answer: the expectation (or question), the finding, and its evidence."""

    title: str
    expected: str
    found: str
    status: Status
    links: tuple[Link, ...]
    value: str = ""
    """An answer in itself, where `found` says how it was found."""


@dataclass(frozen=True)
class Output:
    """Text that a command wrote; `left` counts the lines that are not shown."""

    text: str
    left: int = 0


@dataclass(frozen=True)
class Command:
    """A probe and what it did; `result` is None when it was never run."""

    anchor: str
    host: str
    user: str
    line: str
    allowed: tuple[int, ...]
    result: ProbeResult | None
    stdout: Output
    stderr: Output

    @property
    def fine(self) -> bool:
        """True when the command ended by itself with an exit code that the lab allows."""
        return self.result is not None and not self.result.timed_out and self.result.exit_code in self.allowed


@dataclass(frozen=True)
class Sockets:
    """Lines of `ss` on one host that outcomes rest on; times are epoch seconds."""

    anchor: str
    host: str
    text: str
    first: float
    last: float


@dataclass(frozen=True)
class CaptureReport:
    """A capture: its request in lab.yml, the file of tcpdump, and the packets in it.

    With `explained` there is a copy with comments on the packets at `annotated`.
    """

    anchor: str
    plan: Capture
    recorded: RecordedCapture | None
    href: str
    wire: PacketView | None
    explained: tuple[PacketExplanation, ...] = ()
    annotated: str = ""


@dataclass(frozen=True)
class CellSummary:
    """One cell of a matrix in short; `tone` is the colour of the verdict, `seconds` what it took."""

    href: str
    status: Status
    verdict: str
    tone: str
    packets: str
    seconds: float | None


@dataclass(frozen=True)
class ToolRow:
    """A tool of a matrix, and its cell for each state."""

    title: str
    fields: tuple[CellSummary, ...]


@dataclass(frozen=True)
class WitnessReport:
    """The statement of a witness about the ports of a state."""

    said: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class CellReport:
    """One cell of a matrix in full; `follows` are sentences: the possible conclusions, and their limits."""

    tool: str
    port: int
    field: CellSummary
    command: Command
    found: str
    expected: str
    follows: tuple[str, ...]
    links: tuple[Link, ...]
    pictures: tuple[LadderPicture, ...]


@dataclass(frozen=True)
class StateReport:
    """A state of a port: its cause, the witnesses of it, and the attempt of every tool."""

    anchor: str
    title: str
    about: str
    truth: tuple[WitnessReport, ...]
    attempts: tuple[CellReport, ...]


@dataclass(frozen=True)
class MatrixReport:
    """A matrix: the short of it (a name and a sentence each), tools by states, and each state in full."""

    anchor: str
    summary: tuple[tuple[str, str], ...]
    columns: tuple[Link, ...]
    rows: tuple[ToolRow, ...]
    stands: tuple[StateReport, ...]


@dataclass(frozen=True)
class Comparison:
    """The values that a check compared: columns, and the lines below them, each of which is right or not."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[tuple[str, ...], bool], ...]


@dataclass(frozen=True)
class ExerciseReport:
    """One exercise; with a `grid`, `commands` and `checks` are what the grid does not show."""

    anchor: str
    exercise: Exercise
    title: str
    text: str
    status: Status | None
    answers: tuple[CheckReport, ...]
    checks: tuple[CheckReport, ...]
    commands: tuple[Command, ...]
    sockets: tuple[Sockets, ...]
    shots: tuple[CaptureReport, ...]
    grid: MatrixReport | None = None
    comparisons: tuple[Comparison, ...] = ()


_Section = TypeVar("_Section")


@dataclass(frozen=True)
class Part(Generic[_Section]):
    """A part of a page: the exercises that the author put together."""

    name: str
    sections: tuple[_Section, ...]


@dataclass(frozen=True)
class ReportPage:
    """A whole report; `topology` is SVG."""

    language: str
    plan: Plan
    title: str
    summary: str
    manifest: Mapping[str, object]
    started: float
    ended: float
    topology: str
    parts: tuple[Part[ExerciseReport], ...]

    @property
    def sections(self) -> tuple[ExerciseReport, ...]:
        """All exercises in order."""
        return tuple(section for part in self.parts for section in part.sections)

    @property
    def by_hand(self) -> bool:
        """True when a student made the captures: nothing of a run is known then."""
        return bool(self.manifest.get("by_hand"))

    @property
    def judged(self) -> tuple[ExerciseReport, ...]:
        """The exercises that have something to decide."""
        return tuple(section for section in self.sections if section.status)
