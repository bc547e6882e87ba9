"""Look at one capture before it is handed in: does it show what its exercise is about?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sharklab.checks.focus import candidates
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets.model import Conversation
from sharklab.grading.marking.case import Case, gather
from sharklab.grading.submission.model import Submission
from sharklab.grading.submission.service import FILTERED_PORT
from sharklab.lab.model import Capture, Plan
from sharklab.message import NOTHING, Message

_ICMP = re.compile(r"(?<!not )\bicmp6?\b")
"""The word of a filter (pcap-filter(7)) for packets without ports, as those of ping(8)."""

_HOSTS = re.compile(r"(?<!not )\bhost\s+([0-9a-f.:]+)")


@dataclass(frozen=True)
class Glance:
    """The content of a capture: its format, its packets, and the conversations of each exercise in it.

    `shown` has the ids of the captures of the lab that the file could be, each with those conversations;
    there are none where the exercise is about packets that are no conversation. `cut` tells that the file
    ends within a packet, `problem` why it cannot be read.
    """

    format: str
    packets: int
    shown: Mapping[str, tuple[Conversation, ...]]
    problem: Message = NOTHING
    cut: bool = False


def look(plan: Plan, file: Path) -> Glance:
    """Return the exercise and the conversations of the lab that a capture shows.

    Raises InputError when it is no capture, MachineryError when tshark is missing or broken.
    """
    recorded = RecordedCapture(file.name, "", file)
    format, facts = recorded.container.format, recorded.facts
    captures = [capture for exercise in plan.lab.exercises for capture in exercise.captures]
    submission = Submission(
        plan.lab.name,
        plan.seat.student,
        plan.seat.id,
        file.parent,
        {capture.id: file for capture in captures},
    )
    cases = gather(plan, submission, {file: recorded})
    shown = {
        capture.id: talks
        for case in cases
        for capture in case.exercise.captures
        if (talks := _talks(case, capture)) is not None
    }
    return Glance(format, len(facts.packets), shown, facts.problem, facts.cut)


def _talks(case: Case, capture: Capture) -> tuple[Conversation, ...] | None:
    """Return the conversations that the capture shows of its exercise; None if it shows none."""
    context = case.narrow_context((capture,))
    packets = context.facts[capture.id].packets
    ends = {end.address for packet in packets for end in (packet.source, packet.destination)}
    strangers = {host for host in _HOSTS.findall(capture.filter) if not context.host_at(host)}
    if strangers:  # such as an address that no machine has: the packets are no conversation
        return () if strangers & ends else None
    ports = {int(port) for port in FILTERED_PORT.findall(capture.filter)}
    talks = tuple(
        talk for _, talk in candidates(context) if not ports or ports & {talk.client.port, talk.server.port}
    )
    expected = ports or (case.exercise.conversation and not _ICMP.search(capture.filter))
    return talks or (None if expected or not any(map(context.host_at, ends)) else ())
