"""Write text into Markdown (GitHub Flavored Markdown) so that it stays text, and prose into HTML."""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")
_FRENCH_SPACE = re.compile(r" (?=[;:?!»])|(?<=«) ")
_LINE_START = re.compile(r"^(\s*)([-+=#]|\d+(?=[.)](?:\s|$)))", re.ASCII)


class MarkdownText(str):
    """Text that is Markdown already and is written as it stands."""


def escape(value: object) -> MarkdownText:
    """Return `value` as inline Markdown that shows just its text, on one line."""
    if isinstance(value, MarkdownText):
        return value
    text = _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
    return MarkdownText(_LINE_START.sub(_escape_start, text))


def _escape_start(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def code(value: object) -> MarkdownText:
    """Return `value` as a code span on one line; nothing when it is empty."""
    text = " ".join(str(value).split())
    if not text:
        return MarkdownText("")
    ticks = _ticks(text, 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return MarkdownText(f"{ticks}{pad}{text}{pad}{ticks}")


def cell(value: object) -> MarkdownText:
    """Return `value` as a code span in a table, where a bar must be escaped even in code."""
    return MarkdownText(code(value).replace("|", "\\|"))


def fence(value: object, language: str = "console") -> MarkdownText:
    """Return `value` in a fenced block that nothing in it can close."""
    ticks = _ticks(str(value), 3)
    body = str(value).rstrip("\n")
    return MarkdownText(f"{ticks}{language}\n{body}\n{ticks}")


def _ticks(text: str, least: int) -> str:
    runs = re.findall(r"`+", text)
    return "`" * max(least, *(len(run) + 1 for run in runs)) if runs else "`" * least


def html(prose: str, deepest: int = 4) -> Markup:
    """Return an author's Markdown as HTML: no raw HTML, no pictures, headings from h`deepest` down."""
    parser = _parser()
    tokens = parser.parse(prose)
    for index, token in enumerate(tokens):
        if token.type == "th_open" and not tokens[index + 1].content:
            token.tag = tokens[index + 2].tag = "td"  # an empty cell is the head of nothing
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + deepest - 1)}"
        for part in token.children or []:
            if part.type == "text":
                part.content = _FRENCH_SPACE.sub("\u00a0", part.content)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 (html is off)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
