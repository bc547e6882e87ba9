"""The students whom the name of a file or folder names."""

from __future__ import annotations

import pytest

from sharklab.grading.gradebook.named import ClassNames
from sharklab.lab.roster import Student

ROSTER = (
    Student("alice", "Alice Martin", ""),
    Student("bob", "Bob Durand", ""),
    Student("alice.martin", "Anne-Marie Dupont", ""),
    Student("21901234", "Zoé Lefèvre", "", group="Les Pingouins"),
    Student("21905678", "Jean de la Tour", "", group="Les Pingouins"),
    Student("ed", "Ed", "", group="G1"),
    Student("eve", "Eve", "", group="1"),
)


@pytest.mark.parametrize(
    ("name", "students"),
    [
        ("alice", ["alice"]),
        ("ALICE", ["alice"]),
        ("alice.martin", ["alice.martin"]),
        ("tp4-alice.martin", ["alice.martin"]),
        ("tp4_alice", ["alice"]),
        ("alice-bob", ["alice", "bob"]),
        ("TP4 bob et alice", ["alice", "bob"]),
        ("Martin Alice", ["alice"]),
        ("DupontAnneMarie_TP4", ["alice.martin"]),
        ("tp4 - Zoe Lefevre & Bob Durand", ["bob", "21901234"]),
        ("rendu-21905678", ["21905678"]),
        ("jean de la tour", ["21905678"]),
        ("les-pingouins", ["21901234", "21905678"]),
        ("tp4-les_pingouins", ["21901234", "21905678"]),
        ("pingouins", []),
        ("les-pingouins-old", []),
        ("tp4-G1", ["ed"]),
        ("ed-tp4", []),
        ("ed", ["ed"]),
        ("alicebob", []),
        ("malice", []),
        ("Martin", []),
        ("", []),
    ],
)
def test_names_of(name: str, students: list[str]) -> None:
    """Ids between signs, full names in any spelling, and groups at the end; the longest counts."""
    assert students == [each.id for each in ClassNames(ROSTER).of(name)]


def test_names_without_a_roster_name_nobody() -> None:
    """A class without a list has folders of anybody."""
    assert () == ClassNames(()).of("alice")
