"""A conversation as a ladder: two life lines, an arrow per packet, its phases named.

`ladder` decides what is shown and what is elided; `svg` and `text` draw the same ladder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, groupby

from sharklab.evidence.packets import name_packet
from sharklab.evidence.packets.model import Conversation, Endpoint, Packet
from sharklab.i18n import Translator
from sharklab.message import N_
from sharklab.report.drawing import Drawing
from sharklab.untrusted import clip, visible


class Phase(StrEnum):
    """A part of a conversation's life."""

    HANDSHAKE = "handshake"
    DATA = "data"
    CLOSING = "closing"
    DATAGRAMS = "datagrams"


TITLES = {
    Phase.HANDSHAKE: N_("3-way handshake"),
    Phase.DATA: N_("data"),
    Phase.CLOSING: N_("closing (FIN)"),
    Phase.DATAGRAMS: N_("datagrams, without a connection"),
}
ATTEMPT = N_("attempt to connect")
RESET = N_("closing by a reset (RST)")


@dataclass(frozen=True)
class Arrow:
    """One packet: `time` is in seconds since the capture's first packet, `outward` from the client.

    A `refusal` is a TCP reset or an ICMP error.
    """

    number: int
    time: float
    outward: bool
    label: str
    refusal: bool = False
    marked: bool = False


@dataclass(frozen=True)
class Gap:
    """Packets that the picture leaves out; the table has them."""

    count: int


@dataclass(frozen=True)
class Band:
    """The steps of one phase; `title` is a msgid."""

    phase: Phase
    title: str
    steps: tuple[Arrow | Gap, ...]


@dataclass(frozen=True)
class Side:
    """The owner of a life line; `port` is 0 if the client used several."""

    host: str
    endpoint: Endpoint


@dataclass(frozen=True)
class Ladder:
    """The content of a ladder picture."""

    client: Side
    server: Side
    transport: str
    bands: tuple[Band, ...]
    note: str = ""
    """A msgid: the missing part of a TCP conversation, "" if none is missing."""


def ladder(
    talk: Conversation,
    packets: Sequence[Packet],
    hosts: Mapping[str, str],
    *,
    start: float = 0.0,
    marked: Collection[int] = (),
    limit: int = 22,
) -> Ladder:
    """Return the ladder of `talk`, whose packets are among `packets`, in at most about `limit` arrows.

    `hosts` are by address; times count from `start` (epoch seconds); `marked` are packets
    that an outcome rests on.
    """
    numbers = {*talk.packets, *talk.icmp_errors}
    mine = [packet for packet in packets if packet.number in numbers]
    kept = _choose_packets(talk, mine, marked, limit)
    bands = []
    for phase, group in groupby(mine, key=lambda packet: _phase(packet, talk)):
        steps = (_arrow(p, talk, start, p.number in marked) if p.number in kept else None for p in group)
        bands.append(Band(phase, _title(phase, talk), tuple(_steps(steps))))
    client, server = (Side(hosts.get(end.address, ""), end) for end in (talk.client, talk.server))
    return Ladder(client, server, talk.transport, tuple(bands), _lacks(talk))


def _phase(packet: Packet, talk: Conversation) -> Phase:
    if talk.transport != "tcp":
        return Phase.DATAGRAMS
    if _is_attempt(talk):
        return Phase.HANDSHAKE  # what answers a SYN in vain belongs to it
    return Phase(name_packet(packet, talk).phase)


def _is_attempt(talk: Conversation) -> bool:
    """Tell whether the conversation is one that never came about."""
    return not (talk.handshake or talk.data_packets) and bool(talk.resets or talk.icmp_errors)


def _title(phase: Phase, talk: Conversation) -> str:
    if phase is Phase.HANDSHAKE and not talk.handshake:
        return ATTEMPT
    return RESET if phase is Phase.CLOSING and talk.closed_by == "rst" else TITLES[phase]


