"""The check of how a client deals with a server that has an IPv6 and an IPv4 address (RFC 8305)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sharklab.checks.context import Context
from sharklab.checks.kind import PORT, Need, Params, Rests, Schema, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.evidence.packets.model import Conversation, Facts, Packet
from sharklab.message import N_, Message

IMPATIENCE = 2.0
"""Seconds. A client of RFC 8305 tries the other address after 0.1 to 2 s (its section 5), others when the
first has failed: Linux takes 3 s for that at least, which is a SYN and its first repetition."""

RACES, WAITS, IPV4_ONLY, IPV6_ONLY = "races", "waits", "ipv4_only", "ipv6_only"
WAYS = (RACES, WAITS, IPV4_ONLY, IPV6_ONLY)
"""The ways of a client: it tries the other family while it waits for the first, or afterwards, or never."""
_WAY: Schema = {"enum": list(WAYS)}
_WAYS: Schema = {"anyOf": [_WAY, {"type": "array", "items": _WAY, "minItems": 1, "uniqueItems": True}]}

_WORDS = {
    RACES: N_(
        "The client tries {first} in packet {one}, and {second} {delay} s later in packet "
        "{two}, without waiting."
    ),
    WAITS: N_("The client tries {first} in packet {one}, and {second} only {delay} s later in packet {two}."),
    IPV4_ONLY: N_("The client tries IPv4 alone, in packet {one}."),
    IPV6_ONLY: N_("The client tries IPv6 alone, in packet {one}."),
}


@dataclass(frozen=True)
class FamilyAttempt:
    """The first SYN that the client sent by an address family, and whether a connection came of any."""

    family: str
    syn: Packet
    connected: bool


@check(
    "families",
    Rests.HEADERS,
    N_("IPv6 and IPv4 (port {port})"),
    params=parameters("port", "way", port=PORT, way=_WAYS),
    look=N_("Look at the first SYN to each address, and at the time between them."),
    needs=(Need.SYN_ACK,),
)
def families(context: Context, params: Params) -> Finding:
    """The client tries `port` at the server's addresses in the way `way`, and gets a connection.

    The way is one of `races` (IPv6 and IPv4 at once, RFC 8305), `waits` (one after the other has failed),
    `ipv4_only` and `ipv6_only`, or a list of these.
    """
    for name, facts in context.facts.items():
        tries = sorted(_attempts(context, facts, params["port"]), key=lambda each: each.syn.time)
        if tries:
            return _judge(name, tries, params["way"])
    return Finding(Status.FAILED, Message(N_("The client does not try to connect to port {port}."), params))


def _attempts(context: Context, facts: Facts, port: int) -> Iterator[FamilyAttempt]:
    talks = [talk for talk in facts.conversations if _is_asked(context, talk, port)]
    for family in ("IPv6", "IPv4"):
        own = [talk for talk in talks if (":" in talk.server.address) == (family == "IPv6")]
        if own:
            yield FamilyAttempt(family, facts.packet(own[0].packets[0]), any(talk.handshake for talk in own))


def _is_asked(context: Context, talk: Conversation, port: int) -> bool:
    return (
        talk.transport == "tcp"
        and talk.server.port == port
        and talk.client.address in context.addresses(context.client)
        and talk.server.address in context.addresses(context.server)
    )


def _judge(capture: str, tries: list[FamilyAttempt], wanted: str | list[str]) -> Finding:
    way, delay = _way(tries)
    values = {
        "first": tries[0].family,
        "second": tries[-1].family,
        "one": tries[0].syn.number,
        "two": tries[-1].syn.number,
        "delay": round(delay, 2),
    }
    used = [each.family for each in tries if each.connected]
    end = Message(N_("The connection uses {family}."), {"family": used}) if used else _NO_CONNECTION
    found = Message("{way} {end}", {"way": Message(_WORDS[way], values), "end": end})
    right = way in ([wanted] if isinstance(wanted, str) else wanted) and bool(used)
    evidence = Reference(capture=capture, packets=tuple(each.syn.number for each in tries))
    return Finding(Status.of(right), found, (evidence,))


_NO_CONNECTION = Message(N_("No attempt leads to a connection."))


def _way(tries: list[FamilyAttempt]) -> tuple[str, float]:
    """Return how the client tried, and the seconds between its first attempts by each family."""
    if len(tries) == 1:
        return (IPV4_ONLY if tries[0].family == "IPv4" else IPV6_ONLY), 0.0
    delay = tries[1].syn.time - tries[0].syn.time
    return (RACES if delay <= IMPATIENCE else WAITS), delay
