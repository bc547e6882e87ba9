"""The providers by name: `nspawn`, `qemu`, `auto`, `cluster` and `existing`.

A program that carries a connection needs one module of this package: the rest is imported on demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from sharklab.errors import InputError
from sharklab.message import N_

if TYPE_CHECKING:
    from sharklab.hosts.providers.provider import Provider


@cache
def by_name() -> Mapping[str, Provider]:
    """Return every provider by its name."""
    from sharklab.hosts.providers.cluster.provider import Cluster
    from sharklab.hosts.providers.existing import Existing
    from sharklab.hosts.providers.this_computer import CONTAINERS, VIRTUAL_MACHINES, ThisComputer

    mixed = ThisComputer("auto", lambda host: bool(host.needs))
    known: tuple[Provider, ...] = (CONTAINERS, VIRTUAL_MACHINES, mixed, Cluster(), Existing())
    return {provider.name: provider for provider in known}


def get(name: str) -> Provider:
    """Return the provider of that name. Raises InputError when there is none."""
    if name not in by_name():
        known = ", ".join(sorted(by_name()))
        raise InputError(
            N_("there is no provider {name!r}"),
            place="--provider",
            hint=N_("the providers are: {known}"),
            name=name,
            known=known,
        )
    return by_name()[name]


__all__ = ["Provider", "by_name", "get"]
