"""The note about help between a student and the instructor: a raised hand, a right, messages.

The right is about the student's terminals. It begins and ends with the hand, or when the student says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from sharklab import state, untrusted
from sharklab.errors import InputError
from sharklab.lab import student_note
from sharklab.message import N_

NOTHING, SEE, TYPE = "", "see", "type"
RIGHTS = (NOTHING, SEE, TYPE)
"""The rights of the instructor at the terminals of a student: none, to see them, to type in them, too."""

LONGEST = 500
"""Characters of a message."""

MOST = 50
"""Messages that wait for a student; an older one goes."""

KIND = "help"


@dataclass(frozen=True)
class Letter:
    """A message of the instructor that its student has not read: `sent` is in epoch seconds."""

    number: int
    sent: float
    text: str


@dataclass(frozen=True)
class HelpNote:
    """The note about a student. `hand` is when the student asked for help (epoch seconds), 0.0 for never.

    `right` is one of `RIGHTS`. `last` is the number of the last message that was sent.
    """

    hand: float = 0.0
    right: str = NOTHING
    letters: tuple[Letter, ...] = ()
    last: int = 0


def read(lab: str, student: str) -> HelpNote:
    """Return the note about a student. Raises MachineryError when its file is damaged."""
    file = student_note.file_of(KIND, lab, student)
    try:
        plain = json.loads(file.read_text())
        letters = tuple(
            Letter(int(one["number"]), float(one["sent"]), str(one["text"])) for one in plain["letters"]
        )
        right = plain["right"] if plain["right"] in RIGHTS else NOTHING
        return HelpNote(float(plain["hand"]), right, letters, int(plain["last"]))
    except FileNotFoundError:
        return HelpNote()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise state.explain_damage(file, error) from error


def raise_hand(lab: str, student: str, is_up: bool) -> None:
    """Note that a student asks for help, and so shows the terminals; or that the help is over."""

    def change(old: HelpNote) -> HelpNote:
        right = (old.right or SEE) if is_up else NOTHING
        return replace(old, hand=(old.hand or time.time()) if is_up else 0.0, right=right)

    _change(lab, student, change)


def agree(lab: str, student: str, right: str) -> None:
    """Note the right that a student gives. Raises InputError for another word than those of `RIGHTS`."""
    if right not in RIGHTS:
        raise InputError(N_("{right!r} is not a right at a terminal"), right=right)
    _change(lab, student, lambda old: replace(old, right=right))


def check(text: str) -> str:
    """Return a message without the blanks around it. Raises InputError when it is empty or too long."""
    given = text.strip()
    if not given or len(given) > LONGEST or not untrusted.is_visible(given):
        raise InputError(
            N_("a message has 1 to {most} characters, and all of them are visible"), most=LONGEST
        )
    return given


def tell(lab: str, student: str, text: str) -> None:
    """Keep a message until the student has read it. Raises InputError as `check` does."""
    given = check(text)

    def change(old: HelpNote) -> HelpNote:
        letter = Letter(old.last + 1, round(time.time(), 3), given)
        return replace(old, letters=(*old.letters, letter)[-MOST:], last=letter.number)

    _change(lab, student, change)


def mark_read(lab: str, student: str, number: int) -> None:
    """Note that the student has read a message: it goes."""

    def change(old: HelpNote) -> HelpNote:
        return replace(old, letters=tuple(each for each in old.letters if each.number != number))

    _change(lab, student, change)


def _change(lab: str, student: str, change: Callable[[HelpNote], HelpNote]) -> None:
    student_note.change(KIND, lab, student, lambda: asdict(change(read(lab, student))))
