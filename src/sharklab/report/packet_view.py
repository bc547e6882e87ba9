"""A capture in the report: its ladders and the table of its packets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from sharklab.evidence.packets.model import Conversation, Facts, Packet
from sharklab.i18n import Translator
from sharklab.lab.model import Plan
from sharklab.message import N_
from sharklab.report import ladder
from sharklab.report.conversations import choose_conversations
from sharklab.untrusted import visible

MAX_ROWS, MAX_LADDERS = 300, 4
MAX_MARKED = 8
"""An outcome that rests on more packets than this, say on a whole conversation, marks none of them."""

HANDSHAKE, CLOSING, RESET = N_("handshake"), N_("closing"), N_("reset")


@dataclass(frozen=True)
class PacketRow:
    """One packet; `time` is in seconds since the capture's first packet, `role` a word or ""."""

    anchor: str
    packet: Packet
    time: float
    source: str
    destination: str
    info: str
    role: str
    marked: bool


@dataclass(frozen=True)
class LadderPicture:
    """One conversation as SVG and in plain characters; `note` says what it lacks."""

    heading: str
    svg: str
    text: str
    note: str


@dataclass(frozen=True)
class PacketView:
    """A capture's pictures and rows, how many more of each there are, and what is wrong with the file."""

    pictures: tuple[LadderPicture, ...]
    pictures_left: int
    rows: tuple[PacketRow, ...]
    rows_left: int
    truncated: int
    cut: bool
    problem: str


def packet_view(
    capture: str,
    facts: Facts,
    hosts: Mapping[str, str],
    evidence: Iterable[Collection[int]],
    speak: Translator,
    ladders: int = MAX_LADDERS,
    most: int = MAX_ROWS,
) -> PacketView:
    """Return the ladders and the table of `capture`; `hosts` are by address, `evidence` by outcome.

    At most `ladders` conversations are drawn; the first `most` packets have a row.
    """
    evidence = tuple(evidence)
    marked = frozenset(chain.from_iterable(basis for basis in evidence if len(basis) <= MAX_MARKED))
    talks = choose_conversations(facts.conversations, frozenset(chain.from_iterable(evidence)))
    rows = tuple(_rows(capture, facts, marked, speak, most))
    return PacketView(
        pictures=tuple(
            picture(f"ladder-{capture}-{index}", talk, facts, hosts, marked, speak)
            for index, talk in enumerate(talks[:ladders], 1)
        ),
        pictures_left=len(talks[ladders:]) if ladders else 0,
        rows=rows,
        rows_left=len(facts.packets) - len(rows),
        truncated=len(facts.truncated),
        cut=facts.cut,
        problem=visible(speak.say(facts.problem)),
    )


def hosts(plan: Plan) -> Mapping[str, str]:
    """Return the host of each address of the seat."""
    return {
        str(ip): host
        for host, places in plan.seat.addresses.items()
        for at in places.values()
        for ip in (at.ipv4.ip, at.ipv6.ip)
    }


def picture(
    name: str,
    talk: Conversation,
    facts: Facts,
    hosts: Mapping[str, str],
    marked: Collection[int],
    speak: Translator,
) -> LadderPicture:
    """Return the ladder of `talk`, a conversation of `facts`; `name` makes its ids unique in the page."""
    shown = ladder.ladder(talk, facts.packets, hosts, start=facts.packets[0].time, marked=marked)
    note = speak.gettext(shown.note) if shown.note else ""
    return LadderPicture(
        ladder.write_heading(shown), ladder.svg(shown, speak, name), ladder.text(shown, speak), note
    )


def _rows(
    capture: str, facts: Facts, marked: Collection[int], speak: Translator, most: int
) -> Iterator[PacketRow]:
    """Yield the first `most` packets, and of those after them the ones that outcomes rest on."""
    roles = {number: speak.gettext(word) for number, word in _roles(facts.conversations)}
    start = facts.packets[0].time if facts.packets else 0.0
    shown = [*islice(facts.packets, most), *(p for p in facts.packets[most:] if p.number in marked)]
    for packet in shown:
        yield PacketRow(
            anchor=f"packet-{capture}-{packet.number}",
            packet=packet,
            time=packet.time - start,
            source=str(packet.source) if packet.source.port else packet.source.address,
            destination=str(packet.destination) if packet.destination.port else packet.destination.address,
            info=visible(packet.info),
            role=roles.get(packet.number, ""),
            marked=packet.number in marked,
        )


def _roles(talks: Collection[Conversation]) -> Iterator[tuple[int, str]]:
    """Yield the role of each packet of an opening or a closing; the last role of a packet holds."""
    for talk in talks:
        yield from ((number, CLOSING) for number in (*talk.closing, *talk.fins))
        yield from ((number, HANDSHAKE) for number in talk.handshake)
        yield from ((number, RESET) for number in talk.resets)
