"""The checks of how a conversation went, and of the capture that shows it."""

from __future__ import annotations

from collections.abc import Mapping

from sharklab.checks import wire
from sharklab.checks.kind import TEXT, Kind, Rests, Schema, parameters
from sharklab.message import (
    N_,
)

_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 1000}

KINDS_OF_CONVERSATIONS: Mapping[str, Kind] = {
    "opening": Kind(
        parameters(("to",), to={"enum": list(wire.OPENINGS)}),
        wire.opening,
        Rests.HEADERS,
        N_("Opening of the connection: {to}"),
        look=N_("Look at the flags of the first three packets."),
    ),
    "reset": Kind(
        parameters(("by",), by={"enum": ["client", "server"]}),
        wire.reset,
        Rests.HEADERS,
        N_("RST of the {by}"),
        look=N_("Look which side sends the packet with the flag RST."),
    ),
    "retries": Kind(
        parameters(("least",), least=_COUNT),
        wire.retries,
        Rests.HEADERS,
        N_("SYN, repeated"),
        N_("repeated without an answer ({least} times or more), at intervals that do not shrink"),
        denies=True,
        look=N_("Give the client the time to try again before you end the capture."),
    ),
    "retransmitted": Kind(
        parameters(("least",), least=_COUNT),
        wire.retransmitted,
        Rests.HEADERS,
        N_("Retransmissions"),
        N_("{least} or more"),
        look=N_("In Wireshark the filter is tcp.analysis.retransmission."),
    ),
    "payload": Kind(
        parameters(("contains",), contains=TEXT),
        wire.payload,
        Rests.CONTENTS,
        N_("Text on the wire"),
        look=N_("Look at what the packets carry: tcpdump -Anr."),
    ),
    "complete": Kind(
        parameters(),
        wire.complete,
        Rests.CONTENTS,
        N_("Whole capture"),
        N_("every packet with all its bytes"),
        denies=True,
        look=N_("Record without -s, and end tcpdump with Ctrl-C before you copy its file."),
    ),
    "made_here": Kind(
        parameters(),
        wire.made_here,
        Rests.HEADERS,
        N_("Recorded on this seat"),
        N_("by its own network cards, while it was up"),
        denies=True,
        look=N_("Record on the hosts of your own seat; copy the files without changing them."),
    ),
}
"""Every check of a conversation's course, by the name that lab.yml uses."""
