"""Play the faults of a lab: every fault of every list, on a seat of its own that begins solved.

A round has one fault of each list. The captures of the exercises record while the effects are tried. Each
fault costs exactly its criteria, and shows its packets. Each right repair earns all. Everything is looked at
again after a reboot. Between two rounds the disks are reset.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from sharklab import process
from sharklab.cli import flow, seats
from sharklab.cli.play import STUDENT, SYMPTOM, Act, Share, find_lost_hosts, observe, shares
from sharklab.grading.marking.defaults import criteria
from sharklab.hosts import faults, inventory
from sharklab.hosts.providers.remote import Machine, ask_all, machine_of
from sharklab.hosts.recording import Order, recordings
from sharklab.lab import fault_catalogue
from sharklab.lab.criteria import leaves
from sharklab.lab.fault_catalogue import HostFault
from sharklab.lab.model import Check, CriterionStep, Exercise, Plan
from sharklab.lab.plan import make_plan
from sharklab.message import N_, Message
from sharklab.progress import Progress

SMALL = 0.001
"""The difference between two shares that are the same: points are rounded."""

REMOUNT = """
for path; do
    umount --lazy "$path"
    timeout 30 mount -o retry=0 "$path"
done >/dev/null 2>&1
true
"""
"""Mount folders of other hosts anew while captures run: an older connection shows no fault."""

Round = Mapping[str, tuple[str, ...]]
"""The faults that a seat has at one time, by exercise."""

Noticed = Callable[[HostFault], bool | None]
"""Whether a fault is noticed at a moment; None when it may be, or may not be."""


def _at_once(fault: HostFault) -> bool | None:
    return None if fault.lasts == "boot" else True


def _after_a_reboot(fault: HostFault) -> bool:
    return fault.lasts != "now"


def _end_with_repair(fault: HostFault) -> bool:
    return False


def rounds(plan: Plan) -> list[Round]:
    """Return the rounds in which each fault of each list comes once."""
    turns = {
        exercise.id: [tuple(filter(None, turn)) for turn in zip_longest(*exercise.faults)]
        for exercise in plan.lab.exercises
    }
    most = max(map(len, turns.values()))
    return [{id: turn[index] for id, turn in turns.items() if index < len(turn)} for index in range(most)]


def play(name: str, provider: str, os: str, progress: Progress) -> Iterator[Act]:
    """Yield each act of the faults of the lab `name`, on a seat that exists meanwhile.

    Raises MachineryError and InputError as `up` and `reset` do.
    """
    plan = flow.to_begin(flow.prepare(name, STUDENT), solved=True)
    played = rounds(plan)
    if not played:
        return
    hosts = [host.name for host in plan.hosts]
    try:
        flow.up(plan, provider, os, progress)
        maker = seats.provider_of(plan.seat)
        layers = flow.layers_of(plan, maker, os, progress)
        own = maker.adapt(plan)
        with seats.hold(own.seat), progress.step(N_("keep the solved state")):
            maker.keep(own)
        for number, chosen in enumerate(played, start=1):
            if number > 1:
                with seats.hold(own.seat), progress.step(N_("put the solved state back")):
                    maker.reset(own, hosts, layers, progress.note)
            values = {"number": number, "count": len(played)}
            broken = make_plan(own.source, replace(own.seat, faults=chosen), own.pace)
            for title, wrong in _round(maker.adapt(broken), progress):
                yield Act(Message(title, {**values, "faults": _names(chosen)}), tuple(wrong))
    finally:
        seats.down(plan.lab.name, STUDENT, progress)


def _find_faults(ids: Sequence[str]) -> list[HostFault]:
    return [fault_catalogue.find(id) for id in ids]


def _names(chosen: Round) -> list[str]:
    return [fault for own in chosen.values() for fault in own]


def _round(plan: Plan, progress: Progress) -> Iterator[tuple[str, list[Message]]]:
    """Inject the faults of a seat, reboot, repair, reboot: yield the title of each act, and what is wrong."""
    chosen = plan.seat.faults
    _inject(plan, [*chosen], progress)
    yield N_("faults {number}/{count}: {faults}"), [*_compare(plan, _look(plan, record=True), _at_once)]
    title, lost = N_("faults {number}/{count}, after a reboot"), find_lost_hosts(plan)
    if lost:  # nobody gets in to repair anything
        yield title, lost
        return
    yield title, [*_compare(plan, _look(plan, record=True), _after_a_reboot)]
    healed = [id for id, own in chosen.items() if not all(map(_after_a_reboot, _find_faults(own)))]
    if healed:
        _inject(plan, healed, progress)
    yield from _repair(plan, [*chosen], "repair", progress)
    others = [id for id, own in chosen.items() if all(len([*faults.repairs(each)]) > 1 for each in own)]
    if others:
        _inject(plan, others, progress)
        yield from _repair(plan, others, "repair_another", progress)


def _inject(plan: Plan, ids: Sequence[str], progress: Progress) -> None:
    with progress.step(N_("inject the faults")):
        faults.inject(plan, ids, progress.note)


def _repair(
    plan: Plan, ids: Sequence[str], name: str, progress: Progress
) -> Iterator[tuple[str, list[Message]]]:
    """Repair the faults of the exercises `ids` in one way: everything is earned, after a reboot too."""
    with progress.step(N_("repair the faults")):
        faults.repair(plan, ids, name, progress.note)
    title, after = {
        "repair": (
            N_("faults {number}/{count}, repaired"),
            N_("faults {number}/{count}, repaired, after a reboot"),
        ),
        "repair_another": (
            N_("faults {number}/{count}, repaired in another way"),
            N_("faults {number}/{count}, repaired in another way, after a reboot"),
        ),
    }[name]
    yield title, [*_compare(plan, _look(plan), _end_with_repair)]
    lost = find_lost_hosts(plan)
    yield after, [*lost, *_compare(plan, _look(plan), _end_with_repair)]


def _look(plan: Plan, record: bool = False) -> Share:
    """Return the share that each criterion of the students' work earns.

    With `record`, the captures of the exercises are made meanwhile, and their criteria count too.
    """
    if not record:
        return shares(plan, observe(plan))
    played = [exercise for exercise in plan.lab.exercises if exercise.faults]
    captures = [capture for exercise in played for capture in exercise.captures]
    cards = {host: own["lab_interfaces"] for host, own in inventory.hostvars(plan).items()}
    with tempfile.TemporaryDirectory() as folder:
        paths = {capture.id: Path(folder) / f"{capture.id}.pcap" for capture in captures}
        with ExitStack() as files:
            wanted = [
                (
                    machine_of(plan.seat, capture.host),
                    Order(cards[capture.host][capture.network], capture.filter),
                    files.enter_context(paths[capture.id].open("wb")),
                )
                for capture in captures
            ]
            with recordings(wanted):
                _remount(plan)
                state = observe(plan)
        return shares(plan, state, paths)


def _remount(plan: Plan) -> None:
    mounts = {host.name: host.vars.get("nfs_client_mounts", ()) for host in plan.hosts}
    folders = {host: [each["path"] for each in own] for host, own in mounts.items()}

    def remount(machine: Machine) -> str:
        words = ["sh", "-c", REMOUNT, "sh", *folders[machine.name]]
        return process.run(machine.as_root(words), stdin=machine.secret)

    ask_all([machine_of(plan.seat, host) for host, own in folders.items() if own], remount)


def _compare(plan: Plan, looked: Share, noticed: Noticed) -> Iterator[Message]:
    """Yield each criterion that earns other than its exercise's faults leave, as far as they are noticed."""
    for exercise in plan.lab.exercises:
        own = _find_faults(plan.seat.faults.get(exercise.id, ()))
        known = {"fault": [fault.id for fault in own]}
        for criterion in criteria(plan.lab, exercise):
            name = f"{exercise.id}/{criterion.id}"
            expected = (
                sum(_count_left_points(exercise, step, own, noticed) for step in criterion.steps)
                / criterion.points
            )
            if name in looked and expected == expected and abs(looked[name] - expected) > SMALL:
                text = N_("{name} earns {share:.0%} and not {expected:.0%}, with {fault}")
                yield Message(text, {"name": name, "share": looked[name], "expected": expected, **known})


def _count_left_points(
    exercise: Exercise, step: CriterionStep, own: Sequence[HostFault], noticed: Noticed
) -> float:
    """Return the points that a step earns beside the exercise's faults, NAN if that is not certain."""
    asked = [leaf for leaf in leaves(step.condition) if isinstance(leaf, Check)]
    if any(leaf.kind == SYMPTOM for leaf in asked):
        return step.points if own and all(map(noticed, own)) else math.nan
    seen = [noticed(fault) for fault in own if any(_is_broken(exercise, leaf, fault) for leaf in asked)]
    return math.nan if None in seen else 0.0 if any(seen) else step.points


def _is_broken(exercise: Exercise, check: Check, fault: HostFault) -> bool:
    """Tell whether a check asks for an effect that the fault breaks, at the port of the exercise."""
    talk, port = exercise.conversation, str(check.params.get("port", "")).partition("/")[0]
    return check.kind in fault.breaks and (not port or talk is None or port == str(talk.port))
