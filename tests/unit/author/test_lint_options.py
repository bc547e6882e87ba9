"""Values of roles' variables have the types that the roles declare."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.author import lint_options

RECORD = {"name": {"type": "str", "required": True}, "ttl": {"type": "int"}}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ({}, "x"),
        ({}, 3),
        ({"type": "bool"}, True),
        ({"type": "int"}, "{{ seat.token }}"),
        ({"type": "list", "elements": "int"}, [1, "{{ seat.token }}"]),
        ({"type": "list", "elements": "dict", "options": RECORD}, [{"name": "a", "ttl": 3}]),
        ({"type": "list", "elements": "str", "choices": ["a", "b"]}, ["b"]),
        ({"type": "dict"}, {"any": ["thing"]}),
        ({"type": "raw"}, None),
    ],
)
def test_right_values(option: dict[str, Any], value: object) -> None:
    """A number is a text to Ansible; of a template only the seat knows what it comes to."""
    assert [] == list(lint_options.faults((), option, value))


@pytest.mark.parametrize(
    ("option", "value", "place", "sentence"),
    [
        ({"type": "list"}, "ssh", (), "expected a list, found 'ssh'"),
        ({"type": "list"}, "{{ lab }}", (), "expected a list, found '{{ lab }}'"),
        ({"type": "bool"}, "yes", (), "expected true or false, found 'yes'"),
        ({"type": "str"}, ["a"], (), "expected text or a whole number or a number, found a list"),
        ({"type": "list", "elements": "int"}, [1, "b"], (1,), "expected a whole number, found 'b'"),
        (
            {"type": "list", "elements": "dict", "options": RECORD},
            [{"nmae": "a"}],
            (0, "nmae"),
            "unknown key 'nmae'",
        ),
        ({"type": "list", "elements": "dict", "options": RECORD}, [{"ttl": 3}], (0,), "missing key 'name'"),
        ({"type": "str", "choices": ["a", "b"]}, "c", (), "'c' is not known"),
    ],
)
def test_wrong_values(
    option: dict[str, Any], value: object, place: tuple[object, ...], sentence: str
) -> None:
    """Each is one fault at its place, with the role's own description as the remedy."""
    found = list(lint_options.faults((), {**option, "description": ["What it", "does."]}, value))
    assert [(place, sentence)] == [(where, problem.message) for where, problem in found]


def test_remedy_is_what_the_role_says() -> None:
    """A role describes its options for its README already."""
    [(_, problem)] = lint_options.faults((), {"type": "int", "description": ["What it", "does."]}, {})
    assert "What it does." == problem.hint
