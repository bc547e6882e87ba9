"""One conversation of a large capture: its facts, with the numbers of its packets in the capture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from sharklab.errors import InputError
from sharklab.evidence.packets import box, container, display_filter, reader
from sharklab.evidence.packets.facts import facts
from sharklab.evidence.packets.model import Facts
from sharklab.limits import LARGE, LARGE_TOOL
from sharklab.message import N_

TALK = re.compile(r"(tcp|udp) (\d{1,9})")
"""A conversation as a row names it (`live_rows.LiveRow.talk`)."""


@dataclass(frozen=True)
class Followed:
    """The facts about one conversation; `numbers` are those of its packets in the whole capture."""

    facts: Facts
    numbers: Sequence[int]


def follow(capture: Path, talk: str) -> Followed:
    """Return the conversation `talk` of a capture.

    Raises InputError for a name that is none, for a conversation without packets, or where tshark needs too
    much; MachineryError when tshark is missing or broken.
    """
    named = TALK.fullmatch(talk)
    if named is None:
        raise InputError(N_("{talk!r} is not a conversation"), talk=talk[:40])
    filter = f"{named[1]}.stream == {int(named[2])}"
    options = ["-n", "-r", "-", *reader.DECODERS, "-Y", filter, "-T", "fields", "-e", "frame.number"]
    with box.run("tshark", options, capture, LARGE_TOOL, most=LARGE.bytes) as output:
        numbers = [int(line) for line in output]
    if not numbers:
        raise InputError(N_("the capture has no packet of this conversation"))
    with NamedTemporaryFile(suffix=".pcapng") as file:
        file.write(display_filter.extract(capture, filter))
        file.flush()
        recording = reader.read(container.open_capture(Path(file.name)))
    return Followed(facts(recording), numbers)
