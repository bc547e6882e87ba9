"""Parts of a Markdown page: the text between two markers, tables, and links to headings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

BAR = "\\|"
"""A bar inside a cell of a table."""


def fill(text: str, name: str, lines: Iterable[str]) -> str:
    """Return a page with `lines` between its markers `name: begin` and `name: end`.

    Raises ValueError for a page without these markers.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return before + begin + "".join(f"{line}\n" for line in lines) + end + after


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; a bar inside a cell is escaped."""
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def code(value: object) -> str:
    """Return a value as code."""
    return f"`{value}`"


def link(heading: str) -> str:
    """Return a link to a heading of the same page, by the anchor that Markdown viewers give it."""
    return f"[{heading.lower()}](#{heading.lower().replace(' ', '-')})"
