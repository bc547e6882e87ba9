"""Every error that sharklab shows a person, and the exit code that goes with it.

    SharklabError
    ├── InputError       2    a file, an option or a name that the user gave is wrong
    └── MachineryError   3    a tool, the network, the disk or a host failed
        └── Busy         3    another run holds the seat

An error is one sentence with its place (a file and key, or a command), and a
remedy. `cli.main` is the one place that turns it into text and an exit code. That an exercise did not
come about is no error but a verdict: the verb returns NOT_ACHIEVED.
"""

from __future__ import annotations

from sharklab.message import N_, Gettext, Message

GOOD, NOT_ACHIEVED, BAD_INPUT, MACHINERY, INTERRUPTED = 0, 1, 2, 3, 130

FREE_SPACE = N_("free some space, or keep the state elsewhere: SHARKLAB_STATE=/another/folder")
"""The remedy for a full disk."""


class SharklabError(Exception):
    """An error for a person: its cause, its place and a remedy.

    The message and the hint are msgids of gettext; `values` fill their fields, {name}, as those of a
    `Message`. A place is a name (a file, an option) or a message.
    """

    exit_code = MACHINERY

    def __init__(self, message: str, *, place: str | Message = "", hint: str = "", **values: object) -> None:
        super().__init__(message)
        self.message_id = message
        self.place = place
        self.hint_id = hint
        self.values = values

    @property
    def sentence(self) -> Message:
        """The error as a part of another message."""
        return Message(self.message_id, self.values)

    @property
    def line(self) -> Message:
        """The error with its place, as a part of another message."""
        if not self.place:
            return self.sentence
        return Message("{place}: {said}", {"place": self.place, "said": self.sentence})

    @property
    def message(self) -> str:
        """The error's sentence, in English."""
        return self._render(self.message_id, str)

    @property
    def hint(self) -> str:
        """The remedy, in English."""
        return self._render(self.hint_id, str)

    def say(self, gettext: Gettext) -> str:
        """Return the whole text in the language of `gettext`."""
        place = self.place.say(gettext) if isinstance(self.place, Message) else self.place
        said, remedy = self._render(self.message_id, gettext), self._render(self.hint_id, gettext)
        where, label = f"{place}: " if place else "", gettext(N_("hint:"))
        return f"{where}{said}" + (f"\n  {label} {remedy}" if remedy else "")

    def __str__(self) -> str:
        return self.say(str)

    def _render(self, msgid: str, gettext: Gettext) -> str:
        try:
            return Message(msgid, self.values).say(gettext)
        except (LookupError, ValueError, AttributeError):  # a tool's own words, with braces of their own
            return msgid


class InputError(SharklabError):
    """The user's input (a file, a key, a name, an option) is wrong.

    `problems` holds every fault of the input, so that the user can mend all at once.
    """

    exit_code = BAD_INPUT

    def __init__(
        self,
        message: str,
        *,
        place: str | Message = "",
        hint: str = "",
        problems: tuple[SharklabError, ...] = (),
        **values: object,
    ) -> None:
        super().__init__(message, place=place, hint=hint, **values)
        self.problems = problems

    def say(self, gettext: Gettext) -> str:
        """Return the whole text in the language of `gettext`, with every problem."""
        return "\n".join([super().say(gettext), *(problem.say(gettext) for problem in self.problems)])


class MachineryError(SharklabError):
    """A tool, the network, the disk or a host failed."""

    exit_code = MACHINERY


class Busy(MachineryError):
    """Another run of sharklab holds the seat or the image."""
