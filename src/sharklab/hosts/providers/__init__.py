"""The providers by name: `nspawn`, `qemu`, `auto`, `cluster` and `existing`."""

from __future__ import annotations

from collections.abc import Mapping

from sharklab.errors import InputError
from sharklab.hosts.providers.cluster.provider import Cluster
from sharklab.hosts.providers.existing import Existing
from sharklab.hosts.providers.provider import Provider
from sharklab.hosts.providers.this_computer import CONTAINERS, VIRTUAL_MACHINES, ThisComputer
from sharklab.message import N_

PROVIDERS: Mapping[str, Provider] = {
    provider.name: provider
    for provider in (
        CONTAINERS,
        VIRTUAL_MACHINES,
        ThisComputer("auto", lambda host: bool(host.needs)),
        Cluster(),
        Existing(),
    )
}


def get(name: str) -> Provider:
    """Return the provider of that name. Raises InputError when there is none."""
    if name not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise InputError(
            N_("there is no provider {name!r}"),
            place="--provider",
            hint=N_("the providers are: {known}"),
            name=name,
            known=known,
        )
    return PROVIDERS[name]


__all__ = ["PROVIDERS", "Provider", "get"]
