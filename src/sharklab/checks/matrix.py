"""Bring together what is known of each cell of a matrix: `cells` is for verdicts and for reports alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sharklab.checks import phrases as words
from sharklab.checks.cell import Cell
from sharklab.checks.context import Context, contexts
from sharklab.checks.flaws import flaws_of
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
)
from sharklab.checks.truth import ports
from sharklab.evidence.packets.knocks import Knock, knock, knocks
from sharklab.evidence.packets.model import Facts
from sharklab.evidence.run_folder import Evidence, ProbeResult
from sharklab.lab import matrices
from sharklab.lab.model import Plan, Tool
from sharklab.message import (
    N_,
    Message,
)

SILENT = "silent"
"""The verdict of a tool whose words fit none."""


def cells(plan: Plan, evidence: Evidence, facts: Mapping[str, Facts]) -> tuple[Cell, ...]:
    """Return every cell of every matrix of the plan, state by state; `facts` are by capture id."""
    return tuple(cell for context in contexts(plan, evidence, facts) for cell in cells_of(context))


def cells_of(context: Context) -> Iterator[Cell]:
    """Yield the cells of the matrix that the exercise runs, state by state; none when it runs none."""
    matrix = context.matrix
    if matrix is None:
        return
    captures = {side: matrices.capture_id(matrix.id, side) for side in ("client", "server")}
    found = {
        side: knocks(context.facts.get(capture, Facts()), matrix.transport, matrix.address)
        for side, capture in captures.items()
    }
    probes = {probe.id: probe for probe in context.exercise.probes}
    truth, flaws = ports(context, matrix), tuple(flaws_of(context, contents=False))
    for trial in matrix.trials:
        sent, seen = (found[side].get(trial.port, Knock()) for side in captures)
        tool, result = matrix.tool(trial.tool), context.probe(trial.probe)
        yield Cell(
            matrix=matrix,
            tool=tool,
            trial=trial,
            probe=probes[trial.probe],
            result=result,
            verdict=verdict(tool, result),
            pattern=sent.pattern,
            packets={captures["client"]: sent.packets, captures["server"]: seen.packets},
            truth=truth.witnesses(trial.port, sent, seen),
            flaws=flaws,
        )


def cell(context: Context, params: Mapping[str, Any]) -> Finding:
    """The packets of the tool `tool` on the port of the state `state` are as the matrix expects.

    Only the client's capture is asked: what a tool printed is not in it.
    """
    matrix = context.matrix
    if matrix is None:
        raise LookupError("the exercise runs no matrix")
    capture = matrices.capture_id(matrix.id, "client")
    wanted = (params["tool"], params["state"])
    [trial] = [trial for trial in matrix.trials if (trial.tool, trial.state) == wanted]
    facts = context.facts.get(capture, Facts())
    sent = knock(facts, matrix.transport, matrix.address, trial.port)
    right = any(map(sent.pattern.fits, trial.expect.packets))
    expected = words.either(map(words.packets, trial.expect.packets))
    values = {"found": words.pattern(sent.pattern), "wanted": expected}
    found = values["found"] if right else Message(N_("{found} instead of {wanted}"), values)
    return Finding(
        Status.PASSED if right else Status.FAILED, found, (Reference(capture=capture, packets=sent.packets),)
    )


def verdict(tool: Tool, result: ProbeResult | None) -> str:
    """Return the verdict of the tool: the first whose words it printed; "" if it did not run."""
    if result is None or result.missing:
        return ""
    printed = f"{result.stdout}\n{result.stderr}"
    fitting = (name for name, words in tool.says if re.search(words, printed, re.MULTILINE))
    return next(fitting, SILENT)
