"""Explain each packet of a capture from the packets themselves, for reports and for comments in a pcapng.

Call `explain(facts)`. The module `tcp_purpose` explains the purpose of a packet of TCP, and `payload` its
content; the numbers and options of TCP are explained here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sharklab.evidence.packets import payload, tcp, tcp_purpose
from sharklab.evidence.packets import tcp_options as kinds
from sharklab.evidence.packets.model import Conversation, Facts, Icmp, Option, Packet
from sharklab.evidence.packets.moment import Moment
from sharklab.message import N_, NN_, Message

LIMIT = 400
"""How many packets of a capture are explained: a reader does not want more, nor does a command line."""


@dataclass(frozen=True)
class Explanation:
    """A packet in words: its effect, its peculiarities, its TCP numbers, and its options in their order."""

    packet: Packet
    what: Message
    special: tuple[Message, ...] = ()
    numbers: tuple[Message, ...] = ()
    options: tuple[Message, ...] = ()


def explain(facts: Facts, numbers: Iterable[int] | None = None) -> tuple[Explanation, ...]:
    """Return an explanation of each of the first LIMIT packets of a capture, or of these `numbers`.

    Raises KeyError for a number that the capture does not have.
    """
    packets = facts.packets if numbers is None else tuple(map(facts.packet, sorted(set(numbers))))
    chosen = packets[:LIMIT]
    moments = dict(_moments(facts, frozenset(packet.number for packet in chosen)))
    talks = {n: talk for talk in facts.conversations for n in talk.icmp_errors}
    return tuple(
        _tcp(_moment(packet, facts, *moments[packet.number]))
        if packet.number in moments
        else _explain_other(packet, facts, talks)
        for packet in chosen
    )


def _moments(facts: Facts, wanted: frozenset[int]) -> Iterator[tuple[int, tuple[Conversation, int]]]:
    """Yield where each packet of TCP that is `wanted` stands: in which conversation, and as which one."""
    for talk in facts.conversations:
        if talk.transport == "tcp":
            yield from ((n, (talk, index)) for index, n in enumerate(talk.packets) if n in wanted)


def _moment(packet: Packet, facts: Facts, talk: Conversation, index: int) -> Moment:
    earlier, later = (
        tuple(map(facts.packet, numbers))
        for numbers in (talk.packets[:index], talk.packets[index + 1 : index + 1 + LIMIT])
    )
    return Moment(packet, talk, earlier, later)


def _tcp(moment: Moment) -> Explanation:
    packet = moment.packet
    special = [*tcp_purpose.special(moment), *_cut(packet)]
    if not packet.flags:
        return Explanation(packet, tcp_purpose.what(moment), tuple(special))
    return Explanation(
        packet=packet,
        what=_with_content(tcp_purpose.what(moment), packet),
        special=tuple(special),
        numbers=(*_numbers(moment), _window(moment)),
        options=tuple(map(_option, packet.options)),
    )


def _with_content(what: Message, packet: Packet) -> Message:
    """Return the sentence on a packet of TCP or UDP, and the content that it carries, if tshark knows it."""
    return payload.join_sentences((what, *payload.content(packet)))


def _cut(packet: Packet) -> Iterator[Message]:
    if packet.truncated:
        text = N_("The capture kept {captured} of its {many} bytes (option -s of tcpdump).")
        yield Message(text, {"captured": packet.captured, "many": packet.length})


def _numbers(moment: Moment) -> Iterator[Message]:
    packet = moment.packet
    if not moment.knows_start:
        yield Message(
            N_("seq {absolute}: a host that refuses has no numbers of its own"), {"absolute": packet.seq}
        )
    else:
        relative = tcp.relative(packet.seq, moment.start)
        yield Message(N_("seq {relative} ({absolute})"), {"relative": relative, "absolute": packet.seq})
        yield _next(packet, relative)
    if "ACK" in packet.flags:
        values = {"relative": tcp.relative(packet.ack, moment.other_start), "absolute": packet.ack}
        yield Message(N_("ack {relative} ({absolute}): the next byte that is expected"), values)


def _next(packet: Packet, relative: int) -> Message:
    """Return the packet's length and what follows from it; SYN and FIN count one each (RFC 9293, 3.4)."""
    flag = next((name for name in ("SYN", "FIN") if name in packet.flags), "")
    following = relative + packet.payload + bool(flag)
    values = {"seq": relative, "length": packet.payload, "flag": flag, "next": following}
    if flag and packet.payload:
        return Message(N_("length {length}, {flag} counts 1: next {seq} + {length} + 1 = {next}"), values)
    if flag:
        return Message(N_("length 0, {flag} counts 1: next {seq} + 1 = {next}"), values)
    if packet.payload:
        return Message(N_("length {length}: next {seq} + {length} = {next}"), values)
    return Message(N_("length 0: next stays {next}"), values)


