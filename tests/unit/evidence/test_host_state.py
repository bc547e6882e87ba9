"""The shape of what was seen on a host."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.evidence.host_state import fault
from tests.support import host_state


def test_fault_of_an_observation_is_nothing_when_it_has_the_shape() -> None:
    """What a host is like on a seat has the shape that is asked for."""
    assert "" == fault(host_state.seen())


@pytest.mark.parametrize(
    "wrong",
    [
        {"sockets": "tcp LISTEN"},
        {"services": {"sshd": True}},
        {"firewall": {"runtime": 7, "permanent": ""}},
        {"mounts": [{"path": "/"}]},
        {"fstab": ["x" * 5000]},
        {"observed": -1},
    ],
)
def test_fault_of_an_observation_names_the_place(wrong: dict[str, Any]) -> None:
    """What a student hands in may be anything."""
    [key] = wrong
    assert f"$.{key}" in fault(host_state.seen(**wrong))
