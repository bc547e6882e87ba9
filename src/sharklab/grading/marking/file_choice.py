"""Choose among the files of one capture: all of them joined, or one alone.

A student may hand in the handshake in one file and the rest in another, or a file for each attempt, or the
same packets twice, once with everything around them. Those count that show the most.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sharklab.checks import KINDS
from sharklab.checks.context import Context
from sharklab.checks.focus import find_focus
from sharklab.checks.judge import outcome
from sharklab.checks.kind import Rests
from sharklab.checks.outcome import Status
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.joining import Joined, join
from sharklab.grading.marking.defaults import criteria
from sharklab.grading.submission import parts
from sharklab.grading.submission.declaration import Given, find_fitting
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check
from sharklab.message import N_, Message
from sharklab.report.links import runs

_SPANS = 4
"""Runs of packets of one file that are named."""


@dataclass(frozen=True)
class Way:
    """A way to take the files of a capture: the context with it, and the sentences that say so."""

    context: Context
    said: tuple[Message, ...]


def ways(context: Context, id: str, folder: Path) -> Iterator[Way]:
    """Yield the ways to take the capture `id` when it has several files; `folder` holds them.

    First come the files alone, in their order, then all of them joined if they fit.
    """
    recorded = context.evidence.captures
    files = [recorded[name] for name in parts.names(id, recorded)]
    if len(files) < 2:
        return
    for file in files:
        values = {"file": _place(file.path, folder), "id": id}
        said = Message(
            N_("of the files for the capture {id}, {file} alone counts: it shows the most"), values
        )
        yield Way(_with(context, id, file), (said,))
    if joined := join(files):
        yield Way(_with(context, id, joined.capture), tuple(_shares(joined, id, folder)))


def _with(context: Context, id: str, capture: RecordedCapture) -> Context:
    """Return the context with one capture for `id`."""
    whole = copy.copy(capture)
    whole.id = id
    captures = {**context.evidence.captures, id: whole}
    return replace(context, evidence=replace(context.evidence, captures=captures))


def _shares(joined: Joined, id: str, folder: Path) -> Iterator[Message]:
    """Yield for each file which packets of the joined capture are its own."""
    for file, numbers in joined.numbers.items():
        values = {"file": _place(file, folder), "id": id, "numbers": _spans(numbers)}
        if numbers:
            yield Message(N_("the packets {numbers} of the capture {id} are those of {file}"), values)
        else:
            yield Message(N_("every packet of {file} is in another file for the capture {id}"), values)


def _spans(numbers: Sequence[int]) -> list[str]:
    spans = [str(first) if first == last else f"{first}–{last}" for first, last in runs(numbers)]
    return spans[:_SPANS] + ["…"] * (len(spans) > _SPANS)


def _place(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name


def worth(context: Context, given: Given) -> int:
    """Return how much a context shows: checks of packets that pass, and answers that fit what is judged."""
    steps = (step for criterion in criteria(context.plan.lab, context.exercise) for step in criterion.steps)
    checks = [leaf for step in steps for leaf in leaves(step.condition) if isinstance(leaf, Check)]
    passed = [each for each in checks if _is_of_packets(each) and _passes(context, each)]
    focus = find_focus(context)
    return len(passed) + (len(find_fitting(focus.conversation, context.exercise, given)) if focus else 0)


def _is_of_packets(check: Check) -> bool:
    kind = KINDS.get(check.kind)
    return kind is not None and not kind.live and kind.rests in (Rests.HEADERS, Rests.CONTENTS)


def _passes(context: Context, check: Check) -> bool:
    return outcome(context, check).status is Status.PASSED
