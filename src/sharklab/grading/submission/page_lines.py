"""Read a page of Markdown or plain text as lines: its headings, the rows of its tables, and other lines.

Only that much of Markdown is read that tells where a line belongs. Source: CommonMark 0.31 4.2 (headings),
4.3 (underlined ones), 4.5 (fences); GitHub Flavored Markdown 4.10 (tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

from sharklab.grading.submission import page_html

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s*(\S.*)")
_UNDERLINE = re.compile(r"(=+|-{3,})\s*")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_RULE = re.compile(r"[\s|:+-]*|=+\s*")
"""The line between the head of a table and its rows, or across a page."""
_BULLET = re.compile(r"\s*(?:[-*+>•]\s+|\d{1,3}[.)]\s+|\[[ xX]\]\s+|[^\x00-\x7f\w\s]+\s+)*")
"""The signs before a text: of lists, quotes and tasks, and pictures (emoji)."""
_MARKUP = re.compile(r"\*\*|`|</?[A-Za-z][^<>]*>")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_FRAMES = str.maketrans(dict.fromkeys("│┃║", "|") | dict.fromkeys("─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬╭╮╯╰", "-"))
"""The lines of a table that a program drew."""
LONGEST = 1000
"""Characters of a line that a person wrote."""
LINES = 5_000
"""Lines of a page that are read."""
LOWEST = 7
"""The level of a heading that is only a line of its own; Markdown's go from 1 to 6."""


@dataclass(frozen=True)
class PageLine:
    """A line of a page: its number, its text without markup, and its cells when it is a row of a table.

    `level` is that of a heading, 0 for another line. `first` tells the first row of a table. `indent` are the
    characters before the text of another line, and `item` tells that a sign of a list is among them.
    """

    number: int
    text: str
    level: int = 0
    cells: tuple[str, ...] = ()
    first: bool = False
    indent: int = 0
    item: bool = False


def lines(text: str) -> Iterator[PageLine]:
    """Yield the first `LINES` lines of a page that say anything, without those longer than `LONGEST`."""
    return islice(_lines(text), LINES)


def _lines(text: str) -> Iterator[PageLine]:
    fence, in_table = "", False
    for (number, whole), (_, below) in pairwise(chain(_short(text), [(0, "")])):
        line = whole.translate(_FRAMES).rstrip() if len(whole) <= LONGEST else ""
        found = _FENCE.match(line)
        if found and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1][:3]
            continue
        if not line or _RULE.fullmatch(line):
            in_table = in_table and bool(line)
            continue
        page_line = _line(number, line, below if not fence else "", bool(fence))
        in_row = bool(page_line.cells)
        yield from _break_line(replace(page_line, first=in_row and not in_table))
        in_table = in_row


def _short(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a page; an editor of web pages writes a whole text in one, with `<br>` in it."""
    for number, line in page_html.lines(text):
        for part in _BREAK.split(line) if len(line) > LONGEST else (line,):
            yield number, part


def _break_line(line: PageLine) -> Iterator[PageLine]:
    """Yield a line, or each of those into which HTML breaks it."""
    if line.level or line.cells:
        yield line
    else:
        yield from (replace(line, text=_plain(text)) for text in _BREAK.split(line.text))


def _line(number: int, line: str, below: str, fenced: bool) -> PageLine:
    heading = _HEADING.fullmatch(line)
    if heading and not fenced:
        return PageLine(number, _plain(heading[2].rstrip("# \t")), len(heading[1]))
    is_row = line.strip().count("|") >= (1 if line.lstrip().startswith("|") else 2)
    if below[:1] in ("=", "-") and _UNDERLINE.fullmatch(below) and not is_row and not fenced:
        return PageLine(number, _plain(line), 1 if below.startswith("=") else 2)
    if is_row or (line.strip().count("\t") > 1 and not fenced):
        cells = line.strip().removeprefix("|").removesuffix("|").split("|" if is_row else "\t")
        return PageLine(number, _plain(line), cells=tuple(map(_plain, cells)))
    text = _BULLET.sub("", line, count=1)
    signs = line[: len(line) - len(text)]
    return PageLine(number, " ".join(text.split()), indent=len(signs), item=bool(signs.strip()))


def _plain(text: str) -> str:
    bare = _BREAK.sub(" ", _BULLET.sub("", text, count=1))
    if "[" in bare:
        bare = _LINK.sub(r"\1", bare)
    return _MARKUP.sub("", bare).strip()
