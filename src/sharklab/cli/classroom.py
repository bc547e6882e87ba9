"""The seats of a class on this computer: brought up side by side, looked at, removed.

A few threads work at the same time. Each takes some seats, sets their values up by one playbook before the
hosts boot, and starts the hosts. A seat that fails is a line of the result, and the others go on.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from sharklab import state
from sharklab.cli import flow, seats
from sharklab.cli.parallel_work import Done, Watch, as_error, attempt, nobody, side_by_side
from sharklab.errors import MachineryError, SharklabError
from sharklab.hosts import capacity, image, inventory, playbook, providers, seat_provider, student_files
from sharklab.hosts.image import choice
from sharklab.hosts.providers import sleeping
from sharklab.hosts.providers.cluster import seating
from sharklab.hosts.providers.provider import NewHosts
from sharklab.lab import class_note, diary, seat, submission_store
from sharklab.lab.class_note import ClassNote
from sharklab.lab.model import Lab, Plan, Seat
from sharklab.message import N_, Message
from sharklab.progress import Progress, Silent

TOGETHER = 15
"""Seats that one playbook sets up, at most: starting Ansible costs as much as three seats."""

REMOVED_TOGETHER = 8
"""Seats that are removed at the same time: removing is waiting for the kernel."""

LOOKED_AT_TOGETHER = 8
"""Seats that are looked at at the same time: on a cluster each look waits for the engine."""

PREPARED = 0.5
"""The share of the work before the first seat is up: the values of all seats (benchmarks/class.py)."""

SILENT = Silent()


def up(
    lab: Lab,
    students: Sequence[str],
    solved: bool,
    os_name: str,
    progress: Progress,
    provider: str = seat_provider.DEFAULT,
    watch: Watch = nobody,
    until: float | None = None,
) -> list[Done]:
    """Bring the seat of every student up, and return what became of each, in the order of `students`.

    A seat that is up stays as it is; one that was interrupted is finished. Each is open until `until` (epoch
    seconds; None leaves that as it was), also one that fails: it may come up later. Raises InputError and
    MachineryError when no seat can come up: a wrong name, a missing tool, too little memory.
    """
    hosts = providers.get(provider)
    plans = [flow.to_begin(flow.plan_of(lab, own), solved) for own in seat.register_all(lab, students)]
    layers = _layers(plans, hosts, os_name, progress)
    for plan in plans:
        sleeping.wake(plan.seat)
    absent = [plan for plan in plans if not flow.is_ready(hosts.adapt(plan), hosts)]
    if provider == seat_provider.CLUSTER:
        seating.make_room(absent)
    else:
        capacity.check(sum(len(plan.hosts) for plan in absent))
    begun = time.monotonic()

    def keep_open(own: Seat) -> Done:
        class_note.note(own, until=until)
        return Done(own.student)

    done = {plan.seat.student: attempt(plan.seat, keep_open) for plan in plans if plan not in absent}

    def note(result: Done) -> None:
        done[result.student] = result
        watch(result)
        progress.note(_progress(len(done), len(plans), len(done) - len(plans) + len(absent), begun))

    with progress.step(N_("seats of {lab}: {count}"), lab=lab.name, count=len(plans)):
        _work(_chunks(absent), lambda chunk, stop: _up(chunk, hosts, layers, until, note, stop))
    return [done[student] for student in students]


def _layers(
    plans: Sequence[Plan], hosts: providers.Provider, os_name: str, progress: Progress
) -> image.Layers:
    """Return the layers of the class. Raises what `flow.layers_of` raises."""
    return flow.layers_of(plans[0], hosts, os_name or choice.AUTO, progress)


def _progress(done: int, count: int, worked: int, begun: float) -> Message:
    """Return the sentence about the seats that are done, with the time left by the share of the work."""
    part = PREPARED + (1 - PREPARED) * worked / (count - done + worked)
    left = (time.monotonic() - begun) * (1 / part - 1)
    values = {"done": done, "count": count, "seconds": round(left)}
    return Message(N_("{done} of {count} done, about {seconds} s left"), values)


def _workers() -> int:
    """Return the number of threads that bring seats up: each keeps a processor busy."""
    return len(os.sched_getaffinity(0))


def _chunks(plans: Sequence[Plan]) -> Iterator[Sequence[Plan]]:
    """Yield the plans in as few chunks as keep all threads at work."""
    size = min(TOGETHER, math.ceil(len(plans) / _workers())) or 1
    for first in range(0, len(plans), size):
        yield plans[first : first + size]


def _work(chunks: Iterator[Sequence[Plan]], do: Callable[[Sequence[Plan], threading.Event], None]) -> None:
    """Do some chunks at the same time. After Ctrl-C those that have begun end, and no other begins."""
    stop = threading.Event()
    with ThreadPoolExecutor(_workers()) as pool:
        futures = [pool.submit(do, chunk, stop) for chunk in chunks]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _up(
    chunk: Sequence[Plan],
    hosts: providers.Provider,
    layers: image.Layers,
    until: float | None,
    note: Watch,
    stop: threading.Event,
) -> None:
    """Bring the seats of a chunk up, and note what became of each."""
    begun = time.monotonic()
    with ExitStack() as held:
        new: list[tuple[Plan, NewHosts]] = []
        others: list[tuple[Plan, None]] = []

        def begin(plan: Plan, own: Seat) -> Done:
            held.enter_context(seats.hold(own))
            diary.begin(own)
            flow.begin(plan, hosts)
            class_note.note(own, until=until)
            made = None if flow.is_at_work(plan) else flow.make_new(plan, hosts, layers)
            if made:
                new.append((plan, made))
            else:
                others.append((plan, None))
            return Done(own.student)

        for plan in map(hosts.adapt, chunk):
            result = attempt(plan.seat, partial(begin, plan))
            if result.error:
                note(replace(result, seconds=time.monotonic() - begun))
        failed = _set_up(new, stop)

        def start(plan: Plan, made: NewHosts | None) -> None:
            def do(one: Seat) -> Done:
                if error := failed.get(one.student):
                    raise error
                _start(plan, made, hosts, layers)
                return Done(one.student)

            result = attempt(plan.seat, do)
            note(replace(result, seconds=time.monotonic() - begun))

        with ThreadPoolExecutor(TOGETHER) as pool:
            for future in [pool.submit(start, plan, made) for plan, made in (*new, *others)]:
                future.result()


def _set_up(new: Sequence[tuple[Plan, NewHosts]], stop: threading.Event) -> Mapping[str, SharklabError]:
    """Set up the values of new seats by one playbook, and return the errors by student.

    When no playbook can begin, as on a full disk, each seat has the same error: seats of other chunks go on.
    """
    if not new:
        return {}
    try:
        _run_playbook(new, stop)
    except playbook.PlaybookFailed as error:
        return _failures(new, error)
    except Exception as error:
        return {plan.seat.student: as_error(error) for plan, _ in new}
    return {}


def _run_playbook(new: Sequence[tuple[Plan, NewHosts]], stop: threading.Event) -> None:
    """Set up the values of new seats. Raises PlaybookFailed, and OSError without disk space."""
    with state.temporary(new[0][0].seat.folder, ".class-") as folder:
        file = folder / "inventory.yml"
        known = [(plan, made.facts, made.roots) for plan, made in new]
        state.write(file, json.dumps(inventory.build_class(known)), 0o600)
        disks = [disk for _, made in new for disk in made.disks.values()]
        playbook.run("personalise", file, lab=new[0][0].lab.path, disks=disks, should_stop=stop.is_set)


def _failures(
    new: Sequence[tuple[Plan, NewHosts]], error: playbook.PlaybookFailed
) -> Mapping[str, SharklabError]:
    """Return the error of each seat with a failed host; of all seats if the playbook itself failed."""
    owners = {inventory.class_name(plan, host): (plan, host) for plan, made in new for host in made.disks}
    failed: dict[str, SharklabError] = {}
    for name, text in error.failures.items():
        if name in owners:
            plan, host = owners[name]
            failed.setdefault(plan.seat.student, _host_failure(plan, host, text))
    return failed or {plan.seat.student: error for plan, _ in new}


def _host_failure(plan: Plan, host: str, text: str) -> MachineryError:
    return MachineryError(
        N_("{host}: {said}"),
        place=Message(N_("seat {lab}/{student}"), {"lab": plan.lab.name, "student": plan.seat.student}),
        hint=N_("run sharklab seats up again: it finishes the seat"),
        host=host,
        said=text,
    )


def _start(plan: Plan, new: NewHosts | None, hosts: providers.Provider, layers: image.Layers) -> None:
    """Start the hosts of a seat whose values are set up, or do all that it needs."""
    if new is None:
        flow.bring_up(plan, hosts, layers, SILENT)
        return
    inventory.save(plan, new.facts)
    hosts.up(plan, layers, SILENT.note)
    flow.finish(plan, hosts, SILENT)


def down(own: Sequence[Seat], progress: Progress, watch: Watch = nobody) -> list[Done]:
    """Remove seats, several at the same time, and return what became of each."""

    def do(one: Seat) -> Done:
        with seats.hold(one):
            seats.provider_of(one).down(one)
        return Done(one.student)

    with progress.step(N_("remove seats: {count}"), count=len(own)):
        return side_by_side(own, do, progress, REMOVED_TOGETHER, watch)


def in_use(own: Sequence[Seat]) -> list[Done]:
    """Return the result of each seat that another command holds: its error names that process."""

    def look(one: Seat) -> Done:
        with seats.lock(one):
            return Done(one.student)

    return [result for one in own if (result := attempt(one, look)).error]


def with_work(own: Sequence[Seat]) -> list[str]:
    """Return the students of seats on whose hosts a student has worked."""
    return [one.student for one, moment in zip(own, _last_changes(own), strict=True) if moment]


def not_handed_in(own: Sequence[Seat]) -> list[str]:
    """Return the students of seats with work that is later than their last submission."""
    moments = zip(own, _last_changes(own), strict=True)
    return [one.student for one, moment in moments if moment > _find_hand_in_time(one)]


def _last_changes(own: Sequence[Seat]) -> list[float]:
    """Return `student_files.last_change` of each seat."""
    with ThreadPoolExecutor(LOOKED_AT_TOGETHER) as pool:
        return list(pool.map(student_files.last_change, own))


def _find_hand_in_time(one: Seat) -> float:
    """Return when a student handed in last (epoch seconds), 0.0 for never."""
    times = [moment for moment, _ in diary.submissions(one)]
    return max([*times, submission_store.last(one.lab).get(one.student, 0.0)])


def status(own: Sequence[Seat]) -> list[dict[str, Any]]:
    """Return for each seat its hosts, memory (bytes), times (epoch seconds), and warnings about limits.

    They are when it first began, when it was checked last, and until when it is open; 0.0 for none.
    """
    with ThreadPoolExecutor(LOOKED_AT_TOGETHER) as pool:
        return list(pool.map(_status, own))


def _status(one: Seat) -> dict[str, Any]:
    found, noted, begun, memory = seats.look(one), ClassNote(), 0.0, 0
    try:
        begun, noted = diary.read_begin(one), class_note.read(one)
        memory = capacity.memory_of(one) if found["hosts"] else 0
    except SharklabError as error:
        found["warnings"].append(error.line)
    return {
        "student": one.student,
        "hosts": found["hosts"],
        "warnings": found["warnings"],
        "memory": memory,
        "begun": begun,
        "checked": noted.checked,
        "until": noted.until,
        "over": noted.is_over,
    }
