"""The command line before a verb starts: what argparse says, in the language of the reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import i18n
from sharklab.cli import main
from sharklab.cli.grammar import VERBS
from sharklab.cli.options import OPTIONS
from sharklab.errors import InputError


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep compiled catalogues of a test in its own folder, and speak English when nothing is said."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.mark.parametrize(
    ("words", "english", "french"),
    [
        (["up"], "the following arguments are required: LAB", "il manque des arguments : TP"),
        (["shell", "tp4"], "required: HOST\n", "il manque des arguments : HÔTE\n"),
        (["labs", "x"], "unrecognized arguments: x", "arguments inconnus : x"),
        (["dance"], "argument VERB: invalid choice: 'dance'", "argument VERBE : choix non valide : 'dance'"),
        (
            ["grade", "x", "--jobs", "y"],
            "invalid int value: 'y'",
            "argument --jobs : valeur non valide (int) : 'y'",
        ),
        (["labs", "--output", "pdf"], "invalid choice: 'pdf' (choose from", "'pdf' (choisissez parmi"),
        (
            ["up", "tp4", "--os"],
            "argument --os: expected one argument",
            "argument --os : il faut un argument",
        ),
        (["status", "--o=json", "--help=1"], "ignored explicit argument '1'", "ne prend pas de valeur : '1'"),
        (
            ["up", "tp4", "--o", "x"],
            "ambiguous option: --o could match",
            "option ambiguë : --o peut désigner",
        ),
    ],
)
def test_parse_errors(
    words: list[str], english: str, french: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line is told in the language of --lang."""
    for language, said, hint in (("en", english, "hint"), ("fr", french, "conseil")):
        assert main.main([*words, "--lang", language]) == InputError.exit_code
        told = capsys.readouterr().err
        assert said in told and f"\n  {hint}: sharklab" in told


def test_parse_errors_follow_the_locale(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --lang, and when --lang is no language of ours, the locale decides."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    main.main(["up"])
    main.main(["labs", "--lang", "tlh"])
    told = capsys.readouterr().err
    assert "il manque des arguments : TP" in told
    assert "'tlh' n'est pas une langue que parle sharklab" in told


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_in_one_language(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No line of the help is the same in both languages, but for names of options."""
    pages = []
    for language in ("en", "fr"):
        with pytest.raises(SystemExit):
            main.main([*verb.split(), "--lang", language, "--help"])
        pages.append(capsys.readouterr().out.splitlines())
    english, french = (set(filter(str.strip, page)) for page in pages)
    assert {line for line in english & french if not line.lstrip().startswith(("-", "[", "{"))} <= {
        "options:"
    }


def test_languages_of_the_command_line_are_those_there_are() -> None:
    """--lang takes each language that has a catalogue."""
    assert sorted(OPTIONS["lang"][1]["choices"]) == sorted(i18n.languages())


@pytest.mark.parametrize(
    ("line", "own", "command"),
    [
        ("shell tp4 client ls -la", "shell tp4 client", "ls -la"),
        ("shell tp4 client ls --lang xx --help", "shell tp4 client", "ls --lang xx --help"),
        ("--lang fr shell tp4 --user root client ls", "--lang fr shell tp4 --user root client", "ls"),
        ("shell tp4 client --user=root tail -n 1", "shell tp4 client --user=root", "tail -n 1"),
        ("shell tp4 client -- ls -- x", "shell tp4 client", "ls -- x"),
        ("shell tp4 client ls -- x", "shell tp4 client", "ls -- x"),
        ("shell tp4 client --student alice", "shell tp4 client --student alice", ""),
        ("run tp4 --pace fast", "run tp4 --pace fast", ""),
        ("test -- -k x", "test", "-k x"),
        ("nonsense a b c d", "nonsense a b c d", ""),
    ],
)
def test_a_command_of_the_users_needs_no_sign(line: str, own: str, command: str) -> None:
    """It begins after the host, as in ssh(1). Options before it are ours, the others are its own."""
    assert (own.split(), command.split()) == main.split_command(line.split())
