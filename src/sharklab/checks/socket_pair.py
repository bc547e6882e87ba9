"""The check that both hosts' own list of sockets shows the captured conversation."""

from __future__ import annotations

from sharklab.checks.context import Context
from sharklab.checks.conversation import no_conversation
from sharklab.checks.focus import find_focus
from sharklab.checks.kind import Params, Rests, check
from sharklab.checks.outcome import Finding, Reference, Status, both
from sharklab.evidence.packets.model import Conversation, Endpoint
from sharklab.evidence.sockets import Socket
from sharklab.message import N_, NOTHING, Message

_RANK = ("ESTAB", "UNCONN", "LISTEN")
"""A connected socket tells more than one that is closing or closed, which has lost its process."""


@check(
    "sockets",
    Rests.HEADERS,
    N_("Sockets (ss)"),
    N_("the same conversation on both hosts"),
    recorded=True,
)
def sockets(context: Context, params: Params) -> Finding:
    """`ss` shows the conversation on the client and on the server; on a UDP server, the open socket."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    sides = (
        _side(context, talk, context.host_at(talk.client.address), talk.client, talk.server),
        _side(context, talk, context.host_at(talk.server.address), talk.server, talk.client),
    )
    found = both(sides[0].found, sides[1].found)
    evidence = (*focus.refer(), *sides[0].evidence, *sides[1].evidence)
    status = Status.gravest(side.status for side in sides)
    return Finding(status, found if focus.note == NOTHING else both(found, focus.note), evidence)


def _side(context: Context, talk: Conversation, host: str, local: Endpoint, peer: Endpoint) -> Finding:
    seen = context.sockets(host)
    if not seen:
        return Finding(
            Status.INCONCLUSIVE,
            Message(N_("The sockets of {host} were not recorded."), {"host": host or "?"}),
        )
    socket = find(seen, talk.transport, local, peer)
    if socket is None:
        text = N_("ss shows no socket from {local} to {peer} on {host}.")
        return Finding(Status.FAILED, Message(text, {"host": host, "local": str(local), "peer": str(peer)}))
    return Finding(Status.PASSED, _words(socket), (Reference(host=host, line=socket.line),))


def find(seen: tuple[Socket, ...], transport: str, local: Endpoint, peer: Endpoint) -> Socket | None:
    """Return the socket that joins the two ends, or for UDP the open one that packets to `local` reach."""
    alike = [socket for socket in seen if socket.transport == transport]
    joined = [socket for socket in alike if socket.joins(local, peer)]
    if transport == "udp":
        joined += [socket for socket in alike if socket.serves(local)]
    return min(joined, key=lambda socket: (not socket.process, _rank(socket)), default=None)


def _rank(socket: Socket) -> int:
    return _RANK.index(socket.state) if socket.state in _RANK else len(_RANK)


def _words(socket: Socket) -> Message:
    values = {
        "host": socket.host,
        "state": socket.state,
        "process": socket.process,
        "local": str(socket.local),
    }
    if (socket.transport, socket.state) == ("tcp", "UNCONN"):  # ss --events
        text = N_("On {host} the kernel reported the socket when it closed.")
    elif socket.open_to_all:
        text = (
            N_("On {host} {process} has the unconnected socket {local}.")
            if socket.process
            else N_("On {host} the unconnected socket {local} has no process.")
        )
    else:
        text = (
            N_("On {host} the socket is {state}, of {process}.")
            if socket.process
            else N_("On {host} the socket is {state}, without a process.")
        )
    return Message(text, values)
