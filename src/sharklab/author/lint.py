"""Faults of a lab that a schema cannot see: names that point nowhere, addresses given twice, loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as FilePath

from sharklab.author import (
    lint_criteria,
    lint_evidence,
    lint_faults,
    lint_filters,
    lint_host_checks,
    lint_matrices,
    lint_names,
    lint_roles,
    lint_start,
)
from sharklab.errors import InputError
from sharklab.i18n import languages
from sharklab.lab import load, seat
from sharklab.lab.model import Exercise, Host, Lab
from sharklab.lab.plan import make_plan
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_

HOST = N_("unknown host {name!r}")
NETWORK = N_("unknown network {name!r}")
NETWORK_OF = N_("unknown network of {host} {name!r}")


@cache
def check(file: FilePath) -> Lab:
    """Return the lab that `file` describes. Raises InputError with every problem, each with its line."""
    lab = load.read(file)
    load.refuse(file, faults(lab))
    return lab


def load_named(name: str) -> Lab:
    """Return the lab that `name` (a lab's name or a folder) means, checked. Raises InputError as `check`."""
    return check(load.find(name))


def check_briefs(lab: Lab) -> None:
    """Render the briefs of `lab` for a sample seat. Raises InputError with the place of the first fault.

    A lab without any brief is fine: its author has not come to it yet.
    """
    from sharklab.report import brief  # this takes long to import, and most verbs need no brief

    if any(brief.file(lab, language).is_file() for language in languages()):
        plan = make_plan(lab, seat.sample(lab))
        for language in languages():
            brief.markdown(plan, language)


def faults(lab: Lab) -> list[Fault]:
    """Return every fault of `lab` that its schema does not show."""
    own_faults = [
        *_name(lab),
        *lint_names.faults(lab),
        *_networks(lab),
        *_ways_out(lab),
        *lint_roles.faults(lab),
        *lint_matrices.faults(lab),
        *lint_faults.faults(lab),
        *lint_start.faults(lab),
        *_duplicates(lab),
        *(fault for at, exercise in _list_written_exercises(lab) for fault in _exercise(lab, at, exercise)),
    ]
    return own_faults or list(_fill_templates(lab))


def _name(lab: Lab) -> Iterator[Fault]:
    if lab.path.name != lab.name:
        yield fault(
            ("lab",),
            N_("the lab is named {name!r} but its folder is {folder!r}"),
            N_("give both one name"),
            name=lab.name,
            folder=lab.path.name,
        )


def _networks(lab: Lab) -> Iterator[Fault]:
    known = {network.name for network in lab.networks}
    given: Counter[tuple[str, int]] = Counter()
    for host in lab.hosts:
        for index, name in enumerate(host.networks):
            if name not in known:
                yield unknown(("hosts", host.name, "networks", index), NETWORK, name, known)
        for name, number in host.numbers.items():
            where = ("hosts", host.name, "numbers", name)
            given[name, number] += 1
            if name not in host.networks:
                yield unknown(where, NETWORK, name, host.networks)
            elif given[name, number] > 1:
                yield fault(
                    where,
                    N_("duplicate address: number {number} of {network} is another host's"),
                    N_("choose another number"),
                    number=number,
                    network=name,
                )


def _ways_out(lab: Lab) -> Iterator[Fault]:
    ways = {network.name for network in lab.networks if network.internet}
    for host in lab.hosts:
        if len(own := [name for name in host.networks if name in ways]) > 1:
            yield fault(
                ("hosts", host.name, "networks"),
                N_("host {host} has several ways to the Internet: {networks}"),
                N_("put it on one network with `internet: true` at most"),
                host=host.name,
                networks=own,
            )


def _places(lab: Lab) -> Iterator[tuple[Path, Exercise]]:
    """Yield the lab's exercises, each with its place in lab.yml; those of matrices come first."""
    count = len(lab.matrices)
    for index, exercise in enumerate(lab.exercises):
        yield (("matrices", index) if index < count else ("exercises", index - count)), exercise


def _list_written_exercises(lab: Lab) -> Iterator[tuple[Path, Exercise]]:
    """Yield the exercises that the author wrote as such; those made of a matrix cannot be wrong."""
    return ((at, exercise) for at, exercise in _places(lab) if at[0] == "exercises")


def _duplicates(lab: Lab) -> Iterator[Fault]:
    kinds: dict[str, list[tuple[Path, str]]] = {
        N_("duplicate exercise {name!r}"): [((*at, "id"), e.id) for at, e in _places(lab)],
        N_("duplicate capture {name!r}"): [
            ((*at, "captures", j, "id"), c.id) for at, e in _places(lab) for j, c in enumerate(e.captures)
        ],
        N_("duplicate probe {name!r}"): [
            ((*at, "probes", j, "id"), p.id) for at, e in _places(lab) for j, p in enumerate(e.probes)
        ],
    }
    for sentence, entries in kinds.items():
        seen: set[str] = set()
        for where, name in entries:
            if name in seen:
                yield fault(where, sentence, N_("ids are unique in a lab"), name=name)
            seen.add(name)


def _exercise(lab: Lab, at: Path, exercise: Exercise) -> Iterator[Fault]:
    hosts = {host.name: host for host in lab.hosts}
    if exercise.conversation:
        for side in ("client", "server"):
            name = getattr(exercise.conversation, side)
            if name not in hosts:
                yield unknown((*at, "conversation", side), HOST, name, hosts)
    for j, capture in enumerate(exercise.captures):
        if capture.host not in hosts:
            yield unknown((*at, "captures", j, "host"), HOST, capture.host, hosts)
        elif capture.network not in hosts[capture.host].networks:
            where, known = (*at, "captures", j, "network"), hosts[capture.host].networks
            yield unknown(where, NETWORK_OF, capture.network, known, host=capture.host)
    yield from _probes(lab, at, exercise, hosts)
    yield from lint_names.exercise_faults(at, exercise, hosts)
    yield from lint_criteria.faults(lab, at, exercise)
    yield from lint_host_checks.faults(lab, at, exercise)
    yield from lint_evidence.faults(lab, at, exercise)


def _probes(lab: Lab, at: Path, exercise: Exercise, hosts: Mapping[str, Host]) -> Iterator[Fault]:
    beside = {probe.id: probe for other in lab.exercises for probe in other.probes}
    for j, probe in enumerate(exercise.probes):
        if probe.host not in hosts:
            yield unknown((*at, "probes", j, "host"), HOST, probe.host, hosts)
        local = {name for name, other in beside.items() if other.host == probe.host and name != probe.id}
        for k, name in enumerate(probe.after):
            if name not in local:
                where = (*at, "probes", j, "after", k)
                yield unknown(where, N_("unknown probe of {host} {name!r}"), name, local, host=probe.host)
        if _waits_for_itself(probe.id, {name: other.after for name, other in beside.items()}):
            yield fault(
                (*at, "probes", j, "after"),
                N_("probe {name!r} waits for itself"),
                N_("break the loop of `after`"),
                name=probe.id,
            )


def _waits_for_itself(start: str, after: Mapping[str, tuple[str, ...]]) -> bool:
    todo, seen = list(after[start]), set[str]()
    while todo:
        name = todo.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            todo += after.get(name, ())
    return False


def _fill_templates(lab: Lab) -> Iterator[Fault]:
    """Fill every template for a sample seat: a misspelt name shows before a student meets it.

    Filters can only be compiled then.
    """
    sample = seat.sample(lab)
    try:
        plan = make_plan(lab, sample)
    except InputError as error:
        path = str(error.place).rpartition(" ")[2].split(".")
        yield tuple(int(part) if part.isdigit() else part for part in path), error
        return
    count = len(lab.matrices)
    for index, exercise in enumerate(plan.lab.exercises[count:]):
        yield from lint_filters.faults(("exercises", index), exercise)
