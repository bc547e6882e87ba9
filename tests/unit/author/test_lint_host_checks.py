"""Checks of hosts name hosts, users and ports that are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.author import lint_host_checks
from sharklab.lab.criteria import criterion
from sharklab.lab.model import Check, Lab
from tests.support.checks_sample import Sample

UNKNOWN_HOST, UNKNOWN_USER = "unknown host {name!r}", "unknown user of {host} {name!r}"
NO_QUESTION = "check reaches has no question for port {port}, and UDP answers only questions"
WHEN = {"check": {"mount": {"host": "printer", "path": "/"}}}
HINT = {"fr": "a", "en": "b", "when": WHEN}


def found(
    *checks: Check, criteria: tuple[dict[str, Any], ...] = (), **values: Any
) -> list[tuple[object, str]]:
    """Return place and message id of each fault of an exercise with these checks."""
    plan, _ = Sample().run(checks)
    lab: Lab = plan.source
    hosts = tuple(replace(host, roles=("common",)) for host in lab.hosts)
    exercise = replace(lab.exercises[0], criteria=tuple(map(criterion, criteria)), **values)
    lab = Lab(**{**vars(lab), "hosts": hosts, "exercises": (exercise,)})
    return [(where, str(error.sentence.msgid)) for where, error in lint_host_checks.faults(lab, (), exercise)]


@pytest.mark.parametrize(
    ("kind", "params", "msgids"),
    [
        ("mount", {"host": "server", "path": "/"}, []),
        ("mount", {"host": "{{ name }}", "path": "/"}, []),
        ("mount", {"host": "printer", "path": "/"}, [UNKNOWN_HOST]),
        ("reaches", {"host": "server", "to": "printer", "port": "22/tcp"}, [UNKNOWN_HOST]),
        ("reaches", {"host": "server", "to": "client", "port": "53/udp"}, []),
        ("reaches", {"host": "server", "to": "client", "port": "54/udp"}, [NO_QUESTION]),
        ("writes", {"host": "server", "path": "/", "user": "student"}, []),
        ("writes", {"host": "server", "path": "/", "user": "studnet"}, [UNKNOWN_USER]),
        ("writes", {"host": "server", "path": "/", "user": "{{ seat.token }}"}, []),
        ("logs_in", {"host": "server", "to": "client", "as": "studnet"}, [UNKNOWN_USER]),
        ("fin", {"host": "printer"}, []),
        ("no such check", {"host": "printer"}, []),
    ],
)
def test_faults_of_one_check(kind: str, params: dict[str, str], msgids: list[str]) -> None:
    """Each at the place of its check; a template is known only for a seat."""
    assert [(("checks", 0), msgid) for msgid in msgids] == found(Check(kind, params))


def test_faults_are_found_in_criteria_and_hints() -> None:
    """Wherever a check stands."""
    criteria = (
        {"id": "one", "all_of": [{"check": "fin"}, WHEN], "hints": [HINT]},
        {"id": "two", "question": "x"},
    )
    assert [(("criteria", 0), UNKNOWN_HOST), (("criteria", 0, "hints", 0), UNKNOWN_HOST)] == found(
        criteria=criteria
    )
    hints = criterion({"id": "x", "check": "fin", "hints": [HINT, {"fr": "a", "en": "b"}]}).hints
    assert [(("hints", "x", 0), UNKNOWN_HOST)] == found(hints={"x": hints})
