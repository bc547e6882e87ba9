"""Matrices of a lab: the exercises that they become, and what a plan says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts import inventory
from sharklab.lab import load, matrices, plan_file, seat
from sharklab.lab.model import Expectation, Lab
from sharklab.lab.plan import make_plan
from tests.support.matrix_sample import LAB, planned


def entry(*tools: str, **more: Any) -> dict[str, Any]:
    """Return a matrix of these tools, as lab.yml has it."""
    return {
        "id": "tcp",
        "title": {"fr": "TCP", "en": "TCP"},
        "transport": "tcp",
        "client": "client",
        "server": "target",
        "network": "lan",
        "first_port": 60000,
        "states": ["closed", "open"],
        "tools": [{"id": name, "run": [name, "{{ port }}"]} for name in tools],
        **more,
    }


def test_cells_keep_their_ports_when_a_tool_is_added() -> None:
    """A tool at the end of the list gets new ports and changes no other one's."""
    before = {cell["id"]: cell["port"] for cell in matrices.cells(entry("nc", "ncat"))}
    after = {cell["id"]: cell["port"] for cell in matrices.cells(entry("nc", "ncat", "telnet"))}
    assert {
        "tcp-closed-nc": 60000,
        "tcp-closed-ncat": 60001,
        "tcp-open-nc": 60050,
        "tcp-open-ncat": 60051,
    } == before
    assert before.items() <= after.items()
    assert len(set(after.values())) == 6


def test_matrix_becomes_the_exercise_of_its_id() -> None:
    """Both sides are captured, the server tells of its ports, and each cell has a probe on the client."""
    exercise = planned().lab.exercises[0]
    assert "tcp" == exercise.id
    assert [("tcp-client", "client"), ("tcp-server", "target")] == [(c.id, c.host) for c in exercise.captures]
    witnesses = [probe.id for probe in exercise.probes if probe.host == "target"]
    assert ["tcp-sockets", "tcp-firewall", "tcp-nft"] == witnesses
    target = planned().seat.address("target", "lan").ipv4.ip
    assert {f"host {target}"} == {capture.filter.partition(" and ")[0] for capture in exercise.captures}
    cells = [probe.id for probe in exercise.probes if probe.host == "client"]
    assert sorted(trial.probe for trial in planned().lab.matrices[0].trials) == sorted(cells)


def test_cells_start_tool_by_tool() -> None:
    """A tool meets every state at about the same time: what it is slowed down by is the same for all."""
    started = [probe.id for probe in matrices.exercise(entry("nc", "ncat")).probes if probe.host == "client"]
    assert ["tcp-closed-nc", "tcp-open-nc", "tcp-closed-ncat", "tcp-open-ncat"] == started


def test_expectations_of_a_tool_come_before_the_matrix() -> None:
    """State by state and value by value; what a tool says of all states comes between."""
    trials = {trial.probe: trial.expect for trial in planned().lab.matrices[0].trials}
    assert Expectation((1,), ("refused",), ("syn_rst",)) == trials["tcp-closed-nc"]
    assert Expectation((0,), ("connected",), ("handshake_fin", "handshake_rst")) == trials["tcp-open-nc"]
    assert Expectation((0,), ("open",), ("synack_rst",)) == trials["tcp-open-nmap"]


def test_words_of_a_tool_come_before_the_matrix() -> None:
    """The tool's own regular expressions are tried first."""
    says = [verdict for verdict, _ in planned().lab.matrices[0].tool("nmap").says]
    assert ["closed", "filtered", "open", "refused", "unreachable", "timeout", "connected"] == says


def test_plan_leaves_regular_expressions_alone() -> None:
    """They are no templates, though they have braces."""
    lab = load.read(LAB)
    data = {**lab.data, "matrices": [{**lab.data["matrices"][0], "verdicts": {"refused": "x{{2}"}}]}
    odd = load.build(Lab, data, lab.path)
    own = make_plan(odd, seat.derive(odd, "alice", bytes(range(32))))
    assert ("refused", "x{{2}") in own.lab.matrices[0].tools[0].says


def test_plan_leaves_no_template_in_cells() -> None:
    """Each cell's own address and port, and the seat's values, are filled in."""
    for each in (planned("fast"), planned("real")):
        assert "{{" not in str([exercise.probes for exercise in each.lab.exercises])
    udp = planned().lab.exercises[1].probes[-1]
    assert f"{planned().seat.token} 60050\n" == udp.stdin


@pytest.mark.parametrize("pace", matrices.PACES)
def test_save_of_a_matrix_is_read_back(pace: str, tmp_path: Path) -> None:
    """A new process can judge and report from plan.json alone, and knows the pace."""
    plan_file.save(planned(pace), tmp_path)
    assert plan_file.read(tmp_path / "plan.json") == planned(pace)


def test_fast_pace_is_for_the_client_alone() -> None:
    """The client's kernel is less patient while the probes run; the server's stays as it is."""
    found = {name: values["probe_sysctls"] for name, values in inventory.hostvars(planned("fast")).items()}
    assert {"target": {}, "client": {"net.ipv4.tcp_syn_retries": "1"}} == found


def test_ports_are_the_servers_to_make() -> None:
    """The role that makes the states hears of each port, when the image is baked and in each plan alike."""
    hosts = (load.read(LAB).host("target"), planned().lab.host("target"))
    first = {"port": 60000, "protocol": "tcp", "state": "closed"}
    assert all(host.vars["port_states_ports"][0] == first for host in hosts)
    assert hosts[0].vars == hosts[1].vars
    assert "port_states_ports" not in planned().lab.host("client").vars
