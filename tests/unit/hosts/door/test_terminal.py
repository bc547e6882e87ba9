"""A kept terminal, with a shell of this computer: bytes, sizes, viewers, floods."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from sharklab.hosts.door import pace, terminal
from sharklab.hosts.door.keeper import Keeper, TerminalKey, Visit
from sharklab.hosts.door.terminal import ANSWER, Skip

KEY = TerminalKey("lab", "alice", "server", 1)
OWNER, HELPER = Visit("alice", types=True, sizes=True), Visit("teacher", types=False, sizes=False)
SHELL = ("sh", "-c", "stty -echo; echo ready; exec sh")


class Screen:
    """A viewer, with all that it was shown; `draws` says whether it acknowledges."""

    def __init__(self, connection: socket.socket, draws: bool = True) -> None:
        self.connection, self.draws = connection, draws
        self.connection.settimeout(60)
        self.output, self.past = b"", b""
        self.told: dict[bytes, object] = {}
        self.resets = 0

    def take(self) -> bytes:
        """Take one message, and return its kind, b"" at the end."""
        try:
            message = self.connection.recv(terminal.MESSAGE)
        except ConnectionResetError:  # acknowledgements were not read; the last messages come now (unix(7))
            message = self.connection.recv(terminal.MESSAGE)
        kind, content = message[:1], message[1:]
        if kind == b"o":
            self.output += content
        elif kind == b"p":
            self.past += content
        elif kind == b"r":
            self.resets += 1
            self.past = self.output = b""
        elif content:
            self.told[kind] = json.loads(content)
        if kind in (b"o", b"p") and self.draws:
            with suppress(BrokenPipeError):
                self.connection.send(b"a%d" % len(content))
        return kind

    def until(self, is_so: Callable[[Screen], bool]) -> Screen:
        """Take messages until something is so, for at most a minute."""
        deadline = time.monotonic() + 60
        while not is_so(self):
            assert time.monotonic() < deadline, "it never came about"
            assert self.take(), "the terminal has closed"
        return self

    def until_shown(self, text: bytes) -> Screen:
        """Take messages until `text` was shown."""
        return self.until(lambda own: text in own.past + own.output)

    def type(self, text: bytes) -> None:
        """Type something."""
        self.connection.send(b"i" + text)


class Kept(Keeper):
    """Terminals whose viewers go with them."""

    def __init__(self) -> None:
        super().__init__()
        self.screens: list[Screen] = []

    def visit(self, who: Visit = OWNER, draws: bool = True) -> Screen:
        """Look at the terminal of the tests."""
        self.screens.append(Screen(self.attach(KEY, who, lambda: SHELL), draws))
        return self.screens[-1]


@pytest.fixture
def keeper() -> Iterator[Kept]:
    """Keep terminals during a test."""
    own = Kept()
    yield own
    own.close()
    for screen in own.screens:
        screen.connection.close()


def test_bytes_come_and_go_as_they_are(keeper: Kept) -> None:
    """Also a letter that is cut in two."""
    screen = keeper.visit().until_shown(b"ready")
    screen.type(b"printf 'caf\\303'; sleep 0.05; printf '\\251\\n'\n")
    screen.until_shown("café".encode())


def test_shell_does_not_go_before_other_programs(keeper: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the niceness of the process that keeps it."""
    said: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda *words: said.append(words))
    screen = keeper.visit().until_shown(b"ready")
    screen.type(b"echo $$.\n")
    [(which, process, niceness)] = said
    screen.until_shown(b"%d." % process)
    assert (os.PRIO_PROCESS, pace.PLAIN) == (which, niceness)


def test_a_new_viewer_finds_the_same_shell_where_it_was(keeper: Kept) -> None:
    """Its past comes before the present, and is marked as past."""
    first = keeper.visit().until_shown(b"ready")
    first.type(b"cd /usr; mark=still; echo gone-$mark\n")
    first.until_shown(b"gone-still")
    first.connection.close()
    second = keeper.visit()
    second.until(lambda own: b"gone-still" in own.past)
    second.type(b"echo $mark-in-$PWD\n")
    second.until_shown(b"still-in-/usr")


def test_a_size_reaches_the_program_and_the_other_viewers(keeper: Kept) -> None:
    """A helper follows the student's columns, and sets none."""
    screen, helper = keeper.visit().until_shown(b"ready"), keeper.visit(HELPER)
    helper.connection.send(b's{"columns": 20, "rows": 5}')
    screen.connection.send(b's{"columns": 132, "rows": 43}')
    helper.until(lambda own: own.told.get(b"s") == {"columns": 132, "rows": 43})
    screen.type(b"stty size\n")
    screen.until_shown(b"43 132")


