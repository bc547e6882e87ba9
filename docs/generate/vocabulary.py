"""The reference of checks and questions, from their declarations in `sharklab.checks`.

It is in the tables of docs/authoring.md, and in src/sharklab/lab/vocabulary.schema.json, which lets an
editor complete and check the names and parameters in a lab.yml.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from docs.generate.markdown import code, fill, table
from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.kind import Kind, Rests, Schema

GROUPS: dict[str, Callable[[Kind], bool]] = {
    "Checks of packets": lambda kind: not kind.live and kind.rests is not Rests.STATE,
    "Checks of the state of a host, at the end of a run or when a student hands in": lambda kind: (
        kind.rests is Rests.STATE
    ),
    "Checks of evidence that only a run records, so that no criterion may use them": lambda kind: kind.live,
}
"""The tables of checks: a title, and the checks that belong there."""


def page(text: str) -> str:
    """Return the page with its tables of checks and questions filled in."""
    return fill(fill(text, "checks", _checks()), "questions", _questions())


def _checks() -> Iterator[str]:
    for title, belongs in GROUPS.items():
        rows = (
            (code(kind.name), _parameters(kind), description(kind))
            for kind in filter(belongs, KINDS.values())
        )
        yield from (f"{title}:", "", *table(("check", "parameters", "what must hold"), rows), "")


def _parameters(kind: Kind) -> str:
    """Return the parameters of a check in words, each with its choices."""
    words = []
    for name, schema in kind.params["properties"].items():
        notes = [f"`{choice}`" for choice in schema.get("enum", ())]
        notes += [] if name in kind.required else ["optional"]
        words.append(f"`{name}`" + (f" ({', '.join(notes)})" if notes else ""))
    return ", ".join(words) or "-"


def description(kind: Kind) -> str:
    """Return what must hold for a check to pass: the docstring of its function, on one line."""
    return " ".join((inspect.getdoc(kind.function) or "").split())


def _questions() -> Iterator[str]:
    rows = ((code(question.name), question.text, question.value) for question in QUESTIONS.values())
    return table(("question", "wording", "answer"), rows)


def schema(_: str) -> str:
    """Return the JSON schema of the checks and questions that lab.yml may name, whatever its file holds."""
    bare = [kind.name for kind in KINDS.values() if not kind.required]
    full = {
        kind.name: {"description": description(kind), **_describe_parameters(kind)} for kind in KINDS.values()
    }
    content: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sharklab checks and questions",
        "$comment": "Written by docs.generate from the declarations in sharklab.checks.",
        "$defs": {
            "check": {
                "anyOf": [
                    {"type": "string", "enum": bare},
                    {"type": "object", "additionalProperties": False, "properties": full},
                ]
            },
            "question": {
                "anyOf": [{"const": each.name, "description": each.text} for each in QUESTIONS.values()]
            },
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _describe_parameters(kind: Kind) -> Schema:
    """Return the schema of a check's parameters; a single `value` may stand without its name."""
    if kind.params["properties"].keys() == {"value"}:
        return {"anyOf": [kind.params["properties"]["value"], kind.params]}
    return kind.params
