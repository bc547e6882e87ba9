"""The templates of a lab: the names that they may use, and filling them in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from sharklab.errors import InputError
from sharklab.lab.model import Host, LabContent, Seat
from sharklab.message import N_

_templates = SandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
_compiled = cache(_templates.from_string)  # a lab is filled more than once: checked, baked, for a seat


def context(lab: LabContent, seat: Seat) -> Mapping[str, Any]:
    """Return the values that a template may use: `seat` and `hosts`."""
    return {
        "lab": lab.name,
        "student": seat.student,
        "seat": {key: getattr(seat, key) for key in ("token", "domain", "share", "id", "password")},
        "hosts": {host.name: _addresses(host, seat) for host in lab.hosts},
    }


def _addresses(host: Host, seat: Seat) -> dict[str, Any]:
    """Return a host's addresses: on its first network, and by network name."""
    by_network = {
        name: {
            "ipv4": str(at.ipv4.ip),
            "ipv6": str(at.ipv6.ip),
            "subnet": str(at.ipv4.network),
            "mac": at.mac,
        }
        for name, at in seat.addresses[host.name].items()
    }
    return {**by_network, **by_network[host.networks[0]]}


def fill(value: Any, names: Mapping[str, Any], file: str, path: tuple[str, ...] = ()) -> Any:
    """Return `value` with each template in it rendered. Raises InputError naming `file` and the key."""
    if isinstance(value, str):
        return _render(value, names, f"{file} {'.'.join(path)}")
    if isinstance(value, Mapping):
        return {key: fill(item, names, file, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, names, file, (*path, str(index))) for index, item in enumerate(value)]
    return value


def _render(text: str, names: Mapping[str, Any], place: str) -> str:
    try:
        return _compiled(text).render(names) if "{" in text else text
    except jinja2.UndefinedError as error:
        hint = N_(
            "templates may use student, seat.token (.domain, .share, .password, .id), hosts.NAME.ipv4 (.ipv6)"
        )
        raise InputError(N_("undefined name: {fault}"), place=place, hint=hint, fault=error) from error
    except jinja2.TemplateError as error:
        raise InputError(N_("not a valid template: {fault}"), place=place, fault=error) from error