def _lacks(talk: Conversation) -> str:
    if talk.transport != "tcp" or _is_attempt(talk) or (talk.handshake and talk.closing):
        return ""
    if talk.handshake:
        return N_("The end of this conversation is not in the capture.")
    if talk.closing:
        return N_("This conversation has no whole handshake in the capture.")
    return N_("Neither a handshake nor an end of this conversation is in the capture.")


def _choose_packets(
    talk: Conversation, mine: Sequence[Packet], marked: Collection[int], limit: int
) -> set[int]:
    """Return the packets to draw: opening, closing, what outcomes rest on, and both ends of the rest."""
    numbers = [packet.number for packet in mine]
    if len(numbers) <= limit:
        return set(numbers)
    fixed = [p.number for p in mine if _phase(p, talk) in (Phase.HANDSHAKE, Phase.CLOSING)]
    basis = fixed[: limit // 3] + fixed[-limit // 3 :]
    wanted = [n for n in numbers if n in marked][: limit // 2]
    rest = [n for n in numbers if n not in fixed]
    room = max(4, limit - len({*basis, *wanted}))
    return {*basis, *wanted, *rest[: room - room // 3], *rest[len(rest) - room // 3 :]}


def _arrow(packet: Packet, talk: Conversation, start: float, marked: bool) -> Arrow:
    return Arrow(
        number=packet.number,
        time=packet.time - start,
        outward=packet.destination.address == talk.server.address
        and packet.destination.port in (talk.server.port, 0),
        label=visible(_words(packet, talk)),
        refusal="RST" in packet.flags or packet.number in talk.icmp_errors,
        marked=marked,
    )


def _words(packet: Packet, talk: Conversation) -> str:
    """Return a packet's name; for data of a protocol that tshark knows, what it says."""
    told = packet.protocol not in ("TCP", "UDP") and not packet.info.rstrip().endswith(":")
    if (
        packet.payload
        and told
        and not (packet.dns or packet.nfs or {"SYN", "FIN", "RST"} & set(packet.flags))
    ):
        return packet.info
    return name_packet(packet, talk).text


def _steps(arrows: Iterable[Arrow | None]) -> Iterator[Arrow | Gap]:
    """Put one gap in the place of each run of packets that is not drawn."""
    for drawn, group in groupby(arrows, key=lambda arrow: arrow is not None):
        run = list(group)
        if drawn:
            yield from (arrow for arrow in run if arrow is not None)
        else:
            yield Gap(len(run))


WIDTH, LEFT, RIGHT = 600, 96, 520
TITLE_HEIGHT, STEP_HEIGHT, BAND_SPACE = 38, 33, 10


def svg(picture: Ladder, speak: Translator, name: str) -> str:
    """Return the ladder as inline SVG; `name` makes its ids unique in the page."""
    drawing = Drawing(name, "ladder", WIDTH, write_heading(picture), summary(picture, speak))
    tops = list(accumulate((_height(band) + BAND_SPACE for band in picture.bands), initial=72))
    for band, top in zip(picture.bands, tops, strict=False):
        drawing.box(f"band {band.phase}", LEFT - 14, top, RIGHT - LEFT + 28, _height(band), 6)
    for side, x, anchor in ((picture.client, LEFT, "start"), (picture.server, RIGHT, "end")):
        drawing.line("life", x, 62, x, tops[-1])
        drawing.dot("life-end", x, 62, 3.5)
        _draw_side(drawing, side, speak, x, anchor)
    for band, top in zip(picture.bands, tops, strict=False):
        _draw_band(drawing, band, speak, top)
    return drawing.svg(tops[-1] + 4)


def _height(band: Band) -> int:
    return TITLE_HEIGHT + STEP_HEIGHT * len(band.steps)


def _draw_side(drawing: Drawing, side: Side, speak: Translator, x: float, anchor: str) -> None:
    drawing.text("host", x, 14, side.host or side.endpoint.address, anchor)
    lines = [side.endpoint.address] if side.host else []
    for y, text in zip((31, 47), [*lines, _port(side, speak)], strict=False):
        drawing.text("end", x, y, text, anchor)


def _port(side: Side, speak: Translator) -> str:
    port = side.endpoint.port
    return speak.gettext("port {number}").format(number=port) if port else speak.gettext("several ports")


def _draw_band(drawing: Drawing, band: Band, speak: Translator, top: float) -> None:
    drawing.text(f"phase {band.phase}", (LEFT + RIGHT) / 2, top + 19, speak.gettext(band.title), "middle")
    for index, step in enumerate(band.steps):
        y = top + TITLE_HEIGHT + 10 + index * STEP_HEIGHT
        if isinstance(step, Gap):
            drawing.text("gap", (LEFT + RIGHT) / 2, y, f"⋮  {describe_gap(step, speak)}  ⋮", "middle")
        else:
            _draw_arrow(drawing, step, band.phase, y)


def _draw_arrow(drawing: Drawing, arrow: Arrow, phase: Phase, y: float) -> None:
    tail, tip = (LEFT, RIGHT) if arrow.outward else (RIGHT, LEFT)
    inset = -9 if arrow.outward else 9
    css = "refusal" if arrow.refusal else str(phase)
    drawing.line(f"arrow {css}", tail, y, tip + inset, y + 5)
    drawing.head(f"head {css}", tip, y + 5, arrow.outward)
    label = "label marked" if arrow.marked else "label"
    drawing.text(label, (LEFT + RIGHT) / 2, y - 5, clip(arrow.label, 54), "middle")
    drawing.text("time", LEFT - 22, y + 4, f"{arrow.time:.6f}", "end")
    drawing.text("number", RIGHT + 22, y + 4, f"#{arrow.number}")


def write_heading(picture: Ladder) -> str:
    """Return one line that names the conversation."""
    return f"{_name_side(picture.client)} → {_name_side(picture.server)}, {picture.transport.upper()}"


def _name_side(side: Side) -> str:
    where = str(side.endpoint) if side.endpoint.port else side.endpoint.address
    return f"{side.host} {where}" if side.host else where


def summary(picture: Ladder, speak: Translator) -> str:
    """Return the ladder in words: its phases, each with its packets' labels or number."""
    parts = [f"{speak.gettext(band.title)}: {_in_words(band, speak)}" for band in picture.bands]
    return speak.gettext(N_("; ")).join([*parts, *([speak.gettext(picture.note)] if picture.note else [])])


def _in_words(band: Band, speak: Translator) -> str:
    count = sum(step.count if isinstance(step, Gap) else 1 for step in band.steps)
    arrows = [step for step in band.steps if isinstance(step, Arrow)]
    if len(arrows) == count <= 6:
        return speak.gettext(", then ").join(arrow.label for arrow in arrows)
    return speak.ngettext("{count} packet", "{count} packets", count).format(count=count)


def describe_gap(gap: Gap, speak: Translator) -> str:
    """Return how many packets a gap stands for, in words."""
    return speak.ngettext("{count} packet", "{count} packets", gap.count).format(count=gap.count)


SPAN = 52


def text(picture: Ladder, speak: Translator) -> str:
    """Return the ladder in plain characters, about 75 columns wide."""
    left, right = (f"{side.host} {_port(side, speak)}".strip() for side in (picture.client, picture.server))
    lines = [f"{'':11}{left}{right:>{SPAN + 2 - len(left)}}"]
    for band in picture.bands:
        lines.append(f"{'':11}├{' ' + speak.gettext(band.title) + ' ':─^{SPAN}}┤")
        lines.extend(_text_step(step, speak) for step in band.steps)
    return "\n".join(lines)


def _text_step(step: Arrow | Gap, speak: Translator) -> str:
    if isinstance(step, Gap):
        return f"{'':11}┆{'… ' + describe_gap(step, speak) + ' …':^{SPAN}}┆"
    shaft = f"{' ' + clip(step.label, SPAN - 6) + ' ':─^{SPAN - 1}}"
    line = f"{shaft}▶" if step.outward else f"◀{shaft}"
    return f"{step.time:>10.6f} │{line}│ #{step.number}"
