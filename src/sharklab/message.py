"""Sentences that are put into words late, in the reader's language, by gettext."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Gettext = Callable[[str], str]
"""A function that returns a msgid in a reader's language; `str` returns English."""


def N_(msgid: str) -> str:  # noqa: N802 (gettext's own name for it)
    """Mark `msgid` for extraction where it is written; it is translated later."""
    return msgid


def NN_(one: str, many: str) -> str:  # noqa: N802 (as `N_`)
    """Mark a sentence in two forms, and return them as one msgid; the value of {count} decides between them.

    A file of gettext keeps them in the same way. A sentence in one form may have a number that is always
    larger than one, in a field {most}, {many} or {limit}.
    """
    return f"{one}{_BETWEEN}{many}"


_BETWEEN = "\0"


class Plural(str):
    """A sentence in one form, as gettext takes it: `many` is its other form, `number` decides.

    Its text in English is that of the right form.
    """

    many: str
    number: int

    @classmethod
    def of(cls, msgid: str, values: Mapping[str, Any]) -> str:
        """Return a msgid of `NN_` with its count, and any other text as it is."""
        one, _, many = msgid.partition(_BETWEEN)
        if not many or "count" not in values:
            return msgid
        made = cls(one)
        made.many, made.number = many, values["count"]
        return made

    def __str__(self) -> str:
        return str.__str__(self) if self.number == 1 else self.many


@dataclass(frozen=True)
class Message:
    """A sentence that is put into words late: a msgid of gettext, and the values of its fields, {name}.

    The msgid is one of `N_`, or of `NN_` for a sentence in two forms. A value may be a message itself; a list
    is put in a row, and a float gets the reader's decimal sign. Without values the msgid is taken as it is:
    the words of another program, which may hold braces, can stand there.
    """

    msgid: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def say(self, gettext: Gettext) -> str:
        """Return the sentence in the language of `gettext`. Raises KeyError for a field without a value."""
        # "" is the header of a catalogue
        text = gettext(Plural.of(self.msgid, self.values)) if self.msgid else ""
        values = {name: _render(value, gettext) for name, value in self.values.items()}
        return text.format_map(values) if values else text

    def __str__(self) -> str:
        return self.say(str)

    def __bool__(self) -> bool:
        return bool(self.msgid)


NOTHING = Message("")
DID_YOU_MEAN = N_("did you mean {near}?")
"""The hint for an unknown name; `near` is the `nearest` of the known ones."""

LONGEST_NAME = 100
"""Characters of a name that are compared: a stranger may choose it, and time grows with their square."""

LANGUAGE = N_("en")
"""The code of a catalogue's language, which each catalogue translates into its own."""


DECIMAL_SIGN = N_(".")
"""The sign between the whole part of a number and its fraction."""


class _Decimal(float):
    """A number that is written with the decimal sign of a language."""

    sign: str

    def __format__(self, form: str) -> str:
        return format(float(self), form).replace(".", self.sign)

    def __str__(self) -> str:
        return str(float(self)).replace(".", self.sign)


def _decimal(value: float, gettext: Gettext) -> _Decimal:
    number = _Decimal(value)
    number.sign = gettext(DECIMAL_SIGN)
    return number


def prose(texts: Mapping[str, str]) -> Message:
    """Return an author's prose, {language: text}, as a message; another language stands in for one."""
    return Message("{prose}", {"prose": dict(texts)})


def refusal(error: OSError) -> Message:
    """Return the system's own text for `error`, as a value of another message."""
    return Message(error.strerror or str(error))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the one of the `known` names that `name` resembles most, "" if it resembles none."""
    return "".join(difflib.get_close_matches(name[:LONGEST_NAME], list(known), 1))


def _render(value: Any, gettext: Gettext) -> Any:
    if isinstance(value, Message):
        return value.say(gettext)
    if isinstance(value, Mapping):
        return value.get(gettext(LANGUAGE)) or next(iter(value.values()), "")
    if isinstance(value, float):
        return _decimal(value, gettext)
    if isinstance(value, tuple | list):
        return ", ".join(str(_render(item, gettext)) for item in value)
    return value
