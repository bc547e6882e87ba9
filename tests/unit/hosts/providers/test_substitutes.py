"""Hosts that cannot be containers of a system."""

from __future__ import annotations

from dataclasses import replace

from sharklab.errors import InputError
from sharklab.hosts.providers import substitutes
from sharklab.lab.model import Plan
from tests.support.errors import error_of


def test_a_need_without_a_substitute_is_refused(seat_plan: Plan) -> None:
    """Rocky 10 has no NFS server in user space, Debian 12 has one. A host without needs is never refused."""
    server, client = replace(seat_plan.hosts[0], needs=("kernel_nfs",)), seat_plan.hosts[1]
    assert [server] == substitutes.impossible([client, server], "rocky10")
    error = error_of(InputError, substitutes.refuse, [client, server], "rocky10")
    assert {"host": "server", "needs": ("kernel_nfs",), "name": "rocky10"} == error.values
    substitutes.refuse([client], "rocky10")
    substitutes.refuse([client, server], "debian12")
