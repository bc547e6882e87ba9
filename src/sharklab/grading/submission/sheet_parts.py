"""Take answers.yml apart where it is no YAML, so that a bad line costs no other line.

The form is simple: exercises at the left margin, `question: answer` below them. Each part is read alone, and
mended where its meaning is plain: a blank that is missing after a colon, a tab before a question, a colon in
an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_KEY = re.compile(r"""(?P<key>[\w.-]{1,64}|"[^"]{1,64}"|'[^']{1,64}')\s*:(?P<value>.*)""")
_WORD = re.compile(r"[\w.-]{1,64}\s*")
_TRICKS = "&*!|>{[\"'%@`"
"""First characters of an answer that mean something in YAML: nobody guesses what was meant."""
_MARK = re.compile(r"(?:---|\.\.\.)\s*(?:#.*)?")
"""The begin or the end of a document."""
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class SheetPart:
    """Some lines of a file, and the number of the first one (from 1)."""

    line: int
    text: str


@dataclass(frozen=True)
class Block:
    """The lines of one exercise: `whole` has all of them, `entries` has a part for each question.

    `exercise` is "" for the lines above the first one.
    """

    exercise: str
    whole: SheetPart
    entries: tuple[SheetPart, ...]


def blocks(text: str) -> Iterator[Block]:
    """Yield the exercises of a file, in their order."""
    split = _LINE_END.split(text)
    lines = [(number, line if _is_content(line) else "") for number, line in enumerate(split, 1)]
    starts = [index for index, (_, line) in enumerate(lines) if _is_head(line)]
    for begin, end in pairwise([0, *starts, len(lines)]):
        if begin < end:
            yield _block(lines[begin:end], has_head=begin in starts)


def mend_line(part: SheetPart) -> str:
    """Return a line `question: answer` with its answer as text, "" for anything else."""
    found = _KEY.fullmatch(part.text.strip())
    value = found["value"].strip() if found else ""
    if not found or not value or value[0] in _TRICKS:
        return ""
    return f"{found['key']}: {json.dumps(value, ensure_ascii=False)}"


def _block(lines: Sequence[tuple[int, str]], has_head: bool) -> Block:
    """Return the block of `lines`; a head that lacks its colon gets it."""
    first, head = lines[0]
    found = _KEY.fullmatch(head) if has_head else None
    exercise, value = (found["key"], found["value"]) if found else (head.rstrip(), "")
    if has_head and not found:
        head = f"{exercise}:"
    whole = SheetPart(first, "\n".join([head, *(line for _, line in lines[1:])]))
    below = lines[1:] if has_head else lines
    has_entries = value.strip()[:1] in ("", "#")
    return Block(exercise if has_head else "", whole, tuple(_entries(below)) if has_entries else ())


def _entries(lines: Iterable[tuple[int, str]]) -> Iterator[SheetPart]:
    """Yield each question with the lines of its answer: those of a list, and those further to the right."""
    entry: list[str] = []
    begin, margin = 0, 0
    for number, line in lines:
        bare = line.strip()
        indent = len(line) - len(line.lstrip())
        if entry and (not bare or bare.startswith("- ") or (indent > margin and not _KEY.fullmatch(bare))):
            entry.append(f"  {bare}")
            continue
        if entry:
            yield SheetPart(begin, "\n".join(entry))
        entry, begin, margin = [bare] if bare else [], number, indent
    if entry:
        yield SheetPart(begin, "\n".join(entry))


def _is_content(line: str) -> bool:
    """Return True for a line that is no comment, no mark of a document and not blank."""
    return bool(line.strip()) and not line.lstrip().startswith("#") and not _MARK.fullmatch(line)


def _is_head(line: str) -> bool:
    """Return True for a line that names an exercise: at the margin, with nothing or a mapping after it."""
    found = _KEY.fullmatch(line)
    value = found["value"].strip() if found else ""
    return bool(_WORD.fullmatch(line)) or bool(found and (not value or value[0] in "{#"))