def _window(moment: Moment) -> Message:
    window, factor = moment.packet.window, moment.factor
    values = {"window": window, "factor": factor, "count": window * (factor or 1)}
    if factor is None and not {"SYN", "RST"} & set(moment.packet.flags):
        return Message(N_("window {window}; its scale is not in the capture"), values)
    if factor in (None, 1):
        return Message(NN_("window {count} byte", "window {count} bytes"), values)
    return Message(
        NN_("window {window} × {factor} = {count} byte", "window {window} × {factor} = {count} bytes"), values
    )


_OPTIONS: Mapping[tuple[int, int], str] = {
    (kinds.END, 0): N_("end of the options"),
    (kinds.NOP, 0): N_("NOP (fills up)"),
    (kinds.MSS, 1): N_("MSS {first}: the largest segment that it takes"),
    (kinds.WINDOW_SCALE, 1): N_("window scale {first}: its windows count × {factor}"),
    (kinds.SACK_PERMITTED, 0): N_("SACK permitted"),
    (kinds.TIMESTAMPS, 2): N_("timestamps {first}, echo {second}"),
}
"""An option in words, by its kind and how many numbers it has."""


def _option(option: Option) -> Message:
    numbers = option.values
    if option.kind == kinds.SACK and numbers:
        blocks = [f"{first}-{end}" for first, end in zip(numbers[::2], numbers[1::2], strict=False)]
        return Message(N_("SACK: it has {blocks} already (absolute)"), {"blocks": blocks})
    text = _OPTIONS.get((option.kind, len(numbers)), N_("option {kind}"))
    values = dict(zip(("first", "second"), numbers, strict=False))
    factor = 1 << min(numbers[0], kinds.LARGEST_SHIFT) if option.kind == kinds.WINDOW_SCALE and numbers else 1
    return Message(text, {**values, "kind": option.kind, "factor": factor})


def _explain_other(packet: Packet, facts: Facts, refused: Mapping[int, Conversation]) -> Explanation:
    return Explanation(packet, _say_message(packet, facts, refused.get(packet.number)), tuple(_cut(packet)))


def _say_message(packet: Packet, facts: Facts, refused: Conversation | None) -> Message:
    if packet.icmp:
        return _icmp(packet, packet.icmp, facts, refused)
    if packet.transport == "arp":
        return _arp(packet)
    if packet.transport == "udp":
        return _datagram(packet)
    return Message("{protocol}: {info}", {"protocol": packet.protocol, "info": packet.info})


def _datagram(packet: Packet) -> Message:
    if packet.dns:
        return payload.join_sentences(payload.content(packet))
    text = NN_(
        "UDP: {count} byte to port {port}, without connection, numbers or acknowledgement.",
        "UDP: {count} bytes to port {port}, without connection, numbers or acknowledgement.",
    )
    return _with_content(Message(text, {"count": packet.payload, "port": packet.destination.port}), packet)


