"""The past of a terminal: enough lines, a bound, and the modes at its begin."""

from __future__ import annotations

import pytest

from sharklab.hosts.door import replay
from sharklab.hosts.door.replay import Replay


def all_of(past: Replay) -> bytes:
    """Return the whole past as a terminal gets it."""
    return b"".join(past.parts())


def test_all_lines_are_kept_that_a_reader_may_scroll_to() -> None:
    """And those before them go."""
    past = Replay()
    for number in range(3 * replay.LINES):
        past.add(b"line %d\r\n" % number)
    lines = all_of(past).splitlines()
    assert lines[-1] == b"line %d" % (3 * replay.LINES - 1)
    assert replay.LINES <= len(lines) < replay.LINES + 2 * replay.CHUNK
    assert b"line " in lines[0]


def test_long_lines_have_a_bound() -> None:
    """So have lines that never end."""
    past = Replay()
    for _ in range(3 * replay.LARGEST // 50_000):
        past.add(b"x" * 50_000)
    assert replay.LARGEST // 2 < past.size <= replay.LARGEST + 2 * 50_000


def test_the_past_of_a_full_screen_program_begins_in_its_modes() -> None:
    """The alternate screen and the keys that it asked for long ago."""
    past = Replay()
    past.add(b"\x1b[?1049h\x1b[?1;2004h")
    for _ in range(3 * replay.LARGEST // 4000):
        past.add(b"\x1b[2;2H" + b"row" * 1300)
    begin = all_of(past)[:40]
    assert begin.startswith(b"\x1b[?1049h") and b"\x1b[?1h" in begin and b"\x1b[?2004h" in begin
    assert past.has_full_screen
    past.add(b"\x1b[?1049l")
    assert not past.has_full_screen


@pytest.mark.parametrize(
    ("output", "modes"),
    [
        (b"\x1b[?25l\x1b[?25h", {25: True}),
        (b"\x1b[?1049h\x1bc", {}),
        (b"\x1b[?1049h\x1b[!p\x1b[?7l", {7: False}),
        (b"\x1b[?h\x1b[25l", {}),
    ],
)
def test_modes_follow_the_control_sequences(output: bytes, modes: dict[int, bool]) -> None:
    """A reset forgets all of them."""
    assert modes == replay.follow_modes({}, output)


def test_a_cut_leaves_control_sequences_and_letters_whole() -> None:
    """Where there is no line end, the past begins with a control sequence."""
    past = Replay()
    piece = b"\x1b[31m" + "é".encode() * 200
    for _ in range(2 * replay.LARGEST // len(piece)):
        past.add(piece)
    assert all_of(past).startswith(b"\x1b[31m")


def test_a_program_that_names_modes_without_end_takes_no_memory() -> None:
    """A terminal has some dozens of modes; the process that keeps all terminals remembers no others."""
    modes: dict[int, bool] = {}
    for begin in range(0, 200_000, 1000):
        output = b"".join(b"\x1b[?%dh" % number for number in range(begin, begin + 1000))
        modes = replay.follow_modes(modes, output)
    assert len(modes) <= 10**replay.DIGITS and modes[1049]
