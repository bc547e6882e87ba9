"""Pages of Markdown and text as lines: headings, rows of tables, and the rest."""

from __future__ import annotations

import pytest

from sharklab.grading.submission.page_lines import LINES, LONGEST, lines


@pytest.mark.parametrize(
    ("text", "level", "shown"),
    [
        ("# TP4", 1, "TP4"),
        ("###SSH ##", 3, "SSH"),
        ("## 1. **SSH**", 2, "SSH"),
        ("SSH\n===", 1, "SSH"),
        ("SSH\n---", 2, "SSH"),
        ("    # a command", 0, "# a command"),
        ("- port: `22`", 0, "port: 22"),
        ("udp 0.0.0.0:57862 *:*", 0, "udp 0.0.0.0:57862 *:*"),
        ("a | b", 0, "a | b"),
    ],
)
def test_lines_finds_headings_and_leaves_out_markup(text: str, level: int, shown: str) -> None:
    """Of the ways of CommonMark; the stars of netstat stay."""
    [line] = lines(text)
    assert (1, shown, level, ()) == (line.number, line.text, line.level, line.cells)


def test_lines_of_a_fence_have_no_headings() -> None:
    """They are commands and their output; other fences inside are lines."""
    text = "```sh\n# as root\n~~~\n---\n```\n# SSH"
    assert [(2, 0), (3, 0), (6, 1)] == [(line.number, line.level) for line in lines(text)]


def test_lines_leaves_out_what_no_person_wrote() -> None:
    """A line of a thousand characters is read, a longer one is not; the numbers go on."""
    text = f"{'a' * LONGEST}\n{'a' * (LONGEST + 1)}\nb"
    assert [1, 3] == [line.number for line in lines(text)]


def test_lines_splits_the_rows_of_tables() -> None:
    """Each table has a first row; the rule below it says nothing."""
    text = "|a|**b**|\n|:-|-|\n| c | d |\n\na | b | c\n"
    assert [
        (1, ("a", "b"), True),
        (3, ("c", "d"), False),
        (5, ("a", "b", "c"), True),
    ] == [(line.number, line.cells, line.first) for line in lines(text)]


@pytest.mark.parametrize(
    ("text", "shown", "indent"),
    [
        ("port: 22", "port: 22", 0),
        ("  - [x] port: 22", "port: 22", 8),
        ("🌞 **Port** : 22", "Port : 22", 2),
        ("> - port: 22", "port: 22", 4),
        ("IP : [192.0.2.7](http://192.0.2.7)", "IP : 192.0.2.7", 0),
        ("<li>port: 22</li>", "port: 22", 2),
    ],
)
def test_lines_tell_where_a_text_begins(text: str, shown: str, indent: int) -> None:
    """Without tasks, pictures, links and tags."""
    [line] = lines(text)
    assert (shown, indent) == (line.text, line.indent)


def test_lines_of_html_are_broken() -> None:
    """Each has the number of the line in the file; the cells of a table are whole."""
    assert [(2, "a"), (2, "b")] == [(each.number, each.text) for each in lines("\na<br>b")]
    [row] = lines("| a<br>b | c |")
    assert ("a b", "c") == row.cells


@pytest.mark.parametrize("text", ["a\tb\tc", "│ a │ b │ c │", "<tr><td>a<td>b<td>c</tr>"])
def test_lines_splits_tables_of_other_programs(text: str) -> None:
    """Of a spreadsheet, drawn ones, and those in HTML."""
    [row] = lines(text)
    assert ("a", "b", "c") == row.cells


def test_lines_stops_after_as_many_as_people_write() -> None:
    """A longer page was made by a program."""
    assert LINES == len(list(lines("a\n" * (LINES + 5))))


def test_lines_breaks_a_long_line_of_html() -> None:
    """An editor in a browser writes a whole text in one."""
    text = f"<p>{'x<br>' * LONGEST}port: 22<br/>end</p>"
    assert ["x", "port: 22", "end"] == [line.text for line in lines(text)][-3:]
