"""Checks of what the captures show: opening, traffic, closing, datagrams, the token, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.checks import phrases
from sharklab.checks.context import Context
from sharklab.checks.focus import Focus, candidates, find_focus
from sharklab.checks.kind import Claim, Need, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status, both
from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.message import N_, NOTHING, Message

_BESIDE = frozenset({("tcp", 22), ("udp", 53), ("tcp", 53)})
"""The services that are used beside an exercise: the session of a user, and questions for names."""
_IP = ("IPv4", "IPv6")


@check(
    "handshake",
    Rests.HEADERS,
    N_("TCP handshake"),
    N_("SYN, SYN/ACK, ACK"),
    look=N_("Start the capture before the connection: SYN, SYN/ACK and ACK are its first packets."),
    needs=(Need.SYN_ACK,),
    parts=lambda _: (("opening", {"to": "syn"}), ("opening", {"to": "syn_ack"}), ("handshake", {})),
)
def handshake(context: Context, params: Params) -> Finding:
    """The conversation opens with SYN, SYN/ACK and ACK whose numbers continue each other (RFC 9293)."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    numbers = focus.conversation.handshake
    if not numbers:
        return _fail(focus, _no_handshake(focus))
    text = N_("Packets {syn}, {answer} and {ack} open the connection: SYN, SYN/ACK, ACK.")
    return _pass(focus, Message(text, dict(zip(("syn", "answer", "ack"), numbers, strict=True))), *numbers)


def _no_handshake(focus: Focus) -> Message:
    """Say why a conversation has no whole handshake."""
    talk = focus.conversation
    if talk.transport != "tcp":
        return Message(N_("The conversation is {transport}, which has no handshake."), _transport(focus))
    if talk.icmp_errors:
        return Message(
            N_("The ICMP message of packet {number} refuses the connection."), {"number": talk.icmp_errors[0]}
        )
    if talk.resets and not talk.data_packets:
        return Message(N_("The RST of packet {number} refuses the connection."), {"number": talk.resets[0]})
    packets = [focus.facts.packet(number) for number in talk.packets]
    senders = {packet.source for packet in packets}
    if len(senders) == 1 and not all(map(tcp.is_syn, packets)):  # its ACKs tell that the other side sent some
        text = N_("The capture has one direction only: every packet is from {sender}.")
        return Message(text, {"sender": str(senders.pop())})
    if senders == {talk.client}:
        return Message(
            N_("The server does not answer the client (packets sent: {count})."),
            {"count": len(talk.packets)},
        )
    return Message(N_("The capture does not show the whole handshake of the conversation."))


@check(
    "traffic",
    Rests.HEADERS,
    N_("Traffic"),
    N_("data both ways between opening and closing"),
    look=N_("Start the capture before the connection, and end it after both sides have sent data."),
    needs=(Need.SYN_ACK,),
    parts=lambda _: (("present", {}), ("sends", {"sides": 1}), ("sends", {"sides": 2}), ("traffic", {})),
)
def traffic(context: Context, params: Params) -> Finding:
    """Both sides send data between the handshake and the closing."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    if talk.transport == "tcp" and not talk.handshake:
        return _fail(focus, _no_handshake(focus))
    place = {number: index for index, number in enumerate(talk.packets)}  # in the order of time
    first = max(map(place.__getitem__, talk.handshake), default=0)
    last = max(map(place.__getitem__, talk.closing), default=len(place))
    inside = [focus.facts.packet(number) for number in talk.data_packets if first <= place[number] <= last]
    counts = phrases.traffic(phrases.BYTES, talk.client_bytes, talk.server_bytes)
    text = N_("The client sends {client} and the server {server}.")
    enough = {packet.source for packet in inside} == {talk.client, talk.server}
    return (_pass if enough else _fail)(focus, Message(text, counts), *(packet.number for packet in inside))


@check(
    "fin",
    Rests.HEADERS,
    N_("End of the connection"),
    N_("FIN and ACK from each side"),
    look=N_("Quit the program properly, then end the capture."),
    needs=(Need.FIN, Need.NO_RESET),
    parts=lambda _: (*(("closing", {"to": step}) for step in ("end", "one_side", "both_sides")), ("fin", {})),
)
def fin(context: Context, params: Params) -> Finding:
    """Each side closes the conversation with a FIN, and both FINs are acknowledged."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    if talk.closed_by == "fin":
        text = N_("Packets {numbers} close the connection: FIN and ACK of each side.")
        return _pass(focus, Message(text, {"numbers": talk.closing}), *talk.closing)
    return _fail(focus, _no_fin(focus), *talk.fins, *talk.resets)


def _no_fin(focus: Focus) -> Message:
    """Say how a conversation ended, when not by an exchange of FIN."""
    talk = focus.conversation
    if talk.transport != "tcp":
        return Message(N_("The conversation is {transport}, which has no FIN."), _transport(focus))
    if talk.closed_by == "rst":
        text = (
            N_("The client ends the connection with a RST (packet {number}).")
            if talk.reset_by == "client"
            else N_("The server ends the connection with a RST (packet {number}).")
        )
        return Message(text, {"number": talk.closing[0]})
    if talk.fins:
        text = N_("The FIN exchange is not complete; packets with a FIN: {numbers}.")
        return Message(text, {"numbers": talk.fins})
    return Message(
        N_("The capture shows no FIN: it ended before the connection did, or its last packets were left out.")
    )


