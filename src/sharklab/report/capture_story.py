"""A capture of anybody explained, without a lab: its conversations, and their packets in words.

`story` chooses the conversations and packets. `capture_text` prints them on a terminal, `capture_page` makes
a page of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sharklab.errors import InputError
from sharklab.evidence.packets import recognition
from sharklab.evidence.packets.container import Container
from sharklab.evidence.packets.explanation import LIMIT
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.evidence.packets.summary import summary
from sharklab.i18n import Translator
from sharklab.message import N_, Message
from sharklab.report import explanations, ladder
from sharklab.report.conversations import group_datagrams
from sharklab.report.explanations import PacketExplanation
from sharklab.untrusted import one_line

LEAST = 12
"""Packets of a conversation that are explained, however many conversations there are."""
MOST_TALKS = 200
"""Conversations of a capture that are listed."""
_PLAIN = ("TCP", "UDP", "ICMP", "ICMPV6")
"""Protocols that the heading of a conversation tells already."""


@dataclass(frozen=True)
class Choice:
    """The part of a capture to explain: the packets of a filter, conversations by number; all without any."""

    packets: frozenset[int] | None = None
    conversations: Collection[int] = ()

    @property
    def all(self) -> bool:
        """True when nothing was chosen."""
        return self.packets is None and not self.conversations


@dataclass(frozen=True)
class TalkStory:
    """A conversation: its number in the capture, its ends, its protocols, its course, its packets in words.

    `left` counts the packets that are not explained. The packets outside all conversations have the number 0.
    """

    number: int
    heading: str
    protocols: tuple[str, ...]
    packets: int
    summary: str
    lines: tuple[PacketExplanation, ...]
    left: int
    talk: Conversation | None = None


@dataclass(frozen=True)
class CaptureStory:
    """A capture: its file's `name`, its `id` on a page, its facts, and the conversations that were chosen.

    `talks_left` counts the chosen conversations that are not told.
    """

    name: str
    id: str
    container: Container
    facts: Facts
    talks: tuple[TalkStory, ...]
    talks_left: int
    conversations: int
    chosen: bool

    @property
    def start(self) -> float:
        """The time of the first packet in epoch seconds; 0 without packets."""
        return self.facts.packets[0].time if self.facts.packets else 0.0

    @property
    def duration(self) -> float:
        """Seconds from the first packet to the last one."""
        times = [packet.time for packet in self.facts.packets]
        return max(times) - min(times) if times else 0.0

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the packets that are explained."""
        return tuple(sorted(line.number for talk in self.talks for line in talk.lines))


def story(
    name: str, id: str, container: Container, facts: Facts, choice: Choice, speak: Translator
) -> CaptureStory:
    """Return the story of a capture. Raises InputError for a conversation that it does not have."""
    talks = group_datagrams(facts.conversations)
    chosen = _choose_talks(name, talks, choice)
    others = [] if choice.conversations else _choose_others(facts, choice)
    shown = chosen[:MOST_TALKS]
    wanted = _share_limit([_numbers(talk, choice) for _, talk in shown] + [others])
    lines = {
        line.number: line
        for line in explanations.lines(id, facts, {}, speak, [n for numbers in wanted for n in numbers])
    }
    told = [
        _talk(number, talk, facts, [lines[n] for n in numbers], choice, speak)
        for (number, talk), numbers in zip(shown, wanted, strict=False)
    ]
    if others:
        told.append(_rest(facts, others, [lines[n] for n in wanted[-1]], speak))
    left = len(chosen) - len(shown)
    return CaptureStory(name, id, container, facts, tuple(told), left, len(talks), not choice.all)


def _choose_talks(name: str, talks: Sequence[Conversation], choice: Choice) -> list[tuple[int, Conversation]]:
    """Return the chosen conversations with their numbers, which count all of the capture."""
    unknown = [number for number in choice.conversations if not 1 <= number <= len(talks)]
    if unknown:
        raise InputError(
            N_("the capture has no conversation {number}; it has {count}"),
            place=name,
            hint=N_("the list of sharklab explain {name} has the numbers"),
            number=unknown[0],
            count=len(talks),
            name=name,
        )
    numbered = enumerate(talks, 1)
    wanted = [pair for pair in numbered if not choice.conversations or pair[0] in choice.conversations]
    return [(number, talk) for number, talk in wanted if _numbers(talk, choice)]


