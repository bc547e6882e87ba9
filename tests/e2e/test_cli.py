"""The command line as a user meets it: exit codes, messages, languages, help."""

from __future__ import annotations

import json

import pytest

from sharklab.cli import main
from sharklab.cli.grammar import VERBS
from tests.conftest import Call


def test_labs_lists_tp4_in_both_languages(sharklab: Call) -> None:
    """The language is that of --lang."""
    assert "TCP, UDP et services réseau" in sharklab("labs", "--lang", "fr").stdout
    assert "TCP, UDP and network services" in sharklab("labs", "--lang", "en").stdout


def test_language_follows_the_locale(sharklab: Call) -> None:
    """Without --lang the locale decides."""
    assert "services réseau" in sharklab("labs", env={"LANG": "fr_FR.UTF-8"}).stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help is a plain sentence and one example."""
    with pytest.raises(SystemExit) as ended:
        main.main([*verb.split(), "--help", "--lang", "en"])
    said = " ".join(capsys.readouterr().out.split())
    assert not ended.value.code
    assert VERBS[verb].help in said and f"sharklab {VERBS[verb].example}" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "tp5"], 2, "did you mean tp4?"),
        (["lint", "nosuch"], 2, "no lab named 'nosuch'"),
        (["up", "tp4", "--student", "../x"], 2, "cannot be the name of a student"),
        (["up", "tp4", "--provider", "cloud"], 2, "nspawn"),
        (["up", "tp4", "--os", "beos"], 2, "debian12"),
        (["nonsense"], 2, "invalid choice"),
        (["shell", "tp4", "sever", "--student", "nobody"], 2, "server"),
        (["shell", "tp4", "server", "--student", "nobody-here"], 3, "sharklab up tp4"),
        (["report", "tp4", "--student", "nobody-here"], 3, "sharklab run tp4"),
        (["down"], 2, "--all"),
    ],
)
def test_bad_input_gets_one_message(sharklab: Call, words: list[str], code: int, said: str) -> None:
    """A fault of the user's is one message with a hint, and never a traceback."""
    done = sharklab(*words, "--lang", "en")
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr


def test_errors_are_json_for_scripts(sharklab: Call) -> None:
    """With --output json an error is JSON too."""
    done = sharklab("lint", "nosuch", "--output", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["place"] == "LAB"


def test_down_of_a_seat_that_is_not_up(sharklab: Call) -> None:
    """Removing what is not there is fine and says so."""
    done = sharklab("down", "tp4", "--student", "nobody-here", "--lang", "en")
    assert (done.returncode, done.stdout) == (0, "No seat is up.\n")


def test_brief_has_the_seats_values(sharklab: Call) -> None:
    """The brief needs no host to be up and shows the seat's own names."""
    done = sharklab("brief", "tp4", "--student", "zoe", "--lang", "en")
    assert done.returncode == 0 and ".tp4.test" in done.stdout and "{{" not in done.stdout
