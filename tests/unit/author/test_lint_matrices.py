"""Faults of matrices: the place and the msgid; golden tests have the sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author.lint_matrices import faults, warnings
from sharklab.lab import load

GOLDEN = Path(__file__).parents[2] / "golden"


def found(file: Path) -> list[tuple[str, str]]:
    """Return the place and the msgid of each fault of the matrices."""
    return [(".".join(map(str, at)), error.message_id) for at, error in faults(load.read(file))]


def test_faults_of_a_right_matrix_are_none() -> None:
    """A matrix without mistakes has no faults."""
    assert [] == found(GOLDEN / "labs" / "matrix" / "lab.yml")


@pytest.mark.parametrize(
    ("first", "warned"), [(60000, True), (63999, True), (32767, True), (31000, False), (64000, False)]
)
def test_warnings_name_a_matrix_with_ports_of_clients(tmp_path: Path, first: int, warned: bool) -> None:
    """Any of its ports may be one that Linux or nmap takes for a client."""
    text = (GOLDEN / "labs" / "matrix" / "lab.yml").read_text().replace("60000", str(first))
    (tmp_path / "matrix").mkdir()
    (tmp_path / "matrix" / "lab.yml").write_text(text)
    found = [warning.values for warning in warnings(load.read(tmp_path / "matrix" / "lab.yml"))]
    assert [first] * len(found) == [values["first"] for values in found]
    assert warned == bool(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "matrix-hosts",
            [
                ("matrices.0.client", "unknown host {name!r}"),
                ("hosts.target.roles", "matrix {id!r} needs the role {role} here"),
                ("matrices.1.network", "unknown network of {host} {name!r}"),
                ("hosts.target.roles", "matrix {id!r} needs the role {role} here"),
                (
                    "matrices.2.server",
                    "client and server are one host: no packet would cross a network",
                ),
                ("hosts.target.roles", "matrix {id!r} needs the role {role} here"),
            ],
        ),
        (
            "matrix-ports",
            [
                (
                    "matrices.3.first_port",
                    "the ports of the matrix go up to {last}: there is none after {limit}",
                ),
                ("matrices.1.first_port", "the matrices {first!r} and {second!r} have ports in common"),
            ],
        ),
        (
            "matrix-sysctls",
            [
                (
                    "matrices.1.fast.sysctls.net.ipv4.tcp_syn_retries",
                    "matrix {id!r} sets {name} to {value} on the same client",
                )
            ],
        ),
        (
            "matrix-tools",
            [
                ("matrices.0.verdicts.refused", "not a valid regular expression: {error}"),
                ("matrices.0.verdicts.timeout", "this regular expression fits any text"),
                ("matrices.0.tools.0.says.refused", "not a valid regular expression: {error}"),
                ("matrices.0.tools.1.id", "duplicate tool {name!r}"),
                ("matrices.0.tools.1.run", "tool {name!r} does not use the port of its cell"),
                ("matrices.0.tools.2.fast.run", "tool {name!r} does not use the port of its cell"),
            ],
        ),
        (
            "matrix-expectations",
            [
                ("matrices.0.expect.closed.packets", "{name!r} is no pattern of packets of {transport}"),
                ("matrices.0.expect.dropped", "the matrix has no state {state!r}"),
                (
                    "matrices.0.tools.1",
                    "tool {tool!r}, state {state!r}: these expectations are missing: {lacking}",
                ),
                (
                    "matrices.0.tools.1",
                    "tool {tool!r}, state {state!r}: these expectations are missing: {lacking}",
                ),
                ("matrices.1.states.1", "UDP has no state {state!r}"),
                ("matrices.1.expect.reset.packets", "{name!r} is no pattern of packets of {transport}"),
            ],
        ),
    ],
)
def test_faults_have_their_place(name: str, expected: list[tuple[str, str]]) -> None:
    """Each fault of the matrices is found once, where it is."""
    assert sorted(expected) == sorted(found(GOLDEN / "broken" / name / "lab.yml"))
