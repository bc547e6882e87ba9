"""The command line before a verb starts: what argparse says, in the language of the reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharklab import i18n
from sharklab.cli import main
from sharklab.cli.grammar import GROUPS, VERBS
from sharklab.cli.options import OPTIONS
from sharklab.errors import InputError
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep compiled catalogues of a test in its own folder, and speak English when nothing is said."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def refused(words: list[str], language: str) -> tuple[str, str]:
    """Return what argparse says of a wrong command line, with plain spaces, and its place."""
    error = error_of(InputError, main.parse, words, language)
    return str(error.values["said"]).replace("\N{NO-BREAK SPACE}", " "), str(error.place)


@pytest.mark.parametrize(
    ("words", "english", "french"),
    [
        (["up"], "the following arguments are required: LAB", "il manque des arguments : TP"),
        (["shell", "tp4"], "the following arguments are required: HOST", "il manque des arguments : MACHINE"),
        (["labs", "x"], "unrecognized arguments: x", "arguments inconnus : x"),
        (
            ["grade", "x", "--jobs", "y"],
            "argument --jobs: invalid int value: 'y'",
            "argument --jobs : valeur non valide (int) : 'y'",
        ),
        (
            ["up", "tp4", "--os"],
            "argument --os: expected one argument",
            "argument --os : il faut un argument",
        ),
        (
            ["status", "--o=json", "--help=1"],
            "argument -h/--help: ignored explicit argument '1'",
            "argument -h/--help : cette option ne prend pas de valeur : '1'",
        ),
    ],
)
def test_parse_errors(words: list[str], english: str, french: str) -> None:
    """A wrong command line is told in the language of --lang."""
    told = {}
    for language in ("en", "fr"):
        with i18n.lent(language):
            told[language], _ = refused(words, language)
    assert {"en": english, "fr": french} == told


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["dance"], ["dance"]),
        (["labs", "--output", "pdf"], ["pdf", "text", "json"]),
        (["up", "tp4", "--o", "x"], ["--o", "--os", "--output"]),
    ],
)
def test_parse_errors_name_the_choices(words: list[str], names: list[str]) -> None:
    """The wrong word and the right ones are named, in French by a sentence of its own."""
    said = []
    for language in ("en", "fr"):
        with i18n.lent(language):
            said.append(refused(words, language)[0])
    assert [] == [name for name in names for text in said if name not in text]
    assert said[0] != said[1]


def test_main_prints_an_error_with_its_hint_in_the_language_of_the_locale(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --lang, and when --lang is no language of ours, the locale decides."""
    for locale, hint in (("fr_FR.UTF-8", "conseil"), ("C.UTF-8", "hint")):
        monkeypatch.setenv("LC_ALL", locale)
        for words in (["up"], ["labs", "--lang", "tlh"]):
            assert InputError.exit_code == main.main(words)
            first, second = capsys.readouterr().err.splitlines()[:2]
            assert first.startswith("sharklab: ")
            assert [hint] == second.split()[:1] or second.strip().startswith(f"{hint}:")


def test_main_tells_a_script_the_error_and_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The error is JSON on standard output, and text on standard error all the same."""
    code = main.main(["lint", "no-such-lab", "--output", "json"])
    told = capsys.readouterr()
    content = json.loads(told.out)
    assert (InputError.exit_code, "error") == (code, content["verb"]) == (content["exit_code"], "error")
    assert {"message", "message_id", "place", "hint"} == set(content["error"])
    assert "there is no lab named {name!r}" == content["error"]["message_id"]
    assert content["error"]["message"] in told.err


def test_parse_gives_the_words_after_two_dashes_to_the_verb() -> None:
    """They are a command of the user, not options of sharklab."""
    args = main.parse(["shell", "tp4", "client", "--", "ls", "--help"], "en")
    assert (["ls", "--help"], "tp4", "client") == (args.command, args.lab, args.host)
    error = error_of(InputError, main.parse, ["labs", "--", "ls"], "en")
    assert ("this verb takes no command", "labs") == (error.message_id, error.values["verb"])


@pytest.mark.parametrize("verb", ["", *GROUPS, *VERBS])
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
    ("line", "name", "value"),
    [
        ("fetch tp4 --student alice client:web.pcap", "files", ["client:web.pcap"]),
        ("fetch tp4 --stud alice client:web.pcap", "student", "alice"),
        ("--lang fr down --student alice tp4", "lab", "tp4"),
        ("reset tp4 --yes nfs", "subject", "nfs"),
        ("image build --os debian12 tp4 ports", "labs", ["tp4", "ports"]),
        ("test tests/unit -x tests/style", "arguments", ["tests/unit", "-x", "tests/style"]),
    ],
)
def test_options_may_come_before_other_words(line: str, name: str, value: object) -> None:
    """argparse alone leaves a word over that may be absent and follows an option. Words of pytest stay."""
    assert value == getattr(main.parse(line.split(), "en"), name)


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


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_lists_the_verbs_by_subjects(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`sharklab` alone is no mistake: it shows the help, as --help does."""
    with pytest.raises(SystemExit) as end:
        main.main(words)
    assert 0 == end.value.code
    lines = capsys.readouterr().out.splitlines()
    assert "usage: sharklab VERB ..." == lines[0]
    assert "  labs     List the labs." == lines[lines.index("Labs and their images:") + 1]
    assert lines.index("A class:") < lines.index("options:")
