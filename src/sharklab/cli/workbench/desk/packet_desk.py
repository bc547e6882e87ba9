"""Answer what the page of packets asks the desk: one packet, one conversation, the whole file.

Each request brings the descriptor of the recording. Tools run in their box, which only root can close well.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from sharklab import i18n
from sharklab.errors import InputError
from sharklab.evidence.packets import box, following, layers
from sharklab.evidence.packets.growing import MOST, Splitter, whole_packets
from sharklab.hosts.door import control
from sharklab.hosts.door.server import Handler, Reply, text
from sharklab.i18n import Translator
from sharklab.lab import plan_file
from sharklab.lab.model import Plan
from sharklab.limits import TOOL
from sharklab.message import N_
from sharklab.report import ladder, packet_view

BEFORE = 500
"""Packets before a packet that tshark reads with it: so its numbers of TCP are those of the table."""


def handlers(plan: Handler, command: Sequence[str], uid: int) -> dict[str, Handler]:
    """Return the requests; `plan` answers the desk's own request of that name.

    `command` starts the process that keeps terminals, for a web process of `uid`.
    """

    def keeper(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Start the process where it has ended."""
        return Reply({"path": str(control.start(command, uid))})

    def conversation(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the ladder of the conversation `talk`, as SVG."""
        own, lang = plan_file.from_plain(plan(student, request, []).content), text(request, "lang")
        words = i18n.translator(lang if lang in i18n.languages() else i18n.SOURCE)
        with whole_packets(_descriptor(handles)) as (file, _):
            found = following.follow(Path(file.name), text(request, "talk"))
        return Reply({"svg": draw(found, own, words)})

    return {"packet": packet, "conversation": conversation, "pcapng": pcapng, "keeper": keeper}


def _descriptor(handles: list[int]) -> int:
    if len(handles) != 1:
        raise InputError(N_("no file came"))
    return handles[0]


def packet(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
    """Answer with the layers and the bytes of the packet `number`."""
    with whole_packets(_descriptor(handles)) as (file, splitter):
        starts, number = splitter.starts, int(text(request, "number"))
        if not 1 <= number <= len(starts):
            raise InputError(N_("the recording has no packet {number}"), number=number)
        end = starts[number] if number < len(starts) else splitter.end
        content = os.pread(file.fileno(), Splitter.HEADER, 0)
        content += _part(file, starts[max(1, number - BEFORE) - 1], end)
        own = _part(file, starts[number - 1] + Splitter.RECORD, end)
    return Reply(
        {
            "number": number,
            "layers": [asdict(layer) for layer in layers.layers(content)],
            "bytes": layers.rows_of_bytes(own[: layers.MOST_BYTES]),
        }
    )


def _part(file: IO[bytes], begin: int, end: int) -> bytes:
    return os.pread(file.fileno(), end - begin, begin)


def draw(found: following.Followed, plan: Plan, words: Translator) -> str:
    """Return the ladder of a conversation, whose arrows have the numbers of the recording."""
    facts = found.facts
    if not facts.conversations:
        raise InputError(N_("the capture has no packet of this conversation"))
    hosts, first = packet_view.hosts(plan), facts.packets[0].time
    picture = ladder.ladder(facts.conversations[0], facts.packets, hosts, start=first)
    bands = [
        replace(band, steps=tuple(_number_step(step, found.numbers) for step in band.steps))
        for band in picture.bands
    ]
    return ladder.svg(replace(picture, bands=tuple(bands)), words, "talk")


def _number_step(step: ladder.Arrow | ladder.Gap, numbers: Any) -> ladder.Arrow | ladder.Gap:
    return replace(step, number=numbers[step.number - 1]) if isinstance(step, ladder.Arrow) else step


def pcapng(student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
    """Answer with the recording as a pcapng file."""
    with whole_packets(_descriptor(handles)) as (file, _):
        output = box.run("editcap", ["-F", "pcapng", "-", "-"], Path(file.name), TOOL, most=MOST)
    return Reply({}, output)
