"""The seats of a class without hosts: a provider that notes what is asked of it, and fails where told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import flow
from sharklab.errors import MachineryError
from sharklab.hosts import capacity, playbook
from sharklab.hosts.image import NOTHING
from sharklab.hosts.providers.disk import Overlay
from sharklab.hosts.providers.provider import NewHosts
from sharklab.hosts.providers.this_computer import CONTAINERS
from sharklab.lab.model import Plan, Seat
from sharklab.message import Message


class ClassSeats:
    """The hosts of this computer: `up` has the students whose hosts run, `calls` what was done, in order.

    The seats of `failing` do not come up, and are not removed. `failures` are those of the next playbook.
    """

    def __init__(self, place: Path, patch: pytest.MonkeyPatch) -> None:
        self.up: set[str] = set()
        self.calls: list[tuple[str, str]] = []
        self.failing: Collection[str] = ()
        self.failures: Callable[[], Mapping[str, str]] = dict
        self.playbooks = 0
        patch.setenv("SHARKLAB_STATE", str(place / "state"))
        patch.setenv("LC_ALL", "C.UTF-8")
        patch.setattr("os.sched_getaffinity", lambda process: {0})  # seats share as few playbooks as they can
        patch.setattr(flow, "layers_of", lambda *words: NOTHING)
        patch.setattr(flow, "own_layers", lambda *words: NOTHING)
        patch.setattr(capacity, "check", lambda hosts: self._note("check", str(hosts)))
        patch.setattr(playbook, "run", self._play)
        kind = type(CONTAINERS)
        patch.setattr(kind, "make", lambda own, plan, layers: self._make(plan))
        patch.setattr(kind, "up", lambda own, plan, *rest: self._start(plan))
        patch.setattr(kind, "keep", lambda own, plan: None)
        patch.setattr(kind, "status", lambda own, seat: self._status(seat))
        patch.setattr(kind, "down", lambda own, seat: self._remove(seat))
        patch.setattr(kind, "reset", lambda own, plan, *rest: self._reset(plan))

    def done(self, what: str) -> list[str]:
        """Return the students whose seats were made, started, reset or removed, sorted."""
        return sorted(student for call, student in self.calls if call == what)

    def _note(self, what: str, student: str) -> None:
        self.calls.append((what, student))

    def _fail(self, student: str) -> None:
        if student in self.failing:
            raise MachineryError("the disk is full", place=student)

    def _make(self, plan: Plan) -> NewHosts | None:
        self._note("make", plan.seat.student)
        return NewHosts({host.name: Overlay(plan.seat.folder, "") for host in plan.hosts}, {})

    def _start(self, plan: Plan) -> Mapping[str, Mapping[str, object]]:
        self._fail(plan.seat.student)
        self._note("start", plan.seat.student)
        self.up.add(plan.seat.student)
        return {}

    def _status(self, own: Seat) -> Mapping[str, str]:
        return dict.fromkeys(own.addresses, "running" if own.student in self.up else "stopped")

    def _remove(self, own: Seat) -> Sequence[Message]:
        self._fail(own.student)
        self._note("remove", own.student)
        self.up.discard(own.student)
        state.remove(own.folder)
        return ()

    def _reset(self, plan: Plan) -> Sequence[Message]:
        self._fail(plan.seat.student)
        self._note("reset", plan.seat.student)
        return ()

    def _play(self, *words: object, **more: object) -> None:
        self.playbooks += 1
        if failures := self.failures():
            error = playbook.PlaybookFailed("a task failed")
            error.failures = failures
            raise error
