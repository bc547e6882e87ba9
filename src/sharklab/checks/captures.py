"""Checks of what captures by name show: how somebody knocked, what was answered, kept, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sharklab.checks import phrases
from sharklab.checks.context import Context
from sharklab.checks.conversation import no_conversation
from sharklab.checks.flaws import flaws_of, join_messages
from sharklab.checks.focus import find_focus
from sharklab.checks.kind import CAPTURE, Claim, Need, Params, Rests, Schema, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.evidence.packets.knocks import pattern
from sharklab.evidence.packets.model import Facts
from sharklab.message import N_, NN_, Message

SLACK = 60.0
"""Seconds by which the clocks of hosts and of the machine may differ."""
_LINK = 24
"""Bytes of a frame in which the addresses of its cards stand, whatever kind of header a capture has."""
_PATTERN: Schema = {"type": "string", "pattern": rf"^({'|'.join(phrases.PATTERNS)})( \d+/\d+)?$"}
_NEEDS: Mapping[str, tuple[Need, ...]] = {
    "syn_rst": (Need.RESET,),
    "handshake": (Need.SYN_ACK, Need.NO_RESET),
    "handshake_fin": (Need.SYN_ACK, Need.FIN, Need.NO_RESET),
    "handshake_rst": (Need.SYN_ACK, Need.RESET),
    "synack_rst": (Need.SYN_ACK, Need.RESET),
    "udp_answer": (Need.REPLY,),
}
"""The parts of a capture that the patterns of `knock` need."""


@check(
    "knock",
    Rests.HEADERS,
    N_("Packets of the capture {capture}"),
    params=parameters("capture", "packets", capture=CAPTURE, packets=_PATTERN),
    claim=Claim.WHOLE,
    look=N_("Look at the first packet of each side, and find the side that falls silent."),
    needs=lambda params, _: _NEEDS.get(params["packets"], ()),
)
def knock(context: Context, params: Params) -> Finding:
    """The packets of the capture `capture` match the pattern `packets`, one of the patterns of matrices."""
    name = params["capture"]
    facts = context.facts.get(name)
    if facts is None:
        return _no_capture(name)
    talks = [talk for talk in facts.conversations if talk.transport in ("tcp", "udp")]
    seen = pattern(facts, talks)
    numbers = sorted({n for talk in talks for n in (*talk.packets, *talk.icmp_errors)})
    found, right = phrases.pattern(seen), seen.fits(params["packets"])
    if not right:
        values = {"found": found, "wanted": phrases.packets(params["packets"])}
        found = Message(N_("{found} instead of {wanted}"), values)
    return Finding(Status.of(right), found, (Reference(capture=name, packets=tuple(numbers)),))


@check(
    "zero_reply",
    Rests.HEADERS,
    N_("Reply of size zero"),
    N_("data, and FIN for an answer"),
    claim=Claim.WHOLE,
    look=N_("Find the side that sends data, and the side that sends the first FIN."),
    needs=(Need.FIN, Need.NO_RESET),
)
def zero_reply(context: Context, params: Params) -> Finding:
    """The client sends data, and the server closes the connection by FIN without sending a byte."""
    focus = find_focus(context)
    if focus is None:
        return no_conversation(context)
    talk = focus.conversation
    fin = next((n for n in talk.fins if focus.facts.packet(n).source == talk.server), 0)
    text = N_("The client sends {client} and the server {server}.")
    found = Message(text, phrases.traffic(phrases.BYTES, talk.client_bytes, talk.server_bytes))
    right = bool(fin and talk.client_bytes and not talk.server_bytes)
    return Finding(Status.of(right), found, focus.refer(*((*talk.data_packets, fin) if fin else ())))


def _needs_of_snapped(params: Params, capture: str) -> tuple[Need, ...]:
    whole = (Need.TOKEN, Need.CONTENTS) if capture == params["whole"] else ()
    return (Need.NOTHING_ELSE, *whole)


@check(
    "snapped",
    Rests.HEADERS,
    N_("Same traffic in {capture} and {whole}"),
    N_("{capture} lost the token that {whole} has"),
    params=parameters("capture", "whole", capture=CAPTURE, whole=CAPTURE),
    claim=Claim.WHOLE,
    look=N_("Record the same exchange with two tcpdumps at once: one whole, one cut with -s."),
    needs=_needs_of_snapped,
)
def snapped(context: Context, params: Params) -> Finding:
    """The capture `capture` has as many packets as `whole`, but lost the seat's token, which `whole` has."""
    short, whole = params["capture"], params["whole"]
    if not {short, whole} <= context.facts.keys():
        return _no_capture(short if short not in context.facts else whole)
    token = context.plan.seat.token
    kept, lost = (context.captures[name].search(token) for name in (whole, short))
    counts = [len(context.facts[name].packets) for name in (short, whole)]
    cut = context.facts[short].truncated
    values = {"short": short, "whole": whole, "packets": counts, "cut": len(cut)}
    values |= {"kept": len(kept), "lost": len(lost)}
    text = N_(
        "Packets: {packets}. {short} kept {cut} of them in part. "
        "With the token: {lost} in {short}, {kept} in {whole}."
    )
    right = bool(cut and kept and not lost and counts[0] == counts[1])
    references = Reference(capture=short, packets=cut), Reference(capture=whole, packets=kept)
    return Finding(Status.of(right), Message(text, values), references)