@check(
    "udp_exchange",
    Rests.HEADERS,
    N_("UDP exchange"),
    N_("datagrams both ways"),
    look=N_("Compare the two directions: an exchange has datagrams in both."),
    needs=(Need.REPLY,),
    parts=lambda _: (("present", {"transport": "udp"}), ("udp_exchange", {})),
)
def udp_exchange(context: Context, params: Params) -> Finding:
    """Both sides send datagrams."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    if talk.transport != "udp":
        return _fail(focus, Message(N_("The conversation is {transport}, not UDP."), _transport(focus)))
    senders = [focus.facts.packet(number).source for number in talk.packets]
    counts = senders.count(talk.client), senders.count(talk.server)
    text = N_("The client sends {client} and the server {server}.")
    found = Message(text, phrases.traffic(phrases.DATAGRAMS, *counts))
    if talk.icmp_errors:
        refused = N_("The ICMP message of packet {number} refuses a datagram.")
        found = both(found, Message(refused, {"number": talk.icmp_errors[0]}))
    return (_pass if all(counts) else _fail)(focus, found)


@check(
    "transport",
    Rests.HEADERS,
    N_("Transport"),
    "{value}",
    params=parameters("value", value={"enum": ["tcp", "udp"]}),
    look=N_("Find the protocol that the packets name after IP."),
)
def transport(context: Context, params: Params) -> Finding:
    """The conversation uses the transport `value`."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    found = Message(N_("The conversation is {transport}."), _transport(focus))
    right = focus.conversation.transport == params["value"]
    return (_pass if right else _fail)(focus, found)


@check(
    "token",
    Rests.CONTENTS,
    N_("The seat's token on the wire"),
    look=N_("Use the names of your own seat, which hold the token, and record whole packets."),
    needs=(Need.TOKEN,),
)
def token(context: Context, params: Params) -> Finding:
    """A packet contains the seat's token."""
    seat = context.plan.seat
    seen = {name: context.captures[name].search(seat.token) for name in context.facts}
    evidence = tuple(Reference(capture=name, packets=numbers) for name, numbers in seen.items() if numbers)
    if not evidence:
        return Finding(Status.FAILED, Message(N_("No packet has the token {token}."), {"token": seat.token}))
    count = sum(len(numbers) for numbers in seen.values())
    found = Message(N_("Packets with the token {token}: {count}."), {"count": count, "token": seat.token})
    return Finding(Status.PASSED, found, evidence)


@check(
    "clean",
    Rests.HEADERS,
    N_("Clean capture"),
    N_("nothing but the exercise's conversation"),
    claim=Claim.ABSENCE,
    look=N_("Record with a filter that lets only the packets of the exercise through."),
    needs=(Need.NOTHING_ELSE,),
)
def clean(context: Context, params: Params) -> Finding:
    """The captures hold the exercise's conversation and no other packet.

    A session of SSH and questions for names between the same hosts are other conversations, unless the
    exercise is about them.
    """
    mine: dict[str, set[int]] = {name: set() for name in context.facts}
    focus = find_focus(context)
    about = _service_of(focus.conversation) if focus else None
    for name, talk in candidates(context):
        if _service_of(talk) in _BESIDE - {about}:
            continue
        mine[name] |= {*talk.packets, *talk.icmp_errors, *_fragments(context.facts[name], talk)}
    if not any(mine.values()):
        return no_conversation(context)
    others = {
        name: tuple(packet.number for packet in facts.packets if packet.number not in mine[name])
        for name, facts in context.facts.items()
    }
    evidence = tuple(Reference(capture=name, packets=numbers) for name, numbers in others.items() if numbers)
    if not evidence:
        count = sum(len(numbers) for numbers in mine.values())
        return Finding(
            Status.PASSED,
            Message(N_("Every packet belongs to the exercise ({count})."), {"count": count}),
            tuple(Reference(capture=name, packets=tuple(sorted(numbers))) for name, numbers in mine.items()),
        )
    count = sum(len(reference.packets) for reference in evidence)
    found = Message(N_("Packets that do not belong to the exercise: {count}."), {"count": count})
    return Finding(Status.FAILED, found, evidence)


def _service_of(talk: Conversation) -> tuple[str, int]:
    return talk.transport, talk.server.port


def _fragments(facts: Facts, talk: Conversation) -> Iterator[int]:
    """Yield the fragments between the ends of a conversation: the last of each datagram has its content.

    No fragment alone has a transport (RFC 791, RFC 8200 section 4.5); tshark says so in its own words.
    """
    ends = {talk.client.address, talk.server.address}
    for packet in facts.packets:
        is_piece = not packet.transport and packet.protocol in _IP and "ragment" in packet.info
        if is_piece and {packet.source.address, packet.destination.address} == ends:
            yield packet.number


def no_conversation(context: Context) -> Finding:
    """Return the finding of a check whose conversation is in none of the captures."""
    text = N_("No capture of the exercise shows a conversation between {client} and {server}.")
    names = {"client": context.client or "?", "server": context.server or "?"}
    if not context.client:
        none = Message(N_("No capture of the exercise shows a conversation."))
        return Finding(Status.FAILED, none, lacking=True)
    references = tuple(Reference(capture=id) for id in context.facts)
    return Finding(Status.FAILED, Message(text, names), references, lacking=True)


def _transport(focus: Focus) -> Params:
    return {"transport": focus.conversation.transport.upper()}


def _pass(focus: Focus, found: Message, *packets: int) -> Finding:
    return _make_finding(Status.PASSED, focus, found, packets)


def _fail(focus: Focus, found: Message, *packets: int) -> Finding:
    return _make_finding(Status.FAILED, focus, found, packets)


def _make_finding(status: Status, focus: Focus, found: Message, packets: tuple[int, ...]) -> Finding:
    words = both(found, focus.note) if focus.note != NOTHING else found
    return Finding(status, words, focus.refer(*packets))
