"""The faults of a seat: the same everywhere, spread over a class, and the causes that a question offers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import InputError
from sharklab.lab import fault_catalogue, fault_choice, load, seat
from tests.support import faults_sample as sample
from tests.support.errors import error_of

CLASS = [f"student{number:02}" for number in range(30)]


def test_choose_gives_one_fault_of_each_list() -> None:
    """Each exercise with lists has a fault of each, and the same one again."""
    lists = {exercise.id: exercise.faults for exercise in sample.lab().exercises}
    first, again = sample.own().faults, sample.own().faults
    assert first == again
    assert {*lists} == {*first}
    for exercise, chosen in first.items():
        assert len(lists[exercise]) == len(chosen)
        assert all(fault in listed for fault, listed in zip(chosen, lists[exercise], strict=True))


def test_choose_needs_the_secret() -> None:
    """Another course has other faults: the names of its students tell nothing."""
    other = [seat.derive(sample.lab(), student, bytes(32)).faults for student in CLASS]
    assert other != [sample.own(student).faults for student in CLASS]


def test_choose_spreads_the_faults_over_a_class() -> None:
    """Of a class of 30, each fault of each list has a student, and none has more than half of them."""
    for exercise in sample.lab().exercises:
        given = Counter(sample.own(student).faults[exercise.id][0] for student in CLASS)
        assert {*exercise.faults[0]} == {*given}
        assert max(given.values()) <= len(CLASS) / 2


def test_lists_of_pannes_are_long_enough_for_a_class() -> None:
    """The choice is free for each student: a list of three gives one of them to half a class at times."""
    assert all(len(listed) >= 4 for exercise in sample.lab().exercises for listed in exercise.faults)


def test_choose_gives_nothing_to_a_lab_without_faults() -> None:
    """A seat of another lab has no faults, and its file none either."""
    own = seat.sample(load.read_named("tp4"))
    assert {} == own.faults
    assert "faults" not in seat.to_plain(own)


def test_try_one_replaces_the_fault_of_its_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the exercise that names it has another fault. The seat keeps it until it is removed."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    own = sample.own()
    assert own == fault_choice.with_tried(sample.lab(), own)
    for fault in sample.lab().exercises[0].faults[0]:
        tried = fault_choice.try_one(sample.lab(), own, fault)
        assert {**own.faults, "mail": (fault,)} == tried.faults
        assert tried == fault_choice.with_tried(sample.lab(), own)
    assert own.folder == state.seat_folder("pannes", "alice")
    (own.folder / "plan.json").touch()
    error = error_of(InputError, fault_choice.try_one, sample.lab(), own, "fw-rich-deny")
    assert "seat {lab}/{student} exists already, with its own faults" == error.message_id


@pytest.mark.parametrize(("fault", "near"), [("fw-wrong-zoen", "fw-wrong-zone"), ("nonsense", "")])
def test_try_one_refuses_a_fault_that_the_lab_does_not_name(fault: str, near: str) -> None:
    """The nearest name helps; without one, all are listed."""
    error = error_of(InputError, fault_choice.try_one, sample.lab(), sample.own(), fault)
    assert ("--fault", near) == (error.place, error.values["near"])


def test_choices_are_the_list_and_two_others() -> None:
    """The causes of an exercise have the faults of its list among them, in an order that tells nothing."""
    [exercise] = [each for each in sample.lab().exercises if each.id == "mail"]
    offered = fault_choice.choices(exercise, sample.own())
    assert {*exercise.faults[0]} < {*offered}
    assert len(exercise.faults[0]) + fault_choice.MORE == len(offered)
    assert all(title == fault_catalogue.find(id).title for id, title in offered.items())
    orders = {tuple(fault_choice.choices(exercise, replace(sample.own(), token=name))) for name in CLASS}
    assert len(orders) > 1
