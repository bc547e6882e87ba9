"""answers.yml taken apart: exercises, questions, and the number of each line."""

from __future__ import annotations

import pytest

from sharklab.grading.submission.sheet_parts import Block, SheetPart, blocks, mend_line


def test_blocks_have_each_exercise_with_its_questions() -> None:
    """A comment and a blank line keep their place and lose their text."""
    text = "# form\r\nweb:\r\n  a: 1\r\n\r\n  # more\r\n  b:\r\n  - 2\r\nssh:\r\n  c: 3\r\n"
    above, web, ssh = blocks(text)
    assert Block("", SheetPart(1, ""), ()) == above
    assert (
        Block(
            "web",
            SheetPart(2, "web:\n  a: 1\n\n\n  b:\n  - 2"),
            (SheetPart(3, "a: 1\n  \n  "), SheetPart(6, "b:\n  - 2")),
        )
        == web
    )
    assert ("ssh", 8, (SheetPart(9, "c: 3\n  "),)) == (ssh.exercise, ssh.whole.line, ssh.entries)


def test_blocks_give_a_lone_word_the_colon_of_an_exercise() -> None:
    """Nothing else stands alone at the margin."""
    [block] = blocks("web\n  a: 1")
    assert ("web", "web:\n  a: 1") == (block.exercise, block.whole.text)


def test_blocks_keep_a_mapping_in_braces_whole() -> None:
    """Its lines are no questions of their own."""
    [block] = blocks("web: {a: 1,\n  b: 2}")
    assert ("web", ()) == (block.exercise, block.entries)


def test_blocks_count_a_line_at_the_margin_to_the_exercise_above() -> None:
    """A question that lost its indentation, and a line that is none."""
    [block] = blocks("web:\n  a: 1\nb: 2\nwhat is this\n    more of it\n")
    expected = (SheetPart(2, "a: 1"), SheetPart(3, "b: 2"), SheetPart(4, "what is this\n  more of it\n  "))
    assert expected == block.entries


def test_blocks_of_lines_above_the_first_exercise_have_no_name() -> None:
    """Nobody knows whose questions they are; marks of documents are none."""
    above, web = blocks("---\n  a: 1\nweb:\n...\n")
    assert ("", (SheetPart(2, "a: 1"),)) == (above.exercise, above.entries)
    assert ("web", ()) == (web.exercise, web.entries)


@pytest.mark.parametrize(
    ("line", "better"),
    [
        ("transport:TCP", 'transport: "TCP"'),
        ("transport: TCP: SYN", 'transport: "TCP: SYN"'),
        ("'transport' :a\\b", "'transport': \"a\\\\b\""),
        ("transport:", ""),
        ("transport", ""),
        ("transport: *TCP", ""),
        ("transport: [TCP", ""),
        ("ports:1\n  2", ""),
    ],
)
def test_mended_gives_the_answer_as_text(line: str, better: str) -> None:
    """What means something else in YAML is left to its error, and so are several lines."""
    assert better == mend_line(SheetPart(7, line))
