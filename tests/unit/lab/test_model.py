"""Parts of labs, seats and plans by their names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sharklab.lab.model import Check, Criterion, CriterionStep, Matrix, Tool
from tests.support.checks_sample import Sample

PLAN = Sample(["ssh.pcap"]).context().plan
LAB = PLAN.lab
MATRIX = Matrix("tcp", "tcp", "client", "server", "lan", "", (), (Tool("nc", "nc"), Tool("ssh", "ssh")), ())


def test_parts_by_their_names() -> None:
    """Host, network, address and tool are those of the name."""
    assert ("server", "lan", "nc") == (
        LAB.host("server").name,
        LAB.network("lan").name,
        MATRIX.tool("nc").id,
    )
    assert PLAN.seat.addresses["server"]["lan"] == PLAN.seat.address("server", "lan")
    assert LAB.hosts == PLAN.hosts


@pytest.mark.parametrize(
    "look_up",
    [
        lambda: LAB.host("printer"),
        lambda: LAB.network("wan"),
        lambda: PLAN.seat.address("server", "wan"),
        lambda: MATRIX.tool("telnet"),
    ],
    ids=["host", "network", "address", "tool"],
)
def test_parts_that_are_not_there(look_up: Callable[[], object]) -> None:
    """Each is a KeyError, which nothing takes for the end of a loop."""
    with pytest.raises(KeyError):
        look_up()


def test_points_of_a_criterion_are_those_of_its_steps() -> None:
    """Half points count."""
    steps = (CriterionStep(1.0, Check("fin")), CriterionStep(0.5, Check("handshake")))
    assert 1.5 == Criterion("way", steps).points
