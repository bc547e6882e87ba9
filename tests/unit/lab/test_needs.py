"""Needs of hosts: what a kernel of their own changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.lab import needs
from sharklab.lab.model import Host, Plan
from tests.support import provider_seat


@pytest.fixture
def seat_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat that never starts, in a state folder of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    return provider_seat.plan("ada", 1)


def test_needs_leave_an_authors_choice(seat_plan: Plan) -> None:
    """What lab.yml says of a role counts."""
    host = Host("a", {}, ("lan",), (), {"nfs_server_backend": "ganesha"})
    plan = replace(seat_plan, lab=replace(seat_plan.lab, hosts=(host,)))
    [changed] = needs.use_own_kernels(plan, {"a"}).hosts
    assert {"nfs_server_backend": "ganesha", "nfs_client_backend": "kernel"} == changed.vars
