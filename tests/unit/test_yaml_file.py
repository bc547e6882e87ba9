"""YAML files of labs and roles: YAML 1.2's plain values, lines, and keys that are there twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sharklab import yaml_file
from sharklab.errors import InputError
from sharklab.message import N_
from tests.support.errors import error_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("0644", 644),
        ("0x1F", 31),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("~", None),
        ("''", ""),
        ("[1, a]", [1, "a"]),
    ],
)
def test_read_plain_values(text: str, value: object) -> None:
    """Values are those of YAML 1.2's core schema, not of YAML 1.1."""
    found = yaml_file.read(f"key: {text}").data["key"]
    assert (value, type(value)) == (found, type(found))


def test_read_an_empty_text() -> None:
    """Nothing is nothing, on line 1."""
    document = yaml_file.read("# a remark\n")
    assert (None, 1) == (document.data, document.line(("a", "b")))


def test_read_merges() -> None:
    """A key of a mapping wins over what is merged into it."""
    text = "base: &base {a: 1, b: 2}\nkey: {<<: *base, b: 3}\n"
    assert {"a": 1, "b": 3} == yaml_file.read(text).data["key"]


def fault(text: str) -> tuple[str | None, int]:
    """Return the message id of what is wrong with a text, and its line."""
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml_file.read(text)
    mark = caught.value.problem_mark
    return caught.value.problem, mark.line + 1 if mark else 0


def test_read_refuses_a_key_twice() -> None:
    """The second of two equal keys is a fault, at its line."""
    assert (N_("this key appears twice"), 2) == fault("a: 1\na: 2\n")


@pytest.mark.parametrize("text", ["[1]: 2\n", "{a: 1}: 2\n"], ids=["list", "mapping"])
def test_read_refuses_a_key_that_is_no_word(text: str) -> None:
    """A list or a mapping as a key is a fault with a line, and no crash."""
    assert (N_("a key must be a word, not a list or a mapping"), 1) == fault(text)


@pytest.mark.parametrize(
    ("path", "line"),
    [((), 1), (("b",), 2), (("b", 0), 3), (("b", 1, "d"), 5), (("b", 1, "e"), 4), (("x",), 1), (("b", 7), 2)],
)
def test_line(path: tuple[str | int, ...], line: int) -> None:
    """The line is that of the deepest part which is there."""
    document = yaml_file.read("a: 1\nb:\n  - 1\n  - c: 2\n    d: 3\n")
    assert line == document.line(path)


def test_read_refuses_a_part_that_contains_itself() -> None:
    """An alias inside of its anchor would never end; one anchor that is used twice is fine."""
    assert (N_("this part contains itself, by its anchor (&) and an alias (*)"), 1) == fault(
        "a: &a\n  b: *a\n"
    )
    assert {"a": [1], "b": [1], "c": [[1], [1]]} == yaml_file.read("a: &a [1]\nb: *a\nc: [*a, *a]\n").data


@pytest.mark.parametrize(
    ("text", "line", "fault", "hint"),
    [
        ("a:\n\tb: 1\n", 2, "a tab cannot indent a line", "write spaces"),
        ("a: `b`\n", 1, "a text cannot begin with `", "put the text between quotes"),
        ("a: 1\nb: {{ c }}\n", 2, "a key must be a word", "put the text with double braces between quotes"),
        ("a: b: c\n", 1, "mapping values are not allowed", "check indentation, colons and quotes"),
        ("a: [\n", 2, "did not find expected node content", "check indentation, colons and quotes"),
    ],
)
def test_read_file_tells_line_cause_and_remedy(
    text: str, line: int, fault: str, hint: str, tmp_path: Path
) -> None:
    """libyaml alone names no tab and no character."""
    file = tmp_path / "lab.yml"
    file.write_text(text)
    error = error_of(InputError, yaml_file.read_file, file)
    assert (f"{file}:{line}", hint) == (error.place, error.hint)
    assert str(error.values["fault"]).startswith(fault)


def test_read_file_of_no_text(tmp_path: Path) -> None:
    """Bytes of another encoding, a character that YAML forbids, and a folder are bad input."""
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "bell").write_bytes(b"a: \x07")
    for name in ("latin", "bell", "."):
        assert str(tmp_path / name) == error_of(InputError, yaml_file.read_file, tmp_path / name).place
