"""Faults of checks, questions, criteria and hints: places and msgids; golden tests have the sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author.lint_criteria import faults
from sharklab.lab import load
from tests.support.labs import write_lab

BROKEN = Path(__file__).parents[2] / "golden" / "broken"


def found(folder: Path) -> list[tuple[str, str, object]]:
    """Return the place below the first exercise, the msgid, and the name or problem of each fault."""
    lab = load.read(folder / "lab.yml")
    told = faults(lab, ("exercise",), lab.exercises[0])
    return [
        (".".join(map(str, at[1:])), error.message_id, error.values.get("name", error.values.get("kind", "")))
        for at, error in told
    ]


def test_faults_of_a_right_lab_are_none(tmp_path: Path) -> None:
    """A lab without mistakes has no faults."""
    assert [] == found(write_lab(tmp_path / "mylab"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unknown-check", [("checks.1", "unknown check {name!r}", "finn")]),
        ("unknown-question", [("questions.0", "unknown question {name!r}", "server_adress")]),
        (
            "check-without-parameter",
            [
                ("checks.1", "check {kind}, {parameter}: {problem}", "dns"),
                ("checks.2", "check {kind}, {parameter}: {problem}", "transport"),
            ],
        ),
        (
            "criteria",
            [
                ("criteria.0", "unknown check {name!r}", "handshaek"),
                ("criteria.1.id", "duplicate criterion {name!r}", "opening"),
                ("criteria.1", "the exercise does not ask {name!r}", "transport"),
                ("criteria.2", "check {kind} looks at what only a run records", "probes"),
                ("criteria.3", "check {kind}: {problem}", "dns"),
                ("criteria.3", "unknown question {name!r}", "nonsense"),
                ("criteria.4.hints.0", "check {kind} looks at what only a run records", "output"),
            ],
        ),
        (
            "hints",
            [
                ("hints.handshaek", "unknown criterion {name!r}", "handshaek"),
                ("hints.handshake.0", "hints after one without `when` are never given", ""),
                ("hints.handshake.1", "check {kind} looks at what only a run records", "output"),
                ("hints.fin.0", "a hint holds a value of the seat", ""),
                ("hints.server_port.0", "unknown question {name!r}", "lokal_port"),
                ("hints.server_port.0", "a hint gives away the port {port}, which is asked for", ""),
                ("hints.server_port.1", "the exercise does not ask {name!r}", "local_port"),
            ],
        ),
    ],
)
def test_faults_have_their_place(name: str, expected: list[tuple[str, str, str]]) -> None:
    """Each fault of the exercise is found once, where it is."""
    assert expected == found(BROKEN / name)
