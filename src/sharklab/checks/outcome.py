"""The answer of a check, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sharklab.lab.model import Text
from sharklab.message import NOTHING, Message


class Status(StrEnum):
    """The status of a check, the gravest first. Only `passed` earns points; a check that broke is `error`."""

    ERROR = "error"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    PASSED = "passed"
    SKIPPED = "skipped"

    @classmethod
    def gravest(cls, statuses: Iterable[Status]) -> Status:
        """Return the gravest of `statuses`; `skipped` counts only where there is no other."""
        present = set(statuses)
        return next((status for status in cls if status in present), cls.SKIPPED)

    @classmethod
    def of(cls, good: bool) -> Status:
        """Return `passed` for good evidence, else `failed`."""
        return cls.PASSED if good else cls.FAILED


def both(first: Message, second: Message) -> Message:
    """Return two sentences as one message."""
    return Message("{first} {second}", {"first": first, "second": second})


@dataclass(frozen=True)
class Reference:
    """The evidence of an outcome: packets of a capture, a probe, or a line of `ss` on a host."""

    capture: str = ""
    packets: tuple[int, ...] = ()
    probe: str = ""
    host: str = ""
    line: str = ""


@dataclass(frozen=True)
class TableLine:
    """A line of a table: its cells (a message, or an author's prose), and whether it is right."""

    cells: tuple[Message | Text, ...]
    right: bool = True


@dataclass(frozen=True)
class Table:
    """The values that a check compared, line by line."""

    title: Message
    columns: tuple[Message, ...]
    lines: tuple[TableLine, ...]


@dataclass(frozen=True)
class Finding:
    """The result of a check's function: status, words, evidence, and the values that it compared.

    `lacking` marks a failure because the captures hold nothing that the check could look at.
    """

    status: Status
    found: Message
    evidence: tuple[Reference, ...] = ()
    table: Table | None = None
    lacking: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of one check of one exercise."""

    check: str
    status: Status
    title: Message
    found: Message
    expected: Message | None = None
    evidence: tuple[Reference, ...] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Answer:
    """The measured answer to a question of an exercise, or `value` None when it could not be measured.

    `text` is the question, `found` says what the answer was measured from, or why there is none.
    """

    question: str
    text: Message
    value: str | None
    status: Status
    evidence: tuple[Reference, ...] = ()
    found: Message = NOTHING


@dataclass(frozen=True)
class Verdict:
    """All outcomes and answers of one exercise."""

    exercise: str
    outcomes: tuple[Outcome, ...]
    answers: tuple[Answer, ...]

    @property
    def achieved(self) -> bool:
        """True when every check passed and every question has an answer.

        A skipped check is no fault, but it is no achievement either.
        """
        statuses = {o.status for o in self.outcomes} | {a.status for a in self.answers}
        return statuses <= {Status.PASSED, Status.SKIPPED} and statuses != {Status.SKIPPED}
