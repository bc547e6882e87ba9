"""The start state of a lab: its hosts before the student's work, and what `solve` does about it.

An exercise says by its `start` which roles its hosts begin without, and which variables have another value.
The roles of the lab are the solution: nobody writes it a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from sharklab.lab import load, roles
from sharklab.lab.model import FilledLab, Host, HostStart, LabContent


def exercises(lab: LabContent) -> tuple[str, ...]:
    """Return the ids of the exercises that begin without a part of the lab or with faults, in order."""
    return tuple(exercise.id for exercise in lab.exercises if exercise.start or exercise.faults)


def begin(lab: FilledLab, begun: Collection[str], solved: Collection[str]) -> FilledLab:
    """Return `lab` with its hosts as they are before the exercises `begun` are solved.

    Those in `solved` are solved already. Where two exercises begin without the same part, the part comes
    with the first of them that is solved.
    """
    if not set(begun) - set(solved):
        return lab
    hosts = tuple(_begin(lab, host, set(begun) - set(solved), solved) for host in lab.hosts)
    return replace(lab, hosts=hosts)


def _begin(lab: FilledLab, host: Host, unsolved: Collection[str], solved: Collection[str]) -> Host:
    open_, done = list(_starts(lab, host.name, unsolved)), list(_starts(lab, host.name, solved))
    without = {role for start in open_ for role in start.without} - {r for s in done for r in s.without}
    changed = {name: value for start in open_ for name, value in start.vars.items()}
    kept = {name for start in done for name in start.vars}
    if not without and not set(changed) - kept:
        return host
    entry = lab.data["hosts"][host.name]
    values = {**entry.get("vars", {}), **{n: v for n, v in changed.items() if n not in kept}}
    listed = [role for role in entry["roles"] if role not in without]
    begun = load.host(lab.data, host.name, {**entry, "roles": listed, "vars": values}, lab.path)
    return replace(host, roles=begun.roles, vars=begun.vars)


def _starts(lab: LabContent, host: str, ids: Collection[str]) -> Iterator[HostStart]:
    """Yield the starts of a host in the exercises of those ids."""
    for exercise in lab.exercises:
        if exercise.id in ids and host in exercise.start:
            yield exercise.start[host]


def roles_to_apply(lab: LabContent, ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return by host the roles, in their order, that do the work of the exercises of those ids.

    These are the roles that the exercises begin without, and the roles whose variables they change. `lab` has
    its hosts in the solved state.
    """
    return {host.name: found for host in lab.hosts if (found := _roles_of(lab, host, ids))}


def _roles_of(lab: LabContent, host: Host, ids: Collection[str]) -> tuple[str, ...]:
    starts = list(_starts(lab, host.name, ids))
    without = {role for start in starts for role in start.without}
    variables = {name for start in starts for name in start.vars}
    whole = roles.whole([role for role in host.roles if role in without], host.vars, lab.path)
    return tuple(
        role
        for role in host.roles
        if role in whole or variables.intersection(roles.options(role, "main", lab.path))
    )


def find_absent_roles(lab: LabContent) -> frozenset[str]:
    """Return the roles that hosts of `lab` will have when it is solved, and that none of them has."""
    missing = {role for host in lab.hosts for role in find_absent_roles_of_host(lab, host)}
    return frozenset(missing - {role for host in lab.hosts for role in host.roles})


def find_absent_roles_of_host(lab: LabContent, host: Host) -> tuple[str, ...]:
    """Return the roles that `host` of `lab` will have when it is solved, and does not have now."""
    solved = load.host(lab.data, host.name, lab.data["hosts"][host.name], lab.path).roles
    return tuple(role for role in solved if role not in host.roles)


def find_solved_hosts(lab: LabContent, ids: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Return the hosts on which the solutions of `ids` do all the work of another exercise, by its id.

    Two exercises may begin without the same part. The solution of one then does that part of the other.
    """
    by_exercise: dict[str, frozenset[str]] = {}
    for exercise in lab.exercises:
        hosts = frozenset(
            host
            for host, own in exercise.start.items()
            if (parts := _parts([own])) and parts <= _parts(_starts(lab, host, ids))
        )
        if hosts and exercise.id not in ids:
            by_exercise[exercise.id] = hosts
    return by_exercise


def _parts(starts: Iterable[HostStart]) -> set[str]:
    """Return the names of the roles and variables that hosts begin without."""
    return {name for each in starts for name in (*each.without, *each.vars)}
