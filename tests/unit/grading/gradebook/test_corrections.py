"""The marks that an instructor sets by hand, as a spreadsheet saves them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.grading.gradebook import corrections
from sharklab.grading.marking.policy import Correction
from sharklab.lab import load

LAB = load.read_named("tcpdump")


def write(tmp_path: Path, text: str) -> Path:
    """Return a file with this text."""
    file = tmp_path / "corrections.csv"
    file.write_bytes(text.encode())
    return file


def refused(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    """Return the place and the sentence of each problem that a table has."""
    with pytest.raises(InputError) as found:
        corrections.read(write(tmp_path, text)).check({"alice"}, LAB)
    problems = found.value.problems or (found.value,)
    return [(str(each.place).rpartition("/")[2], str(each.sentence)) for each in problems]


def test_of_finds_the_lines_of_a_student_in_a_french_spreadsheet(tmp_path: Path) -> None:
    """Semicolons, decimal commas, a byte order mark, a true minus, and an exercise by its title."""
    text = (
        "\ufeffÉtudiant;Exercice;Points;Commentaire\r\n"
        "00123;UNE CONNEXION REFUSÉE;1,5;Le schéma est juste.\r\n"
        "00123;;−2;Rendu sur papier.\r\n"
        "bob;refused;7;Vu au tableau.\r\n"
    )
    found = corrections.read(write(tmp_path, text))
    assert found.of("00123", LAB) == (
        Correction("refused", 1.5, "Le schéma est juste."),
        Correction("", -2.0, "Rendu sur papier."),
    )
    assert found.of("nobody", LAB) == ()
    found.check({"00123", "bob"}, LAB)


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("student,points\nalice,2\n", "corrections.csv", "the first line lacks these columns: comment"),
        ("student,points,comment\nalice,two,x\n", "corrections.csv:2", "'two' are no points"),
        ("student,points,comment\nalice,inf,x\n", "corrections.csv:2", "'inf' are no points"),
        ("student,points,comment\nalice,2,\n", "corrections.csv:2", "a correction needs a comment"),
        (
            "student,exercise,points,comment\nalice,refused,-1,x\n",
            "corrections.csv:2",
            "an exercise cannot earn less than nothing",
        ),
        ("student,points,comment\nzoe,2,x\n", "corrections.csv:2", "'zoe' is not in this class"),
        (
            "student,exercise,points,comment\nalice,web,1,x\n",
            "corrections.csv:2",
            "'web' is no exercise of tcpdump",
        ),
        (
            "student,exercise,points,comment\nalice,refused,1,x\nalice,Refused,2,y\n",
            "corrections.csv:3",
            "another line corrects the same exercise of alice",
        ),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, place: str, sentence: str) -> None:
    """Nothing is graded while a line is about nobody, about no exercise, or without its reason."""
    assert refused(tmp_path, text) == [(place, sentence)]


def test_all_wrong_lines_are_named_at_once(tmp_path: Path) -> None:
    """The instructor mends the file once."""
    text = "student,points,comment\nalice,x,y\nalice,1,\nalice,1,fine\n"
    assert [place for place, _ in refused(tmp_path, text)] == ["corrections.csv:2", "corrections.csv:3"]
