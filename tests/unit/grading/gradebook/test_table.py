"""The gradebook as CSV: a line for each student, numbers, and no formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from sharklab.grading.gradebook import table
from sharklab.grading.gradebook.model import Class
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


def _group_work() -> Class:
    """Return a class in which bob has the result of alice's submission."""
    group = sample.whole()
    alice = replace(group.entries[0], group="G1")
    bob = replace(group.entries[1], group="=G1", author="alice", result=alice.result)
    return replace(group, entries=(alice, bob, *group.entries[2:]))


def test_gradebook_names_the_group_and_who_handed_in() -> None:
    """The mark of a member is that of the group's submission."""
    rows = _read(table.gradebook(_group_work()))
    assert [("G1", "", "4.5"), ("'=G1", "alice", "4.5"), ("", "", "1")] == [
        (row["group"], row["handed_in_by"], row["points"]) for row in rows[:3]
    ]


@pytest.mark.parametrize(
    ("language", "separator", "points"),
    [("fr", ";", ["-0,5", "4,5", "8", "56,25"]), ("en", ",", ["-0.5", "4.5", "8", "56.25"])],
)
def test_spreadsheet_has_the_signs_of_its_language(language: str, separator: str, points: list[str]) -> None:
    """A mark of UTF-8, the separator and the decimal sign that a spreadsheet of that language expects."""
    content = table.spreadsheet(sample.whole(), language)
    assert content.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), delimiter=separator))
    assert {15} == set(map(len, rows))
    assert ["alice", "Alice Müller", points] == [*rows[1][:2], rows[1][6:10]]
    assert "2026-11-21 00:13:20" == rows[1][11]


def test_spreadsheet_speaks_its_language() -> None:
    """Headings, states and reasons are in French; the titles of exercises as well."""
    rows = list(
        csv.reader(io.StringIO(table.spreadsheet(sample.whole(), "fr").removeprefix("\ufeff")), delimiter=";")
    )
    assert ["Identifiant", "Nom"] == rows[0][:2]
    assert "Une connexion SSH" in rows[0]
    assert ["noté", "illisible", "non rendu"] == [rows[number][10] for number in (1, 4, 6)]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_spreadsheet_runs_no_formula(language: str) -> None:
    """Names, groups, files and reasons are students' words; only numbers begin with a sign."""
    separator = ";" if language == "fr" else ","
    content = table.spreadsheet(_group_work(), language).removeprefix("\ufeff")
    cells = [cell for row in csv.reader(io.StringIO(content), delimiter=separator) for cell in row]
    risky = [cell for cell in cells if cell.strip()[:1] in ("=", "+", "@", "-")]
    assert ["-0.5".replace(".", "," if language == "fr" else ".")] * 2 == risky


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
