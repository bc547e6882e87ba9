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
    for error in seen.values():
        if error.validator == "additionalProperties":
            yield from _unknown_keys(error, schema.get("$defs", {}))
        elif error.validator != "required" or _list_missing_keys(error):
            yield _explain(error)


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
        return next(_unknown_keys(error, {}))
    elif error.validator == "required":
        keys = list(map(repr, _list_missing_keys(error) or _list_absent_keys(error)))
        return fault(where, N_("missing key {keys}"), description, keys=keys)
    elif error.validator != "type":
        sentence, hint = SENTENCES[error.validator]
        if "propertyNames" in error.absolute_schema_path:  # the line of the name is that of its key
            where, hint = (*where, found), description or hint
        return fault(where, sentence, hint or description, found=found, limit=limit, count=limit)
    sentence = N_("expected {wanted}, found {found}")
    remedy, text = _remedy(limit, found) or description, str(found)
    return fault(where, sentence, remedy, wanted=_types(limit), found=_kind(found), text=text)


def _remedy(wanted: str | list[str], found: object) -> str:
    """Return how to write the value that is there as the type that is wanted; "" if that is not plain."""
    if isinstance(found, bool | Mapping | list) or found is None or " " in str(found):
        return ""
    if wanted == "array":
        return N_("write a list: [{text}]")
    if wanted == "string":
        return N_('put it between quotes: "{text}"')
    return N_("write it without quotes: {text}") if wanted == "integer" and str(found).isdigit() else ""


def _unknown_keys(error: Any, definitions: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each key that is not known, at its own line, with its home or the nearest key."""
    known = sorted(error.schema.get("properties", ()))
    for key in map(str, _list_unknown_keys(error)):
        homes = [name for name, each in definitions.items() if key in each.get("properties", ())]
        near, where = nearest(key, known), (*error.absolute_path, key)
        hint = DID_YOU_MEAN if near else N_("known keys: {known}") if known else ""
        if homes:
            hint = N_("this key belongs to: {homes}")
        yield fault(
            where, N_("unknown key {keys}"), hint, keys=repr(key), near=near, known=known, homes=homes
        )


def _list_unknown_keys(error: Any) -> list[Any]:
    known = error.schema.get("properties", ())
    return [key for key in error.instance if key not in known]


def _list_absent_keys(error: Any) -> list[str]:
    return [key for key in error.schema["required"] if key not in error.instance]


def _list_missing_keys(error: Any) -> list[str]:
    """Return the keys that are missing, without those that are there with a typing mistake."""
    known = sorted(error.schema.get("properties", ()))
    meant = {nearest(str(key), known) for key in _list_unknown_keys(error)}
    return [key for key in _list_absent_keys(error) if key not in meant]


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
