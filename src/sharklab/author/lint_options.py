"""Faults of the values of roles' variables: their types are those of meta/argument_specs.yml.

Ansible checks the same options while an image is baked, where the line of lab.yml is not known; those of a
seat it does not check, because that takes a task for each role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharklab.lab import schema
from sharklab.lab.schema import Fault, Path
from sharklab.message import Message

TYPES: Mapping[str, str | list[str]] = {
    "bool": "boolean",
    "dict": "object",
    "float": "number",
    "int": "integer",
    "list": "array",
    "path": "string",
    "str": ["string", "integer", "number"],
}
"""The types of JSON schema for the types of Ansible's options; other types take any value."""

STRUCTURES = [Message(schema.KINDS[name]) for name in ("array", "object")]
"""The values that no template gives: it gives a text."""


def faults(where: Path, option: Mapping[str, Any], value: Any) -> Iterator[Fault]:
    """Yield the faults of a variable's `value`, which is at `where`, by the `option` of its role."""
    for path, problem in schema.faults(_to_schema(option), value):
        if problem.values.get("wanted") in STRUCTURES or not _is_template(value, path):
            yield (*where, *path), problem


def _to_schema(option: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of an option of an argument spec."""
    kind = TYPES.get(option.get("type", "str"))
    parts: dict[str, Any] = {"type": kind} if kind else {}
    if option.get("description"):
        parts["description"] = _text(option["description"])
    if option.get("choices") and kind != "array":  # of a list, each element is one of them
        parts["enum"] = list(option["choices"])
    if kind == "array" and option.get("elements"):
        parts["items"] = _to_schema({**option, "type": option["elements"], "elements": None})
    elif kind == "object" and option.get("options"):
        parts["properties"] = {name: _to_schema(each) for name, each in option["options"].items()}
        parts["required"] = [name for name, each in option["options"].items() if each.get("required")]
        parts["additionalProperties"] = False
    return parts


def _text(description: str | list[str]) -> str:
    return description if isinstance(description, str) else " ".join(map(str, description))


def _is_template(value: Any, path: Path) -> bool:
    """Tell whether the part of `value` at `path` is a text that the seat fills in: its value is not known."""
    for part in path:
        value = value[part]
    return isinstance(value, str) and value.startswith("{{")