def _numbers(talk: Conversation, choice: Choice) -> list[int]:
    """Return the packets of a conversation that were chosen, with the ICMP errors about it."""
    mine = sorted({*talk.packets, *talk.icmp_errors})
    return [number for number in mine if choice.packets is None or number in choice.packets]


def _choose_others(facts: Facts, choice: Choice) -> list[int]:
    """Return the chosen packets that belong to no conversation: ARP, and protocols below IP."""
    taken = {n for talk in facts.conversations for n in (*talk.packets, *talk.icmp_errors)}
    rest = (packet.number for packet in facts.packets if packet.number not in taken)
    return [number for number in rest if choice.packets is None or number in choice.packets]


def _share_limit(groups: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the packets of each group that are explained: LIMIT of all, shared among the groups."""
    share = max(LEAST, LIMIT // max(1, len(groups)))
    wanted, room = [], LIMIT
    for index, group in enumerate(groups):
        later = sum(min(len(each), share) for each in groups[index + 1 :])
        part = _ends(group, min(room, max(share, room - later)))
        wanted.append(part)
        room -= len(part)
    return wanted


def _ends(numbers: Sequence[int], most: int) -> list[int]:
    """Return at most `most` numbers: two thirds from the beginning, one from the end."""
    if len(numbers) <= most:
        return list(numbers)
    return [*numbers[: most - most // 3], *numbers[len(numbers) - most // 3 :]]


def _talk(
    number: int,
    talk: Conversation,
    facts: Facts,
    lines: Sequence[PacketExplanation],
    choice: Choice,
    speak: Translator,
) -> TalkStory:
    mine = _numbers(talk, choice)
    found = dict.fromkeys(facts.packet(n).protocol for n in talk.packets)
    protocols = [one_line(name) for name in found if name and name.upper() not in _PLAIN]
    return TalkStory(
        number=number,
        heading=ladder.write_heading(ladder.ladder(talk, (), {})),
        protocols=tuple(protocols),
        packets=len({*talk.packets, *talk.icmp_errors}),
        summary=one_line(speak.say(summary(talk, facts))),
        lines=tuple(lines),
        left=len(mine) - len(lines),
        talk=talk,
    )


def _rest(
    facts: Facts, numbers: Sequence[int], lines: Sequence[PacketExplanation], speak: Translator
) -> TalkStory:
    counts = Counter(one_line(facts.packet(number).protocol) for number in numbers)
    return TalkStory(
        number=0,
        heading=speak.gettext(N_("packets outside all conversations")),
        protocols=(),
        packets=len(numbers),
        summary=", ".join(f"{name}: {count}" for name, count in counts.most_common()),
        lines=tuple(lines),
        left=len(numbers) - len(lines),
    )


def plain(told: CaptureStory) -> Mapping[str, object]:
    """Return the story for a script."""
    return {
        "file": told.name,
        "format": told.container.format,
        "packets": len(told.facts.packets),
        "cut": told.facts.cut,
        "conversations": list(_talks_to_plain(told)),
    }


def _talks_to_plain(told: CaptureStory) -> Iterator[Mapping[str, object]]:
    for each in told.talks:
        if each.talk:
            yield {
                "number": each.number,
                "transport": each.talk.transport,
                "client": str(each.talk.client),
                "server": str(each.talk.server),
                "protocols": list(each.protocols),
                "packets": list(each.talk.packets),
                "summary": each.summary,
                "explained": {str(line.number): line.what for line in each.lines},
            }


def problem(facts: Facts) -> Message | None:
    """Return the fault of a file that could be read nevertheless."""
    if facts.cut:
        return Message(N_("The end of this capture's file is missing."))
    return None if facts.packets else Message(recognition.NO_PACKET.sentence)
