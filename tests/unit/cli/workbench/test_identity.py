"""Readers, their cookies, and links that work once."""

from __future__ import annotations

import pytest

from sharklab.cli.workbench.identity import INSTRUCTOR, LIFE, Cookies, Links, Reader

ALICE = Reader("alice", seats=frozenset({("tp4", "alice")}), epoch=3)
NOW = 1_000_000.0


def test_cookie_names_its_reader_for_its_time() -> None:
    """It counts until its end, and not at its end."""
    cookies = Cookies(b"k" * 32)
    written = cookies.write(ALICE, NOW)
    assert cookies.read(written, NOW + LIFE - 1) == ALICE
    assert cookies.read(written, NOW + LIFE) is None


@pytest.mark.parametrize("change", ["", ".", "x", "é", "a.b", "{own}x", "x{own}", "{body}.", ".{sign}"])
def test_changed_cookie_is_none(change: str) -> None:
    """Anything but our own text is no cookie, and no error."""
    cookies = Cookies(b"k" * 32)
    own = cookies.write(ALICE, NOW)
    body, _, sign = own.partition(".")
    assert cookies.read(change.format(own=own, body=body, sign=sign), NOW) is None


def test_cookie_of_another_key_is_none() -> None:
    """Another server signs with another key."""
    assert Cookies(b"x" * 32).read(Cookies(b"k" * 32).write(ALICE, NOW), NOW) is None


def test_link_works_once() -> None:
    """The second use finds nobody."""
    links = Links()
    links.add("token", ALICE)
    assert (ALICE, None, None) == (links.use("token"), links.use("token"), links.use("other"))


@pytest.mark.parametrize(
    ("reader", "may"), [(ALICE, True), (Reader("bob"), False), (Reader("teacher", INSTRUCTOR), True)]
)
def test_seat_is_for_its_student_and_the_instructor(reader: Reader, may: bool) -> None:
    """Nobody else opens it."""
    assert may == reader.may_open("tp4", "alice")
    assert reader.is_instructor == reader.may_open("tp4", "carol")
