"""The gradebook as CSV: a line for each student, numbers, and no formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from sharklab.grading.gradebook import table
from tests.support import gradebook_sample as sample


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_gradebook_has_a_line_for_each_student() -> None:
    """Whoever handed in nothing, or something unreadable, is in it too."""
    rows = _read(table.gradebook(sample.whole()))
    assert ["alice", "bob", "carol", "dan", "erin", "frank"] == [row["student"] for row in rows]
    assert ["graded"] * 3 + ["unreadable", "graded", "missing"] == [row["state"] for row in rows]


def test_gradebook_has_points_and_what_was_taken_off() -> None:
    """Exercises, adjustments and the sum are numbers; the time is ISO 8601."""
    row = _read(table.gradebook(sample.whole()))[0]
    found = {
        name: row[name] for name in ("ssh", "dns", "adjustments", "points", "worth", "percent", "handed_in")
    }
    assert {
        "ssh": "4",
        "dns": "1",
        "adjustments": "-0.5",
        "points": "4.5",
        "worth": "8",
        "percent": "56.25",
        "handed_in": "2026-11-21T00:13:20Z",
    } == found


def test_gradebook_of_nobody_has_a_heading() -> None:
    """A class without a result is a table without columns of exercises."""
    group = replace(sample.whole(), entries=())
    assert ",".join([*table.COLUMNS, *table.TOTALS]) + "\r\n" == table.gradebook(group)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t=", "\r@", "x;=", "x,\t+", "x\n-", "\uff1d"])
def test_text_defuses_formulas(start: str) -> None:
    """No cell begins like a formula, even when the file is split at another separator."""
    cells = table.text(start + "1+1").replace(";", "\n").replace(",", "\n").split("\n")
    assert [] == [cell for cell in cells if cell.strip()[:1] in ("=", "+", "-", "@", "\uff1d")]


def test_text_leaves_ordinary_words() -> None:
    """Names and hyphens within words stay."""
    assert "Marie-Ève O’Neil, 3 = trois" == table.text("Marie-Ève O’Neil, 3 = trois")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0"), (-0.0, "0"), (12.0, "12"), (0.125, "0.125"), (-1.5, "-1.5"), (100, "100")],
)
def test_number_is_short(value: float, expected: str) -> None:
    """Points have the decimals that say something."""
    assert expected == table.number(value)
