"""The needs of the hosts of a class, and the means of this computer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts import capacity
from sharklab.hosts.capacity import Demand
from sharklab.hosts.providers import cgroups
from sharklab.lab import load, seat
from sharklab.lab.model import Seat
from tests.support.errors import error_of


def test_demands_grow_with_the_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No host needs nothing, and each kind of need is told with its remedy."""
    monkeypatch.setenv("SHARKLAB_STATE", f"{tmp_path}/state")
    none, one, many = (list(capacity.demands(hosts)) for hosts in (0, 1, 90))
    assert [0] * 5 == [demand.needed for demand in none]
    assert 90 * capacity.MEMORY // capacity.MIB == many[0].needed
    assert all(few.needed < more.needed for few, more in zip(one, many, strict=True))
    assert all(demand.remedy and demand.free >= 0 for demand in many)
    capacity.check(0)


def test_check_names_everything_that_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one error, so that all can be raised at once."""

    def demands(hosts: int) -> Iterator[Demand]:
        yield Demand("disk (MiB)", hosts, 1, "add one")
        yield Demand("memory (MiB)", hosts, 100, "add memory")
        yield Demand("processes", hosts, 2, "sysctl kernel.pid_max=9")

    monkeypatch.setattr(capacity, "demands", demands)
    error = error_of(MachineryError, capacity.check, 3)
    assert (3, 2) == (error.values["count"], len(str(error.values["lacking"]).splitlines()))
    assert "disk (MiB): 3 needed, 1 free (add one)" in str(error)
    capacity.check(1)


def test_memory_is_that_of_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ended meanwhile has none."""
    own: Seat = seat.sample(load.read_named("tp4"))
    monkeypatch.setattr(cgroups, "units", lambda pattern: [own.id] if own.id in pattern else [])
    monkeypatch.setattr(cgroups, "processes", lambda unit: [1 << 30])
    assert 0 == capacity.memory_of(own)
