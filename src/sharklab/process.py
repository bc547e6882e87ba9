"""Run the tools of the machine; the one place that turns a failing or missing one into a message."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn, cast

from sharklab.errors import FREE_SPACE, MachineryError
from sharklab.message import N_, Message
from sharklab.untrusted import size

Say = Callable[[Message], None]
"""A function that tells the user one sentence on the progress of the work."""

LAST_LINES = 5

LOGIN_SECONDS = 120
"""The limit of a login to a host of a seat, with a small command there.

One takes less than 1 second on most machines, and 20 on an emulated one with other work. Ten seconds, the
limit of Ansible, were too few for one through a cluster on a busy computer.
"""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals by which a person, a program or a closed terminal ends a command."""

MOST = 64 << 20
"""Bytes that a tool may print: its output may come from a host, which may print without end."""

BLOCK = 1 << 16
"""Bytes that are read or written at once."""

Take = Callable[[bytes], object]
"""Takes a piece of the output of a command."""

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that this process gets when its parent dies."""

IF_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"'
"""A parent that died before the signal was asked for sends none: then the command is not begun."""


class TookTooLong(MachineryError):
    """A command did not end in its time."""


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str = "",
    timeout: float | None = None,
    hint: str = "",
    most: int = MOST,
) -> str:
    """Run a command and return its standard output.

    It is killed when this process dies, so that no tool goes on working for a run that was killed.
    `timeout` is in seconds. Raises MachineryError, with the command and its last lines, if it is missing,
    fails, takes too long, or prints more than `most` bytes; `hint` is the remedy in that message.
    """
    words = [str(word) for word in argv]
    require(words[0], "setpriv")
    printed = bytearray()
    try:
        code, complaint = stream(
            [*tie_to_this_process(), *words], printed.extend, stdin=stdin.encode(), timeout=timeout, most=most
        )
    except MachineryError as error:
        error.place, error.hint_id = _place(words), hint
        raise
    output = _text(printed)
    if code:
        said = last_lines(complaint) or last_lines(output)
        # The words of ssh may be those of the host, whose own disk is full then, not that of this machine.
        is_full = words[0] != "ssh" and os.strerror(errno.ENOSPC) in said
        raise MachineryError(
            _sentence(code, said),
            place=_place(words),
            hint=hint or (FREE_SPACE if is_full else ""),
            code=abs(code),
            said=said,
        )
    return output


def stream(
    words: Sequence[str | Path],
    take: Take,
    *,
    stdin: bytes = b"",
    timeout: float | None = None,
    most: int = MOST,
) -> tuple[int, str]:
    """Run a command, give its standard output to `take` piece by piece, and return exit code and errors.

    Raises MachineryError, and ends the command, when it takes more than `timeout` seconds, or prints more
    than `most` bytes: its output, or its errors.
    """
    errors = bytearray()
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        try:
            _exchange(child, stdin, (take, errors.extend), _Deadline(timeout), most)
        except BaseException:
            child.kill()
            raise
    return child.returncode, _text(errors)


class _Deadline:
    """The end of the time of a command, `seconds` from now; there is none without `seconds`."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def count_left(self) -> float | None:
        """Return the seconds that are left, None for all of them. Raises MachineryError after the end."""
        left = None if self._end is None else self._end - time.monotonic()
        if left is not None and left <= 0:
            raise TookTooLong(N_("the command did not end within {seconds:g} s"), seconds=self._seconds)
        return left


