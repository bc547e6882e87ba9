"""The page docs/lab-file.md: every key of lab.yml, from lab.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.markdown import code, fill, link, table
from sharklab.paths import ROOT

Schema = Mapping[str, Any]

SCHEMA: Schema = json.loads((ROOT / "src/sharklab/lab/lab.schema.json").read_text(encoding="utf-8"))
DEFINED: Mapping[str, Schema] = SCHEMA["$defs"]
TYPES = {
    "array": "list",
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "null": "nothing",
    "number": "number",
    "object": "mapping",
    "string": "text",
}
BOUNDS = {
    "minimum": "{} to",
    "exclusiveMinimum": "more than {}, up to",
    "maximum": "{}",
    "minLength": "not empty",
    "pattern": "like `{}`",
}
"""Words for the limits of a single value, by the keyword of JSON schema."""
COUNTS = {(0, 0): "", (1, 0): " (1 or more)", (1, 50): " (1 to 50)", (2, 2): " (2)"}
"""Words for the least and the greatest number of entries of a list; a new pair needs its words here."""
SHOWN = 3
"""Paths that a section lists at most."""
ELSEWHERE = {"check": "[check](authoring.md#checks)", "question": "[question](authoring.md#questions)"}
"""Values that another page lists."""
TOP = "lab"


def page(text: str) -> str:
    """Return the page with a section for each mapping and a table of the single values filled in."""
    text = fill(text, "keys", (line for name in _places() for line in _section(name)))
    rows = ([_anchor(name), words(DEFINED[name]), DEFINED[name]["description"]] for name in _values())
    return fill(text, "values", table(("value", "type", "meaning"), rows))


def _schema(name: str) -> Schema:
    return SCHEMA if name == TOP else DEFINED[name]


def _name(schema: Schema) -> str:
    """Return the definition that a schema refers to, or an empty string."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _is_section(name: str) -> bool:
    return "properties" in _schema(name)


def _values() -> Iterator[str]:
    """Yield the definitions of single values, except those that another page lists."""
    for name, schema in sorted(DEFINED.items()):
        single = schema.get("type") not in ("array", "object") and not _is_section(name)
        if single and name not in ELSEWHERE:
            yield name


def _anchor(name: str) -> str:
    return f'<a id="{name}"></a>{code(name)}'


def _places() -> dict[str, list[str]]:
    """Return the paths in lab.yml of each mapping with known keys, in the order in which they are found.

    A mapping inside one that occurs in several places is told by the first of these.
    """
    found: dict[str, list[str]] = {TOP: []}
    todo = [TOP]
    while todo:
        owner = todo.pop(0)
        base = found[owner][0] + "." if found[owner] else ""
        for key, schema in _schema(owner)["properties"].items():
            for name, path in _inner(schema, base + key):
                if name not in found:
                    todo.append(name)
                found.setdefault(name, []).append(path)
    return found


def _inner(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    """Yield the mappings with known keys that a value may be or hold, with their paths."""
    name = _name(schema)
    if name and name not in ELSEWHERE:
        if _is_section(name):
            yield name, path
        else:
            yield from _inner(DEFINED[name], path)
    if "items" in schema:
        yield from _inner(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _inner(schema["additionalProperties"], f"{path}.NAME")
    for choice in schema.get("anyOf", ()):
        yield from _inner(choice, path)


def _section(name: str) -> Iterator[str]:
    schema = _schema(name)
    paths = _places()[name]
    yield from (f"## {_make_heading(name)}", "", schema["description"], "")
    if paths:
        more = ", and in other places" if len(paths) > SHOWN else ""
        yield from (f"Path: {', '.join(map(code, paths[:SHOWN]))}{more}.", "")
    rows = (
        [code(key), words(value), _say_need(schema, key), _find_meaning(value)]
        for key, value in schema["properties"].items()
    )
    yield from (*table(("key", "type", "default", "meaning"), rows), "")


def _make_heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _say_need(owner: Schema, key: str) -> str:
    if key in owner.get("required", ()):
        return "required"
    value = owner["properties"][key].get("default")
    return "" if value in (None, "") else code(json.dumps(value) if not isinstance(value, str) else value)


def _find_meaning(schema: Schema) -> str:
    """Return the description of a key, or that of the definition that it refers to."""
    return str(schema.get("description") or DEFINED[_name(schema)]["description"])


def words(schema: Schema) -> str:
    """Return what a value may be, in words, with links to the parts that have a place of their own."""
    if name := _name(schema):
        return _reference(name)
    if "enum" in schema:
        return ", ".join(map(code, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(map(words, schema["anyOf"]))
    types = schema.get("type", "string")
    kinds = " or ".join(TYPES[each] for each in ([types] if isinstance(types, str) else types))
    if "items" in schema:
        count = COUNTS[schema.get("minItems", 0), schema.get("maxItems", 0)]
        kinds = f"list{count}: {words(schema['items'])}"
    elif isinstance(schema.get("additionalProperties"), Mapping):
        kinds = f"mapping: {words(schema.get('propertyNames', {}))} → {words(schema['additionalProperties'])}"
    limits = [said.format(schema[keyword]) for keyword, said in BOUNDS.items() if keyword in schema]
    return ", ".join(filter(None, [kinds, " ".join(limits)]))


def _reference(name: str) -> str:
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    if _is_section(name):
        return link(_make_heading(name))
    return f"[{name}](#{name})" if name in set(_values()) else words(DEFINED[name])
