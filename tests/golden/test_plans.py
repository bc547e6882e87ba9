"""Golden tests: the plan of a small lab for a known seat, byte for byte; of every lab, what must hold.

Renew the plans with: ./sharklab test tests/golden --renew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sharklab.hosts import inventory
from sharklab.lab import load, matrices, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from tests.golden.conftest import Golden

HERE = Path(__file__).parent


def planned(file: Path, pace: str) -> str:
    """Return the variables of all hosts of a lab, for a known seat."""
    lab = load.read(file)
    own = seat.derive(lab, "alice", bytes(range(32)))
    return json.dumps(inventory.hostvars(make_plan(lab, own, pace)), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", ["tcpdump", "tp4"])
def test_plan_of_a_lab(name: str, golden: Golden) -> None:
    """A lab and a seat always give the same plan; these two are small enough to be read."""
    golden(HERE / "plans" / f"{name}.json", planned(load.find(name), matrices.FAST))


@pytest.mark.parametrize("pace", matrices.PACES)
def test_plan_of_a_matrix(pace: str, golden: Golden) -> None:
    """Each cell has a probe of its own, and the pace decides what it runs and how patient the kernel is."""
    file = HERE / "labs" / "matrix" / "lab.yml"
    golden(HERE / "plans" / f"matrix-{pace}.json", planned(file, pace))


def own_plan(name: str) -> Plan:
    """Return the plan of a lab for a known seat."""
    lab = load.read(load.find(name))
    return make_plan(lab, seat.derive(lab, "alice", bytes(range(32))))


@pytest.mark.parametrize("name", load.names())
def test_plan_is_the_same_again(name: str) -> None:
    """The same lab and the same seat give the same plan."""
    assert planned(load.find(name), matrices.FAST) == planned(load.find(name), matrices.FAST)


@pytest.mark.parametrize("name", load.names())
def test_plan_has_no_template_left(name: str) -> None:
    """Every value of the seat is filled in."""
    assert not re.search(r"{{|{%", planned(load.find(name), matrices.FAST))


@pytest.mark.parametrize("name", load.names())
def test_plan_gives_each_host_its_own_addresses(name: str) -> None:
    """No two hosts share an IP or a MAC address, and hosts of a network are in one subnet."""
    places = [at for nets in own_plan(name).seat.addresses.values() for at in nets.values()]
    for values in ([at.ipv4.ip for at in places], [at.ipv6.ip for at in places], [at.mac for at in places]):
        assert len(values) == len(set(values))
    for network in {at.network for at in places}:
        assert 1 == len({at.ipv4.network for at in places if at.network == network})


@pytest.mark.parametrize("name", load.names())
def test_plan_runs_each_probe_on_a_host_that_has_it(name: str) -> None:
    """Probes and captures have ids of their own, hosts of the plan, and networks of their hosts."""
    plan = own_plan(name)
    hosts = {host.name: host for host in plan.hosts}
    probes = [probe for exercise in plan.lab.exercises for probe in exercise.probes]
    captures = [capture for exercise in plan.lab.exercises for capture in exercise.captures]
    assert {probe.host for probe in probes} | {capture.host for capture in captures} <= set(hosts)
    assert all(capture.network in hosts[capture.host].networks for capture in captures)
    for ids in ([probe.id for probe in probes], [capture.id for capture in captures]):
        assert len(ids) == len(set(ids))
    assert {name for probe in probes for name in probe.after} <= {probe.id for probe in probes}


@pytest.mark.parametrize("name", load.names())
def test_plan_gives_each_cell_of_a_matrix_a_port_and_a_probe(name: str) -> None:
    """A tool that tries a port leaves its packets on a port that no other tool tries."""
    plan = own_plan(name)
    for matrix in plan.lab.matrices:
        ports = [trial.port for trial in matrix.trials]
        assert len(ports) == len(set(ports))
        [exercise] = [each for each in plan.lab.exercises if each.id == matrix.id]
        tried = [probe for probe in exercise.probes if probe.host == matrix.client]
        assert len(ports) == len(tried)
        assert all(any(str(port) in " ".join(probe.run) for probe in tried) for port in ports)
