"""The faults of a seat: where each is, its cause, and the packets by which a capture shows it."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.checks.context import Context
from sharklab.checks.kind import Params, Rests, check
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.checks.question import Source, Value, question
from sharklab.evidence.packets.knocks import pattern
from sharklab.evidence.packets.model import Conversation
from sharklab.lab import fault_catalogue, fault_choice
from sharklab.lab.fault_catalogue import HostFault
from sharklab.lab.model import Exercise, Plan, Text
from sharklab.message import N_, Message


def _hosts(plan: Plan, exercise: Exercise) -> dict[str, Text]:
    return {host.name: host.title for host in plan.lab.hosts}


def _causes(plan: Plan, exercise: Exercise) -> dict[str, Text]:
    return dict(fault_choice.choices(exercise, plan.seat))


def _of_seat(context: Context) -> tuple[HostFault, ...]:
    """Return the faults that the seat has in this exercise."""
    return tuple(map(fault_catalogue.find, context.plan.seat.faults.get(context.exercise.id, ())))


def _by_injection(values: list[str]) -> Iterator[Source]:
    if values:
        yield Source(Message(N_("the faults of the seat")), frozenset([", ".join(sorted(values))]))


@question("where", N_("Host with the fault; several for several faults"), Value.HOSTS, choices=_hosts)
def where(context: Context) -> Iterator[Source]:
    """Yield the hosts into which the faults of the exercise were injected."""
    lab, exercise = context.plan.lab, context.exercise
    hosts = {fault_catalogue.host_of(lab, exercise, fault.side) for fault in _of_seat(context)}
    return _by_injection(list(hosts))


@question("cause", N_("Cause of the fault, by its name; one for each fault"), Value.CAUSES, choices=_causes)
def cause(context: Context) -> Iterator[Source]:
    """Yield the faults of the exercise."""
    return _by_injection([fault.id for fault in _of_seat(context)])


@check(
    "symptom",
    Rests.HEADERS,
    N_("The packets of the fault"),
    N_("the answer to a request, as the fault gives it"),
    look=N_(
        "Record while you try the service of the exercise: what does the client get for its first packet?"
    ),
)
def symptom(context: Context, params: Params) -> Finding:
    """The captures show the packets of each fault that the seat has in the exercise, at its server's port."""
    shown: dict[str, Reference] = {}
    for capture, facts in context.facts.items():
        for talk in facts.conversations:
            if _is_asked(context, talk):
                name = str(pattern(facts, [talk]))
                shown.setdefault(name, Reference(capture=capture, packets=_packets(talk)))
    references = [_reference(fault, shown) for fault in _of_seat(context)]
    good = bool(references) and None not in references
    text = N_("At the service's port the captures show: {patterns}.")
    seen = Message(text, {"patterns": sorted(shown) or "-"})
    evidence = tuple(dict.fromkeys(found for found in references if found)) or tuple(shown.values())
    return Finding(Status.of(good), seen, evidence, lacking=not shown)


def _is_asked(context: Context, talk: Conversation) -> bool:
    """Tell whether a conversation is with the server of the exercise, at the port that it is about."""
    wanted = context.exercise.conversation
    if wanted is None or talk.server.address not in context.addresses(wanted.server):
        return False
    return not wanted.port or (talk.server.port, talk.transport) == (
        wanted.port,
        wanted.transport or talk.transport,
    )


def _packets(talk: Conversation) -> tuple[int, ...]:
    return tuple(sorted({*talk.packets, *talk.icmp_errors}))


def _reference(fault: HostFault, shown: dict[str, Reference]) -> Reference | None:
    """Return the packets that show the fault, or None."""
    return next((shown[name] for name in fault.packets if name in shown), None)
