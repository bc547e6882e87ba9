"""answers.yml: plain YAML is read as a student means it, tricks are refused before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.submission import sheet
from sharklab.limits import BundleLimits


def faults(text: str | bytes) -> list[str]:
    """Return what is said of a sheet that has problems."""
    _, problems = sheet.read(text if isinstance(text, bytes) else text.encode())
    return [str(problem.reason) for problem in problems]


def test_read_gives_answers_by_exercise_and_question() -> None:
    """Values keep YAML's plain kinds; what is blank is no answer."""
    text = 'web:\n  server_port: 443\n  transport: TCP\n  all: [1, "::1"]\n  empty:\n  blank: "  "\nssh:\n'
    expected = {"web": {"server_port": 443, "transport": "TCP", "all": [1, "::1"]}}
    assert (expected, ()) == sheet.read(text.encode())


def test_read_of_nothing_is_nothing() -> None:
    """An empty file and one of comments have no answer and no fault."""
    assert [({}, ())] * 2 == [sheet.read(b""), sheet.read(b"# nothing yet\n")]


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, "line 1: anchors and aliases are not allowed"),
        ("a: {b: *x}\n", "line 1: anchors and aliases are not allowed"),
        ("a:\n  b: !!python/object/apply:os.system [id]\n", "line 2: tags are not allowed"),
        ("a:\n  b: !<tag:yaml.org,2002:int> 1\n", "line 2: tags are not allowed"),
        ("a:\n  <<: {b: 1}\n", "line 2: merge keys are not allowed"),
        ("a: " + "[" * 50_000, "line 1: lists and mappings are nested too deeply"),
        ("a: {b: {c: {d: 1}}}\n", "line 1: lists and mappings are nested too deeply"),
        ("a:\n  b: 1\n  b: 2\n", "line 3: not valid YAML: this key appears twice"),
        ("a: {b: " + "9" * 5000 + "}\n", "line 1: not valid YAML"),
        ("? [a]\n: b\n", "line 1: not valid YAML: a key must be a word"),
        ("a: b: c\n", "line 1: not valid YAML: mapping values are not allowed in this context"),
        ("--- {}\n--- {}\n", "line 2: not valid YAML: but found another document"),
        ("a: \x01\n", "line 1: not valid YAML: unacceptable character #x0001"),
        ("[a, b]\n", "line 1: the file must hold exercises with their questions"),
        ("a:\n  b: 1\nc: 443\n", "line 3: the questions of c must be below it"),
        (b"a: {b: \xff}\n", "the file is not UTF-8 text"),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "the file is not UTF-8 text"),
    ],
)
def test_read_of_a_trick_is_one_problem(text: str | bytes, expected: str) -> None:
    """Each gets one sentence, with its line."""
    [said] = faults(text)
    assert said.startswith(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{d: 1}", "line 2: the answer to b must be one value or a list"),
        ("[[1]]", "line 2: lists and mappings are nested too deeply"),
        ("x" * 501, "line 2: the answer to b is longer than 500 characters"),
        ('"\\e[2Jcleared"', "line 2: the answer to b has invisible characters"),
        ('"a\\u202Eb"', "line 2: the answer to b has invisible characters"),
        ('["\\0"]', "line 2: the answer to b has invisible characters"),
    ],
)
def test_read_leaves_out_what_is_no_answer(value: str, expected: str) -> None:
    """A bad answer is a problem of its own; the rest counts."""
    answers, problems = sheet.read(f"a:\n  b: {value}\n  c: 1\n".encode())
    assert [expected] == [str(problem.reason) for problem in problems]
    assert {"a": {"c": 1}} == answers or "too deep" in expected


def test_read_keeps_to_its_limits() -> None:
    """How long an answer may be is a limit like the others."""
    _, [problem] = sheet.read(b"a: {b: xyz}", BundleLimits(text=2))
    assert "line 1: the answer to b is longer than 2 characters" == str(problem.reason)


def test_read_says_names_without_what_moves_a_cursor() -> None:
    """A question's name comes from the same stranger."""
    assert ["line 1: the answer to \ufffd[2Jx must be one value or a list"] == faults('a: {"\\e[2Jx": {}}')


def test_names_are_the_exercises_of_a_sheet() -> None:
    """Whether they have answers or not; a sheet of another shape has none."""
    file = Path("answers.yml")
    assert frozenset({"ssh", "7"}) == sheet.names(b"ssh:\n  server_port: 22\n7:\n", file)
    assert frozenset() == sheet.names(b"[ssh]\n", file)
    with pytest.raises(InputError) as caught:
        sheet.names(b"ssh: [", file)
    assert (str(file), "line {line}: not valid YAML: {fault}") == (
        caught.value.place,
        caught.value.message_id,
    )
