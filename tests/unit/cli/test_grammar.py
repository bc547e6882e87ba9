"""The list of verbs: examples that parse, options that exist, groups of two words."""

from __future__ import annotations

import shlex

import pytest

from sharklab.cli import main
from sharklab.cli.grammar import GROUPS, SECTIONS, VERBS, first_word_help
from sharklab.cli.options import OPTIONS


@pytest.mark.parametrize("name", VERBS)
def test_example_of_a_verb_is_a_command_line(name: str) -> None:
    """What the help shows can be typed."""
    assert name == main.parse(shlex.split(VERBS[name].example), "en").verb


def test_verbs_have_options_that_exist() -> None:
    """Each option is in the table, and each of the table is an option of a verb; --lang is everywhere."""
    used = {option for verb in VERBS.values() for option in verb.options}
    assert {"lang"} == set(OPTIONS) - used
    assert set() == used - set(OPTIONS)


def test_verbs_of_two_words_have_a_group() -> None:
    """The first word of such a verb has a help of its own."""
    assert {name.partition(" ")[0] for name in VERBS if " " in name} == set(GROUPS)


def test_sections_have_each_first_word_once() -> None:
    """The help of `sharklab` lists every verb, or the subject of verbs of two words, in one section."""
    listed = [word for words in SECTIONS.values() for word in words]
    assert sorted({name.partition(" ")[0] for name in VERBS}) == sorted(listed)
    assert "List the labs." == first_word_help("labs")
    assert GROUPS["seats"] == first_word_help("seats")
