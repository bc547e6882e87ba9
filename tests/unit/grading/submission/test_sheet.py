"""answers.yml: plain YAML is read as a student means it, tricks are refused before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.submission import sheet
from sharklab.limits import BundleLimits
from sharklab.message import N_
from tests.support.errors import error_of

ANSWERS = Path(__file__).parents[3] / "data" / "answers"


def faults(text: str | bytes) -> list[str]:
    """Return what is said of a sheet that has problems."""
    _, problems = sheet.read(text if isinstance(text, bytes) else text.encode())
    return [str(problem.reason) for problem in problems]


def test_find_gives_the_forms_own_name_first(tmp_path: Path) -> None:
    """Browsers, editors and hands change the name; other files are none."""
    names = ["answers (1).yml", "Answers.YAML", "answers.yml", "answers.yml.txt", "answers-2.yaml"]
    for name in [*names, "my answers.yml", "answers.md", "answers.yml.bak"]:
        (tmp_path / name).touch()
    found = [file.name for file in sheet.find(tmp_path)]
    assert ("answers.yml", sorted(names)) == (found[0], sorted(found))
    assert () == sheet.find(tmp_path / "none")


def test_read_gives_answers_by_exercise_and_question() -> None:
    """Values keep YAML's plain kinds; what is blank is no answer."""
    text = 'web:\n  server_port: 443\n  transport: TCP\n  all: [1, "::1"]\n  empty:\n  blank: "  "\nssh:\n'
    expected = {"web": {"server_port": 443, "transport": "TCP", "all": [1, "::1"]}}
    assert (expected, ()) == sheet.read(text.encode())


def test_read_of_nothing_is_nothing() -> None:
    """An empty file and one of comments have no answer and no fault."""
    assert [({}, ())] * 2 == [sheet.read(b""), sheet.read(b"# nothing yet\n")]


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
ANCHOR = N_("line {line}: anchors and aliases are not allowed")
TAG = N_("line {line}: tags are not allowed")
DEEP = N_("line {line}: lists and mappings are nested too deeply")
INVALID = N_("line {line}: not valid YAML: {fault}")
BELOW = N_("line {line}: the questions of {exercise} must be below it")
SHAPE = N_("line {line}: the file must hold exercises with their questions")
TWICE = N_("line {line}: {question} of {exercise} has an answer already; line {first} counts")
NO_QUESTION = N_("line {line}: this is no question with a colon and an answer")
NO_TEXT = N_("the file is not text")


def refusals(text: str | bytes) -> list[tuple[str, object]]:
    """Return the message and the line of each problem."""
    _, problems = sheet.read(text if isinstance(text, bytes) else text.encode())
    return [(each.reason.msgid, each.reason.values.get("line")) for each in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, [(ANCHOR, 1), (ANCHOR, 2), (ANCHOR, 3)]),
        ("a: {b: *x}\n", [(ANCHOR, 1)]),
        ("a:\n  b: !!python/object/apply:os.system [id]\n", [(TAG, 2)]),
        ("a:\n  b: !<tag:yaml.org,2002:int> 1\n", [(TAG, 2)]),
        ("a:\n  <<: {b: 1}\n", [(N_("line {line}: merge keys are not allowed"), 2)]),
        ("a: " + "[" * 50_000, [(DEEP, 1)]),
        ("a: {b: {c: {d: 1}}}\n", [(DEEP, 1)]),
        ("a:\n  b: 1\n  b: 2\n", [(TWICE, 3)]),
        ("a: {b: " + "9" * 5000 + "}\n", [(INVALID, 1)]),
        ("? [a]\n", [(INVALID, 1)]),
        ("a: {b: 1\nc: {d: 2}\n", [(INVALID, 1)]),
        ("a:\n  b: 'x\n\n  c: 1\n", [(INVALID, 2)]),
        ("a:\n  b: [1,\n  2\n", [(INVALID, 2), (NO_QUESTION, 3)]),
        ("a: b: c\n", [(INVALID, 1)]),
        ("[a, b]\n", [(SHAPE, 1)]),
        ("a:\n  b: 1\nc: 443\n", [(BELOW, 3)]),
        ("  a: 1\nb:\n  c: 2\n", [(BELOW, 1)]),
        ("a:\n  b: 1\nwhat is this\n  c: 2\n", [(NO_QUESTION, 3)]),
        ("a:\n  b: \x01\n", [(N_("line {line}: the answer to {question} has invisible characters"), 2)]),
        ("'a: b':\n  c: 1\n  d: *x\n", [(ANCHOR, 3)]),
        ("a: # none\n  b: c: d\n[\n", [(INVALID, 3)]),
        ("a\u2028b: [\n", [(INVALID, 1)]),
        (b"a: {b: \x81}\n", [(NO_TEXT, None)]),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), [(NO_TEXT, None)]),
    ],
)
def test_read_names_a_bad_line(text: str | bytes, expected: list[tuple[str, object]]) -> None:
    """Each line gets one sentence, with its number."""
    assert expected == refusals(text)


