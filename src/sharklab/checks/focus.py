"""Choose, among the captured conversations, the one that the exercise is about."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sharklab.checks.context import Context, Talk
from sharklab.checks.outcome import Reference
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.message import N_, NOTHING, Message


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
    """Return the first candidate that the answers mean, else that with the most packets; None without one.

    A note says so when candidates differ: other ports, or another connection in the same capture.
    """
    talks = candidates(context)
    if not talks:
        return None
    meant = next((talk for talk in context.meant if talk in talks), None)
    capture, conversation = meant or max(talks, key=lambda talk: len(talk[1].packets))
    note = _note(conversation, len([talk for name, talk in talks if name == capture]), meant is not None)
    return Focus(capture, context.facts[capture], conversation, note)


def _note(conversation: Conversation, count: int, is_meant: bool) -> Message:
    if count == 1:
        return NOTHING
    text = (
        N_("Of {many} such conversations, this one fits the answers best: {client} to {server}.")
        if is_meant
        else N_("Of {many} such conversations, this one has the most packets: {client} to {server}.")
    )
    ends = {"client": str(conversation.client), "server": str(conversation.server)}
    return Message(text, {"many": count, **ends})


def candidates(context: Context) -> tuple[Talk, ...]:
    """Return the conversations of the exercise's hosts, transport and port, its client as the client.

    Without a `conversation` in lab.yml every TCP or UDP conversation of the captures is one.
    """
    talks = (
        (name, _orient(context, talk))
        for name, facts in context.facts.items()
        for talk in facts.conversations
    )
    return tuple((name, talk) for name, talk in talks if _fits(context, talk))


def _fits(context: Context, talk: Conversation) -> bool:
    wanted = context.exercise.conversation
    return is_of_service(context, talk) and (
        wanted is None
        or (
            talk.client.address in context.addresses(wanted.client)
            and talk.server.address in context.addresses(wanted.server)
        )
    )


def is_of_service(context: Context, talk: Conversation) -> bool:
    """Tell whether a conversation has the transport and the server's port of the exercise, whoever talks."""
    wanted = context.exercise.conversation
    if wanted is None or not wanted.transport:
        return talk.transport in ("tcp", "udp") and (wanted is None or wanted.port in (0, talk.server.port))
    return talk.transport == wanted.transport and wanted.port in (0, talk.server.port)


def _orient(context: Context, talk: Conversation) -> Conversation:
    """Return `talk` with client and server exchanged where only the exercise tells who is who.

    A SYN or contents of one side alone leave no doubt. Without them, a declared conversation matches either
    way round: the capture may have begun late, or hold one direction.
    """
    wanted, hosts = context.exercise.conversation, (context.client, context.server)
    ends = context.host_at(talk.client.address), context.host_at(talk.server.address)
    if talk.sure or wanted is None or ends != hosts[::-1]:
        return talk
    return turn(talk) if wanted.port in (0, talk.client.port) else talk


def turn(talk: Conversation) -> Conversation:
    """Return the conversation with client and server exchanged."""
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