def test_a_size_without_sense_is_bounded(keeper: Kept) -> None:
    """As is one that is no size."""
    screen = keeper.visit().until_shown(b"ready")
    for said in (b"s[]", b"snull", b's{"columns": "x", "rows": 1}', b's{"columns": 99999, "rows": -4}'):
        screen.connection.send(said)
    screen.type(b"stty size\n")
    screen.until_shown(b"%d %d" % (terminal.SMALLEST, terminal.LARGEST))


def test_who_may_not_type_does_not(keeper: Kept) -> None:
    """And all see who looks."""
    screen, helper = keeper.visit().until_shown(b"ready"), keeper.visit(HELPER)
    screen.until(
        lambda own: (
            own.told.get(b"v") == [{"name": "alice", "types": True}, {"name": "teacher", "types": False}]
        )
    )
    helper.type(b"echo from-helper\n")
    screen.type(b"echo from-student\n")
    helper.until_shown(b"from-student")
    assert b"from-helper" not in helper.output
    helper.connection.close()
    screen.until(lambda own: own.told[b"v"] == [{"name": "alice", "types": True}])


def test_ctrl_c_ends_a_flood_at_once(keeper: Kept) -> None:
    """What the program printed before is not shown first."""
    screen = keeper.visit().until_shown(b"ready")
    screen.type(b"trap 'echo inter''rupted' INT; yes a-long-line-that-fills-the-screen\n")
    screen.until(lambda own: len(own.output) > 300_000)
    screen.type(b"\x03")
    before = len(screen.output)
    screen.until_shown(b"interrupted")
    assert len(screen.output) - before < 2 * terminal.HIGH + 4 * terminal.SHOWN


def test_a_viewer_that_stalls_stops_the_program_and_costs_no_memory(keeper: Kept) -> None:
    """No more is read than it may draw later."""
    screen = keeper.visit(draws=False).until_shown(b"ready")
    screen.type(b"yes stalled\n")
    with pytest.raises(TimeoutError):
        screen.connection.settimeout(0.5)
        while screen.take():
            pass
    assert len(screen.output) < terminal.HIGH + 2 * terminal.READ


def test_a_viewer_that_stalls_holds_up_nobody_else(keeper: Kept) -> None:
    """When it goes on, it gets the past again."""
    fast = keeper.visit().until_shown(b"ready")
    slow = keeper.visit(HELPER, draws=False)
    fast.type(b"yes | head -n 300000; echo all-''done\n")
    fast.until_shown(b"all-done")
    slow.draws = True
    slow.until(lambda own: len(own.output) >= terminal.HIGH)
    slow.connection.send(b"a%d" % terminal.HIGH)
    slow.until(lambda own: own.resets == 2 and b"all-done" in own.past + own.output)


def test_the_end_of_the_shell_is_told(keeper: Kept) -> None:
    """The next visit begins another one."""
    screen = keeper.visit().until_shown(b"ready")
    screen.type(b"echo last-words; exit 3\n")
    screen.until(lambda own: own.told.get(b"e") == {"code": 3})
    assert b"last-words" in screen.output
    keeper.visit().until_shown(b"ready")


def test_only_the_first_viewer_answers_for_the_terminal(keeper: Kept) -> None:
    """A program that asks where the cursor is gets one answer."""
    first = keeper.visit().until_shown(b"ready")
    second = keeper.visit()
    second.type(b"\x1b[5;7R")
    first.type(b"\x1b[1;1R\nsomething\n")
    first.type(b"echo now\n")
    first.until_shown(b"now")
    assert b"5;7R" not in first.output


@pytest.mark.parametrize("said", [b"\x1b[?1;2c", b"\x1b[12;40R", b"\x1b]11;rgb:00/00/00\x07", b"\x1b[I"])
def test_answers_are_told_from_keys(said: bytes) -> None:
    """An arrow key is none."""
    assert ANSWER.fullmatch(said) and not ANSWER.fullmatch(b"\x1b[A") and not ANSWER.fullmatch(b"ls" + said)


def test_skipped_output_leaves_its_end_and_its_modes() -> None:
    """However it was cut."""
    skip = Skip()
    for _ in range(20):
        skip.add(b"\x1b[?1049l" + b"y\r\n" * 10_000)
    skip.add(b"$ ")
    shown = skip.end()
    assert shown.startswith(b"\x1b[?1049l") and shown.endswith(b"y\r\n$ ") and len(shown) < 3 * terminal.SHOWN
