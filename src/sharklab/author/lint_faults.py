"""Mistakes in the faults of exercises: unknown names, hosts without a role, faults in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sharklab.lab import fault_catalogue
from sharklab.lab.criteria import leaves
from sharklab.lab.fault_catalogue import HostFault
from sharklab.lab.model import Asked, Check, Exercise, Lab
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_, NN_

QUESTIONS = frozenset({"where", "cause"})
SYMPTOM = "symptom"


@dataclass(frozen=True)
class _Place:
    """A fault in the list of an exercise: its place in lab.yml, its list, and the host that it changes."""

    where: Path
    exercise: Exercise
    listed: tuple[str, int]
    fault: HostFault
    host: str


def faults(lab: Lab) -> Iterator[Fault]:
    """Yield the mistakes in the faults of a lab's exercises."""
    count, places = len(lab.matrices), list[_Place]()
    for index, exercise in enumerate(lab.exercises[count:]):
        yield from _without_faults(("exercises", index), exercise)
        for j, listed in enumerate(exercise.faults):
            at = ("exercises", index, "faults", j)
            yield from _names(at, listed)
            known = [id for id in listed if id in fault_catalogue.names()]
            yield from _levels(at, known)
            for id in known:
                found = fault_catalogue.find(id)
                host = fault_catalogue.host_of(lab, exercise, found.side)
                places.append(_Place((*at, listed.index(id)), exercise, (exercise.id, j), found, host))
    for place in places:
        yield from _needs(lab, place)
        yield from _find_absent_role(lab, place)
        yield from _check_packets(place)
        yield from _check_reboot(lab, place)
    yield from _meetings(places)


def _without_faults(at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the questions and the check that only an exercise with faults can have."""
    if exercise.faults:
        return
    conditions = [part.condition for criterion in exercise.criteria for part in criterion.steps]
    asked: list[Asked | Check] = [*map(Asked, exercise.questions), *exercise.checks]
    for leaf in (*asked, *(leaf for condition in conditions for leaf in leaves(condition))):
        name = leaf.question if isinstance(leaf, Asked) else leaf.kind
        if name in (QUESTIONS if isinstance(leaf, Asked) else {SYMPTOM}):
            sentence = N_("{name} is about the faults of the exercise, and it has none")
            yield fault(at, sentence, N_("add the key faults, with a list of faults"), name=name)
            return


def _names(at: Path, listed: tuple[str, ...]) -> Iterator[Fault]:
    for index, id in enumerate(listed):
        if id not in fault_catalogue.names():
            yield unknown((*at, index), N_("unknown fault {name!r}"), id, fault_catalogue.names())


def _levels(at: Path, known: list[str]) -> Iterator[Fault]:
    """Yield that a list is of several levels: one student's work would be harder than another's."""
    levels = sorted({fault_catalogue.find(id).level for id in known})
    if len(levels) > 1:
        sentence = N_("the faults of this list have several levels: {levels}")
        yield fault(at, sentence, N_("give each list faults of one level"), levels=list(map(str, levels)))


def _needs(lab: Lab, place: _Place) -> Iterator[Fault]:
    if not place.host:
        sentence = N_("the fault {name} changes the {side} of the exercise's conversation, which has none")
        hint = N_(
            "give the exercise a conversation; a router has a network of the client and one of the server"
        )
        yield fault(place.where, sentence, hint, name=place.fault.id, side=place.fault.side)
        return
    hosts = {host.name: host for host in lab.hosts}
    if place.host in hosts and len(hosts[place.host].networks) < place.fault.networks:
        sentence = NN_(
            "the fault {name} needs {count} network on {host}",
            "the fault {name} needs {count} networks on {host}",
        )
        hint = N_("add a network to the host, or choose another fault")
        values = {"name": place.fault.id, "count": place.fault.networks, "host": place.host}
        yield fault(place.where, sentence, hint, **values)
    for side, roles in place.fault.needs.items():
        name = fault_catalogue.host_of(lab, place.exercise, side)
        own = hosts[name].roles if name in hosts else ()
        for role in roles:
            if name in hosts and role not in own:
                sentence = N_("the fault {name} needs the role {role} on {host}")
                hint = N_("add the role to the host, or choose another fault")
                yield fault(place.where, sentence, hint, name=place.fault.id, role=role, host=name)


def _find_absent_role(lab: Lab, place: _Place) -> Iterator[Fault]:
    """Yield that a seat lacks a role which the fault needs, until another exercise is solved."""
    for side, roles in place.fault.needs.items():
        name = fault_catalogue.host_of(lab, place.exercise, side)
        for exercise in lab.exercises:
            begun = exercise.start.get(name)
            for role in sorted(set(roles) & set(begun.without if begun else ())):
                sentence = N_(
                    "the fault {name} needs the role {role}, which exercise {other} leaves out on {host}"
                )
                hint = N_("give the exercises different hosts, or choose another fault")
                values = {"name": place.fault.id, "role": role, "other": exercise.id, "host": name}
                yield fault(place.where, sentence, hint, **values)


def _check_packets(place: _Place) -> Iterator[Fault]:
    """Yield that no capture can show a fault whose packets the exercise asks for."""
    conditions = [part.condition for criterion in place.exercise.criteria for part in criterion.steps]
    checks = [*place.exercise.checks, *(leaf for condition in conditions for leaf in leaves(condition))]
    if not place.fault.packets and any(isinstance(leaf, Check) and leaf.kind == SYMPTOM for leaf in checks):
        sentence = N_("no packet shows the fault {name}, and the check symptom asks for one")
        yield fault(
            place.where, sentence, N_("choose another fault, or leave the check out"), name=place.fault.id
        )


def _check_reboot(lab: Lab, place: _Place) -> Iterator[Fault]:
    """Yield that the reboot at the end of an exam heals the fault: the student need not."""
    if lab.exam and place.fault.lasts == "now":
        sentence = N_("a reboot heals the fault {name}, and the hosts of an exam are rebooted")
        hint = N_("choose a fault that lasts, or leave the key exam out")
        yield fault(place.where, sentence, hint, name=place.fault.id)


def _meetings(places: list[_Place]) -> Iterator[Fault]:
    """Yield two faults of different lists that change the same thing on one host: a seat may have both."""
    told: set[Path] = set()
    for first, second in combinations(places, 2):
        shared = first.fault.touches & second.fault.touches
        if (
            first.listed != second.listed
            and first.host == second.host
            and shared
            and second.where not in told
        ):
            told.add(second.where)
            sentence = N_(
                "the faults {first} and {name} can meet in a seat, and both change {thing} on {host}"
            )
            yield fault(
                second.where,
                sentence,
                N_("choose another fault for one of the lists, or another host"),
                first=first.fault.id,
                name=second.fault.id,
                thing=sorted(shared)[0],
                host=first.host,
            )
