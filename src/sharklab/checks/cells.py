"""The cells of a matrix: everything that is known of one tool on one port, and its outcome.

`cells_of` serves verdicts, `cells_of_run` reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sharklab.checks import phrases
from sharklab.checks.context import Context, contexts
from sharklab.checks.flaws import flaws_of, join_messages
from sharklab.checks.kind import TEXT, Claim, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Outcome, Reference, Status, both
from sharklab.checks.truth import Witness, certain, ports
from sharklab.evidence.packets.knocks import Knock, Pattern, knock, knocks
from sharklab.evidence.packets.model import Facts
from sharklab.evidence.run_folder import Evidence, ProbeResult
from sharklab.lab import matrices
from sharklab.lab.model import Expectation, Matrix, Plan, Probe, Tool, Trial
from sharklab.message import N_, Message

CHECK = "matrix"
_RESTS_ON_ABSENCE = frozenset({"none", "syn_retries", "handshake", "udp_silence"})
"""Patterns that rest on the absence of packets in the capture."""
SILENT = "silent"
"""The verdict of a tool whose words fit none."""


@dataclass(frozen=True)
class Cell:
    """The observed and the expected results of a tool on a port.

    `verdict` is that of the tool's output, "" if it did not run; `pattern` is that of its packets on the
    client; `packets` are their numbers by capture id; `truth` is the port's state, by each witness; `flaws`
    are the gaps of the captures.
    """

    matrix: Matrix
    tool: Tool
    trial: Trial
    probe: Probe
    result: ProbeResult | None
    verdict: str
    pattern: Pattern
    packets: Mapping[str, tuple[int, ...]]
    truth: tuple[Witness, ...]
    flaws: tuple[Message, ...] = ()

    @property
    def state(self) -> str:
        """The state that the port should have."""
        return self.trial.state

    @property
    def port(self) -> int:
        """The port, which is this cell's alone."""
        return self.trial.port

    @property
    def expected(self) -> Expectation:
        """The right results."""
        return self.trial.expect

    @property
    def available(self) -> bool:
        """False when the client does not have the tool."""
        return self.result is None or not self.result.missing

    @property
    def certain(self) -> bool:
        """True if the sockets, the rules and the wire allow no other state than the port's own."""
        return certain(self.truth, self.state)

    @cached_property
    def differs(self) -> tuple[str, ...]:
        """The results that are not as expected: among "exit", "verdict" and "packets"."""
        right = {
            "exit": self.result is not None and self.result.exit_code in self.expected.exit,
            "verdict": self.verdict in self.expected.verdict,
            "packets": any(map(self.pattern.fits, self.expected.packets)),
        }
        return tuple(name for name, fits in right.items() if not fits)

    @cached_property
    def outcome(self) -> Outcome:
        """The outcome of the cell."""
        status, found = _judge(self)
        values = {"tool": self.tool.title, "port": self.port, "state": phrases.state(self.state)}
        return Outcome(
            check=CHECK,
            status=status,
            title=Message(N_("{tool}, port {port} {state}"), values),
            found=found,
            expected=_in_words(*_say_expected(self).values()),
            evidence=tuple(_evidence(self)),
        )


def _judge(cell: Cell) -> tuple[Status, Message]:
    if cell.result is None:
        return Status.INCONCLUSIVE, Message(N_("{probe} has no result."), {"probe": cell.probe.id})
    if not cell.available:
        text = N_("Not available: {tool} is not installed on {host}.")
        values = {"tool": cell.probe.run[0], "host": cell.probe.host}
        return Status.SKIPPED if cell.tool.optional else Status.FAILED, Message(text, values)
    if not cell.certain:
        said = [witness.said for witness in cell.truth]
        text = N_("It is not certain that the port is {state}: {said}.")
        return Status.INCONCLUSIVE, Message(text, {"state": phrases.state(cell.state), "said": said})
    if cell.flaws and (cell.differs or cell.pattern.name in _RESTS_ON_ABSENCE):
        return Status.INCONCLUSIVE, both(_compare_results(cell), join_messages(cell.flaws))
    return Status.FAILED if cell.differs else Status.PASSED, _compare_results(cell)


