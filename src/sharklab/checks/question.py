"""The questions that a lab may ask: a question is declared beside its function, by the decorator `question`.

The answer is measured from every source that knows it: the wire, `ss`, probes, the plan. A value counts when
at least one source measured it and no source contradicts it. The plan alone is no measurement: it says what
should be, not what was. This module names no question; `sharklab.checks.questions` declares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sharklab.checks.context import Context
from sharklab.checks.kind import Need
from sharklab.checks.outcome import Answer, Reference, Status
from sharklab.evidence.packets.model import Conversation
from sharklab.lab.model import Exercise, Plan, Text
from sharklab.message import N_, NN_, Message


class Value(StrEnum):
    """The kind of value that answers a question; `sharklab.grading.submission` says how students write it."""

    ADDRESS = "an IP address"
    PORT = "a port"
    PORTS = "a list of ports"
    TRANSPORT = "TCP or UDP"
    NUMBER = "a whole number"
    BYTES = "a number of bytes"
    PROTOCOL = "a protocol"
    CAPTURE = "the id of a capture"
    PROGRAM = "a program"
    HOSTS = "hosts of the lab"
    CAUSES = "causes of the catalogue of faults"


class End(StrEnum):
    """The end of a conversation that a question is about."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True)
class Source:
    """One source of an answer: its name, the values that it gives, and where. A plan is not `measured`."""

    name: Message
    values: frozenset[str]
    evidence: tuple[Reference, ...] = ()
    measured: bool = True


Sources = Callable[[Context], Iterable[Source]]
Choices = Callable[[Plan, Exercise], Mapping[str, Text]]
"""Takes a plan and one of its exercises; returns the possible answers, each with its meaning."""


@dataclass(frozen=True)
class Question:
    """A question: its wording (a msgid), the kind of its answer, and the function that asks the sources.

    `of_server` marks one that the state of the server answers, and no packet. `needs` are the traits without
    which a capture shows no answer. `end` is the end of a conversation of which the answer is a part.
    `choices` are the possible answers to a question about the faults of the seat.
    """

    name: str
    sources: Sources
    text: str
    value: Value
    of_server: bool = False
    needs: frozenset[Need] = frozenset()
    end: End | None = None
    choices: Choices | None = None

    @property
    def of_seat(self) -> bool:
        """True when the seat itself answers, and no packet."""
        return self.choices is not None

    @property
    def changes(self) -> bool:
        """True when the answer is another one in each connection: the system chooses the port of a client."""
        return self.end is End.CLIENT and self.value is Value.PORT

    @property
    def of_reply(self) -> bool:
        """True when the server's reply shows the answer, and the request alone shows almost as much."""
        return Need.REPLY in self.needs

    @property
    def of_conversation(self) -> bool:
        """True when a conversation alone tells the answer: its transport, or a part of one of its ends."""
        return self.end is not None or self.value is Value.TRANSPORT

    def of(self, talk: Conversation) -> str:
        """Return the answer that a conversation gives to such a question."""
        if self.end is None:
            return talk.transport.upper()
        place = talk.client if self.end is End.CLIENT else talk.server
        return place.address if self.value is Value.ADDRESS else str(place.port)


QUESTIONS: dict[str, Question] = {}
"""Every declared question, by the name that lab.yml uses."""


def question(
    name: str,
    text: str,
    value: Value,
    *needs: Need,
    of_server: bool = False,
    end: End | None = None,
    choices: Choices | None = None,
) -> Callable[[Sources], Sources]:
    """Return a decorator that declares a function as the source of answers to the question `name`.

    Raises ValueError for a name that is taken.
    """

    def declare(sources: Sources) -> Sources:
        if name in QUESTIONS:
            raise ValueError(f"there are two questions named {name}")
        QUESTIONS[name] = Question(name, sources, text, value, of_server, frozenset(needs), end, choices)
        return sources

    return declare


def answer(question: Question, context: Context) -> Answer:
    """Return the measured answer, or one without a value that says why."""
    sources = [source for source in question.sources(context) if source.values]
    evidence = tuple(reference for source in sources for reference in source.evidence)
    value, found = _settle(sources)
    status = Status.INCONCLUSIVE if value is None else Status.PASSED
    return Answer(question.name, Message(question.text), value, status, evidence, found)


def _settle(sources: list[Source]) -> tuple[str | None, Message]:
    """Return the value on which all sources agree, or None, and the sentence that says so."""
    if not any(source.measured for source in sources):
        return None, Message(N_("No capture, socket or command of the run shows it."))
    common = frozenset.intersection(*(source.values for source in sources))
    if len(common) == 1:
        names = [source.name for source in sources]
        text = NN_("Source: {sources}.", "The sources agree: {sources}.")
        return next(iter(common)), Message(text, {"sources": names, "count": len(names)})
    statements = [_statement(source) for source in sources]
    if common:
        return None, Message(N_("There are several values: {sources}."), {"sources": statements})
    return None, Message(N_("The sources disagree: {sources}."), {"sources": statements})


def _statement(source: Source) -> Message:
    values = {"source": source.name, "values": sorted(source.values)}
    return Message(N_("{source} says {values}"), values)
