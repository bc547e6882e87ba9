"""The generated parts of the documentation are those of the code, and the code does what they say."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import generate
from docs.generate import lab_file
from docs.generate.markdown import fill
from sharklab import paths
from sharklab.cli import main
from sharklab.cli.grammar import VERBS
from sharklab.lab import load
from sharklab.lab.model import Lab


@pytest.mark.parametrize("name", generate.FILES)
def test_file_is_up_to_date(name: str, pytestconfig: pytest.Config) -> None:
    """What a reader finds follows from the code."""
    file = paths.ROOT / name
    text = file.read_text(encoding="utf-8")
    renewed = generate.FILES[name](text)
    if pytestconfig.getoption("--renew"):
        file.write_text(renewed, encoding="utf-8")
        text = renewed
    assert renewed == text, f"{name} is out of date: ./sharklab test tests/docs/test_generate.py --renew"


def test_fill_refuses_a_page_without_markers() -> None:
    """A page whose markers were lost is not passed over."""
    with pytest.raises(ValueError, match="unpack"):
        fill("# Page\n", "keys", [])


@pytest.mark.parametrize("name", VERBS)
def test_example_of_a_verb_is_a_command_of_that_verb(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command line understands the example; here the verb only notes that it was called."""
    called: list[Namespace] = []

    def note(args: Namespace) -> int:
        called.append(args)
        return 0

    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))  # without a seat of another student
    noted = {each: replace(verb, call=note) for each, verb in VERBS.items()}
    monkeypatch.setattr(main, "VERBS", noted)
    monkeypatch.setattr("sharklab.cli.setup.prepare", lambda *_: None)
    assert main.main(shlex.split(VERBS[name].example)) == 0
    assert [name] == [args.verb for args in called]


def _explicit(schema: Mapping[str, Any], data: Any) -> Any:
    """Return `data` with each default of its schema written out."""
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    if name in lab_file.DEFINED:
        return _explicit(lab_file.DEFINED[name], data)
    if isinstance(data, list) and "items" in schema:
        return [_explicit(schema["items"], item) for item in data]
    if not isinstance(data, dict | None):
        return data
    known = schema.get("properties", {})
    given = dict(_parts(schema, data or {}))
    return {**{key: each["default"] for key, each in known.items() if "default" in each}, **given}


def _parts(schema: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
        yield key, _explicit(inner, value) if isinstance(inner, Mapping) else value


@pytest.mark.parametrize("name", load.names())
def test_defaults_of_the_schema_are_those_of_the_program(name: str) -> None:
    """A lab in which each default is written out is the same lab."""
    file = load.find(name)
    data = yaml.safe_load(file.read_text())
    explicit = _explicit(lab_file.SCHEMA, data)
    assert len(json.dumps(explicit)) > len(json.dumps(data))
    assert load.build(Lab, explicit, file.parent) == load.build(Lab, data, file.parent)
