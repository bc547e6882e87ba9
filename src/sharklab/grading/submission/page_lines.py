"""Read a page of Markdown or plain text as lines: its headings, the rows of its tables, and other lines.

Only that much of Markdown is read that tells where a line belongs. Source: CommonMark 0.31 4.2 (headings),
4.3 (underlined ones), 4.5 (fences); GitHub Flavored Markdown 4.10 (tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s*(\S.*?)[\s#]*")
_UNDERLINE = re.compile(r"(=+|-{3,})\s*")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_RULE = re.compile(r"[\s|:-]*|=+\s*")
"""The line between the head of a table and its rows, or across a page."""
_BULLET = re.compile(r"\s*(?:[-*+>•]\s+|\d{1,3}[.)]\s+|\[[ xX]\]\s+|[^\x00-\x7f\w\s]+\s+)*")
"""The signs before a text: of lists, quotes and tasks, and pictures (emoji)."""
_MARKUP = re.compile(r"\*\*|`|</?[A-Za-z][^<>]*>")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
LONGEST = 1000
"""Characters of a line that a person wrote."""
LOWEST = 7
"""The level of a heading that is only a line of its own; Markdown's go from 1 to 6."""


@dataclass(frozen=True)
class PageLine:
    """A line of a page: its number, its text without markup, and its cells when it is a row of a table.

    `level` is that of a heading, 0 for another line. `first` tells the first row of a table. `indent` are the
    characters before the text of another line.
    """

    number: int
    text: str
    level: int = 0
    cells: tuple[str, ...] = ()
    first: bool = False
    indent: int = 0


def lines(text: str) -> Iterator[PageLine]:
    """Yield the lines of a page that say anything; one that is longer than `LONGEST` does not."""
    fence, in_table = "", False
    for number, (line, below) in enumerate(pairwise([*text.splitlines(), ""]), 1):
        found = _FENCE.match(line)
        if found and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1][:3]
            continue
        page_line = _line(number, line[:LONGEST], below[:LONGEST] if not fence else "", bool(fence))
        in_row = bool(page_line.cells)
        if len(line) <= LONGEST and not _RULE.fullmatch(line):
            yield from _break_line(replace(page_line, first=in_row and not in_table))
        in_table = in_row


def _break_line(line: PageLine) -> Iterator[PageLine]:
    """Yield a line, or each of those into which HTML breaks it."""
    if line.level or line.cells:
        yield line
    else:
        yield from (replace(line, text=_plain(text)) for text in _BREAK.split(line.text))


def _line(number: int, line: str, below: str, fenced: bool) -> PageLine:
    heading = _HEADING.fullmatch(line)
    if heading and not fenced:
        return PageLine(number, _plain(heading[2]), len(heading[1]))
    underline = _UNDERLINE.fullmatch(below)
    if underline and line.strip() and "|" not in line and not fenced:
        return PageLine(number, _plain(line), 1 if below.startswith("=") else 2)
    if line.strip().count("|") >= (1 if line.lstrip().startswith("|") else 2):
        cells = tuple(map(_plain, line.strip().removeprefix("|").removesuffix("|").split("|")))
        return PageLine(number, _plain(line), cells=cells)
    indent = len(line) - len(_BULLET.sub("", line, count=1))
    return PageLine(number, _BULLET.sub("", line, count=1), indent=indent)


def _plain(text: str) -> str:
    bare = _LINK.sub(r"\1", _BREAK.sub(" ", _BULLET.sub("", text, count=1)))
    return _MARKUP.sub("", bare).strip()
