"""The commands of the examples that end-to-end tests type: the command line takes them."""

from __future__ import annotations

import shlex

import pytest

from sharklab.cli import main
from tests.support import doc_console

PAGES = ("classroom.md", "cluster.md", "exam.md", "recording.md", "submitting.md")


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_an_example_are_taken(page: str) -> None:
    """Each is a verb with its options; `tests/e2e` compares what it prints."""
    typed = [shlex.split(each.words.removesuffix(" &")) for each in doc_console.commands(page)]
    own = [words for words in typed if words != ["wait"]]
    assert len(own) > 1 and {"./sharklab"} == {program for program, *_ in own}
    for _, *words in own:
        main.parse(words, "en")