@check(
    "costlier",
    Rests.HEADERS,
    N_("Cost of {capture}"),
    N_("more packets than {than}"),
    params=parameters("capture", "than", capture=CAPTURE, than=CAPTURE),
    claim=Claim.WHOLE,
    look=N_("Count the packets of both captures and compare."),
)
def costlier(context: Context, params: Params) -> Finding:
    """The capture `capture` holds more packets than the capture `than`, and both carry data."""
    many, one = params["capture"], params["than"]
    if not {many, one} <= context.facts.keys():
        return _no_capture(many if many not in context.facts else one)
    first, second = context.facts[many], context.facts[one]
    values = {
        f"{name}_{side}": value
        for side, facts in (("many", first), ("one", second))
        for name, value in _count_traffic(facts).items()
    }
    text = N_(
        "{many}: {packets_many} and {connections_many} for {data_many} of data; "
        "{one}: {packets_one} and {connections_one} for {data_one}."
    )
    right = len(first.packets) > len(second.packets) and bool(_data(first) and _data(second))
    return Finding(
        Status.of(right),
        Message(text, {**values, "many": many, "one": one}),
        (Reference(capture=many), Reference(capture=one)),
    )


def _count_traffic(facts: Facts) -> Mapping[str, Message]:
    counts = {
        "packets": (NN_("{count} packet", "{count} packets"), len(facts.packets)),
        "connections": (NN_("{count} connection", "{count} connections"), len(facts.conversations)),
        "data": (phrases.BYTES, _data(facts)),
    }
    return {name: Message(text, {"count": count}) for name, (text, count) in counts.items()}


def _data(facts: Facts) -> int:
    """Return the bytes of data that went over the wire, both ways."""
    return sum(talk.client_bytes + talk.server_bytes for talk in facts.conversations)


def _no_capture(name: str) -> Finding:
    return Finding(Status.INCONCLUSIVE, Message(N_("The run left no capture {capture}."), {"capture": name}))


@check(
    "complete",
    Rests.CONTENTS,
    N_("Whole capture"),
    N_("every packet with all its bytes"),
    claim=Claim.ABSENCE,
    look=N_("Record without -s, and end tcpdump with Ctrl-C before you copy its file."),
)
def complete(context: Context, params: Params) -> Finding:
    """The captures are complete: no packet is cut short or dropped, and no end is missing."""
    flaws = tuple(flaws_of(context, contents=True))
    references = tuple(
        Reference(capture=name, packets=facts.truncated) for name, facts in context.facts.items()
    )
    if flaws:
        return Finding(Status.FAILED, join_messages(flaws), references)
    text = (
        N_("tcpdump dropped no packet, and every packet is whole.")
        if all(capture.counted for capture in context.captures.values())
        else N_("Every packet in the file is whole. The file does not tell whether tcpdump dropped others.")
    )
    return Finding(Status.PASSED, Message(text), references)


@check(
    "made_here",
    Rests.HEADERS,
    N_("Recorded on this seat"),
    N_("by its own network cards, while it was up"),
    claim=Claim.ABSENCE,
    look=N_("Record on the hosts of your own seat; copy the files without changing them."),
    needs=(Need.OWN_TIME,),
)
def made_here(context: Context, params: Params) -> Finding:
    """Every packet was recorded on this seat: by its network cards, and while it was up."""
    begun, ended = (float(context.evidence.manifest.get(name) or 0.0) for name in ("started", "ended"))
    if not begun or not ended:
        return Finding(Status.INCONCLUSIVE, Message(N_("It is not known when the seat was up.")))
    strange = {name: tuple(_packets_of_other_cards(context, name)) for name in context.facts}
    untimely = {name: tuple(_packets_of_other_times(context, name, begun, ended)) for name in context.facts}
    evidence = tuple(
        Reference(capture=name, packets=tuple(sorted({*strange[name], *untimely[name]})))
        for name in context.facts
    )
    counts = {"strange": sum(map(len, strange.values())), "untimely": sum(map(len, untimely.values()))}
    text = N_("Packets of other network cards: {strange}; recorded while the seat was not up: {untimely}.")
    return Finding(Status.of(not any(counts.values())), Message(text, counts), evidence)


def _packets_of_other_cards(context: Context, name: str) -> Iterator[int]:
    """Yield the packets in whose frame is no address of a card of the seat."""
    cards = [
        bytes.fromhex(at.mac.replace(":", ""))
        for places in context.plan.seat.addresses.values()
        for at in places.values()
    ]
    for number, frame in enumerate(context.captures[name].container.frames, 1):
        if not any(card in frame[:_LINK] for card in cards):
            yield number


def _packets_of_other_times(context: Context, name: str, begun: float, ended: float) -> Iterator[int]:
    for packet in context.facts[name].packets:
        if not begun - SLACK <= packet.time <= ended + SLACK:
            yield packet.number
