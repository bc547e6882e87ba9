"""What a schema cannot see in a lab: names that point nowhere, addresses given twice, loops."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from sharklab import lint_matrices, paths, plan, yaml_file
from sharklab.errors import InputError
from sharklab.model import Exercise, Host, Lab

Fault = tuple[tuple[str | int, ...], str, str]
"""Where in lab.yml, what is wrong, and what to do about it."""


def faults(lab: Lab) -> list[Fault]:
    """Return every fault of `lab` that its schema does not show."""
    found = [
        *_name(lab),
        *_networks(lab),
        *_roles(lab),
        *lint_matrices.faults(lab),
        *_duplicates(lab),
        *(fault for at, exercise in _written(lab) for fault in _exercise(lab, at, exercise)),
    ]
    return found or list(_templates(lab))


def _unknown(path: tuple[str | int, ...], what: str, name: str, known: Iterable[str]) -> Fault:
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, 1)
    return (
        path,
        f"unknown {what} {name!r}",
        f"did you mean {near[0]}?" if near else f"known: {', '.join(choices)}",
    )


def _name(lab: Lab) -> Iterator[Fault]:
    if lab.path.name != lab.name:
        yield (
            ("lab",),
            f"the lab is named {lab.name!r} but its folder is {lab.path.name!r}",
            "give both one name",
        )


def _networks(lab: Lab) -> Iterator[Fault]:
    known = {network.name for network in lab.networks}
    given: Counter[tuple[str, int]] = Counter()
    for host in lab.hosts:
        for index, name in enumerate(host.networks):
            if name not in known:
                yield _unknown(("hosts", host.name, "networks", index), "network", name, known)
        for name, number in host.numbers.items():
            where = ("hosts", host.name, "numbers", name)
            given[name, number] += 1
            if name not in host.networks:
                yield _unknown(where, "network", name, host.networks)
            elif given[name, number] > 1:
                yield (
                    where,
                    f"duplicate address: number {number} of {name} is another host's",
                    "choose another number",
                )


def _roles(lab: Lab) -> Iterator[Fault]:
    for host in lab.hosts:
        for index, role in enumerate(host.roles):
            if role not in role_names():
                yield _unknown(("hosts", host.name, "roles", index), "role", role, role_names())
        if set(host.roles) <= set(role_names()):
            yield from _variables(host)


def _variables(host: Host) -> Iterator[Fault]:
    options = {name: role for role in host.roles for name in role_options(role, "main")}
    for name, role in options.items():
        if role_options(role, "main")[name].get("required") and name not in host.vars:
            yield (
                ("hosts", host.name, "vars"),
                f"role {role} needs the variable {name!r}",
                f"see roles/{role}/README.md",
            )
    at_bake = {name for role in host.roles for name in role_options(role, "bake")}
    for name, value in host.vars.items():
        where = ("hosts", host.name, "vars", name)
        if name not in options:
            yield _unknown(where, "variable", name, options)
        elif name in at_bake and _has_template(value):
            yield (
                where,
                f"role {options[name]} takes {name} when the image is baked: it cannot differ between seats",
                "write it without a template",
            )


def _has_template(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_template(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_template(item) for item in value)
    return isinstance(value, str) and "{{" in value


def _places(lab: Lab) -> Iterator[tuple[tuple[str | int, ...], Exercise]]:
    """Yield the lab's exercises, each with its place in lab.yml; those of matrices come first."""
    count = len(lab.matrices)
    for index, exercise in enumerate(lab.exercises):
        yield (("matrices", index) if index < count else ("exercises", index - count)), exercise


def _written(lab: Lab) -> Iterator[tuple[tuple[str | int, ...], Exercise]]:
    """Yield the exercises that the author wrote as such; what a matrix is made into cannot be wrong."""
    return ((at, exercise) for at, exercise in _places(lab) if at[0] == "exercises")


