"""What a file from a stranger may cost us, in one place: sizes in bytes, counts, seconds.

Captures and submissions come from students. What is larger than this is refused with a sentence that
says so; none of it is near what a lab needs. `docs/submitting.md` lists the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bundle:
    """Limits of a submission, packed or as a folder.

    `file` is the packed file, `unpacked` the sum of what comes out of it, `entries` the number of files
    in it. `answers`, `manifest` and `state` are one file each; `text` is the characters of one answer,
    `depth` how deep lists and mappings may lie in each other.
    """

    file: int = 64 << 20
    unpacked: int = 256 << 20
    entries: int = 256
    name: int = 128
    capture: int = 64 << 20
    answers: int = 64 << 10
    manifest: int = 256 << 10
    state: int = 1 << 20
    text: int = 500
    depth: int = 16


BUNDLE = Bundle()
