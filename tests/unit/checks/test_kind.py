"""Kinds of checks: their schemas, the captures that they name, and what they need of these."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sharklab.checks import KINDS
from sharklab.checks import kind as kinds
from sharklab.checks.kind import TEXT, Need, Rests, by_port, check, parameters


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_have_a_schema_that_is_one(kind: str) -> None:
    """Lint validates parameters with it."""
    Draft202012Validator.check_schema(dict(KINDS[kind].params))


@pytest.mark.parametrize(
    ("kind", "params", "good"),
    [
        ("fin", {}, True),
        ("fin", {"value": 1}, False),
        ("transport", {"value": "tcp"}, True),
        ("transport", {"value": "sctp"}, False),
        ("dns", {"types": ["A"], "name": "x"}, True),
        ("dns", {"name": "x"}, False),
        ("output", {"probe": "a", "contains": ["x", "y"]}, True),
        ("firewall", {"runtime": "a", "permanent": "b", "services": []}, True),
    ],
)
def test_kinds_schema_tells_good_parameters(kind: str, params: dict[str, Any], good: bool) -> None:
    """A misspelt or missing parameter is found before the lab runs."""
    assert good == Draft202012Validator(dict(KINDS[kind].params)).is_valid(params)


@pytest.mark.parametrize(
    ("kind", "params", "hosts"),
    [
        ("mount", {"host": "client", "path": "/mnt"}, ("client",)),
        ("logs_in", {"host": "client", "to": "server"}, ("client", "server")),
        ("fin", {}, ()),
    ],
)
def test_kind_names_the_hosts_whose_state_it_needs(
    kind: str, params: dict[str, Any], hosts: tuple[str, ...]
) -> None:
    """A login needs the state of its target, too."""
    assert hosts == KINDS[kind].hosts(params)


def test_kind_names_the_captures_among_its_parameters() -> None:
    """A parameter that names a capture is known by its schema; one that was left out names none."""
    assert {"a", "b"} == KINDS["snapped"].captures({"capture": "a", "whole": "b"})
    assert {"a"} == KINDS["snapped"].captures({"capture": "a"})
    assert set() == KINDS["fin"].captures({})


@pytest.mark.parametrize(
    ("kind", "params", "capture", "needs"),
    [
        ("handshake", {}, "a", {Need.SYN_ACK}),
        ("dns", {"types": ["A"]}, "a", {Need.REPLY, Need.CONTENTS}),
        ("snapped", {"capture": "a", "whole": "b"}, "a", {Need.NOTHING_ELSE}),
        ("snapped", {"capture": "a", "whole": "b"}, "b", {Need.NOTHING_ELSE, Need.TOKEN, Need.CONTENTS}),
        ("opening", {"to": "syn"}, "a", set()),
        ("opening", {"to": "ack"}, "a", {Need.SYN_ACK}),
        ("knock", {"capture": "a", "packets": "handshake_rst"}, "a", {Need.SYN_ACK, Need.RESET}),
        ("unseen", {"capture": "a"}, "b", set()),
    ],
)
def test_kind_needs_traits_of_a_capture(
    kind: str, params: dict[str, Any], capture: str, needs: set[Need]
) -> None:
    """They may depend on the parameters, and on the part that the capture has in them."""
    assert needs == KINDS[kind].needs_of(params, capture)


@pytest.mark.parametrize(("kind", "live"), [("probes", True), ("sockets", True), ("fin", False)])
def test_live_is_what_only_a_run_records(kind: str, live: bool) -> None:
    """No student can hand in how a command ended, nor the sockets of a moment; captures they can."""
    assert live is KINDS[kind].live


def test_required_are_the_parameters_without_which_a_check_has_no_sense() -> None:
    """The others have a default."""
    assert {"types"} == KINDS["dns"].required


@pytest.mark.parametrize(
    ("name", "params", "heading"),
    [
        ("opening", {"to": "syn_ack"}, "Opening of the connection: SYN/ACK"),
        ("closing", {"to": "one_side"}, "End of the connection: the FIN of one side"),
        ("sends", {"sides": 2}, "Sides that send data: 2"),
        ("nfs", {"operations": ["READ"]}, "NFS operations"),
        ("nfs", {"operations": ["LOOKUP"], "name": "share"}, "NFS operations on share"),
    ],
)
def test_heading_says_steps_in_words(name: str, params: dict[str, Any], heading: str) -> None:
    """A reader sees no value of lab.yml."""
    assert heading == str(KINDS[name].write_heading(params))


def test_absence_needs_the_whole_capture() -> None:
    """A packet that was lost could be the one that must not be there."""
    assert [True, False] == [KINDS[name].needs_all for name in ("unseen", "fin")]


def test_check_declares_the_function_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The declaration says what the function takes, and leaves the function as it is."""
    monkeypatch.setattr(kinds, "KINDS", {})
    schema = parameters("ports", ports=by_port(TEXT))
    function = KINDS["fin"].function
    assert function is check("ends", Rests.HEADERS, "The end", params=schema)(function)
    declared = kinds.KINDS["ends"]
    assert ("ends", function, frozenset({"ports"})) == (declared.name, declared.function, declared.required)
    validator = Draft202012Validator(dict(declared.params))
    assert [True, False] == [validator.is_valid({"ports": {port: "open"}}) for port in ("22/tcp", "22")]


def test_check_refuses_a_name_that_is_taken() -> None:
    """The first declaration stays."""
    before = KINDS["fin"]
    with pytest.raises(ValueError, match="fin"):
        check("fin", Rests.HEADERS, "")(before.function)
    assert before is KINDS["fin"]


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("handshake", {}),
        ("traffic", {}),
        ("fin", {}),
        ("udp_exchange", {}),
        ("dns", {"types": ["A", "MX"], "name": "a.example"}),
        ("nfs", {"operations": ["OPEN", "READ"]}),
    ],
)
def test_parts_are_checks_with_good_parameters(kind: str, params: dict[str, Any]) -> None:
    """Together they are the check: the last is the check itself, or each has one of its values."""
    parts = KINDS[kind].parts
    assert parts
    found = [*parts(params)]
    assert all(Draft202012Validator(dict(KINDS[name].params)).is_valid(dict(each)) for name, each in found)
    assert (kind, params) == found[-1] or [kind] * 2 == [name for name, _ in found if name == kind]


def test_probes_are_those_that_the_parameters_name() -> None:
    """One by one, and in a list; other texts name none."""
    assert ("look", "list", "show") == KINDS["unix_socket"].probes(
        {"path": "/run/x", "find": "look", "list": "list", "file": "show"}
    )
    assert ("ss", "netstat") == KINDS["listeners"].probes({"probes": ["ss", "netstat"], "ports": [80]})
    assert () == KINDS["dns"].probes({"types": ["A"]})
