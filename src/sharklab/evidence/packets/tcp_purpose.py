"""Say in words what each packet of a TCP connection does, why, and what is special about it (RFC 9293)."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.moment import Moment, fin_of
from sharklab.message import N_, NN_, Message


def what(moment: Moment) -> Message:
    """Return its flags, and what its sender does with them."""
    flags = ", ".join(moment.packet.flags)
    if not flags:
        return Message(N_("TCP without a flag: the capture kept too little of it, or it is a scan."))
    return Message(N_("{flags}: {why}"), {"flags": flags, "why": _why(moment)})


def _why(moment: Moment) -> Message:
    flags = moment.packet.flags
    if "RST" in flags:
        return _reset(moment)
    if "SYN" in flags:
        return _accept(moment) if "ACK" in flags else _ask(moment)
    if "FIN" in flags:
        return _close(moment)
    return _send(moment) if moment.packet.payload else _acknowledge(moment)


def _ask(moment: Moment) -> Message:
    text = N_("{who} asks for a connection to port {port} and says at which number its bytes begin.")
    return Message(text, {"who": moment.who, "port": moment.packet.destination.port})


def _accept(moment: Moment) -> Message:
    syn = next(filter(tcp.is_syn, moment.others), None)
    if syn is None:
        return Message(N_("{who} accepts a connection; the SYN is not in the capture."), {"who": moment.who})
    text = N_(
        "{who} accepts the connection, says at which number its own bytes begin, "
        "and acknowledges the SYN of packet {syn}."
    )
    return Message(text, {"who": moment.who, "syn": syn.number})


def _reset(moment: Moment) -> Message:
    values = {"who": moment.who, "port": moment.packet.source.port}
    syn = next((p for p in moment.others if tcp.is_syn(p) and tcp.after(p) == moment.packet.ack), None)
    if syn and not moment.own:
        text = N_(
            "{who} refuses: no program listens on its port {port}, and the system says so (some "
            "firewalls answer in the same way). It answers packet {syn}: ack is its seq + 1."
        )
        return Message(text, {**values, "syn": syn.number})
    answer = next(filter(tcp.is_syn_ack, moment.others), None)
    if answer and all(map(tcp.is_syn, moment.own)):
        text = N_(
            "{who} breaks off a half-open connection: it does not want the connection that packet "
            "{answer} accepts."
        )
        return Message(text, {**values, "answer": answer.number})
    if fin_of(moment.own):
        text = N_("{who} has closed already: no program is left to take these bytes.")
        return Message(text, values)
    return Message(N_("{who} aborts the connection: no FIN follows, and data on their way are lost."), values)


def _close(moment: Moment) -> Message:
    text = N_("{who} has nothing more to send and closes its side of the connection.")
    if moment.packet.payload:
        text = NN_(
            "{who} sends its last {count} byte and closes its side of the connection with it.",
            "{who} sends its last {count} bytes and closes its side of the connection with them.",
        )
    return Message(text, {"who": moment.who, "count": moment.packet.payload})


def _send(moment: Moment) -> Message:
    text = NN_(
        "{who} sends {count} byte; more are to follow at once (no PSH).",
        "{who} sends {count} bytes; more are to follow at once (no PSH).",
    )
    if "PSH" in moment.packet.flags:
        text = NN_(
            "{who} sends {count} byte and asks to hand it to the program at once (PSH).",
            "{who} sends {count} bytes and asks to hand them to the program at once (PSH).",
        )
    return Message(text, {"who": moment.who, "count": moment.packet.payload})


def _acknowledge(moment: Moment) -> Message:
    new = moment.acknowledged
    values = {"who": moment.who, "numbers": [p.number for p in new]}
    fin, first = fin_of(new), moment.talk.handshake[-1:]
    if moment.packet.number in first:
        text = N_("{who} acknowledges the SYN of packet {numbers}: the connection is open (3-way handshake).")
    elif fin and fin_of(moment.own):
        text = N_(
            "{who} acknowledges the FIN of packet {fin}: both sides have closed, the connection is over."
        )
    elif fin:
        text = N_("{who} acknowledges the FIN of packet {fin}; it may still send itself.")
    elif new:
        text = N_("{who} has received the data of packet {numbers}.")
    else:
        text = N_("{who} acknowledges nothing new.")
    return Message(text, {**values, "fin": fin.number if fin else 0})


def special(moment: Moment) -> Iterator[Message]:
    """Yield the unusual facts about a packet, from tshark's analysis and the packets around it."""
    remarks = moment.packet.remarks
    if {"retransmission", "spurious_retransmission"} & set(remarks):
        yield _again(moment)
    for remark, text in _REMARKS.items():
        if remark in remarks:
            yield Message(text, {"who": moment.who})
    if "FIN" in moment.packet.flags:
        yield from _special_closing(moment)
    if tcp.is_syn(moment.packet) and not (moment.talk.icmp_errors or _is_answered(moment)):
        yield Message(
            N_("The capture holds no answer: the host does not exist, or a firewall drops the SYN.")
        )


_REMARKS = {
    "out_of_order": N_("Out of order: its bytes come before bytes that arrived earlier."),
    "lost_segment": N_("The data just before it are missing: they were lost, or not captured."),
    "duplicate_ack": N_(
        "Duplicate acknowledgement: other data came, and {who} repeats the number that it waits for."
    ),
    "keep_alive": N_("Keep-alive: an old number, so that the other side has to say that it is still there."),
    "keep_alive_ack": N_("Answer to a keep-alive: {who} is still there."),
    "zero_window": N_("Window 0: {who} has no room left, the other side has to wait."),
    "zero_window_probe": N_("Probe of a window of 0: {who} asks whether there is room again."),
    "window_update": N_("Window update: {who} has more room again."),
}


def _again(moment: Moment) -> Message:
    first = moment.original
    if first is None:
        return Message(N_("Retransmission of data that are not in the capture."))
    values = {"first": first.number, "seconds": round(moment.packet.time - first.time, 3)}
    if "spurious_retransmission" in moment.packet.remarks:
        text = N_(
            "Needless retransmission of packet {first}, {seconds} s later: it was acknowledged already."
        )
        return Message(text, values)
    return Message(
        N_("Retransmission of packet {first}, {seconds} s later: no acknowledgement had come."), values
    )


def _special_closing(moment: Moment) -> Iterator[Message]:
    other = fin_of(moment.acknowledged)
    if other:
        text = N_("FIN and ACK in one: it acknowledges the FIN of packet {fin} too, which saves a packet.")
        yield Message(text, {"fin": other.number})
    first = not (moment.by_client or fin_of(moment.others))
    if first and moment.talk.client_bytes and not moment.talk.server_bytes:
        text = N_("Reply of size zero: {who} closes without having sent one byte.")
        yield Message(text, {"who": moment.who})


def _is_answered(moment: Moment) -> bool:
    return any(p.source != moment.packet.source for p in (*moment.earlier, *moment.later))
