"""Find the conversations that a student's answers mean: every one of them counts.

On a seat they are among those of the exercise's hosts. Where a capture of the student's own PC counts, the
answers declare them, and the hosts of the exercise are then taken to be where their ends are: every check
and every question goes on from there, as it does on the seat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sharklab.checks import KINDS
from sharklab.checks.context import Context, Talk
from sharklab.checks.focus import candidates, is_of_service, turn
from sharklab.checks.judge import outcome
from sharklab.checks.kind import Rests
from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Conversation, Endpoint
from sharklab.grading.marking import sole_conversation
from sharklab.grading.marking.other_seats import OtherSeats
from sharklab.grading.submission.declaration import Given, find_fitting, is_declared, without_server
from sharklab.lab import seat
from sharklab.lab.model import Exercise

_MOST = 20
"""The most conversations that are tried because they fit the answers equally well; the largest come first."""


def choose_conversations(context: Context, given: Given) -> Context:
    """Return the context with those conversations of the seat that the answers fit best."""
    talks = candidates(context)
    if len(talks) < 2:
        return context
    best = _best(talks, context.exercise, given)
    return _shows_most([replace(context, meant=_first(talk, best)) for talk in best[:_MOST]])


def move_to_declared(context: Context, given: Given, seats: OtherSeats | None) -> Context:
    """Return the context with its hosts where the declared conversation has them, or as it is without one.

    `seats` are those of the course: a conversation of another seat is never meant. In a course without any, a
    wrong address of the server costs itself alone: the other answers declare what they would without it. The
    service may have the other transport there, as DNS over TCP has.
    """
    found = _use_declared(context, given, seats)
    if found is context and seats is None and (asked := context.exercise.conversation):
        either = replace(context.exercise, conversation=replace(asked, transport=""))
        other = replace(context, exercise=either)
        return found if (moved := _use_declared(other, given, seats)) is other else moved
    return found


def _use_declared(context: Context, given: Given, seats: OtherSeats | None) -> Context:
    talks = [each for each in _declarable(context) if _is_declared(each[1], context.exercise, given, seats)]
    return _move_hosts(context, given, talks)


def _is_declared(talk: Conversation, exercise: Exercise, given: Given, seats: OtherSeats | None) -> bool:
    if seats:
        return is_declared(talk, exercise, given, seats.own) and not seats.have(talk)
    return any(is_declared(talk, exercise, said) for said in (given, without_server(exercise, given)))


def move_to_sole(context: Context, given: Given) -> Context:
    """Move the hosts as `move_to_declared` does, for the one conversation that no answer has to declare."""
    return _move_hosts(context, given, sole_conversation.of_kind(context.exercise, _declarable(context)))


def _move_hosts(context: Context, given: Given, talks: list[Talk]) -> Context:
    asked = context.exercise.conversation
    if asked is None or not talks:
        return context
    best = _best(talks, context.exercise, given)
    places = [{asked.client: _address(talk.client), asked.server: _address(talk.server)} for _, talk in best]
    return _shows_most(
        [
            replace(_at(context, place), meant=_first(talk, best))
            for talk, place in list(zip(best, places, strict=True))[:_MOST]
        ]
    )


def _best(talks: list[Talk] | tuple[Talk, ...], exercise: Exercise, given: Given) -> list[Talk]:
    """Return the conversations that fit the most answers, the largest first."""
    counts = [len(find_fitting(talk, exercise, given)) for _, talk in talks]
    best = [talk for talk, count in zip(talks, counts, strict=True) if count == max(counts)]
    return sorted(best, key=lambda talk: -len(talk[1].packets))


def _first(talk: Talk, others: list[Talk]) -> tuple[Talk, ...]:
    return (talk, *(other for other in others if other is not talk))


def _shows_most(contexts: list[Context]) -> Context:
    """Return the first context for which the most checks of the exercise pass."""
    if len(contexts) == 1:
        return contexts[0]
    return max(contexts, key=_passes)


def _passes(context: Context) -> int:
    checks = [each for each in context.exercise.checks if _is_of_headers(each.kind)]
    return sum(outcome(context, each).status is Status.PASSED for each in checks)


def _is_of_headers(name: str) -> bool:
    return name in KINDS and KINDS[name].rests is Rests.HEADERS and not KINDS[name].live


def _declarable(context: Context) -> Iterator[Talk]:
    """Yield the conversations of the captures; one whose sides are not sure, both ways round."""
    for name, facts in context.facts.items():
        for talk in facts.conversations:
            for each in (talk,) if talk.sure else (talk, turn(talk)):
                if is_of_service(context, each):
                    yield name, each


def _at(context: Context, places: Mapping[str, Mapping[str, str]]) -> Context:
    declared = seat.with_addresses(context.plan.seat, places)
    return replace(context, plan=replace(context.plan, seat=declared))


def _address(end: Endpoint) -> Mapping[str, str]:
    return {"ipv6" if ":" in end.address else "ipv4": end.address}
