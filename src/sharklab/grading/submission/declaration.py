"""Tell which conversation a student's answers declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.checks import QUESTIONS
from sharklab.checks.focus import turn
from sharklab.checks.question import End, Value
from sharklab.evidence.packets.model import Conversation
from sharklab.grading.submission import answers
from sharklab.lab.model import Exercise

Given = Mapping[str, Any]
"""The answers of a student to the questions of an exercise."""


def fitting(talk: Conversation, exercise: Exercise, given: Given) -> frozenset[str]:
    """Return the questions of the exercise of which an answer has the value that the conversation gives."""
    return frozenset(
        name
        for name in exercise.questions
        if QUESTIONS[name].of_conversation
        and answers.values(name, QUESTIONS[name].of(talk)) & answers.values(name, given.get(name))
    )


def is_declared(talk: Conversation, exercise: Exercise, given: Given) -> bool:
    """Tell whether the answers declare a conversation; a wrong one among them costs itself alone.

    The server's address is enough. Where none was given, or one that is no address, the own port is, or the
    port and the transport of the service. Answers that exchanged the two ends declare it too, and are wrong.
    """
    return _names(talk, exercise, given) or _names(turn(talk), exercise, given)


def _names(talk: Conversation, exercise: Exercise, given: Given) -> bool:
    fits = fitting(talk, exercise, given)
    asked = {name: QUESTIONS[name] for name in exercise.questions if QUESTIONS[name].of_conversation}
    said = {name for name in asked if answers.values(name, given.get(name))}
    servers = {name for name, each in asked.items() if each.end is End.SERVER and each.value is Value.ADDRESS}
    ports = {name for name, each in asked.items() if each.end is End.SERVER and each.value is Value.PORT}
    own = {name for name, each in asked.items() if each.changes}
    transports = {name for name, each in asked.items() if each.end is None}
    if servers & said:
        return bool(servers & fits)
    return bool(fits & own) or (bool(fits & ports) and not (transports & said) - fits)
