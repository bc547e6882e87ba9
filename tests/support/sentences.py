"""The message ids of sentences that were put together, to compare them and not their English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharklab.message import Message


def sentences(*values: object) -> dict[str, Mapping[str, Any]]:
    """Return the message ids of `values` and of the messages in them, each with its values."""
    return dict(found for value in values for found in _each(value))


def _each(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    parts: Any = value if isinstance(value, list | tuple) else ()
    if isinstance(value, Message):
        yield value.msgid, value.values
        parts = value.values.values()
    for part in parts:
        yield from _each(part)
