"""Faults of a lab.yml: sentences for all that its schemas ask for, in English and in French."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sharklab import i18n
from sharklab.checks import KINDS
from sharklab.lab import schema

SIDES = {"properties": {"client": {}, "server": {}}, "additionalProperties": False}
SHAPE = {
    "$ref",
    "$defs",
    "$schema",
    "title",
    "description",
    "default",
    "properties",
    "propertyNames",
    "items",
}
"""Keywords of JSON schema that name, tell or hold others, and refuse nothing themselves."""


def _keywords(content: Mapping[str, Any]) -> Iterator[str]:
    yield from content
    inner = [*content.get("properties", {}).values(), *content.get("$defs", {}).values()]
    inner += [part for key in ("anyOf", "oneOf") for part in content.get(key, ())]
    inner += [content.get(key) for key in ("items", "additionalProperties", "propertyNames", "not")]
    for part in inner:
        if isinstance(part, Mapping):
            yield from _keywords(part)


@pytest.mark.parametrize("content", [schema.read(), *(kind.params for kind in KINDS.values())])
def test_every_keyword_of_the_schemas_has_a_sentence(content: Mapping[str, Any]) -> None:
    """Whatever a schema may find wrong, an author reads a sentence of ours."""
    explained = {"additionalProperties", "anyOf", "oneOf", "required", "type", *schema.SENTENCES}
    assert set(_keywords(content)) - SHAPE - explained == set()


@pytest.mark.parametrize(
    ("content", "data", "english", "french"),
    [
        (
            SIDES,
            {"cleint": 1},
            "unknown key 'cleint'\n  hint: did you mean client?",
            "clé inconnue : 'cleint'",
        ),
        (SIDES, {"x": 1}, "unknown key 'x'\n  hint: known keys: client, server", "clé inconnue : 'x'"),
        ({"additionalProperties": False}, {"x": 1}, "unknown key 'x'", "clé inconnue : 'x'"),
        ({"required": ["a", "b"]}, {}, "missing key 'a', 'b'", "clé manquante : 'a', 'b'"),
        (
            {"type": ["object", "null"], "description": "The task, in Markdown."},
            "x",
            "expected a mapping or nothing, found 'x'\n  hint: The task, in Markdown.",
            "attendu : un dictionnaire ou rien ; trouvé : 'x'\n  conseil : La consigne, en Markdown.",
        ),
        ({"type": "string"}, [], "expected text, found a list", "attendu : un texte ; trouvé : une liste"),
        (
            {"enum": ["tcp", "udp"]},
            "tpc",
            "'tpc' is not known\n  hint: one of: tcp, udp",
            "'tpc' n'est pas connu",
        ),
        (
            {"pattern": "^[a-z]+$"},
            "A b",
            "'A b' does not have the right form",
            "'A b' n'a pas la bonne forme",
        ),
        ({"not": {"enum": ["lo"]}}, "lo", "'lo' is not allowed here", "'lo' n'est pas permis ici"),
        (
            {"minItems": 1},
            [],
            "there are too few entries: at least 1",
            "il y a trop peu d'entrées : au moins 1",
        ),
        ({"maxProperties": 1}, {1: 1, 2: 2}, "there are too many", "il y a trop d'entrées : au plus 1"),
        ({"uniqueItems": True}, [1, 1], "an entry appears twice", "une entrée apparaît deux fois"),
        ({"maximum": 250}, 251, "251 is too large: at most 250", "251 est trop grand : au plus 250"),
        ({"minimum": 1}, 0, "0 is too small: at least 1", "0 est trop petit : au moins 1"),
        (
            {"exclusiveMinimum": 0},
            0,
            "0 is too small: it must be more than 0",
            "0 est trop petit : il faut plus de",
        ),
        ({"minLength": 1}, "", "the text is too short", "le texte est trop court : au moins 1 caractère"),
        (
            {"oneOf": [{"type": "string"}, {"type": "object"}]},
            3,
            "expected text or a mapping, found 3",
            "attendu : un texte ou un dictionnaire ; trouvé : 3",
        ),
        (
            {"anyOf": [{"enum": ["open"]}, {"type": "array", "items": {"enum": ["open"]}}]},
            ["opne"],
            "'opne' is not known\n  hint: one of: open",
            "'opne' n'est pas connu\n  conseil : au choix : open",
        ),
    ],
)
def test_faults_of_a_schema(
    content: Mapping[str, Any], data: object, english: str, french: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault is one sentence of ours, with a hint where there is one."""
    [(_, problem)] = schema.faults(content, data)
    assert str(problem).startswith(english)
    said = problem.say(i18n.translator("fr").gettext).replace("\N{NO-BREAK SPACE}", " ")
    assert said.startswith(french)


def test_unknown_keys_are_faults_of_their_own() -> None:
    """Each is at its own place, with the key that was meant, or where it belongs."""
    content = {
        **SIDES,
        "required": ["client", "server"],
        "$defs": {"capture": {"properties": {"filter": {}}}},
    }
    found = {
        where: problem.hint for where, problem in schema.faults(content, {"clinet": 1, "filter": 2, "x": 3})
    }
    assert found == {
        ("clinet",): "did you mean client?",
        ("filter",): "this key belongs to: capture",
        ("x",): "known keys: client, server",
        (): "",
    }


def test_key_with_a_typing_mistake_is_one_fault() -> None:
    """It is not missing besides."""
    faults = list(schema.faults({**SIDES, "required": ["client", "server"]}, {"clinet": 1, "server": 2}))
    assert [("clinet",)] == [where for where, _ in faults]


def test_name_of_a_wrong_form_is_at_its_own_line() -> None:
    """The remedy is the description of such names, and not their pattern."""
    names = {"pattern": "^[a-z]+$", "description": "Lower-case letters."}
    [(where, problem)] = schema.faults({"propertyNames": names}, {"Web": 1})
    assert (("Web",), "Lower-case letters.") == (where, problem.hint)


@pytest.mark.parametrize(
    ("wanted", "value", "remedy"),
    [
        ("array", 0, "write a list: [0]"),
        ("array", "ping -c 1 host", "What it is."),
        ("array", {}, "What it is."),
        ("string", 67, 'put it between quotes: "67"'),
        ("string", None, "What it is."),
        ("integer", "443", "write it without quotes: 443"),
        ("integer", "many", "What it is."),
    ],
)
def test_remedy_of_a_wrong_type(wanted: str, value: object, remedy: str) -> None:
    """How to write the value that is there, where that is plain; else what is wanted."""
    [(_, problem)] = schema.faults({"type": wanted, "description": "What it is."}, value)
    assert remedy == problem.hint


def test_faults_of_an_alternative_are_where_they_are() -> None:
    """A fault inside one of several allowed forms has the place of the inner part."""
    content = {"properties": {"a": {"anyOf": [{"type": "null"}, {"items": {"type": "string"}}]}}}
    [(path, _)] = schema.faults(content, {"a": ["x", {}]})
    assert path == ("a",)
