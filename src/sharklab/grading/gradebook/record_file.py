"""Write dataclasses as JSON and read them back as they were, so that a batch can go on where it stopped.

Sentences keep their msgid and values, and can still be said in any language. Records are in the
instructor's own folder; a file that does not fit its type is damaged, and its content is made again.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sharklab.message import Message

_Kept = TypeVar("_Kept")


def to_plain(value: Any) -> Any:
    """Return `value` as JSON data: dataclasses by their fields, what JSON does not know as text."""
    if value is None or isinstance(value, str | bool | int | float):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in _fields(type(value))}
    return str(value)


def from_plain(kind: type[_Kept], data: Any) -> _Kept:
    """Return the `kind` that `to_plain` made `data` of. Raises ValueError when it has another shape."""
    try:
        made: _Kept = _read(kind, data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no {kind.__name__}: {error!r}") from error
    return made


def _read(kind: Any, data: Any) -> Any:
    if kind is str or kind is int or kind is float or kind is bool:
        return _scalar(kind, data)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Message:
        return Message(str(data["msgid"]), {name: _value(item) for name, item in data["values"].items()})
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return kind(**{name: _read(of, data[name]) for name, of in _fields(kind).items()})
    if origin in (types.UnionType, typing.Union):
        return None if data is None else _read(arguments[0], data)
    if origin is tuple:
        return tuple(_read(arguments[0], item) for item in data)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _read(arguments[1], item) for key, item in data.items()}
    return _scalar(kind, data)


@cache
def _fields(kind: type) -> Mapping[str, Any]:
    """Return the fields of a dataclass with their types, which take long to find out."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _scalar(kind: Any, data: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(data)
    if kind is float and isinstance(data, int | float):
        return float(data)
    if kind in (str, int, bool) and type(data) is kind:
        return data
    raise TypeError(f"{data!r} is no {kind}")


def _value(data: Any) -> Any:
    """Return a field of a message: a message of its own, several, prose by language, or a value as it is."""
    if isinstance(data, Mapping):
        return _read(Message, data) if data.keys() == {"msgid", "values"} else dict(data)
    return tuple(map(_value, data)) if isinstance(data, list) else data
