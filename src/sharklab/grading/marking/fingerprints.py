"""Fingerprints for comparing submissions, computed from one student's files only.

Of each capture a sample of fingerprints is kept, always the smallest, so that samples of two captures of the
same packets meet, and no capture costs more than `SAMPLE`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from sharklab import untrusted
from sharklab.errors import InputError
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets.model import Facts, Packet
from sharklab.evidence.packets.origin import CaptureOrigin, read_origin
from sharklab.grading.submission.model import Submission
from sharklab.limits import BUNDLE

SAMPLE = 1000
"""Fingerprints, addresses and words that are kept of one capture."""
HEAD = 64
"""Bytes of a packet that tell it apart: addresses, ports, checksums; a cut packet still has them."""
_WORD = re.compile(rb"(?<![a-z0-9])[a-z2-7]{10}(?![a-z0-9])")
"""A possible token (see `sharklab.lab.seat`); in DNS and shares the bytes around it are no letters."""
_EDITORS = re.compile(rb"(?i)\b(editcap|mergecap|text2pcap|reordercap|randpkt|scapy|tcprewrite|bittwiste)\b")
_OVER_ETHERNET = (b"\x08\x00", b"\x86\xdd")
_MADE_UP = 0x02
"""The bit of an Ethernet address that no maker gave (IEEE 802c): those of seats and of virtual bridges."""
_COMMENT = 12
"""Characters from which a comment is more than a word that several people may choose."""
_PCAPNG = b"\x0a\x0d\x0d\x0a"


@dataclass(frozen=True)
class CaptureFingerprint:
    """The fingerprints of one capture.

    `frames` are fingerprints of packets with their times (epoch seconds), `numbers` fingerprints of TCP
    numbers, which stay when addresses are rewritten. `addresses` and `words` have the first packet
    that shows them. `first` and `last` are times, `backward` and `gap` packet numbers, 0 for none: where time
    goes back, where data that was sent is missing. `editor` is the program that a pcapng file names.
    `hardware` is the computer that it names, `recorder` that with its system and its program where it names
    all three. `cards` are the network cards that recorded it or sent packets, `comments` those of a person.
    """

    digest: str
    packets: int
    first: float = 0.0
    last: float = 0.0
    frames: Mapping[str, float] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    addresses: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    backward: int = 0
    gap: int = 0
    editor: str = ""
    hardware: str = ""
    recorder: str = ""
    cards: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubmissionFingerprint:
    """The fingerprints of a submission: captures by id, answers, files changed after signing."""

    captures: Mapping[str, CaptureFingerprint] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    begun: float = 0.0
    made: float = 0.0


def fingerprint(submission: Submission, captures: Mapping[str, RecordedCapture]) -> SubmissionFingerprint:
    """Return the fingerprints of a submission, and of those of its captures that the lab asks for."""
    traces = {name: _trace(captures[name]) for name in submission.captures if name in captures}
    return SubmissionFingerprint(
        captures=traces,
        answers=dict(_answers(submission)),
        changed=tuple(sorted(_find_changed(submission, traces))),
        begun=submission.begun,
        made=submission.made,
    )


def _answers(submission: Submission) -> Iterator[tuple[str, str]]:
    for exercise, given in submission.answers.items():
        for question, value in given.items():
            yield f"{exercise}.{question}", str(value)[: BUNDLE.text]


def _find_changed(submission: Submission, found: Mapping[str, CaptureFingerprint]) -> Iterator[str]:
    """Yield the captures whose content is not what the manifest names."""
    signed: Any = submission.manifest.get("files", {})
    for name, trace in found.items():
        file = submission.captures[name].name
        if signed and signed.get(f"captures/{file}") != trace.digest:
            yield file


def _trace(capture: RecordedCapture) -> CaptureFingerprint:
    content, frames = _open_capture(capture)
    digest = hashlib.sha256(content).hexdigest()
    if not (packets := capture.facts.packets):
        return CaptureFingerprint(digest, 0, editor=_editor(content))
    times = [packet.time for packet in packets]
    origin = read_origin(content)
    return CaptureFingerprint(
        digest=digest,
        packets=len(packets),
        first=min(times),
        last=max(times),
        frames=_fingerprints(packets, frames),
        numbers=tuple(sorted({_numbers(packet) for packet in packets if packet.ack and packet.seq})[:SAMPLE]),
        addresses=_addresses(packets),
        words=_words(frames),
        backward=next((p.number for b, p in pairwise(packets) if p.time < b.time - 1), 0),
        gap=next((p.number for p in packets if "lost_segment" in p.remarks), 0),
        editor=_editor(content),
        hardware=origin.hardware,
        recorder=_name_recorder(origin),
        cards=tuple(sorted({*origin.cards, *_senders(capture.facts, frames)})[:SAMPLE]),
        comments=tuple(comment for comment in origin.comments if len(comment) >= _COMMENT),
    )


def _name_recorder(origin: CaptureOrigin) -> str:
    parts = (origin.hardware, origin.system, origin.program)
    return ", ".join(parts) if all(parts) else ""


def _senders(facts: Facts, frames: list[bytes]) -> Iterator[str]:
    """Yield the Ethernet addresses from which clients send: those of makers, for others are not unique."""
    clients = {talk.client for talk in facts.conversations if talk.transport in ("tcp", "udp")}
    for packet, frame in zip(facts.packets, frames, strict=False):
        is_unique = frame[12:14] in _OVER_ETHERNET and not frame[6] & _MADE_UP
        if is_unique and packet.source in clients:
            yield frame[6:12].hex(":")


def _open_capture(capture: RecordedCapture) -> tuple[bytes, list[bytes]]:
    """Return the content of a capture's file and its packets: none in a file that is no capture."""
    try:
        return capture.container.content, list(capture.container.frames)
    except InputError:
        return _content(capture.path), []


