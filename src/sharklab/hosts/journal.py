"""The journal of a seat's hosts since a moment, which an exam hands in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sharklab.errors import MachineryError
from sharklab.hosts.providers.remote import Machine, ask_all, machine_of
from sharklab.lab.model import Plan

MOST = 256 << 10
"""Characters of the journal of one host that are kept."""
USER = "student"
"""The account of the student, if the lab names no other one (role `common`)."""


def read(plan: Plan, since: float) -> Mapping[str, str]:
    """Return the journal of each host since epoch seconds, without lines of other people and without secrets.

    A host that does not tell its journal is left out: its student may have broken it. The host counts the
    seconds by its own clock.
    """
    ago = max(0.0, time.time() - since)
    users = {host.name: str(host.vars.get("common_user", USER)) for host in plan.hosts}

    def ask(machine: Machine) -> dict[str, Any]:
        try:
            return machine.ask("journal", ago=ago, users=[users[machine.name]], most=MOST)
        except MachineryError:
            return {}

    told = ask_all([machine_of(plan.seat, name) for name in users], ask)
    return {host: answer["text"] for host, answer in told.items() if answer}
