"""The input of a check: one exercise, its captures, and the other evidence of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets.model import Conversation, Facts
from sharklab.evidence.run_folder import Evidence, ProbeResult
from sharklab.evidence.sockets import Socket, sockets
from sharklab.lab.model import Exercise, Matrix, Plan

Talk = tuple[str, Conversation]
"""The id of a capture and a conversation in it."""


@dataclass(frozen=True)
class Context:
    """One exercise of a plan, with the evidence of all.

    `meant` are the conversations that a student's answers mean, the one to judge first; a run has none.
    """

    plan: Plan
    exercise: Exercise
    evidence: Evidence
    meant: tuple[Talk, ...] = ()

    @cached_property
    def captures(self) -> Mapping[str, RecordedCapture]:
        """The captures of the exercise that were recorded, by id."""
        recorded = self.evidence.captures
        return {each.id: recorded[each.id] for each in self.exercise.captures if each.id in recorded}

    @cached_property
    def facts(self) -> Mapping[str, Facts]:
        """The facts of these captures, by id."""
        return {name: capture.facts for name, capture in self.captures.items()}

    def addresses(self, host: str) -> frozenset[str]:
        """Return every address of `host` on the seat's networks, or none for an unknown host."""
        return self._addresses.get(host, frozenset())

    def host_at(self, address: str) -> str:
        """Return the host that has `address`, or "" when no host of the lab has it."""
        return self._hosts.get(address, "")

    @cached_property
    def _addresses(self) -> Mapping[str, frozenset[str]]:
        """The addresses of each host: asked for every packet, and slow to write out."""
        return {
            host: frozenset(str(ip) for place in places.values() for ip in (place.ipv4.ip, place.ipv6.ip))
            for host, places in self.plan.seat.addresses.items()
        }

    @cached_property
    def _hosts(self) -> Mapping[str, str]:
        return {address: host for host, known in self._addresses.items() for address in known}

    @property
    def client(self) -> str:
        """The host that asks, or "" when the exercise names none."""
        return self.exercise.conversation.client if self.exercise.conversation else ""

    @property
    def server(self) -> str:
        """The host that answers, or "" when the exercise names none."""
        return self.exercise.conversation.server if self.exercise.conversation else ""

    @property
    def matrix(self) -> Matrix | None:
        """The matrix that the exercise runs, or None."""
        matrices = (matrix for matrix in self.plan.lab.matrices if matrix.id == self.exercise.id)
        return next(matrices, None)

    def sockets(self, host: str) -> tuple[Socket, ...]:
        """Return the sockets that `ss` showed on `host` during the run."""
        return self._sockets.get(host, ())

    @cached_property
    def _sockets(self) -> Mapping[str, tuple[Socket, ...]]:
        hosts = {line.host for line in self.evidence.sockets}
        return {host: sockets(line for line in self.evidence.sockets if line.host == host) for host in hosts}

    def probe(self, id: str) -> ProbeResult | None:
        """Return the result of the probe `id`, or None if there is none."""
        return self.evidence.probes.get(id)


def contexts(plan: Plan, evidence: Evidence) -> tuple[Context, ...]:
    """Return a context for each exercise of the plan, in its order."""
    return tuple(Context(plan, exercise, evidence) for exercise in plan.lab.exercises)
