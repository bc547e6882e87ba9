"""Write the reference of checks and questions from their declarations in `sharklab.checks`.

    PYTHONPATH=src python docs/vocabulary.py

It fills the tables of docs/authoring.md between their markers, and src/sharklab/lab/vocabulary.schema.json,
which lets an editor complete and check the names and parameters in a lab.yml. A test keeps them equal.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.kind import Kind, Rests, Schema

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "authoring.md"
SCHEMA = ROOT / "src" / "sharklab" / "lab" / "vocabulary.schema.json"

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
    for name, rows in (("checks", _tables()), ("questions", _questions())):
        begin, rest = text.split(f"<!-- {name}: begin -->\n")
        _, end = rest.split(f"<!-- {name}: end -->")
        lines = "\n".join(rows)
        text = f"{begin}<!-- {name}: begin -->\n{lines}\n<!-- {name}: end -->{end}"
    return text


def _tables() -> Iterator[str]:
    for title, belongs in GROUPS.items():
        yield from (f"{title}:", "", "| check | parameters | what must hold |", "| --- | --- | --- |")
        for kind in filter(belongs, KINDS.values()):
            yield f"| `{kind.name}` | {_parameters(kind)} | {description(kind)} |"
        yield ""


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
    yield from ("| question | wording | answer |", "| --- | --- | --- |")
    for question in QUESTIONS.values():
        yield f"| `{question.name}` | {question.text} | {question.value} |"


def schema() -> str:
    """Return the JSON schema of the checks and questions that lab.yml may name."""
    bare = [kind.name for kind in KINDS.values() if not kind.required]
    full = {kind.name: {"description": description(kind), **_described(kind)} for kind in KINDS.values()}
    content: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sharklab checks and questions",
        "$comment": "Written by docs/vocabulary.py from the declarations in sharklab.checks.",
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


def _described(kind: Kind) -> Schema:
    """Return the schema of a check's parameters; a single `value` may stand without its name."""
    if kind.params["properties"].keys() == {"value"}:
        return {"anyOf": [kind.params["properties"]["value"], kind.params]}
    return kind.params


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
