"""Sentences that need two readings are refused: in pages, messages, docstrings and comments."""

from __future__ import annotations

import pytest

from tests.style.prose_rules import OF_TITLES, RULES, Rule
from tests.style.prose_scopes import SCOPES, page

TITLES = ("messages", "tasks", "options")
"""The scopes whose entries are often titles: of checks, columns and tasks."""


def _broken(scope: str) -> list[str]:
    return [
        f"{sentence.file}:{sentence.line}: {sentence.text}\n    -> {rule.remedy}"
        for sentence in SCOPES[scope]()
        for rule in (*RULES, *(OF_TITLES if scope in TITLES else ()))
        if rule.breaks(sentence.text)
    ]


@pytest.mark.parametrize("scope", SCOPES)
def test_prose_is_plain(scope: str) -> None:
    """No sentence has a pattern of the table; each that has one is shown with its place and its remedy."""
    broken = _broken(scope)
    assert not broken, "\n".join(["", *broken])


def test_every_scope_has_sentences() -> None:
    """A scope whose files have moved is not silently empty."""
    assert [] == [scope for scope, sentences in SCOPES.items() if not any(sentences())]


@pytest.mark.parametrize("rule", [*RULES, *OF_TITLES], ids=lambda rule: rule.refused)
def test_rule_refuses_its_pattern_alone(rule: Rule) -> None:
    """Each rule of the table refuses its bad example and accepts its good one."""
    assert (True, False) == (rule.breaks(rule.refused), rule.breaks(rule.fine))


def test_fine_examples_keep_every_rule() -> None:
    """No good example is refused by another rule."""
    assert [] == [rule.fine for rule in RULES if any(other.breaks(rule.fine) for other in RULES)]


def test_page_is_read_sentence_by_sentence() -> None:
    """A sentence has its own line; a cell is a sentence; code and generated tables are not read."""
    text = (
        "# Title\n\nFirst sentence. Second\nsentence, on two lines. Third: `maybe`.\n\n"
        "| a | b |\n| --- | --- |\n| one | two |\n\n```sh\nmaybe\n```\n\n"
        "<!-- checks: begin -->\n| maybe |\n| --- |\n<!-- checks: end -->\n\n- An item.\n"
    )
    found = [(sentence.line, sentence.text) for sentence in page("x.md", text)]
    assert found == [
        (1, "Title"),
        (3, "First sentence."),
        (3, "Second sentence, on two lines."),
        (4, "Third:"),
        (4, "`code`."),
        (6, "a"),
        (6, "b"),
        (8, "one"),
        (8, "two"),
        (19, "An item."),
    ]
