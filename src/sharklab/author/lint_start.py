"""Faults of the start states that a lab's exercises give its hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from sharklab.author import lint_options
from sharklab.lab import roles
from sharklab.lab.model import Exercise, Host, HostStart, Lab
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_


def faults(lab: Lab) -> Iterator[Fault]:
    """Yield the faults of every `start` of `lab`: unknown names, no change, two values of one variable."""
    hosts = {host.name: host for host in lab.hosts}
    given: dict[tuple[str, str], tuple[str, Any]] = {}
    first = len(lab.matrices)
    for index, exercise in enumerate(lab.exercises[first:]):
        for name, start in exercise.start.items():
            at = ("exercises", index, "start", name)
            if name not in hosts:
                yield unknown(at, N_("unknown host {name!r}"), name, hosts)
                continue
            yield from _roles(at, hosts[name], start)
            yield from _variables(at, lab.path, hosts[name], start)
            yield from _twice(at, exercise, name, start, given)


def _roles(at: Path, host: Host, start: HostStart) -> Iterator[Fault]:
    for index, role in enumerate(start.without):
        if role not in host.roles:
            sentence = N_("host {host} has no role {name!r} to begin without")
            yield unknown((*at, "without", index), sentence, role, host.roles, host=host.name)


def _variables(at: Path, lab: FilePath, host: Host, start: HostStart) -> Iterator[Fault]:
    if not set(host.roles) <= set(roles.names(lab)):
        return  # an unknown role, which is a fault already, may have the variable
    options = {name: each for role in host.roles for name, each in roles.options(role, "main", lab).items()}
    for name, value in start.vars.items():
        where = (*at, "vars", name)
        if name not in options:
            yield unknown(where, N_("unknown variable {name!r}"), name, options)
        elif name in host.vars and host.vars[name] == value:
            yield fault(
                where,
                N_("the start gives {name} the value that it has in the solved lab"),
                N_("give it another value, or leave it out"),
                name=name,
            )
        else:
            yield from lint_options.faults(where, options[name], value)


def _twice(
    at: Path,
    exercise: Exercise,
    host: str,
    start: HostStart,
    given: dict[tuple[str, str], tuple[str, Any]],
) -> Iterator[Fault]:
    """Yield a fault for each variable to which another exercise gives another value; note the values."""
    for name, value in start.vars.items():
        other, before = given.setdefault((host, name), (exercise.id, value))
        if before != value:
            yield fault(
                (*at, "vars", name),
                N_("the exercise {other} begins with another value of {name} on {host}"),
                N_("give both the same value"),
                other=other,
                name=name,
                host=host,
            )
