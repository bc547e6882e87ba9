"""Every error that sharklab shows a person, and the exit code that goes with it.

    SharklabError
    ├── NotAchieved      1    something that was asked for did not come about
    ├── InputError       2    a file, an option or a name that the user gave is wrong
    └── MachineryError   3    a tool, the network, the disk or a host failed
        └── Busy         3    another run holds the seat

An error is one sentence with its place (a file and key, or a command), and a
remedy. `cli.main` is the one place that turns it into text and an exit code.
"""

from __future__ import annotations

GOOD, NOT_ACHIEVED, BAD_INPUT, MACHINERY, INTERRUPTED = 0, 1, 2, 3, 130


class SharklabError(Exception):
    """An error for a person: what happened, where, and what to do about it."""

    exit_code = MACHINERY

    def __init__(self, message: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        remedy = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.message}{remedy}"


class NotAchieved(SharklabError):
    """The machinery worked, but what was asked for did not come about."""

    exit_code = NOT_ACHIEVED


class InputError(SharklabError):
    """What the user gave (a file, a key, a name, an option) is wrong.

    `problems` holds every fault that was found, so that all can be mended at once.
    """

    exit_code = BAD_INPUT

    def __init__(
        self,
        message: str,
        *,
        place: str = "",
        hint: str = "",
        problems: tuple[SharklabError, ...] = (),
    ) -> None:
        super().__init__(message, place=place, hint=hint)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(problem) for problem in self.problems)])


class MachineryError(SharklabError):
    """A tool, the network, the disk or a host failed."""

    exit_code = MACHINERY


class Busy(MachineryError):
    """Another run of sharklab holds the seat or the image."""
