"""A capture explained on a terminal: a line for each conversation, then the packets of the small ones."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from sharklab.evidence.packets.streams import Stream
from sharklab.i18n import Translator
from sharklab.message import N_, Message
from sharklab.report.capture_story import CaptureStory, TalkStory, problem
from sharklab.report.explanations import PacketExplanation
from sharklab.untrusted import one_line

PACKETS = 40
"""Packets that are explained where the reader chose none: of as many small conversations as have room."""
LISTED = 40
"""Conversations that are listed where the reader chose none."""


def lines(told: CaptureStory, width: int, speak: Translator) -> Iterator[str]:
    """Yield the lines on a capture, at most `width` columns wide where their words allow it."""
    yield _title(told, speak)
    if wrong := problem(told.facts):
        yield "! " + speak.say(wrong)
    listed = told.talks if told.chosen else told.talks[:LISTED]
    for each in listed:
        yield from _list_talk(each, width, speak)
    if left := told.talks_left + len(told.talks) - len(listed):
        text = speak.ngettext("… {count} more conversation", "… {count} more conversations", left)
        yield "     " + text.format(count=left)
    for each in listed if told.chosen else _small_talks(listed):
        yield from ("", _write_heading(each))
        yield from _packets(each, width, told, speak)


def find_hidden(told: CaptureStory) -> TalkStory | None:
    """Return the first conversation with a number whose packets `lines` does not show, or None."""
    shown = told.talks if told.chosen else list(_small_talks(told.talks[:LISTED]))
    return next((each for each in told.talks if each.number and each not in shown), None)


def large(name: str, found: Sequence[Stream], speak: Translator) -> Iterator[str]:
    """Yield the lines on a capture that is too large to be read whole: each conversation with its filter."""
    text = speak.ngettext("{count} conversation", "{count} conversations", len(found))
    yield f"{one_line(name)}: {text.format(count=len(found))}"
    for each in found[:LISTED]:
        count = speak.ngettext("{count} packet", "{count} packets", each.packets).format(count=each.packets)
        source, destination = each.ends
        yield f"     {source} – {destination}, {each.transport.upper()}, {count}"
        yield f"          --filter '{each.filter}'"
    if left := len(found[LISTED:]):
        rest = speak.ngettext("… {count} more conversation", "… {count} more conversations", left)
        yield "     " + rest.format(count=left)
    yield speak.say(Message(N_("The capture is large. Choose packets with --filter, as in Wireshark.")))


def _title(told: CaptureStory, speak: Translator) -> str:
    count, talks = len(told.facts.packets), told.conversations
    packets = speak.ngettext("{count} packet", "{count} packets", count).format(count=count)
    parts = speak.ngettext("{count} conversation", "{count} conversations", talks).format(count=talks)
    text = N_("{name} ({format}): {packets}, {talks}, {seconds} s")
    values = {
        "name": one_line(told.name),
        "format": told.container.format,
        "packets": packets,
        "talks": parts,
    }
    return speak.say(Message(text, {**values, "seconds": round(told.duration, 3)}))


def _list_talk(each: TalkStory, width: int, speak: Translator) -> Iterator[str]:
    count = speak.ngettext("{count} packet", "{count} packets", each.packets).format(count=each.packets)
    about = ", ".join(filter(None, [*each.protocols, count, each.summary]))
    yield f"{each.number or '–':>4} {each.heading}"
    yield from _wrap(about, 5, width)


def _small_talks(talks: Iterable[TalkStory]) -> Iterator[TalkStory]:
    """Yield the conversations whose packets fit, all of each."""
    room = PACKETS
    for each in talks:
        if not each.left and len(each.lines) <= room:
            room -= len(each.lines)
            yield each


def _write_heading(each: TalkStory) -> str:
    return f"[{each.number}] {each.heading}" if each.number else each.heading


def _packets(each: TalkStory, width: int, told: CaptureStory, speak: Translator) -> Iterator[str]:
    for line in each.lines:
        packet = told.facts.packet(line.number)
        start = f"{line.number:>6} {packet.time - told.start:>10.6f} {_arrow(each, line, told)} "
        words = list(_wrap(" ".join((line.what, *line.special)), len(start), width))
        yield start + words[0].lstrip() if words else start
        yield from words[1:]
    if each.left:
        text = speak.ngettext(
            "{count} more packet is not explained.", "{count} more packets are not explained.", each.left
        )
        yield "       " + text.format(count=each.left)


def _arrow(each: TalkStory, line: PacketExplanation, told: CaptureStory) -> str:
    if each.talk is None:
        return " "
    source, client = told.facts.packet(line.number).source, each.talk.client
    same = source == client if client.port else source.address == client.address
    return "→" if same else "←"


def _wrap(text: str, indent: int, width: int) -> list[str]:
    space = " " * indent
    return textwrap.wrap(
        one_line(text), max(width, indent + 30), initial_indent=space, subsequent_indent=space
    )
