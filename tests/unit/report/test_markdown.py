"""Text stays text in Markdown, and an author's prose becomes safe HTML."""

from __future__ import annotations

import itertools

import pytest
from markdown_it import MarkdownIt

from sharklab.report import markdown

HOSTILE = [
    "# heading",
    "- item",
    "1. item",
    "a | b",
    "*bold* _em_ ~~gone~~",
    "[link](http://example.test)",
    "<b>html</b> &amp;",
    "`code`",
    "a\n\nb",
    "\\| back",
    "$x$",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_escape_shows_just_the_text(text: str) -> None:
    """Rendered, escaped text is the text itself in one paragraph."""
    rendered = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown.escape(text))
    assert [token.type for token in rendered] == ["paragraph_open", "inline", "paragraph_close"]
    shown = "".join(child.content for child in rendered[1].children or [])
    assert " ".join(text.split()) == shown


def test_escape_leaves_markdown_as_it_is() -> None:
    """Text that is Markdown already is not escaped twice."""
    once = markdown.escape("*bold*")
    assert once == markdown.escape(once) != "*bold*"


@pytest.mark.parametrize("text", [*HOSTILE, "``two``", "`"])
def test_cell_keeps_a_table_row_whole(text: str) -> None:
    """A code span in a cell neither ends the cell nor the span."""
    table = f"| a | b |\n| --- | --- |\n| {markdown.cell(text)} | end |\n"
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(table)
    cells = [after for before, after in itertools.pairwise(tokens) if before.type == "td_open"]
    [shown] = [child.content for child in cells[0].children or [] if child.type == "code_inline"]
    assert (" ".join(text.split()), "end") == (shown, cells[1].content)


def test_cell_of_nothing_is_empty() -> None:
    """Two lone backticks would be shown as such."""
    assert markdown.cell("") == ""


@pytest.mark.parametrize("text", ["```\n# out\n", "````", "a\n```python\nb", "~~~"])
def test_fence_cannot_be_closed_by_its_content(text: str) -> None:
    """Whatever a command prints, it is one block."""
    [token] = MarkdownIt("commonmark").parse(markdown.fence(text))
    assert (token.type, token.content) == ("fence", text.rstrip("\n") + "\n")


def test_html_shows_raw_html_as_text_and_no_pictures() -> None:
    """An author cannot put elements or requests into the page."""
    shown = markdown.html("<script>x</script> ![a](http://example.test/a.png) [b](javascript:alert(1))")
    assert [tag in shown for tag in ("<script", "<img", 'href="javascript')] == [False, False, False]


def test_html_puts_headings_below_those_of_the_page() -> None:
    """The page's outline stays in order."""
    assert markdown.html("# Title") == "<h4>Title</h4>\n"


def test_html_keeps_french_signs_on_their_line() -> None:
    """The space before a semicolon does not break, but code stays as it is."""
    assert markdown.html("un ; `a ; b`") == "<p>un\u00a0; <code>a ; b</code></p>\n"


def test_empty_head_of_a_table_is_no_head() -> None:
    """A reader of screens gets no head without a name; the other heads stay."""
    made = markdown.html("| | port |\n|---|---|\n| a | b |\n")
    assert ("<td></td>" in made, made.count("<th")) == (True, 2)  # thead, and one th
