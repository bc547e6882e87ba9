"""Errors in the language of the reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import i18n
from sharklab.cli import main
from sharklab.errors import InputError, MachineryError, SharklabError
from sharklab.hosts.providers import this_computer
from sharklab.message import Message
from tests.support import provider_seat

pytestmark = pytest.mark.usefixtures("own_state")
"""Compiled catalogues of a test stay in its own folder."""


def test_errors_are_said_in_the_language_of_the_reader(capsys: pytest.CaptureFixture[str]) -> None:
    """An error's message, its hint and the word before it are French for who reads French."""
    assert main.main(["lint", "tp55", "--lang", "fr"]) == InputError.exit_code
    assert "TP: il n'y a pas de TP nommé 'tp55'\n  conseil\N{NO-BREAK SPACE}: " in capsys.readouterr().err


def test_errors_are_english_for_whoever_else_asks() -> None:
    """str() of an error, its message and its hint are English, with their values as they are."""
    error = MachineryError("no {what}", place="here", hint="make {what}", what="{file}")
    assert ("no {file}", "make {file}") == (error.message, error.hint)
    assert str(error) == "here: no {file}\n  hint: make {file}"


def test_errors_leave_the_words_of_tools_alone() -> None:
    """What a tool said may hold braces, with and without values beside it."""
    assert str(SharklabError("{oops}")) == "{oops}"
    assert str(SharklabError("{oops}", hint="{n}", n=1)) == "{oops}\n  hint: 1"


def test_errors_say_their_problems_in_the_same_language() -> None:
    """The problems of an error are said with it."""
    error = InputError("the disk is full", problems=(InputError("is missing", place="a"),))
    assert error.say(i18n.translator("fr").gettext) == "le disque est plein\na: est absent"
    assert str(error) == "the disk is full\na: is missing"


def test_errors_say_their_place_in_the_same_language() -> None:
    """A place that is a word is translated; a name is not."""
    french = i18n.translator("fr").gettext
    assert MachineryError("is missing", place=Message("system")).say(french) == "système: est absent"
    assert MachineryError("is missing", place="system").say(french) == "system: est absent"


def test_errors_say_what_is_within_them_in_the_same_language(tmp_path: Path) -> None:
    """The reason of a host that did not come up is French for who reads French; its console is not.

    The console has colours and an animation, which an error does not show.
    """
    own = provider_seat.plan("ada", 1)
    own = replace(own, seat=replace(own.seat, folder=tmp_path))
    console = tmp_path / "hosts" / "server" / "console.log"
    console.parent.mkdir(parents=True)
    console.write_text(
        "\x1bM\r\x1b[K[ \x1b[0;31m*\x1b[0m] Job a\n\x1bM\r\x1b[K[\x1b[0;1;31mFAILED\x1b[0m] Failed {x}\n"
    )
    said = this_computer.boot_failure(own, "server", Message("the host ended while it booted"))
    reason = "la machine s'est arrêtée pendant son démarrage\n[ *] Job a\n[FAILED] Failed {x}"
    assert f"{console}: la machine server n'a pas démarré\N{NO-BREAK SPACE}: {reason}" in said.say(
        i18n.translator("fr").gettext
    )
