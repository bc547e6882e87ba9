"""Everything about a class as one JSON file, for programs: a schema that only grows within its version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sharklab.grading.gradebook.model import Class, Entry, state
from sharklab.grading.marking import export
from sharklab.message import prose

SCHEMA = "sharklab-results/1"


def results(group: Class) -> str:
    """Return results.json of a class, the same for the same class."""
    content = {
        "schema": SCHEMA,
        "tool": group.tool,
        "lab": group.lab,
        "title": export.text(prose(group.title)),
        "students": list(map(_student, group.entries)),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _student(entry: Entry) -> dict[str, Any]:
    return {
        "student": entry.student,
        "name": entry.name,
        "email": entry.email,
        "group": entry.group,
        "handed_in_by": entry.author,
        "state": state(entry),
        "file": entry.file,
        "sha256": entry.digest,
        "problem": export.text(entry.problem),
        "remarks": [export.remark(each) for each in entry.remarks],
        "result": export.to_plain(entry.result) if entry.result else None,
    }


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON schema of results.json; a student's result has a schema of its own."""
    text = files("sharklab.grading.gradebook").joinpath("results.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return {**content, "$defs": {"result": {**export.schema(), "$id": export.SCHEMA}, **content["$defs"]}}
