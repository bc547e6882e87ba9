"""The check that a host asked for an address, and got one (DHCP, RFC 2131)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sharklab.checks.context import Context
from sharklab.checks.kind import Need, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.evidence.packets.model import Packet
from sharklab.message import N_, Message

OF_CLIENT = ("discover", "request", "decline", "release", "inform")
OF_SERVER = ("offer", "ack", "nak")
"""The messages of DHCP (RFC 2131, section 3.1) by the side that sends them."""

WORDS = re.compile(r"DHCP (\w+) +- Transaction ID (0x[0-9a-f]+)")
"""A message of DHCP as tshark puts it into words."""

CARDS = slice(0, 20)
"""The bytes of a frame with its hardware addresses: Ethernet's, or those of Linux's "any" device."""

Transactions = Mapping[tuple[str, str], list[tuple[str, Packet]]]
"""By capture and transaction id: the messages in their order, each with its packet."""


@check(
    "dhcp",
    Rests.CONTENTS,
    N_("Lease of an address (DHCP)"),
    N_("in this order, in one transaction: {messages}"),
    params=parameters(
        "messages", messages={"type": "array", "minItems": 1, "items": {"enum": [*OF_CLIENT, *OF_SERVER]}}
    ),
    look=N_("Record UDP ports 67 and 68, and only then ask for an address."),
    needs=lambda params, capture: (Need.LEASE,) if set(params["messages"]) & set(OF_SERVER) else (),
)
def dhcp(context: Context, params: Params) -> Finding:
    """The `messages` of DHCP (`discover`, `offer`, `request`, `ack` ...) come in this order, with one id.

    The frames are of a card of the exercise's client or server, and the server answers from its address.
    Behind a relay, the relay is the client.
    """
    wanted = params["messages"]
    tries = {key: _find_in_order(each, wanted) for key, each in _transactions(context).items()}
    if not tries:
        return Finding(Status.FAILED, Message(N_("No packet of DHCP is of the exercise's hosts.")))
    (capture, _), best = max(tries.items(), key=lambda item: len(item[1]))
    numbers = tuple(packet.number for packet in best)
    values = {"messages": wanted[: len(best)], "numbers": numbers}
    if len(best) == len(wanted):
        said = Message(N_("Packets {numbers}: {messages}."), values)
    elif best:
        text = N_("Packets {numbers}: {messages}. No {missing} follows with this transaction id.")
        said = Message(text, {**values, "missing": wanted[len(best)]})
    else:
        said = Message(N_("There is no {missing}."), {"missing": wanted[0]})
    evidence = (Reference(capture=capture, packets=numbers),) if numbers else ()
    return Finding(Status.of(len(best) == len(wanted)), said, evidence)


def answers(packets: Iterable[Packet]) -> Iterator[int]:
    """Yield the numbers of the packets that servers of DHCP send."""
    for packet in packets:
        words = _read(packet)
        if words and words[0] in OF_SERVER:
            yield packet.number


def _transactions(context: Context) -> Transactions:
    """Return the messages of the exercise's hosts."""
    sides = [host for host in (context.client, context.server) if host]
    places = context.plan.seat.addresses
    cards = [
        bytes.fromhex(at.mac.replace(":", "")) for host in sides or places for at in places[host].values()
    ]
    servers = context.addresses(context.server)
    transactions: dict[tuple[str, str], list[tuple[str, Packet]]] = {}
    for name, facts in context.facts.items():
        frames = list(context.captures[name].container.frames)
        for packet in facts.packets:
            words, frame = _read(packet), frames[packet.number - 1][CARDS]
            if not words or not any(card in frame for card in cards):
                continue
            message, id = words
            if message in OF_CLIENT or not servers or packet.source.address in servers:
                transactions.setdefault((name, id), []).append((message, packet))
    return transactions


def _read(packet: Packet) -> tuple[str, str] | None:
    """Return the message and the transaction id in a packet of DHCP, None of another packet."""
    words = WORDS.match(packet.info) if packet.protocol == "DHCP" else None
    return (words[1].lower(), words[2]) if words else None


def _find_in_order(messages: Sequence[tuple[str, Packet]], wanted: Sequence[str]) -> list[Packet]:
    """Return the packets of the `wanted` messages, as far as they come in this order."""
    packets: list[Packet] = []
    for message, packet in messages:
        if len(packets) < len(wanted) and message == wanted[len(packets)]:
            packets.append(packet)
    return packets
