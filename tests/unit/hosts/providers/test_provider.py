"""The errors that providers share."""

from __future__ import annotations

from pathlib import Path

from sharklab.hosts.providers import provider
from sharklab.lab.model import Plan


def test_not_kept_names_host_place_and_remedy(seat_plan: Plan) -> None:
    """The same for every provider."""
    error = provider.not_kept(seat_plan, "client", Path("/nowhere"))
    assert ("client", "/nowhere", seat_plan.lab.name) == (
        error.values["host"],
        error.place,
        error.values["lab"],
    )
    assert error.hint
