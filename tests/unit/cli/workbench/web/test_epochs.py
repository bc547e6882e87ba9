"""Which cookies still count, by the number of the present link."""

from __future__ import annotations

import asyncio

import pytest

from sharklab.cli.workbench.client import DeskRefusal
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.web import epochs
from sharklab.cli.workbench.web.epochs import Epochs

ALICE, OLDER = Reader("alice", epoch=1), Reader("alice", epoch=0)


class Numbers:
    """Answers with the numbers of now, and counts the questions; "away" for no answer."""

    def __init__(self) -> None:
        self.now: dict[str, int] | str = {"alice": 1}
        self.asked = 0

    def __call__(self) -> dict[str, int]:
        """Return the numbers."""
        self.asked += 1
        if isinstance(self.now, str):
            raise DeskRefusal(self.now)
        return self.now


def test_cookie_of_an_older_link_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers are asked again when they are not fresh, or when there is a new link."""
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    numbers = Numbers()
    own = Epochs(numbers)
    assert not own.knows(ALICE)
    for _ in range(3):
        assert (True, False) == (asyncio.run(own.has(ALICE)), asyncio.run(own.has(OLDER)))
    assert 1 == numbers.asked
    numbers.now = {"alice": 2}
    assert asyncio.run(own.has(ALICE))
    clock[0] += epochs.FRESH + 0.1
    assert not asyncio.run(own.has(ALICE)) and not own.knows(ALICE)
    numbers.now = {"alice": 1}
    asyncio.run(own.forget())
    assert own.knows(ALICE)


def test_nobody_counts_before_the_first_answer() -> None:
    """An old answer counts until the next one."""
    numbers = Numbers()
    numbers.now = "away"
    own = Epochs(numbers)
    assert not asyncio.run(own.has(ALICE))
    assert not asyncio.run(own.has(Reader("instructor", INSTRUCTOR)))
    numbers.now = {"alice": 1}
    assert asyncio.run(own.has(ALICE))
    numbers.now = "away"
    asyncio.run(own.forget())
    assert own.knows(ALICE)


def test_cookie_of_the_instructor_has_a_number_too() -> None:
    """It is nobody's among the students, whatever their names are."""
    numbers = Numbers()
    numbers.now = {"": 3, "instructor": 4}
    own = Epochs(numbers)
    found = [asyncio.run(own.has(Reader("instructor", INSTRUCTOR, epoch=epoch))) for epoch in (2, 3, 4)]
    assert [False, True, False] == found
