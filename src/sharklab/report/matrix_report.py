"""A matrix in a report: the answer of every tool for every state of a port, and its conclusions.

Only the states are known beforehand. The results of this run show which answers are alike, and so which
states an answer does not tell apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from sharklab.checks import phrases
from sharklab.checks.cells import Cell
from sharklab.checks.outcome import Reference, Status
from sharklab.checks.truth import by_pattern
from sharklab.i18n import Translator
from sharklab.message import N_, NOTHING, Message
from sharklab.report.content import (
    CellReport,
    CellSummary,
    Command,
    Link,
    MatrixReport,
    StateReport,
    ToolRow,
    WitnessReport,
)
from sharklab.report.packet_view import LadderPicture
from sharklab.report.speech import Words
from sharklab.untrusted import visible

ABOUT = {
    "closed": N_(
        "No program listens on the port, and the firewall lets packets in: the operating system refuses."
    ),
    "rejected": N_("The firewall answers instead of the port: ICMP, port unreachable (type 3, code 3)."),
    "reset": N_("The firewall answers with a TCP reset, just as a closed port does."),
    "prohibited": N_("No rule opens the port: firewalld's zone answers by ICMP that this is prohibited."),
    "dropped": N_("The firewall drops the packets and does not answer."),
    "open": N_("A program listens on the port, and the firewall lets packets in."),
}
"""The causes of the states of a port."""

TONES = {
    **dict.fromkeys(("connected", "open"), "yes"),
    **dict.fromkeys(("refused", "closed", "reset", "unreachable", "filtered"), "no"),
    "timeout": "late",
}
"""The colour of a verdict; the others have none."""

DrawCell = Callable[[Cell], tuple[LadderPicture, ...]]
Refer = Callable[[Iterable[Reference]], tuple[Link, ...]]


def matrix_report(
    cells: Sequence[Cell], command: Callable[[Cell], Command], draw: DrawCell, refer: Refer, speak: Translator
) -> MatrixReport:
    """Return the matrix of `cells`, whose probes, packets and evidence the functions show."""
    words = _MatrixWords(cells, speak)
    matrix = cells[0].matrix
    parts = {state: [cell for cell in cells if cell.state == state] for state in matrix.states}
    return MatrixReport(
        anchor=f"matrix-{matrix.id}",
        summary=tuple(words.summary()),
        columns=tuple(Link(words.state(state), f"#{_anchor(matrix.id, state)}") for state in matrix.states),
        rows=tuple(
            ToolRow(tool.title, tuple(words.field(cell) for cell in cells if cell.tool == tool))
            for tool in matrix.tools
        ),
        stands=tuple(
            StateReport(
                anchor=_anchor(matrix.id, state),
                title=words.state(state),
                about=speak.gettext(ABOUT[state]),
                truth=tuple(words.truth(parts[state][0], refer)),
                attempts=tuple(
                    CellReport(
                        tool=cell.tool.title,
                        port=cell.port,
                        field=words.field(cell),
                        command=command(cell),
                        found=visible(speak.say(cell.outcome.found)),
                        expected=visible(speak.say(cell.outcome.expected)) if cell.outcome.expected else "",
                        follows=tuple(words.follows(cell)),
                        links=refer(cell.outcome.evidence),
                        pictures=draw(cell),
                    )
                    for cell in parts[state]
                ),
            )
            for state in matrix.states
        ),
    )


def _anchor(matrix: str, state: str) -> str:
    return f"state-{matrix}-{state}"


class _MatrixWords:
    """The cells of one matrix, put into words of one language."""

    def __init__(self, cells: Sequence[Cell], speak: Translator) -> None:
        self.cells = [cell for cell in cells if cell.result and cell.available]
        self.all = cells
        self.matrix = cells[0].matrix
        self.speak = speak
        self.duration = Words(speak).duration

    def state(self, name: str) -> str:
        """Return the word for a state."""
        return self.speak.say(phrases.state(name))

    def field(self, cell: Cell) -> CellSummary:
        """Return the field of a cell in the summary."""
        ran = cell.result is not None and cell.available
        return CellSummary(
            href=f"#probe-{cell.probe.id}",
            status=cell.outcome.status,
            verdict=self.speak.say(phrases.verdict(cell.verdict)) if cell.verdict else "",
            tone=TONES.get(cell.verdict, ""),
            packets=self.speak.say(phrases.pattern(cell.pattern)) if ran else "",
            seconds=cell.result.duration if cell.result and ran else None,
        )

    def truth(self, cell: Cell, refer: Refer) -> Iterator[WitnessReport]:
        """Yield the statement of each witness about the port of a cell."""
        for witness in cell.truth:
            yield WitnessReport(visible(self.speak.say(witness.said)), refer([witness.evidence]))

    def summary(self) -> Iterator[tuple[str, str]]:
        """Yield the short of it, a name and a sentence each: states, and which of them look alike."""
        for state in self.matrix.states:
            cells = [cell for cell in self.cells if cell.state == state]
            if cells:
                yield self.state(state), self.speak.say(self._summarise(cells))
        for first, second in combinations(self.matrix.states, 2):
            text = self._compare_states(first, second)
            if text:
                yield f"{self.state(first)} / {self.state(second)}", self.speak.say(text).rstrip()
        yield from self._count_surprises()

    def _summarise(self, cells: Sequence[Cell]) -> Message:
        times = sorted(cell.result.duration for cell in cells if cell.result)
        values = {
            "packets": _count(phrases.packets(str(cell.pattern)) for cell in cells),
            "verdicts": _count(phrases.verdict(cell.verdict) for cell in cells),
            "shortest": self.duration(times[0]),
            "longest": self.duration(times[-1]),
        }
        text = N_(
            "On the wire: {packets}. The tools say: {verdicts}. That takes from {shortest} to {longest}."
        )
        return Message(text, values)

    def _compare_states(self, first: str, second: str) -> Message | None:
        """Say of two states what most tools, or the packets of all, do not tell apart."""
        pairs = [(self._cell(first, tool.id), self._cell(second, tool.id)) for tool in self.matrix.tools]
        both = [(one, other) for one, other in pairs if one and other]
        same = [one.tool.title for one, other in both if one.verdict == other.verdict]
        told = [one.tool.title for one, other in both if one.verdict != other.verdict]
        if len(same) <= len(told):
            return None
        if not told:
            text = N_("No tool tells them apart. {packets}")
        else:
            text = N_("Tools that say the same of both: {count} of {all}, but not {tools}. {packets}")
        values = {"count": len(same), "all": len(both), "tools": told}
        return Message(text, {**values, "packets": _compare_packets(both)})

    def _count_surprises(self) -> Iterator[tuple[str, str]]:
        count = sum(cell.outcome.status is Status.FAILED for cell in self.all if cell.available)
        if count:
            text = self.speak.ngettext(
                "{count} result is not what the lab expects.",
                "{count} results are not what the lab expects.",
                count,
            )
            yield "✗", text.format(count=count)
        missing = dict.fromkeys(cell.tool.title for cell in self.all if not cell.available)
        if missing:
            text = N_("Not available on this system: {tools}.")
            yield "–", self.speak.say(Message(text, {"tools": list(missing)}))

    def _cell(self, state: str, tool: str) -> Cell | None:
        cells = (cell for cell in self.cells if (cell.state, cell.tool.id) == (state, tool))
        return next(cells, None)

    def follows(self, cell: Cell) -> Iterator[str]:
        """Yield the conclusions that the tool's output and its packets allow, and those that they do not."""
        if cell not in self.cells:
            return
        said = self._in_order(other.state for other in self.cells if _says_the_same(cell, other))
        sent = self._in_order(by_pattern(cell.pattern))
        tool = {"tool": cell.tool.title}
        yield self.speak.say(
            Message(N_("{tool} says that the port is {states}."), {**tool, "states": _either(said)})
        )
        if sent:
            yield self.speak.say(Message(N_("From its packets, it is {states}."), {"states": _either(sent)}))
        both = [state for state in said if state in sent]
        if len(both) > 1:
            text = N_("Even both together do not tell whether it is {states}.")
            yield self.speak.say(Message(text, {"states": _either(both)}))
        elif both and (len(said) > 1 or len(sent) > 1):
            yield self.speak.say(Message(N_("Both together leave only {states}."), {"states": _either(both)}))

    def _in_order(self, names: Iterable[str]) -> list[str]:
        wanted = set(names)
        return [state for state in self.matrix.states if state in wanted]


def _says_the_same(cell: Cell, other: Cell) -> bool:
    return (cell.tool.id, cell.verdict) == (other.tool.id, other.verdict)


def _compare_packets(pairs: Iterable[tuple[Cell, Cell]]) -> Message:
    """Say whether packets tell two states apart; nothing where that depends on the tool."""
    alike = {str(one.pattern) == str(other.pattern) for one, other in pairs}
    if len(alike) > 1:
        return NOTHING
    return Message(N_("Their packets are alike.") if alike == {True} else N_("Their packets differ."))


def _either(states: Iterable[str]) -> Message:
    return phrases.either(map(phrases.state, states))


def _count(found: Iterable[Message]) -> list[Message]:
    """Return each different message with how often it is there, the most frequent first."""
    messages = [(str(message), message) for message in found]
    first = dict(reversed(messages))
    counts = Counter(text for text, _message in messages).most_common()
    return [Message("{what} (×{count})", {"what": first[text], "count": count}) for text, count in counts]
