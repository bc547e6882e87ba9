"""The faults of a lab.yml against its schema: the place, and a sentence with a hint for its author.

The sentences are this module's and not jsonschema's, which speaks English alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, reduce
from importlib.resources import files
from typing import Any

from sharklab.errors import InputError
from sharklab.message import DID_YOU_MEAN, N_, NN_, Message, nearest

Path = tuple[str | int, ...]
"""The way to a part of lab.yml: keys and numbers of items."""

Fault = tuple[Path, InputError]
"""Where in lab.yml, and what is wrong there; its place is not known yet."""


def fault(where: Path, sentence: str, hint: str = "", **values: Any) -> Fault:
    """Return a fault; both texts are msgids, and `values` fill their fields."""
    return where, InputError(sentence, hint=hint, **values)


def unknown(where: Path, sentence: str, name: str, known: Iterable[str], **values: Any) -> Fault:
    """Return that `name` is none of the `known` ones, with the nearest of them as a hint."""
    choices = sorted(known)
    near = nearest(name, choices)
    hint = DID_YOU_MEAN if near else N_("known: {known}") if choices else ""
    return fault(where, sentence, hint, name=name, near=near, known=choices, **values)


@cache
def read() -> Mapping[str, Any]:
    """Return the JSON schema of the shape of lab.yml.

    Editors read the whole schema, with the names and parameters of checks and questions. `sharklab.author`
    checks these itself, because it knows the nearest name.
    """
    content: dict[str, Any] = json.loads(files("sharklab.lab").joinpath("lab.schema.json").read_text())
    for name in ("check", "question"):
        del content["$defs"][name]["$ref"]
    return content


def faults(schema: Mapping[str, Any], data: Any) -> Iterator[Fault]:
    """Yield the parts of `data` that break its JSON schema."""
    from jsonschema import Draft202012Validator

    errors = sorted(
        Draft202012Validator(dict(schema)).iter_errors(data), key=lambda e: list(map(str, e.path))
    )
    # Each missing key is an error of its own, and the sentence of one names them all.
    seen = {(*error.absolute_path, *error.schema_path, repr(error.instance)): error for error in errors}
    return map(_explain, seen.values())


KINDS = {
    "array": N_("a list"),
    "boolean": N_("true or false"),
    "integer": N_("a whole number"),
    "null": N_("nothing"),
    "number": N_("a number"),
    "object": N_("a mapping"),
    "string": N_("text"),
}
"""The words for the types of JSON schema."""

SENTENCES = {
    "enum": (N_("{found!r} is not known"), N_("one of: {limit}")),
    "exclusiveMinimum": (N_("{found} is too small: it must be more than {limit}"), ""),
    "maxItems": (N_("there are too many entries: at most {limit}"), ""),
    "maxProperties": (N_("there are too many entries: at most {limit}"), ""),
    "maximum": (N_("{found} is too large: at most {limit}"), ""),
    "minItems": (N_("there are too few entries: at least {limit}"), ""),
    "minLength": (
        NN_(
            "the text is too short: at least {count} character",
            "the text is too short: at least {count} characters",
        ),
        "",
    ),
    "minProperties": (N_("there are too few entries: at least {limit}"), ""),
    "minimum": (N_("{found} is too small: at least {limit}"), ""),
    "not": (N_("{found!r} is not allowed here"), ""),
    "pattern": (N_("{found!r} does not have the right form"), N_("it must match {limit}")),
    "uniqueItems": (N_("an entry appears twice"), ""),
}
"""Sentence and hint for the keywords of JSON schema that say all there is to say."""


def _explain(error: Any) -> Fault:
    """Put a jsonschema.ValidationError into words; for want of a hint, the schema describes what it wants."""
    where, found, limit = tuple(error.absolute_path), error.instance, error.validator_value
    description = error.schema.get("description", "")
    if error.validator in ("anyOf", "oneOf"):
        telling = [part for part in error.context if part.validator != "type"]
        if telling:
            return _explain(max(telling, key=lambda part: len(part.absolute_path)))
        limit = [part.validator_value for part in error.context]
    elif error.validator == "additionalProperties":
        return _unknown_keys(where, found, sorted(error.schema.get("properties", ())))
    elif error.validator == "required":
        missing = [repr(key) for key in limit if key not in found]
        return fault(where, N_("missing key {keys}"), description, keys=missing)
    elif error.validator != "type":
        sentence, hint = SENTENCES[error.validator]
        return fault(where, sentence, hint or description, found=found, limit=limit, count=limit)
    return fault(
        where, N_("expected {wanted}, found {found}"), description, wanted=_types(limit), found=_kind(found)
    )


def _unknown_keys(where: Path, found: Mapping[str, Any], known: list[str]) -> Fault:
    keys = [str(key) for key in found if key not in known]
    near = nearest(keys[0], known)
    hint = DID_YOU_MEAN if near else N_("known keys: {known}") if known else ""
    return fault(where, N_("unknown key {keys}"), hint, keys=list(map(repr, keys)), near=near, known=known)


def _types(types: str | list[str]) -> Message:
    words = [Message(KINDS[name]) for name in ([types] if isinstance(types, str) else types)]
    return reduce(_either, words)


def _either(first: Message, second: Message) -> Message:
    return Message(N_("{first} or {second}"), {"first": first, "second": second})


def _kind(value: object) -> Message | str:
    if value is None:
        return Message(KINDS["null"])
    if isinstance(value, Mapping):
        return Message(KINDS["object"])
    return Message(KINDS["array"]) if isinstance(value, list) else repr(value)
