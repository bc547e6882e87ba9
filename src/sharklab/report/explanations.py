"""Explanations of packets in one language: rows of a table, and comments in a copy of the capture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets.annotation import annotate
from sharklab.evidence.packets.explanation import Explanation, explain
from sharklab.evidence.packets.model import Endpoint, Facts
from sharklab.i18n import Translator
from sharklab.lab.model import Plan
from sharklab.message import N_, Message
from sharklab.untrusted import visible


@dataclass(frozen=True)
class PacketExplanation:
    """One packet in words; `anchor` is its row in the table of packets."""

    anchor: str
    number: int
    source: str
    destination: str
    what: str
    special: tuple[str, ...]
    numbers: tuple[str, ...]
    options: tuple[str, ...]


def lines(
    capture: str,
    facts: Facts,
    hosts: Mapping[str, str],
    speak: Translator,
    numbers: Iterable[int] | None = None,
) -> tuple[PacketExplanation, ...]:
    """Return the explanations of the packets of `capture`, or of these `numbers`; `hosts` are by address."""
    return tuple(
        PacketExplanation(
            anchor=f"packet-{capture}-{each.packet.number}",
            number=each.packet.number,
            source=_name(each.packet.source, hosts),
            destination=_name(each.packet.destination, hosts),
            what=_say(each.what, speak),
            special=_all(each.special, speak),
            numbers=_all(each.numbers, speak),
            options=_all(each.options, speak),
        )
        for each in explain(facts, numbers)
    )


def find_copy(capture: str, language: str) -> Path:
    """Return where, in the folder of a report, the copy of `capture` with comments lies."""
    return Path("captures") / f"{capture}.annotated.{language}.pcapng"


def copies(
    plan: Plan, captures: Mapping[str, RecordedCapture], speak: Translator
) -> Iterator[tuple[Path, bytes]]:
    """Yield the annotated copy of each capture that is to be explained, and its place in a report's folder.

    Raises MachineryError when editcap is missing or broken.
    """
    for capture in (c for exercise in plan.lab.exercises for c in exercise.captures if c.explain):
        recorded = captures.get(capture.id)
        if recorded and recorded.facts.packets:
            told = comments(recorded.facts, speak)
            yield find_copy(capture.id, speak.language), annotate(recorded.container, told)


def comments(facts: Facts, speak: Translator, numbers: Iterable[int] | None = None) -> Mapping[int, str]:
    """Return the comment on each packet of a capture, or of these `numbers`, by its number."""
    return {each.packet.number: _comment(each, speak) for each in explain(facts, numbers)}


def _comment(each: Explanation, speak: Translator) -> str:
    """Return all that there is to say of a packet, a line for each kind."""
    rows = (
        " ".join(_all((each.what, *each.special), speak)),
        speak.gettext(N_("; ")).join(_all(each.numbers, speak)),
        ", ".join(_all(each.options, speak)),
    )
    return "\n".join(filter(None, rows))


def _name(end: Endpoint, hosts: Mapping[str, str]) -> str:
    if end.address not in hosts:
        return str(end) if end.port else end.address
    return f"{hosts[end.address]}:{end.port}" if end.port else hosts[end.address]


def _all(messages: Iterable[Message], speak: Translator) -> tuple[str, ...]:
    return tuple(_say(message, speak) for message in messages)


def _say(message: Message, speak: Translator) -> str:
    return visible(speak.say(message))