CASES: dict[str, tuple[str, dict[str, object]]] = {
    "colon": ("  transport: TCP: SYN seen\n", {"transport": "TCP: SYN seen"}),
    "no-break blank": ("  transport:\u00a0 TCP\n", {"transport": "TCP"}),
    "no-break blanks before a question": ("\u00a0 transport: TCP\n", {"transport": "TCP"}),
    "quotes of a word processor": ("  transport: “TCP”\n", {"transport": "TCP"}),
    "French quotes": ("  transport: «\u00a0TCP\u00a0»\n", {"transport": "TCP"}),
    "quotes in a list": ("  ports: [“1”, ‘2’]\n", {"ports": ["1", "2"]}),
    "no blank": ("  transport:TCP\n", {"transport": "TCP"}),
    "tab": ("\ttransport: TCP\n", {"transport": "TCP"}),
    "further left": (" transport: TCP\n", {"transport": "TCP"}),
    "at the margin": ("transport: TCP\n", {"transport": "TCP"}),
    "sign of YAML": ("  program: @nginx\n", {}),
    "list": ("  b: [\n  ports:\n  - 1\n  # two\n  - 2\n", {"ports": [1, 2]}),
    "same value twice": ("  server_port: 443\n", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_read_loses_no_other_line_to_a_bad_one(case: str) -> None:
    """A line whose meaning is plain is read; of another that line alone is lost."""
    line, given = CASES[case]
    broken = "" if case in ("no-break blank", "quotes of a word processor") else "x: y: z\n"
    text = f"web:\n  server_port: 443\n{line}  local_port: 50000\nmail:\n  transport: UDP\n{broken}"
    answers, _ = sheet.read(text.encode())
    expected: dict[str, object] = {"server_port": 443, "local_port": 50000, **given}
    assert expected == answers["web"]
    assert "UDP" == answers["mail"]["transport"]


@pytest.mark.parametrize("file", sorted(path.name for path in ANSWERS.glob("*.yml")))
def test_read_of_sheets_that_students_broke(file: str) -> None:
    """All answers of the form are read, and only the second one to a question is named."""
    answers, problems = sheet.read((ANSWERS / file).read_bytes())
    web = {"server_address": "192.0.2.7", "server_port": "443", "local_port": "50000", "transport": "TCP"}
    given = {name: str(value).removesuffix(": SYN seen") for name, value in answers["web"].items()}
    assert (web, {"server_port": 993, "transport": "TCP"}) == (given, answers["mail"])
    expected = [(TWICE, {"line": 10, "first": 3})] if file == "twice.yml" else []
    assert expected == [
        (each.reason.msgid, {name: each.reason.values[name] for name in ("line", "first")})
        for each in problems
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_read_of_another_encoding(encoding: str) -> None:
    """Notepad, PowerShell and older editors of Windows have encodings of their own."""
    text = "# réponses\r\nweb:\r\n  server_port: 443\r\n".replace(
        "é", "e" if encoding == "utf-16-le" else "é"
    )
    assert ({"web": {"server_port": 443}}, ()) == sheet.read(text.encode(encoding))


def test_read_gives_an_exercise_its_colon() -> None:
    """A word above questions can be an exercise only."""
    assert ({"web": {"server_port": 443}}, ()) == sheet.read(b"web\n  server_port: 443\n")


def test_read_of_two_documents_is_of_both() -> None:
    """The mark of a document is no answer."""
    assert ({"a": {"b": 1}, "c": {"d": 2}}, ()) == sheet.read(b"---\na:\n  b: 1\n---\nc:\n  d: 2\n...\n")


def test_read_tells_the_first_problems_and_counts_the_others() -> None:
    """A file that is no form has a problem in each line."""
    _, problems = sheet.read(b"a: b: c\n" * 15)
    assert 11 == len(problems)
    assert {"count": 5} == problems[-1].reason.values


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
    assert {"a": {"c": 1}} == answers


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


def test_names_of_a_sheet_that_is_mended_are_its_exercises(tmp_path: Path) -> None:
    """A form can be added to it; a bad line is named, and not the line where YAML stumbles."""
    text = b"web:\n  server_port:443\n  transport: TCP\nmail:\n"
    assert frozenset({"web", "mail"}) == sheet.names(text, tmp_path)
    error = error_of(InputError, sheet.names, text + b"  program: [\n  transport: UDP\n", tmp_path)
    assert (INVALID, 5) == (error.message_id, error.values["line"])


def test_read_says_that_a_quote_is_never_closed() -> None:
    """YAML would tell that the file ends."""
    _, [problem] = sheet.read(b'web:\n  transport: "TCP\n  server_port: 1\n')
    assert N_("a quote is opened here, and never closed") == problem.reason.values["fault"].msgid


def test_read_names_a_trick_that_leaves_no_bad_line() -> None:
    """Each line of an answer that lies too deep is a good line, alone."""
    deep = "".join(f"{' ' * number}a:\n" for number in range(350))
    _, [problem] = sheet.read(deep.encode())
    assert "line {line}: lists and mappings are nested too deeply" == problem.reason.msgid
    assert 4 == problem.reason.values["line"]
