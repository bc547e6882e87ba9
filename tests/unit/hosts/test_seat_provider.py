"""The provider of a seat: the one that made it, the one that is asked for, or the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import InputError
from sharklab.hosts import seat_provider
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a computer without seats."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))


def made_by(provider: str, student: str) -> None:
    """Make the folder of a seat whose provider is `provider`, or that does not say."""
    folder = state.folder(state.seat_folder("tp4", student))
    if provider:
        seat_provider.write(folder, provider)


@pytest.mark.parametrize(
    ("own", "asked", "chosen"),
    [
        ("qemu", None, "qemu"),
        ("qemu", "qemu", "qemu"),
        ("", "auto", "auto"),
        ("", None, seat_provider.DEFAULT),
    ],
)
def test_choose_takes_the_one_that_made_the_seat(own: str, asked: str | None, chosen: str) -> None:
    """Else the one that is asked for, else the default."""
    made_by(own, "ada")
    assert chosen == seat_provider.choose("tp4", "ada", asked)


def test_choose_refuses_another_than_made_the_seat() -> None:
    """The remedy is to remove the seat."""
    made_by("qemu", "ada")
    error = error_of(InputError, seat_provider.choose, "tp4", "ada", "nspawn")
    assert ("the provider {own} made this seat", "--provider nspawn") == (error.message_id, error.place)
    assert "sharklab down {lab} --student {student}" == error.hint_id


def test_in_use_are_those_of_all_seats() -> None:
    """A seat that does not say is of the default provider."""
    assert set() == seat_provider.in_use()
    for provider, student in (("qemu", "ada"), ("", "bob"), ("existing", "eve"), ("qemu", "joe")):
        made_by(provider, student)
    assert {"qemu", "existing", seat_provider.DEFAULT} == seat_provider.in_use()


@pytest.mark.parametrize(
    ("made", "asked", "chosen"),
    [([], None, "nspawn"), ([], "cluster", "cluster"), (["cluster", ""], None, "cluster")],
)
def test_a_class_has_one_provider(made: list[str], asked: str | None, chosen: str) -> None:
    """That of the seats that exist, else the one that is asked for, else the default."""
    for student, provider in zip(("ada", "bob"), made, strict=False):
        made_by(provider, student)
    assert chosen == seat_provider.of_class("tp4", ["ada", "bob"], asked)


@pytest.mark.parametrize(
    ("made", "asked", "place"),
    [
        (["nspawn", "cluster"], None, "--provider nspawn"),
        (["nspawn"], "cluster", "--provider cluster"),
        ([], "qemu", "--provider"),
    ],
)
def test_a_class_is_refused_with_other_providers(made: list[str], asked: str | None, place: str) -> None:
    """Its hosts are containers, and all seats are in one place."""
    for student, provider in zip(("ada", "bob"), made, strict=False):
        made_by(provider, student)
    assert place == error_of(InputError, seat_provider.of_class, "tp4", ["ada", "bob"], asked).place