def _content(file: Path) -> bytes:
    try:
        return untrusted.read(file, BUNDLE.capture)
    except InputError:
        return b""


def _fingerprints(packets: tuple[Packet, ...], frames: list[bytes]) -> Mapping[str, float]:
    marks = {
        _hash(frame[:HEAD] + packet.length.to_bytes(4, "big")): packet.time
        for packet, frame in zip(packets, frames, strict=False)
        if packet.transport in ("tcp", "udp", "icmp") and not _is_for_many(packet.destination.address)
    }
    return {mark: marks[mark] for mark in sorted(marks)[:SAMPLE]}


def _is_for_many(address: str) -> bool:
    """Tell whether several hosts get the packet: neighbours may each have captured it."""
    if ":" in address:
        return address.lower().startswith("ff")
    return address.endswith(".255") or 224 <= int(address.partition(".")[0] or 0) <= 255


def _numbers(packet: Packet) -> str:
    """Return the fingerprint of sequence and acknowledgement numbers: 64 bits that nobody else drew."""
    flags = ",".join(packet.flags)
    return _hash(f"{packet.seq} {packet.ack} {flags} {packet.payload}".encode())


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _addresses(packets: tuple[Packet, ...]) -> Mapping[str, int]:
    numbers: dict[str, int] = {}
    for packet in packets:
        for end in (packet.source, packet.destination):
            if end.address not in numbers and len(numbers) < SAMPLE and _is_address(end.address):
                numbers[end.address] = packet.number
    return numbers


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _words(frames: list[bytes]) -> Mapping[str, int]:
    numbers: dict[str, int] = {}
    for number, frame in enumerate(frames, 1):
        for word in _WORD.findall(frame.lower()):
            if word.decode() not in numbers and len(numbers) < SAMPLE:
                numbers[word.decode()] = number
    return numbers


def _editor(content: bytes) -> str:
    """Return the program of Wireshark's family that wrote a pcapng file, if its first block says one."""
    if content[:4] != _PCAPNG:
        return ""
    found = _EDITORS.search(content[:1024])
    return found[1].decode().lower() if found else ""
