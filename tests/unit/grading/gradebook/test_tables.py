"""What other programs read of a gradebook: CSV, Moodle's worksheet, JUnit XML, Gradescope's JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import moodle, table
from sharklab.grading.gradebook.gradescope import gradescope
from sharklab.grading.gradebook.junit import junit
from sharklab.grading.gradebook.model import Class
from tests.support import gradebook_sample as sample

FRENCH = (
    'Identifiant,"Nom complet","Adresse de courriel",Statut,Note,"Note maximale",'
    '"La note peut être modifiée","Dernière modification (travail remis)",'
    '"Dernière modification (note)","Feedback par commentaires"'
)
ENGLISH = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"'
)


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


def _sheet(folder: Path, head: str, *rows: str, encoding: str = "utf-8") -> Path:
    file = folder / "worksheet.csv"
    file.write_bytes("".join(line + "\r\n" for line in (head, *rows)).encode(encoding))
    return file


def test_fill_changes_grade_and_comment_only(tmp_path: Path) -> None:
    """Everything else in the file is byte for byte what Moodle wrote, its odd quoting too."""
    odd = '"Participant 1002",Bob,"bob@example.org","Remis, en retard",,"20,00",Oui,"mardi 24 ""nov""",-,'
    file = _sheet(tmp_path, FRENCH, odd)
    moodle.fill(file, sample.whole())
    comment = "Une connexion SSH: 4/5 · Une requête DNS: 1/3"
    expected = odd.removesuffix(",").replace(',,"20,00"', ',"12,50","20,00"') + f',"{comment}"'
    assert f"{FRENCH}\r\n{expected}\r\n" == file.read_bytes().decode()


def test_fill_speaks_the_worksheets_language(tmp_path: Path) -> None:
    """An English sheet has English comments and a decimal point."""
    file = _sheet(tmp_path, ENGLISH, 'Participant 1001,"Alice",,Submitted,,100.00,Yes,-,-,')
    filled = moodle.fill(file, sample.whole())
    row = _read(file.read_text())[0]
    assert ("56.25", 1) == (row["Grade"], filled.graded)
    assert row["Feedback comments"].startswith("An SSH connection: 4/5 · A DNS query: 1/3 · late by 3 h")


def test_fill_twice_gives_the_same_file(tmp_path: Path) -> None:
    """A worksheet can be filled again after a regrade."""
    file = _sheet(tmp_path, FRENCH, '"Participant 1001","Alice Müller",,Remis,,"20,00",Oui,-,-,')
    moodle.fill(file, sample.whole())
    once = file.read_bytes()
    moodle.fill(file, sample.whole())
    assert once == file.read_bytes()


@pytest.mark.parametrize(
    "row",
    [
        "Participant 1003,Nobody,other@example.org,,,8.00,Yes,-,-,",
        "Participant 9,Nobody,CAROL@example.org,,,8.00,Yes,-,-,",
        "Participant 9,carol,,,,8.00,Yes,-,-,",
    ],
)
def test_fill_finds_students(tmp_path: Path, row: str) -> None:
    """By identifier, else by email address, else by name."""
    file = _sheet(tmp_path, ENGLISH, row)
    assert 1 == moodle.fill(file, sample.whole()).graded
    assert "1.00" == _read(file.read_text())[0]["Grade"]


def test_fill_leaves_locked_and_unknown_rows(tmp_path: Path) -> None:
    """A grade that may not be changed stays, a stranger's too; both are told."""
    rows = ("Participant 1001,Alice,,,7,20.00,No,-,-,mine", "Participant 5,Zoe,,,3,20.00,Yes,-,-,")
    file = _sheet(tmp_path, ENGLISH, *rows)
    before = file.read_bytes()
    filled = moodle.fill(file, sample.whole())
    assert before == file.read_bytes()
    assert ((0, ("alice",), ("bob", "carol", "erin"))) == (filled.graded, filled.locked, filled.absent)


def test_fill_escapes_formulas_in_comments(tmp_path: Path) -> None:
    """What was refused is named by the student, so that it may look like a formula."""
    group = sample.whole()
    late = sample.late()
    problem = replace(late.problems[0], file="=1+1")
    bad = replace(group.entries[0], result=replace(late, exercises=(), adjustments=(), problems=(problem,)))
    file = _sheet(tmp_path, ENGLISH, "Participant 1001,Alice,,,,20.00,Yes,-,-,")
    moodle.fill(file, Class(group.lab, group.title, (bad,), group.tool))
    assert _read(file.read_text())[0]["Feedback comments"].startswith("'=1+1")


def test_fill_keeps_mark_and_encoding(tmp_path: Path) -> None:
    """A byte order mark and a file of Windows's encoding stay as they are."""
    row = '"Participant 1001","Müller",,Remis,,"20,00",Oui,-,-,'
    for encoding in ("utf-8-sig", "cp1252"):
        file = _sheet(tmp_path, FRENCH, row, encoding=encoding)
        moodle.fill(file, sample.whole())
        assert "11,25" in file.read_bytes().decode(encoding)
        assert encoding == "cp1252" or file.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("content", ["", "a,b\r\n1,2\r\n", "Identifier;Status\r\n"])
def test_fill_refuses_another_table(tmp_path: Path, content: str) -> None:
    """A file that is no worksheet is left alone."""
    file = tmp_path / "other.csv"
    file.write_bytes(content.encode())
    with pytest.raises(InputError, match="worksheet"):
        moodle.fill(file, sample.whole())
    assert content.encode() == file.read_bytes()


def test_junit_counts_every_criterion() -> None:
    """Suites are students, cases are criteria; what cannot be decided is an error."""
    root = ElementTree.fromstring(junit(sample.whole()))  # noqa: S314 (our own)
    assert {"tests": "26", "failures": "6", "errors": "9", "skipped": "5"} == {
        key: root.get(key) for key in ("tests", "failures", "errors", "skipped")
    }
    assert ["alice", "bob", "carol", "dan", "erin", "frank"] == [suite.get("name") for suite in root]


def test_junit_tells_expected_and_found() -> None:
    """A failure has the words of its criterion."""
    root = ElementTree.fromstring(junit(sample.whole()))  # noqa: S314 (our own)
    [failure] = root.findall("testsuite[@name='alice']/testcase[@name='server_port']/failure")
    assert failure.get("message", "").startswith("Criterion server_port: =HYPERLINK")
    assert (
        "points: 0/1\nexpected: a port of the server\nlook: look at the destination of the SYN"
        == failure.text
    )


def test_junit_has_no_control_characters() -> None:
    """What XML cannot hold is shown as a picture of it."""
    assert "\x1b" not in junit(sample.whole())


def test_gradescope_has_score_and_tests() -> None:
    """The score is the sum after adjustments; each criterion is a test."""
    found = json.loads(gradescope(sample.late()))
    assert (4.5, 6) == (found["score"], len(found["tests"]))
    first = found["tests"][0]
    assert ("1.1", 4.0, 4.0, "passed") == tuple(
        first[key] for key in ("number", "score", "max_score", "status")
    )
    assert {"failed"} == {test["status"] for test in found["tests"][3:]}
    assert "-0.5 points: late by 3 h\ncaptures/lost.pcap: the capture is empty" == found["output"]