def _compare_results(cell: Cell) -> Message:
    """Return the observed results of the cell, with the expected ones where they differ."""
    found, wanted = _say_observed(cell), _say_expected(cell)
    return _in_words(
        *(
            Message(N_("{found} instead of {wanted}"), {"found": found[name], "wanted": wanted[name]})
            if name in cell.differs
            else found[name]
            for name in found
        )
    )


def _in_words(exit: Message, verdict: Message, packets: Message) -> Message:
    text = N_("{exit}; the tool says: {verdict}; on the wire: {packets}")
    return Message(text, {"exit": exit, "verdict": verdict, "packets": packets})


def _say_observed(cell: Cell) -> dict[str, Message]:
    return {
        "exit": _say_end(cell.result, cell.probe),
        "verdict": phrases.verdict(cell.verdict) if cell.verdict else Message("-"),
        "packets": phrases.pattern(cell.pattern),
    }


def _say_expected(cell: Cell) -> dict[str, Message]:
    expected = cell.expected
    return {
        "exit": phrases.either(_exit(code) for code in expected.exit),
        "verdict": phrases.either(map(phrases.verdict, expected.verdict)),
        "packets": phrases.either(map(phrases.packets, expected.packets)),
    }


def _exit(code: int) -> Message:
    return Message(N_("exit code {code}"), {"code": code})


def _say_end(result: ProbeResult | None, probe: Probe) -> Message:
    if result and result.timed_out:
        return Message(N_("not ended within {limit} s"), {"limit": probe.timeout})
    if result is None or result.exit_code is None:
        return Message(N_("killed"))
    return _exit(result.exit_code)


def _evidence(cell: Cell) -> Iterator[Reference]:
    """Yield the command, its packets on both sides, and what an uncertain truth rests on."""
    yield Reference(probe=cell.probe.id, host=cell.probe.host)
    for capture, packets in cell.packets.items():
        if packets:
            yield Reference(capture=capture, packets=packets)
    if not cell.certain:
        yield from (witness.evidence for witness in cell.truth if witness.evidence.probe)


def cells_of_run(plan: Plan, evidence: Evidence) -> tuple[Cell, ...]:
    """Return every cell of every matrix of the plan, state by state."""
    return tuple(cell for context in contexts(plan, evidence) for cell in cells_of(context))


def cells_of(context: Context) -> Iterator[Cell]:
    """Yield the cells of the matrix that the exercise runs, state by state; none when it runs none."""
    matrix = context.matrix
    if matrix is None:
        return
    captures = {side: matrices.capture_id(matrix.id, side) for side in ("client", "server")}
    by_port = {
        side: knocks(context.facts.get(capture, Facts()), matrix.transport, matrix.address)
        for side, capture in captures.items()
    }
    probes = {probe.id: probe for probe in context.exercise.probes}
    truth, flaws = ports(context, matrix), tuple(flaws_of(context, contents=False))
    for trial in matrix.trials:
        sent, seen = (by_port[side].get(trial.port, Knock()) for side in captures)
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


@check(
    "cell",
    Rests.HEADERS,
    N_("Packets of {tool}"),
    params=parameters("tool", "state", tool=TEXT, state={"enum": list(phrases.STATES)}),
    claim=Claim.WHOLE,
    look=N_("Try the tool again on its port while you record, and look at the first answer."),
)
def cell(context: Context, params: Params) -> Finding:
    """The packets of the tool `tool` on the port of the state `state` are those that the matrix expects.

    The check reads the client's capture alone, which does not hold the output of the tool.
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
    expected = phrases.either(map(phrases.packets, trial.expect.packets))
    values = {"found": phrases.pattern(sent.pattern), "wanted": expected}
    found = values["found"] if right else Message(N_("{found} instead of {wanted}"), values)
    return Finding(Status.of(right), found, (Reference(capture=capture, packets=sent.packets),))


def verdict(tool: Tool, result: ProbeResult | None) -> str:
    """Return the verdict of the tool: the first whose words it printed; "" if it did not run."""
    if result is None or result.missing:
        return ""
    printed = f"{result.stdout}\n{result.stderr}"
    fitting = (name for name, words in tool.says if re.search(words, printed, re.MULTILINE))
    return next(fitting, SILENT)
