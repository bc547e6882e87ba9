"""Find answers without a label below the name of an exercise: in printed sockets and packets, in sentences.

Lines that a tool printed come first, then endpoints that stand alone, then sentences. Nothing is guessed:
lines of several servers answer nothing, unless other answers or the service of the exercise tell which are
meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sharklab.checks.question import End, Value
from sharklab.grading.submission.labels import Named
from sharklab.grading.submission.socket_line import Line, PrintedEndpoint, is_high

_MOST = 8
"""Local ports of one answer: a program opens several connections at once."""
_NONE = PrintedEndpoint("", "")
LABELLED: tuple[Named, ...] = (
    (Value.ADDRESS, End.SERVER),
    (Value.PORT, End.SERVER),
    (Value.PORT, End.CLIENT),
)
"""The values that labels may tell, by which one of several lines is chosen."""


@dataclass
class Unlabelled:
    """The texts without a label below the name of an exercise, each with the number of its line."""

    lines: list[tuple[int, Line]] = field(default_factory=list)
    endpoints: list[tuple[int, PrintedEndpoint]] = field(default_factory=list)
    sentences: list[tuple[int, Mapping[Named, str]]] = field(default_factory=list)

    def values(self, labelled: Mapping[Named, Iterable[str]], port: str) -> Iterator[tuple[Named, str, int]]:
        """Yield each value that is told, with its kind and its line.

        `labelled` are the values that labels tell, `port` is that of the exercise's service or "".
        """
        kinds = (
            _of_lines(self.lines, labelled, port),
            _of_endpoints(self.endpoints, port),
            _of_sentences(self.sentences),
        )
        told: dict[Named, tuple[str, int]] = {}
        for values in kinds:
            told = {**values, **told}
        yield from ((named, *each) for named, each in told.items())


_Told = Mapping[Named, tuple[str, int]]


def _of_lines(shown: Sequence[tuple[int, Line]], labelled: Mapping[Named, Iterable[str]], port: str) -> _Told:
    """Return the values of printed lines that agree: one server, and one local port or several."""
    chosen = _choose_lines(shown, labelled, port)
    if len({(line.server, line.transport) for _, line in chosen}) != 1:
        return {}
    number, line = chosen[0]
    local = list(dict.fromkeys(line.client.port for _, line in chosen))
    if len(local) > (_MOST if line.server != _NONE else 1):
        return {}
    addresses = {line.client.address for _, line in chosen}
    values = {named: _value(line, named) for named in (*LABELLED, (Value.TRANSPORT, None))}
    values[Value.PORT, End.CLIENT] = ", ".join(filter(None, local))
    values[Value.ADDRESS, End.CLIENT] = addresses.pop() if len(addresses) == 1 else ""
    return {named: (value, number) for named, value in values.items() if value}


def _choose_lines(
    shown: Sequence[tuple[int, Line]], labelled: Mapping[Named, Iterable[str]], port: str
) -> list[tuple[int, Line]]:
    """Return the lines that the other answers and the port of the service leave; all where none is left."""
    turned = ((number, _turn(line, port)) for number, line in shown)
    sure = [(number, line) for number, line in turned if line.sure]
    left = [each for each in sure if each[1].client.port and each[1].server.port] or sure
    for named in LABELLED:
        wanted = {*labelled.get(named, ())}
        left = [each for each in left if _value(each[1], named) in wanted] or left
    return [each for each in left if port and each[1].server.port == port] or left


def _turn(line: Line, port: str) -> Line:
    """Return a line whose server has the port of the service, where one end alone has it."""
    ends = [each.port == port for each in (line.client, line.server)]
    if not port or ends[0] == ends[1]:
        return line
    client, server = (line.server, line.client) if ends[0] else (line.client, line.server)
    return replace(line, client=client, server=server, sure=True)


def _value(line: Line, named: Named) -> str:
    value, end = named
    place = line.client if end is End.CLIENT else line.server
    return line.transport if end is None else place.address if value is Value.ADDRESS else place.port


def _of_endpoints(shown: Sequence[tuple[int, PrintedEndpoint]], port: str) -> _Told:
    """Return the values of endpoints that stand alone: the port tells which end one is."""
    ends: dict[End, dict[PrintedEndpoint, int]] = {End.CLIENT: {}, End.SERVER: {}}
    for number, place in shown:
        is_client = is_high(place.port) and place.port != port
        if is_client or place.address or place.port == port:
            ends[End.CLIENT if is_client else End.SERVER].setdefault(place, number)
    told: dict[Named, tuple[str, int]] = {}
    for end, places in ends.items():
        if len(places) == 1 and (end is End.SERVER or ends[End.SERVER]):
            [(place, number)] = places.items()
            values = {Value.ADDRESS: place.address, Value.PORT: place.port}
            told |= {(value, end): (text, number) for value, text in values.items() if text}
    return told


def _of_sentences(shown: Iterable[tuple[int, Mapping[Named, str]]]) -> _Told:
    """Return the values on which all sentences agree."""
    told: dict[Named, list[tuple[str, int]]] = {}
    for number, values in shown:
        for named, text in values.items():
            told.setdefault(named, []).append((text, number))
    return {named: each[0] for named, each in told.items() if len({text for text, _ in each}) == 1}
