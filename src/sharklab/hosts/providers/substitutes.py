"""The hosts whose needs containers cannot meet: neither themselves, nor by a substitute of the system."""

from __future__ import annotations

from collections.abc import Iterable

from sharklab.errors import InputError
from sharklab.hosts.image import systems
from sharklab.lab.model import Host
from sharklab.message import N_


def impossible(hosts: Iterable[Host], os: str) -> list[Host]:
    """Return the hosts that need a feature which containers of `os` neither provide nor substitute."""
    irreplaceable = set(systems.find(os).irreplaceable)
    return [host for host in hosts if irreplaceable & set(host.needs)]


def refuse(hosts: Iterable[Host], os: str) -> None:
    """Raise InputError if one of the hosts cannot be a container of `os`."""
    for host in impossible(hosts, os):
        raise InputError(
            N_("host {host} needs {needs}, for which containers of {name} have no substitute"),
            place="--os",
            hint=N_("use a virtual machine (--provider auto) or another system (--os)"),
            host=host.name,
            needs=host.needs,
            name=os,
        )