def _arp(packet: Packet) -> Message:
    values = {"sender": packet.source.address, "target": packet.destination.address}
    text = N_("ARP answer: {sender} gives its MAC address to {target}.")
    if "Gratuitous" in packet.info or "Announcement" in packet.info:  # tshark's words (RFC 5227)
        text = N_("ARP announcement: {sender} tells all hosts its own MAC address.")
    elif "Probe" in packet.info:
        text = N_("ARP probe: a host asks whether anybody has {target}, before it takes this address.")
    elif packet.info.startswith("Who has"):  # a request (RFC 826)
        text = N_("ARP question: {sender} asks all hosts who has {target}.")
    return Message(text, values)


_ICMP = {
    (3, 0): N_("network unreachable"),
    (3, 1): N_("host unreachable"),
    (3, 2): N_("protocol unreachable"),
    (3, 3): N_("port unreachable"),
    (3, 4): N_("fragmentation needed"),
    (3, 10): N_("host administratively prohibited"),
    (3, 13): N_("communication administratively prohibited"),
    (11, 0): N_("time to live exceeded"),
}
_ICMP6 = {
    (1, 0): N_("no route to destination"),
    (1, 1): N_("communication administratively prohibited"),
    (1, 3): N_("address unreachable"),
    (1, 4): N_("port unreachable"),
    (2, 0): N_("packet too big"),
    (3, 0): N_("hop limit exceeded"),
}
"""Errors by type and code (RFC 792, RFC 1812, RFC 4443)."""


def _icmp(packet: Packet, icmp: Icmp, facts: Facts, refused: Conversation | None) -> Message:
    names = _ICMP6 if ":" in packet.source.address else _ICMP
    name = names.get((icmp.type, icmp.code))
    if icmp.about is None or name is None:
        return _icmp_message(packet, icmp)
    values = {
        "sender": packet.source.address,
        "what": Message(name),
        "type": icmp.type,
        "code": icmp.code,
        "transport": icmp.about.transport.upper(),
        "port": icmp.about.destination.port,
    }
    about = next(_find_quoted(packet, icmp, facts, refused), None)
    text = N_("ICMP {type}/{code}, {what}: {sender} refuses a packet to {transport} port {port}.")
    if about:
        text = N_("ICMP {type}/{code}, {what}: {sender} refuses packet {about}, to {transport} port {port}.")
    return Message(text, {**values, "about": about.number if about else 0})


_MESSAGES = {
    8: N_("ICMP echo request: {sender} asks whether {target} answers (ping)."),
    0: N_("ICMP echo reply: {sender} answers the ping of {target}."),
}
_MESSAGES6 = {
    128: N_("ICMP echo request: {sender} asks whether {target} answers (ping)."),
    129: N_("ICMP echo reply: {sender} answers the ping of {target}."),
    133: N_("Router solicitation: {sender} asks for the routers of its network."),
    134: N_("Router advertisement: the router {sender} tells the network's prefix and its settings."),
    135: N_("Neighbor solicitation: {sender} asks for the MAC address of a neighbor (IPv6 has no ARP)."),
    136: N_("Neighbor advertisement: {sender} gives its MAC address."),
}
"""Messages that are no errors, by type (RFC 792, RFC 4443, RFC 4861)."""


def _icmp_message(packet: Packet, icmp: Icmp) -> Message:
    text = (_MESSAGES6 if ":" in packet.source.address else _MESSAGES).get(icmp.type)
    if text is None:
        return Message("{protocol}: {info}", {"protocol": packet.protocol, "info": packet.info})
    said = Message(text, {"sender": packet.source.address, "target": packet.destination.address})
    return Message("{said} {info}", {"said": said, "info": packet.info})


def _find_quoted(packet: Packet, icmp: Icmp, facts: Facts, refused: Conversation | None) -> Iterator[Packet]:
    """Yield the packets that the error may be about, the last one before it first."""
    for number in reversed(refused.packets if refused else ()):
        other = facts.packet(number)
        if number < packet.number and icmp.about and other.source == icmp.about.source:
            yield other
