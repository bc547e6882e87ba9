"""Parts of the packets' page that cost a look into the capture: one packet, one conversation, the whole file.

Everything here takes its time, so it runs in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from sharklab.errors import InputError
from sharklab.evidence.packets import box, following, layers
from sharklab.evidence.packets.live_rows import Splitter
from sharklab.i18n import Translator
from sharklab.lab.model import Plan
from sharklab.limits import CAPTURE, TOOL
from sharklab.message import N_
from sharklab.report import ladder, packet_view

PIECE = 1 << 20
BEFORE = 500
"""Packets before a packet that tshark reads with it: so its numbers of TCP are those of the table."""


def packet(read: Callable[[int, int], bytes], number: int) -> dict[str, Any]:
    """Return the layers and the bytes of a packet; `read(first, last)` returns a capture of these packets."""
    own = read(number, number)
    return {
        "number": number,
        "layers": [asdict(layer) for layer in layers.layers(read(max(1, number - BEFORE), number))],
        "bytes": layers.rows_of_bytes(own[Splitter.HEADER + Splitter.RECORD :]),
    }


@contextmanager
def whole(descriptor: int) -> Iterator[IO[bytes]]:
    """Lend a file with the whole packets of a recording that may still grow. Raises InputError if it has none."""
    splitter, at = Splitter(), 0
    with NamedTemporaryFile(suffix=".pcap") as file:
        while at <= CAPTURE.bytes and (piece := os.pread(descriptor, PIECE, at)):
            at += len(piece)
            try:
                file.write(splitter.add(piece))
            except ValueError as error:
                raise InputError(N_("the host sent something other than packets")) from error
        if not splitter.starts:
            raise InputError(N_("the recording has no packet yet"))
        file.flush()
        file.seek(0)
        yield file


def conversation(descriptor: int, talk: str, plan: Plan, words: Translator) -> str:
    """Return the ladder of a conversation of the recording, as SVG. Raises SharklabError."""
    with whole(descriptor) as file:
        found = following.follow(Path(file.name), talk)
    facts = found.facts
    if not facts.conversations:
        raise InputError(N_("the capture has no packet of this conversation"))
    first = facts.packets[0].time
    picture = ladder.ladder(facts.conversations[0], facts.packets, packet_view.hosts(plan), start=first)
    bands = tuple(replace(band, steps=tuple(_named(step, found.numbers) for step in band.steps)) for band in picture.bands)
    return ladder.svg(replace(picture, bands=bands), words, "talk")


def _named(step: ladder.Arrow | ladder.Gap, numbers: Any) -> ladder.Arrow | ladder.Gap:
    """Return a step with the number of its packet in the recording."""
    return replace(step, number=numbers[step.number - 1]) if isinstance(step, ladder.Arrow) else step


def pcapng(descriptor: int) -> bytes:
    """Return the recording as a pcapng file. Raises SharklabError."""
    with (
        whole(descriptor) as file,
        box.run("editcap", ["-F", "pcapng", "-", "-"], Path(file.name), TOOL, most=CAPTURE.bytes * 2) as output,
    ):
        return output.read()
