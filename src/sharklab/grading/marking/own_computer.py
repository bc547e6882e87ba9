"""Captures of a student's own PC: the answers say which conversation counts, and the capture must hold it.

The hosts of the exercise are then taken to be where that conversation's ends are; every check and every
question goes on from there, as it does on the seat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sharklab.checks.context import Context
from sharklab.evidence.packets.model import Conversation, Endpoint
from sharklab.grading.submission import answers
from sharklab.lab import seat

DECLARED = ("server_address", "server_port", "local_port", "transport")
"""The questions whose answers name a conversation."""


def moved(context: Context, given: Mapping[str, Any]) -> Context:
    """Return the context with its hosts where the declared conversation has them, or as it is without one."""
    asked, found = context.exercise.conversation, next(_declared(context, given), None)
    if asked is None or found is None:
        return context
    addresses = {asked.client: _address(found.client), asked.server: _address(found.server)}
    declared = seat.with_addresses(context.plan.seat, addresses)
    return replace(context, plan=replace(context.plan, seat=declared))


def _declared(context: Context, given: Mapping[str, Any]) -> Iterator[Conversation]:
    """Yield the conversations of the captures that are in every respect what the answers declare."""
    asked = [question for question in DECLARED if question in context.exercise.questions]
    for talk in (talk for facts in context.facts.values() for talk in facts.conversations):
        said = _said(talk)
        if asked and all(answers.same(question, given.get(question), said[question]) for question in asked):
            yield talk


def _said(talk: Conversation) -> Mapping[str, str]:
    return {
        "server_address": talk.server.address,
        "server_port": str(talk.server.port),
        "local_port": str(talk.client.port),
        "transport": talk.transport.upper(),
    }


def _address(end: Endpoint) -> Mapping[str, str]:
    return {"ipv6" if ":" in end.address else "ipv4": end.address}
