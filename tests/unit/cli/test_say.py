"""How the command line speaks: text or JSON, and the languages of a report."""

from __future__ import annotations

import json

import pytest

from sharklab import i18n
from sharklab.cli.options import Options
from sharklab.cli.say import SCHEMA, languages, say, warn
from sharklab.message import Message


def test_say_prints_text_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    """A verb without --output prints text; no text is no line."""
    say(Options(verb="down"), "done", seats=[])
    say(Options(verb="status", output="text"), "", seats=[])
    assert "done\n" == capsys.readouterr().out


def test_say_prints_an_envelope_for_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema and the verb are named; letters stay as they are."""
    say(Options(verb="labs", output="json"), "done", labs=["é"])
    text = capsys.readouterr().out
    assert {"schema": SCHEMA, "verb": "labs", "labs": ["é"]} == json.loads(text)
    assert "é" in text


@pytest.mark.parametrize("language", i18n.languages())
def test_languages_begin_with_the_readers(language: str) -> None:
    """A report is written in each language, the reader's first."""
    found = languages(Options(language=language))
    assert (language, sorted(i18n.languages())) == (found[0], sorted(found))


def test_words_of_hosts_do_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A student names a file, or has a program print: the instructor sees the letters."""
    say(Options(output="text", verb="fetch"), "a\x1b[2J\x1b]52;c;x\x07b\nc")
    warn(Options(language="en"), [Message("d\x9b2J")])
    told = capsys.readouterr()
    assert ("ab\nc\n", "d\N{REPLACEMENT CHARACTER}2J\n") == (told.out, told.err)
