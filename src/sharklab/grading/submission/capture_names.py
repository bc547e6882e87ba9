"""Match the name of a capture file to the captures that a lab asks for: the spelling is free.

A student, a browser or a file manager changes a name: WEB.PCAP, "web (1).pcap", web.pcapng.pcap, web.cap,
"TP4 - Résolution.pcapng". The content decides later whether the file is a capture at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

ENDINGS = (".pcap", ".pcapng")
"""The endings of a capture that the form asks for."""
_ENDING = re.compile(r"\.(?:p[acpng]{3,6}|pcp|cap|ntar|dmp|dump|gz|gzip|zst|zstd|lz4)$", re.IGNORECASE)
"""An ending of a capture, with the slips of a keyboard (.pcang), and those of compressed files."""
_OWN_ENDING = re.compile(r"\.(?:p[acpng]{3,6}|pcp|cap|ntar)(?:\.(?:gz|gzip|zst|zstd|lz4))?$")
"""An ending that only captures have."""
_WORD = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_GLUED = re.compile(r"^(captures?|trames?|wireshark)(?=..)|(?<=..)(captures?|trames?|wireshark)$")
"""Where a new word begins without a sign before it: captureSSH, sshcapture."""
_LONGEST = 255
"""Characters of a name that are read; no file system of a student has longer names."""


@dataclass(frozen=True)
class NameMatch:
    """The capture `id` that a file name means, and how far the name is from it.

    `distance` is 0 for the name that the form asks for, 1 for the same words in another spelling, and one
    more for each word that the name has besides.
    """

    id: str
    distance: int


def match(name: str, ids: Iterable[str]) -> NameMatch | None:
    """Return the one of `ids` that the file `name` (without a folder) means.

    Case, accents, blanks, signs and doubled endings do not count, and a name may have more words than the
    id. The id with the most words of the name is meant. Return None if that is no id, or not one alone.
    """
    known = tuple(dict.fromkeys(ids))
    for id in known:
        if name in {f"{id}{ending}" for ending in ENDINGS}:
            return NameMatch(id, 0)
    found = words(name)
    near = [(distance, id) for id in known if (distance := _distance(found, words(id)))]
    least = min((distance for distance, _ in near), default=0)
    nearest = [id for distance, id in near if distance == least]
    return NameMatch(nearest[0], least) if len(nearest) == 1 else None


def has_ending(name: str) -> bool:
    """Tell whether a file name has an ending of captures, however it is spelled, compressed or not."""
    return _OWN_ENDING.search(name.strip().casefold()) is not None


def words(name: str) -> tuple[str, ...]:
    """Return the words and numbers of `name` in small letters, without accents and endings of captures."""
    plain = unicodedata.normalize("NFKD", name[:_LONGEST])
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter)).strip()
    while (shorter := _ENDING.sub("", bare).rstrip(" .")) != bare and shorter:
        bare = shorter
    found = _WORD.findall(_HUMP.sub(" ", bare).casefold())
    return tuple(part for word in found for part in _GLUED.split(word) if part)


def _distance(name: tuple[str, ...], id: tuple[str, ...]) -> int:
    """Return the distance of a name's words from those of an id, 0 if the id is not in them."""
    if id and "".join(name) == "".join(id):
        return 1
    starts = range(len(name) - len(id) + 1) if id else ()
    is_part = any(name[start : start + len(id)] == id for start in starts)
    return 1 + len(name) - len(id) if is_part else 0
