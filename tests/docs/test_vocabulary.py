"""The reference of checks and questions follows from their declarations, and editors can use its schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from docs import vocabulary
from sharklab.lab import load

BASE = "file:///lab/"


def editor() -> Draft202012Validator:
    """Return what an editor makes of lab.schema.json and of the file that it refers to."""
    folder = vocabulary.SCHEMA.parent
    files = {
        name: json.loads((folder / name).read_text()) for name in ("lab.schema.json", vocabulary.SCHEMA.name)
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


def test_tables_are_those_of_the_declarations() -> None:
    """An author reads every check and question; to renew: PYTHONPATH=src python docs/vocabulary.py."""
    text = vocabulary.PAGE.read_text(encoding="utf-8")
    assert vocabulary.page(text) == text


def test_schema_is_that_of_the_declarations() -> None:
    """An editor knows every check and question; to renew: PYTHONPATH=src python docs/vocabulary.py."""
    assert vocabulary.schema() == vocabulary.SCHEMA.read_text(encoding="utf-8")


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
