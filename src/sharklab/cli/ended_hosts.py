"""Hosts of a seat that end while sharklab works on them: the cause of an error that is only their effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sharklab.errors import MachineryError
from sharklab.hosts import providers
from sharklab.hosts.providers import disk_file, internet_gateway
from sharklab.lab.model import Plan
from sharklab.message import N_

LOST = "lost"
"""The state of a host of a cluster whose member does not answer."""


class HostEnded(MachineryError):
    """A host of the seat ended while a playbook was at work on it."""


@contextmanager
def explain(plan: Plan, hosts: providers.Provider) -> Iterator[None]:
    """Raise MachineryError if a host or the Internet access of the seat ended during the block.

    That error is the cause; an error of the block is only its effect. Without Internet access a playbook may
    even end well, and its results then prove nothing.
    """
    try:
        yield
    except MachineryError as error:
        if gone := _find(plan, hosts):
            raise _host_ended(plan, gone) from error
        if internet_gateway.cut_off(plan.seat):
            raise internet_gateway.explain_end(plan) from error
        raise
    if internet_gateway.cut_off(plan.seat):
        raise internet_gateway.explain_end(plan)


def _host_ended(plan: Plan, gone: Mapping[str, str]) -> HostEnded:
    """Return the error for hosts that run no longer, with the state of each by its name."""
    values = {"host": ", ".join(gone), "lab": plan.lab.name}
    if LOST in gone.values():
        return HostEnded(
            N_("host {host} is lost: its member of the cluster does not answer"),
            place=str(plan.seat.folder),
            hint=N_("repeat this when the member answers; else sharklab up {lab} makes the seat on another"),
            **values,
        )
    log = plan.seat.folder / "hosts" / next(iter(gone)) / "console.log"
    return HostEnded(
        N_("host {host} stopped unexpectedly"),
        place=str(log if log.exists() else plan.seat.folder),
        hint=N_("sharklab up {lab} starts it again, sharklab down {lab} removes the seat"),
        **values,
    )


def are_any(plan: Plan, hosts: providers.Provider) -> bool:
    """Tell whether hosts run no longer. A provider that does not answer now may say so the next time."""
    try:
        return bool(_find(plan, hosts))
    except MachineryError:
        return False


def _find(plan: Plan, hosts: providers.Provider) -> Mapping[str, str]:
    """Return the states of hosts that run no longer; existing machines say themselves what ails them."""
    states = hosts.status(plan.seat) if hosts.bakes else {}
    alive = ("running", internet_gateway.CUT_OFF, disk_file.READ_ONLY)
    return {name: state for name, state in states.items() if state not in alive}
