"""Name the flaws of captures: packets that are not in such a capture may have been on the wire."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.checks.context import Context
from sharklab.checks.outcome import both
from sharklab.evidence.packets.model import Facts
from sharklab.message import N_, Message


def flaws_of(context: Context, contents: bool) -> Iterator[Message]:
    """Yield the gaps of the exercise's captures for a check of headers, or of `contents` as well."""
    for capture in context.exercise.captures:
        recorded = context.captures.get(capture.id)
        values = {"capture": capture.id}
        if recorded is None:
            yield Message(N_("The run left no capture {capture}."), values)
            continue
        facts, counted = recorded.facts, recorded.counted
        if facts.problem:
            yield Message(
                N_("The capture {capture} cannot be read: {problem}."), {**values, "problem": facts.problem}
            )
        if facts.cut:
            yield Message(N_("The capture {capture} is cut short."), values)
        if counted and counted.dropped:
            values["count"] = str(counted.dropped)
            yield Message(N_("tcpdump dropped packets of the capture {capture} ({count})."), values)
        hidden = _count_hidden(facts, contents)
        if hidden:
            values["count"] = str(hidden)
            yield Message(N_("The capture {capture} kept only the beginning of packets ({count})."), values)


def join_messages(messages: tuple[Message, ...]) -> Message:
    """Return several sentences as one message."""
    first, *rest = messages
    return both(first, join_messages(tuple(rest))) if rest else first


def _count_hidden(facts: Facts, contents: bool) -> int:
    """Count the packets of which the capture kept too little."""
    truncated = [facts.packet(number) for number in facts.truncated]
    if contents:
        return len(truncated)
    return sum(
        not packet.transport or (packet.transport == "tcp" and not packet.flags) for packet in truncated
    )