def _duplicates(lab: Lab) -> Iterator[Fault]:
    kinds: dict[str, list[tuple[tuple[str | int, ...], str]]] = {
        "exercise": [((*at, "id"), e.id) for at, e in _places(lab)],
        "capture": [
            ((*at, "captures", j, "id"), c.id) for at, e in _places(lab) for j, c in enumerate(e.captures)
        ],
        "probe": [((*at, "probes", j, "id"), p.id) for at, e in _places(lab) for j, p in enumerate(e.probes)],
    }
    for kind, entries in kinds.items():
        seen: set[str] = set()
        for where, name in entries:
            if name in seen:
                yield where, f"duplicate {kind} {name!r}", "ids are unique in a lab"
            seen.add(name)


def _exercise(lab: Lab, at: tuple[str | int, ...], exercise: Exercise) -> Iterator[Fault]:
    hosts = {host.name: host for host in lab.hosts}
    if exercise.conversation:
        for side in ("client", "server"):
            name = getattr(exercise.conversation, side)
            if name not in hosts:
                yield _unknown((*at, "conversation", side), "host", name, hosts)
    for j, capture in enumerate(exercise.captures):
        if capture.host not in hosts:
            yield _unknown((*at, "captures", j, "host"), "host", capture.host, hosts)
        elif capture.network not in hosts[capture.host].networks:
            known = hosts[capture.host].networks
            yield _unknown(
                (*at, "captures", j, "network"), f"network of {capture.host}", capture.network, known
            )
    yield from _probes(lab, at, exercise, hosts)
    yield from _judged(at, exercise)


def _probes(
    lab: Lab, at: tuple[str | int, ...], exercise: Exercise, hosts: Mapping[str, Host]
) -> Iterator[Fault]:
    beside = {probe.id: probe for other in lab.exercises for probe in other.probes}
    for j, probe in enumerate(exercise.probes):
        if probe.host not in hosts:
            yield _unknown((*at, "probes", j, "host"), "host", probe.host, hosts)
        local = {name for name, other in beside.items() if other.host == probe.host and name != probe.id}
        for k, name in enumerate(probe.after):
            if name not in local:
                yield _unknown((*at, "probes", j, "after", k), f"probe of {probe.host}", name, local)
        if _waits_for_itself(probe.id, {name: other.after for name, other in beside.items()}):
            yield (
                (*at, "probes", j, "after"),
                f"probe {probe.id!r} waits for itself",
                "break the loop of `after`",
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


def _judged(at: tuple[str | int, ...], exercise: Exercise) -> Iterator[Fault]:
    from jsonschema import Draft202012Validator

    from sharklab.checks import KINDS, QUESTIONS

    for j, check in enumerate(exercise.checks):
        if check.kind not in KINDS:
            yield _unknown((*at, "checks", j), "check", check.kind, KINDS)
            continue
        for error in Draft202012Validator(dict(KINDS[check.kind].params)).iter_errors(dict(check.params)):
            yield (*at, "checks", j), f"check {check.kind}: {error.message}", "see docs/authoring.md"
    for j, question in enumerate(exercise.questions):
        if question not in QUESTIONS:
            yield _unknown((*at, "questions", j), "question", question, QUESTIONS)


def _templates(lab: Lab) -> Iterator[Fault]:
    """Fill every template for a seat of nobody's, so that a misspelt name shows before a student meets it."""
    from sharklab import seat

    sample = seat.derive(lab, "nobody", bytes(32))
    try:
        plan.plan(lab, sample)
    except InputError as error:
        path = error.place.rpartition(" ")[2].split(".")
        yield tuple(int(part) if part.isdigit() else part for part in path), error.message, error.hint


@cache
def role_names() -> tuple[str, ...]:
    """Return the roles that labs may use."""
    return tuple(sorted(file.parents[1].name for file in paths.ROLES.glob("*/meta/argument_specs.yml")))


@cache
def role_options(role: str, entry: str) -> Mapping[str, Any]:
    """Return the options that `role` declares for its entry point (main, bake or personalise)."""
    entries = _role_entries(role)
    options: Mapping[str, Any] = entries.get(entry, {}).get("options") or {}
    return options


@cache
def _role_entries(role: str) -> Mapping[str, Any]:
    file = paths.ROLES / role / "meta" / "argument_specs.yml"
    entries: Mapping[str, Any] = yaml_file.read(file.read_text()).data["argument_specs"]
    return entries
