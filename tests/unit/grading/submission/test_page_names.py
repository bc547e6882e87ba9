"""The words of a page that name exercises and questions."""

from __future__ import annotations

import pytest

from sharklab.checks import QUESTIONS
from sharklab.checks.question import End, Value
from sharklab.grading.submission.page_names import PageNames, of
from sharklab.lab.model import Exercise
from tests.support import report_run


@pytest.fixture(scope="module")
def exercises(tmp_path_factory: pytest.TempPathFactory) -> tuple[Exercise, ...]:
    """Return the exercises ssh ("Application 1 : une connexion SSH"; its capture is a 3way) and dns."""
    return report_run.of_pages(tmp_path_factory.mktemp("run")).lab.exercises


@pytest.mark.parametrize(
    ("text", "near", "exact", "of_capture"),
    [
        ("Ma connexion SSH", ["ssh"], [], ["ssh"]),
        ("SSH", ["ssh"], ["ssh"], ["ssh"]),
        ("Application 1", ["ssh"], ["ssh"], []),
        ("3way handshake", [], [], ["ssh"]),
        ("SSH et DNS", ["ssh", "dns"], [], []),
        ("5. Connexion SSH", ["ssh"], [], ["ssh"]),
        ("connexion SSH", ["ssh"], ["ssh"], ["ssh"]),
        ("Autre", [], [], []),
    ],
)
def test_names_of_exercises(
    text: str, near: list[str], exact: list[str], of_capture: list[str], exercises: tuple[Exercise, ...]
) -> None:
    """A heading has the name among other words, a cell has it alone; a capture's name comes last."""
    names = PageNames(exercises)
    found = names.near(text), names.exact(text), names.of_capture(text)
    assert [near, exact, of_capture] == [[each.id for each in some] for some in found]


def test_words_are_those_of_all_names(exercises: tuple[Exercise, ...]) -> None:
    """They are no other things in a label."""
    assert {"application", "1", "une", "connexion", "ssh"} == PageNames(exercises).words(exercises[0])


@pytest.mark.parametrize(
    ("label", "text", "found"),
    [
        ("server_port", "22", {"server_port": False}),
        ("Port du serveur SSH", "22", {"server_port": False}),
        ("Port", "22", {"server_port": True}),
        ("Serveur", "192.0.2.9:22", {"server_address": False, "server_port": False}),
        ("Rien", "22", {}),
    ],
)
def test_asked_questions(
    label: str, text: str, found: dict[str, bool], exercises: tuple[Exercise, ...]
) -> None:
    """By the name of the form or by words; True where no end is named."""
    assert found == PageNames(exercises).find_questions(exercises[0], label, text)


def test_of_tells_value_and_end() -> None:
    """As labels name them."""
    assert (Value.PORT, End.CLIENT) == of(QUESTIONS["local_port"])
