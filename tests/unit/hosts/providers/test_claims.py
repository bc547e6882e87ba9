"""The owner's mark of a seat on this computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers import claims
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def _marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the marks of a test in its own folder."""
    monkeypatch.setattr(claims, "MARKS", tmp_path / "marks")


def test_claim_names_the_folder_until_it_is_released(tmp_path: Path) -> None:
    """The same folder may claim its seat again; the last mark takes the folder of all along."""
    assert claims.owner("7e57") is None
    for _ in range(2):
        claims.claim("7e57", tmp_path / "state" / "seat")
    assert tmp_path / "state" / "seat" == claims.owner("7e57")
    claims.release("7e57")
    assert (None, False) == (claims.owner("7e57"), claims.MARKS.exists())
    claims.release("7e57")


def test_claim_refuses_a_seat_of_another_state_folder(tmp_path: Path) -> None:
    """The error names that folder; its mark stays."""
    claims.claim("7e57", tmp_path / "one")
    error = error_of(MachineryError, claims.claim, "7e57", tmp_path / "other")
    assert "seat {seat} of this machine belongs to another state folder" == error.message_id
    assert (str(tmp_path / "one"), "7e57") == (error.place, error.values["seat"])
    assert tmp_path / "one" == claims.owner("7e57")


def test_ids_below_a_folder_are_those_of_its_seats(tmp_path: Path) -> None:
    """A folder whose name only begins alike is another one; a mark without a folder is nobody's."""
    for seat_id, folder in (("b", "state/x"), ("a", "state/y/z"), ("c", "state2/x")):
        claims.claim(seat_id, tmp_path / folder)
    claims.folder("d").mkdir()
    assert ["a", "b"] == claims.ids_below(tmp_path / "state")
    assert ["b"] == claims.ids_below(tmp_path / "state" / "x")
