"""The limits for a stranger's file, in one place: sizes in bytes, counts, seconds.

Captures and submissions come from students. A larger one is refused, with a sentence that tells the limit.
Labs need far less than these limits. `docs/submitting.md` lists the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CaptureLimits:
    """Limits of a capture before anything reads it: its `bytes`, and what it claims to hold.

    `record` is the bytes of one record: more than tcpdump's largest snapshot (262,144) with room for the
    options of pcapng. `interfaces` and `blocks` (all that are no packets) are for pcapng.
    """

    bytes: int = 64 << 20
    packets: int = 50_000
    record: int = 1 << 20
    interfaces: int = 256
    blocks: int = 10_000


@dataclass(frozen=True)
class ToolLimits:
    """Limits of a tool for one capture: CPU seconds, bytes of address space, bytes of output.

    `patience` is the seconds by the clock: ten times the CPU seconds, so that a busy machine refuses no
    capture.
    """

    seconds: int = 60
    memory: int = 1 << 30
    output: int = 256 << 20
    patience: int = 600


@dataclass(frozen=True)
class BundleLimits:
    """Limits of a submission, packed or as a folder.

    `file` is the packed file, `unpacked` the sum of what comes out of it, `entries` the number of files
    in it. `answers`, `manifest` and `state` are one file each; `text` is the characters of one answer,
    `depth` how deep lists and mappings may lie in each other.
    """

    file: int = 64 << 20
    unpacked: int = 256 << 20
    entries: int = 256
    name: int = 128
    capture: int = CaptureLimits.bytes
    answers: int = 64 << 10
    manifest: int = 256 << 10
    state: int = 1 << 20
    text: int = 500
    depth: int = 16


@dataclass(frozen=True)
class ArchiveLimits:
    """Limits of a zip around submissions.

    `file` is the packed file, `unpacked` the sum of what comes out of it and of the zips in it, `one` a
    single file. `entries` is the number of files, `depth` how many folders lie in each other, `nested` how
    many zips. `whole_class` is what the zip of a whole class may unpack to.
    """

    file: int = 64 << 30
    unpacked: int = BundleLimits.unpacked
    one: int = BundleLimits.file
    entries: int = 20_000
    depth: int = 12
    nested: int = 3
    whole_class: int = 64 << 30


CAPTURE, TOOL, BUNDLE, ARCHIVE = CaptureLimits(), ToolLimits(), BundleLimits(), ArchiveLimits()
LARGE = CaptureLimits(bytes=1 << 30)
LARGE_TOOL = ToolLimits(seconds=600, memory=4 << 30)
"""For a capture of the user's own that is too large to be read whole: tshark lists its conversations, and
takes the packets of a filter out of it."""
