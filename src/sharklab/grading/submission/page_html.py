"""Turn the HTML of a page into lines of Markdown: headings, lists and tables, with the lines they begin in.

Students write tables in HTML within Markdown, and export pages of a word processor or of a note book. Tags of
blocks become lines; others stay, and `page_lines` leaves them out. The time is linear in the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)\b[^<>]*>")
_BLOCK_NAMES = "p div section article ul ol li dl dt dd pre blockquote details summary hr"
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_TABLE = frozenset({"table", "thead", "tbody", "tfoot", "caption", "tr", "td", "th"})
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_HIDDEN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))
"""The first and the last characters of a text that no reader sees."""


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a page without HTML's blocks, and the number of the line where it begins."""
    for begin, end in _HIDDEN:
        text = _without(text, begin, end)
    page, last, number = _Page(), 0, 1
    for tag in _TAG.finditer(text):
        name = tag["name"].casefold()
        if name in _BLOCKS or name in _HEADINGS or name in _TABLE:
            yield from page.text(text[last : tag.start()], number)
            number += text.count("\n", last, tag.end())
            last = tag.end()
            yield from page.tag(name, bool(tag["close"]), number)
    yield from page.text(text[last:], number)
    yield from page.end()


def _without(text: str, begin: str, end: str) -> str:
    """Return a text without the parts from `begin` to `end`; their line ends stay."""
    if begin not in text.casefold():
        return text
    plain, kept, at = text.casefold(), list[str](), 0
    if len(plain) != len(text):  # a few letters have small forms of another length
        plain = text
    while (start := plain.find(begin, at)) >= 0 and (stop := plain.find(end, start)) >= 0:
        kept += [text[at:start], "\n" * text.count("\n", start, stop)]
        at = stop + len(end)
    return "".join([*kept, text[at:]])


class _Page:
    """The lines as they are collected: a piece of text, or the cells of a row."""

    def __init__(self) -> None:
        self._prefix, self._line, self._number = "", list[str](), 1
        self._cells: list[str] | None = None
        self._in_table = False

    def text(self, text: str, number: int) -> Iterator[tuple[int, str]]:
        """Take a text without tags of blocks that begins in the line `number`."""
        if self._cells is not None:
            if self._cells:
                self._cells[-1] += text.replace("\n", " ").replace("|", "/")
            return
        for offset, part in enumerate(text.split("\n")):
            if offset:
                yield from self._flush(always=not self._in_table)
            if part:
                self._number = self._number if self._line else number + offset
                self._line.append(part)

    def tag(self, name: str, close: bool, number: int) -> Iterator[tuple[int, str]]:
        """Take the tag of a block."""
        if name in _TABLE:
            yield from self._of_table(name, close, number)
        elif self._cells is not None:
            yield from self.text(" ", number)
        else:
            yield from self._flush()
            self._prefix = "" if close else _prefix(name)

    def _of_table(self, name: str, close: bool, number: int) -> Iterator[tuple[int, str]]:
        if name in ("td", "th"):
            self._cells = self._cells or []
            self._cells += [] if close else [""]
            return
        yield from self._flush()
        self._in_table = name != "table" or not close
        self._number = number
        self._cells = [] if name == "tr" and not close else None

    def end(self) -> Iterator[tuple[int, str]]:
        """Yield the last line."""
        yield from self._flush()

    def _flush(self, *, always: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the line or the row that was collected; `always` one that is empty too."""
        if self._cells is not None:
            cells = [" ".join(html.unescape(cell).split()) for cell in self._cells]
            self._cells = None
            if cells:
                yield self._number, f"| {' | '.join(cells)} |"
            return
        line, self._line = "".join(self._line), []
        if line.strip():
            yield self._number, self._prefix + html.unescape(line)
            self._prefix = ""
        elif always:
            yield self._number, ""


def _prefix(name: str) -> str:
    """Return the sign of Markdown before the text of a block."""
    if name in _HEADINGS:
        return "#" * int(name[1]) + " "
    return "- " if name == "li" else ""
