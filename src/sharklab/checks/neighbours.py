"""Checks of the lower layers: the owner of an address (ARP), the answer of a host (ICMP echo)."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.checks.context import Context
from sharklab.checks.kind import COUNT, TEXT, Claim, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.evidence.packets.model import Packet
from sharklab.message import N_, Message

Seen = tuple[str, Packet]
"""The id of a capture, and a packet in it."""

ECHO_REQUESTS, ECHO_REPLIES = frozenset({8, 128}), frozenset({0, 129})
"""Types of ICMP (RFC 792) and of ICMPv6 (RFC 4443, section 4); the two have no such number in common."""

QUESTION = "Who has"
"""How tshark puts an ARP request (RFC 826) into words; its other end is the host that is looked for."""


@check(
    "echo",
    Rests.HEADERS,
    N_("Echo (ping)"),
    N_("requests, each with its reply: {requests}"),
    params=parameters("requests", requests=COUNT),
    claim=Claim.WHOLE,
    look=N_("Count the echo requests and the replies to them."),
)
def echo(context: Context, params: Params) -> Finding:
    """The client sends `requests` echo requests (ping(8)) to the server, and the server answers each."""
    asked = list(_echoes(context, ECHO_REQUESTS, context.client, context.server))
    answers = list(_echoes(context, ECHO_REPLIES, context.server, context.client))
    counts = {"requests": len(asked), "replies": len(answers)}
    found = Message(N_("Echo requests: {requests}; replies: {replies}."), counts)
    right = len(asked) == len(answers) == params["requests"]
    return Finding(Status.of(right), found, _refer([*asked, *answers]))


def _echoes(context: Context, types: frozenset[int], source: str, destination: str) -> Iterator[Seen]:
    for name, facts in context.facts.items():
        for packet in facts.packets:
            if (
                packet.icmp
                and packet.icmp.type in types
                and packet.source.address in context.addresses(source)
                and packet.destination.address in context.addresses(destination)
            ):
                yield name, packet


@check(
    "arp",
    Rests.HEADERS,
    N_("ARP for {address}"),
    N_("a question and its answer"),
    params=parameters("address", address=TEXT),
    look=N_("Make the host forget the address (ip neigh flush), then try again while you record arp."),
)
def arp(context: Context, params: Params) -> Finding:
    """The client asks which host has `address`, and gets an answer (RFC 826)."""
    asked, told = _questions(context, params["address"]), _answers(context, params["address"])
    if asked and told:
        text = N_("Packet {question} asks who has {address}, packet {answer} answers.")
        values = {"question": asked[0][1].number, "answer": told[0][1].number, **params}
        return Finding(Status.PASSED, Message(text, values), _refer([asked[0], told[0]]))
    return Finding(Status.FAILED, _say_silence(params, asked), _refer(asked))


@check(
    "no_arp",
    Rests.HEADERS,
    N_("ARP for {address}"),
    N_("questions and no answer"),
    params=parameters("address", address=TEXT),
    claim=Claim.ABSENCE,
    look=N_("Make the host forget the address (ip neigh flush), then try again while you record arp."),
)
def no_arp(context: Context, params: Params) -> Finding:
    """The client asks which host has `address`, and gets no answer."""
    asked, told = _questions(context, params["address"]), _answers(context, params["address"])
    if told:
        text = N_("Packet {answer} answers: a host has {address}.")
        values = {"answer": told[0][1].number, **params}
        return Finding(Status.FAILED, Message(text, values), _refer(told))
    return Finding(Status.of(bool(asked)), _say_silence(params, asked), _refer(asked), lacking=not asked)


def _say_silence(params: Params, asked: list[Seen]) -> Message:
    if not asked:
        return Message(N_("No host asks for {address}."), params)
    text = N_("No host answers the questions for {address} ({count}).")
    return Message(text, {"count": len(asked), **params})


def _questions(context: Context, address: str) -> list[Seen]:
    """Return the client's ARP requests for `address`."""
    return [
        (name, packet)
        for name, packet in _arp_packets(context)
        if packet.info.startswith(QUESTION)
        and packet.destination.address == address
        and packet.source.address in context.addresses(context.client)
    ]


def _answers(context: Context, address: str) -> list[Seen]:
    """Return the ARP replies in which `address` tells the client where it is."""
    return [
        (name, packet)
        for name, packet in _arp_packets(context)
        if not packet.info.startswith(QUESTION)
        and packet.source.address == address
        and packet.destination.address in context.addresses(context.client)
    ]


def _arp_packets(context: Context) -> Iterator[Seen]:
    for name, facts in context.facts.items():
        yield from ((name, packet) for packet in facts.packets if packet.transport == "arp")


def _refer(seen: list[Seen]) -> tuple[Reference, ...]:
    names = dict.fromkeys(name for name, _ in seen)
    return tuple(
        Reference(capture=name, packets=tuple(sorted(p.number for capture, p in seen if capture == name)))
        for name in names
    )