def _exchange(
    child: subprocess.Popen[bytes], data: bytes, takers: Sequence[Take], deadline: _Deadline, most: int
) -> None:
    """Give a command its input, and its output and errors to `takers`, until it ends. Raises as `stream`."""
    left, sizes = memoryview(data), [0] * len(takers)
    with selectors.DefaultSelector() as pipes:
        for number, pipe in enumerate((child.stdout, child.stderr)):
            pipes.register(cast(IO[bytes], pipe), selectors.EVENT_READ, number)
        pipes.register(cast(IO[bytes], child.stdin), selectors.EVENT_WRITE)
        while pipes.get_map():
            for key, _ in pipes.select(deadline.count_left()):
                if key.data is None:
                    left = _write(key.fd, left)
                    is_open = bool(left)
                else:
                    part = os.read(key.fd, BLOCK)
                    sizes[key.data] += len(part)
                    if sizes[key.data] > most:
                        raise MachineryError(
                            N_("the command prints too much: more than {size}"), size=size(most)
                        )
                    takers[key.data](part)
                    is_open = bool(part)
                if not is_open:
                    pipes.unregister(key.fileobj)
                    cast(IO[bytes], key.fileobj).close()
    while child.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            child.wait(deadline.count_left())


def _write(handle: int, data: memoryview) -> memoryview:
    """Write to a pipe what it takes at once, and return the rest: nothing when nobody reads."""
    with suppress(BrokenPipeError):
        return data[os.write(handle, data[: select.PIPE_BUF]) :]
    return data[:0]


def _text(printed: bytes | bytearray) -> str:
    """Return the output of a tool as text, with the line ends of this system."""
    return printed.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def tie_to_this_process() -> list[str]:
    """Return the words before a command that is to be killed when this process dies, whenever it dies."""
    return ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", IF_PARENT_LIVES, str(os.getpid())]


def end_with_parent(parent: int) -> None:
    """Let this process be ended (SIGTERM) when its parent, whose id is `parent`, dies, whenever it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before it was asked, and sends no signal
        sys.exit(1)


def raise_at_signals() -> None:
    """From now on raise KeyboardInterrupt also at SIGTERM, and when the terminal is closed (SIGHUP).

    A signal that is ignored, as nohup(1) does, stays so.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def interrupt_once() -> Iterator[Callable[[], None]]:
    """Raise KeyboardInterrupt in the block at the first signal only: a second Ctrl-C must not lose its work.

    The block gets a function after which the rest of it is not interrupted at all.
    """
    before = {number: signal.getsignal(number) for number in ENDING}

    def ignore() -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)

    def end(number: int, frame: FrameType | None) -> NoReturn:
        ignore()
        raise KeyboardInterrupt

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def watch_during(look: Callable[[], float | None], pause: float) -> Iterator[None]:
    """Call `look` in a thread during the block, after `pause` seconds, then after those that it returns.

    None ends the watch.
    """
    done = threading.Event()

    def watch() -> None:
        after: float | None = pause
        while after is not None and not done.wait(after):
            after = look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def require(*tools: str) -> None:
    """Raise MachineryError when the machine lacks some of `tools`, saying what to install."""
    if absent := [tool for tool in tools if not shutil.which(tool)]:
        from sharklab import system_packages  # it runs tools itself

        if nowhere := [tool for tool in absent if not system_packages.find(tool)]:
            raise explain_missing(nowhere)


def explain_missing(tools: Iterable[str]) -> MachineryError:
    """Return the error that says which tools are missing and what to install."""
    from sharklab import system_packages  # it runs tools itself

    absent = set(tools)
    known = [package for package in system_packages.table() if package.gives in absent]
    return MachineryError(
        N_("not installed on this machine: {tools}"),
        hint=system_packages.command(known) if known else N_("install the package that provides it"),
        tools=", ".join(sorted(absent)),
    )


def last_lines(text: str, count: int = LAST_LINES) -> str:
    """Return the last lines of a tool's output that say something, as one text."""
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-count:])


def _place(words: Sequence[str]) -> str:
    line = shlex.join(words)
    return line if len(line) <= 160 else line[:157] + "..."


def _sentence(code: int, said: str) -> str:
    if code < 0:
        return (
            N_("the command was ended by signal {code}: {said}")
            if said
            else N_("the command was ended by signal {code} without a message")
        )
    return (
        N_("the command failed with exit code {code}: {said}")
        if said
        else N_("the command failed with exit code {code} and no message")
    )
