"""The criteria that the solution of another exercise does, too."""

from __future__ import annotations

import pytest

from sharklab.grading.marking.solutions import find_criteria
from sharklab.lab import load

LAB = load.read_named("tp4")


@pytest.mark.parametrize(
    ("solved", "criteria"),
    [
        (("nfs",), ("firewall/server",)),  # the firewall of the server is a part of both
        (("dns", "nfs"), ("firewall/server",)),
        (("firewall",), ()),  # what nfs and dns ask for needs more than the firewall
        (("ssh",), ()),
        ((), ()),
        (("firewall", "dns"), ()),
    ],
)
def test_a_solution_does_the_criteria_whose_work_it_has(
    solved: tuple[str, ...], criteria: tuple[str, ...]
) -> None:
    """Only where all the work of the other exercise on a host is done."""
    assert criteria == find_criteria(LAB, solved)
