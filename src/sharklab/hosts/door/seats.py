"""Which seats a student has on this machine, and which host of them is meant.

Every way into a seat passes `find`. So a seat that sleeps wakes there, and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import seat_provider
from sharklab.hosts.providers import network, sleeping
from sharklab.hosts.providers.cluster import record
from sharklab.lab import class_note, exam, plan_file
from sharklab.lab.model import Host, Plan
from sharklab.message import N_

BORROWED = "existing"
"""The provider whose machines are elsewhere: their users log in to them without sharklab."""


def of_student(student: str, lab: str = "", borrowed: bool = False) -> list[Plan]:
    """Return the seats of `student` that are up here, in the order of the labs' names; only that of `lab`.

    A damaged seat is none. With `borrowed`, a seat of machines that are elsewhere counts as well.
    """
    plans = []
    for file in state.find(state.seats_folder(), "*/*/plan.json"):
        if file.parent.name != student or lab not in ("", file.parent.parent.name):
            continue
        is_borrowed = seat_provider.read(file.parent) == BORROWED
        if is_borrowed and not borrowed:
            continue
        try:
            plan = plan_file.read(file)
        except MachineryError:
            continue
        if plan.seat.student == student and (is_borrowed or _is_up(plan)):
            plans.append(plan)
    return plans


def _is_up(plan: Plan) -> bool:
    """Tell whether the seat was brought up; a seat on a cluster has a place there."""
    if seat_provider.read(plan.seat.folder) == seat_provider.CLUSTER:
        return bool((known := record.read(plan.seat.folder)) and known.member)
    return network.exists(network.namespace(plan.seat.id))


def find_any(student: str, lab: str, host: str) -> tuple[Plan, Host]:
    """Return the seat and the host as `find` does, of a seat whose machines are elsewhere, too."""
    return find(student, lab, host, borrowed=True)


def find(student: str, lab: str, host: str, borrowed: bool = False) -> tuple[Plan, Host]:
    """Return the seat and the host that are meant; without `lab`, in the only seat that has such a host.

    A seat that sleeps wakes. `borrowed` as for `of_student`. Raises InputError when the student has no such
    seat here, or none of them has such a host, or several have, or the time of the seat is over.
    """
    here = of_student(student, lab, borrowed)
    hosts = [(plan, own) for plan in here for own in plan.hosts if own.name == host]
    if len(hosts) == 1:
        _open(hosts[0][0])
        return hosts[0]
    if hosts:
        raise InputError(
            N_("several of your seats have a host {host}"),
            hint=N_("name the lab, too: {names}"),
            host=host,
            names=[f"{student}+{plan.lab.name}+{host}" for plan, _ in hosts],
        )
    raise _no_host(here, lab, host)


def _open(plan: Plan) -> None:
    """Wake the seat if it sleeps. Raises InputError before its exam, and when its time is over."""
    window = exam.own_window(plan.lab.name, plan.seat.student)
    if window and time.time() < window.begin:
        raise InputError(N_("your exam begins on {time}"), time=exam.local_time(window.begin))
    noted = class_note.read(plan.seat)
    if noted.is_over:
        raise InputError(
            N_("your seat was open until {time}"),
            hint=N_("ask your instructor for more time"),
            time=exam.local_time(noted.until),
        )
    sleeping.wake(plan.seat)


def _no_host(here: Sequence[Plan], lab: str, host: str) -> InputError:
    if not here:
        return no_seat(lab)
    return InputError(
        N_("your seat has no host {host!r}"),
        hint=N_("hosts: {hosts}"),
        host=host,
        hosts=names(here),
    )


def no_seat(lab: str = "") -> InputError:
    """Return the error for a student without a seat that is up: of `lab`, or of any lab."""
    return InputError(
        N_("your seat of {lab} is not up on this server")
        if lab
        else N_("no seat of yours is up on this server"),
        hint=N_("ask your instructor to start it"),
        lab=lab,
    )


def names(plans: Sequence[Plan]) -> list[str]:
    """Return the names of the hosts of seats, each once."""
    return list(dict.fromkeys(host.name for plan in plans for host in plan.hosts))
