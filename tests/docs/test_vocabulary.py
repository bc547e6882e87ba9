"""Editors can use the schema of checks and questions."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from sharklab import paths
from sharklab.lab import load

BASE = "file:///lab/"


def editor() -> Draft202012Validator:
    """Return what an editor makes of lab.schema.json and of the file that it refers to."""
    folder = paths.ROOT / "src" / "sharklab" / "lab"
    files = {
        name: json.loads((folder / name).read_text())
        for name in ("lab.schema.json", "vocabulary.schema.json")
    }
    registry: Registry[Any] = Registry().with_resources(
        (BASE + name, Resource.from_contents(content)) for name, content in files.items()
    )
    return Draft202012Validator(
        {**files["lab.schema.json"], "$id": f"{BASE}lab.schema.json"}, registry=registry
    )


def faults(lab: dict[str, Any]) -> list[str]:
    """Return where the schema finds faults in a lab."""
    return [error.json_path for error in editor().iter_errors(lab)]


@pytest.mark.parametrize("name", load.names())
def test_schema_accepts_the_labs(name: str) -> None:
    """Every lab of the repository is right in an editor."""
    assert faults(yaml.safe_load(load.find(name).read_text())) == []


@pytest.mark.parametrize(
    "checks",
    [["hanshake"], ["dns"], [{"dns": {"types": "A"}}], [{"transport": "tpc"}], [{"fin": {"value": 1}}]],
)
def test_schema_refuses_a_wrong_check(checks: list[Any]) -> None:
    """An unknown name, a missing parameter and a wrong value show while the author types."""
    lab = yaml.safe_load(load.find("tcpdump").read_text())
    lab["exercises"][0]["checks"] = checks
    assert faults(lab) == ["$.exercises[0].checks[0]"]
    lab["exercises"][0]["checks"] = ["handshake", {"dns": {"types": ["A"]}}, {"transport": "tcp"}]
    assert faults(lab) == []


def test_schema_refuses_a_wrong_question() -> None:
    """An unknown question shows while the author types."""
    lab = yaml.safe_load(load.find("tcpdump").read_text())
    lab["exercises"][0]["questions"] = ["server_adress"]
    assert faults(lab) == ["$.exercises[0].questions[0]"]
