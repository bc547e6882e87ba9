"""Choose, among the captured conversations, the one that the exercise is about."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sharklab.checks.context import Context
from sharklab.checks.outcome import (
    Reference,
)
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.message import (
    N_,
    NOTHING,
    Message,
)

Talk = tuple[str, Conversation]
"""The id of a capture and a conversation in it."""


@dataclass(frozen=True)
class Focus:
    """The conversation that is judged, the capture that shows it, and a note if there were others."""

    capture: str
    facts: Facts
    conversation: Conversation
    note: Message = NOTHING

    def refer(self, *packets: int) -> tuple[Reference, ...]:
        """Return a reference to those packets of the capture, or to the whole conversation."""
        return (Reference(capture=self.capture, packets=packets or self.conversation.packets),)


def find_focus(context: Context) -> Focus | None:
    """Return the conversation with the most packets among the candidates, or None when there is none.

    A note says so when candidates differ: other ports, or another connection in the same capture.
    """
    talks = candidates(context)
    if not talks:
        return None
    capture, conversation = max(talks, key=lambda talk: len(talk[1].packets))
    note = _note(conversation, len([talk for name, talk in talks if name == capture]))
    return Focus(capture, context.facts[capture], conversation, note)


def _note(conversation: Conversation, count: int) -> Message:
    if count == 1:
        return NOTHING
    text = N_("Of {count} such conversations, this one has the most packets: {client} to {server}.")
    ends = {"client": str(conversation.client), "server": str(conversation.server)}
    return Message(text, {"count": count, **ends})


def candidates(context: Context) -> tuple[Talk, ...]:
    """Return the conversations of the exercise's hosts, transport and port, its client as the client.

    Without a `conversation` in lab.yml every TCP or UDP conversation of the captures is one.
    """
    talks = (
        (name, _turned(context, facts, talk))
        for name, facts in context.facts.items()
        for talk in facts.conversations
    )
    return tuple((name, talk) for name, talk in talks if _fits(context, talk))


def _fits(context: Context, talk: Conversation) -> bool:
    wanted = context.exercise.conversation
    if wanted is None:
        return talk.transport in ("tcp", "udp")
    return (
        talk.transport in ((wanted.transport,) if wanted.transport else ("tcp", "udp"))
        and wanted.port in (0, talk.server.port)
        and talk.client.address in context.addresses(wanted.client)
        and talk.server.address in context.addresses(wanted.server)
    )


def _turned(context: Context, facts: Facts, talk: Conversation) -> Conversation:
    """Return `talk` with client and server exchanged when a capture begun late took one for the other."""
    sides = context.host_at(talk.client.address), context.host_at(talk.server.address)
    if sides != (context.server, context.client) or not _may_turn(context, facts, talk):
        return talk
    other = {"client": "server", "server": "client", "": ""}
    return replace(
        talk,
        client=talk.server,
        server=talk.client,
        client_bytes=talk.server_bytes,
        server_bytes=talk.client_bytes,
        client_start=talk.server_start,
        server_start=talk.client_start,
        reset_by=other[talk.reset_by],
    )


def _may_turn(context: Context, facts: Facts, talk: Conversation) -> bool:
    """Tell whether who is the client is open: a SYN leaves no doubt, nor does the first of two datagrams.

    The sender of the first datagram is the client, unless lab.yml gives the port of the service.
    """
    if talk.transport == "tcp":
        return not any("SYN" in facts.packet(number).flags for number in talk.packets)
    wanted = context.exercise.conversation
    return wanted is not None and wanted.port == talk.client.port
