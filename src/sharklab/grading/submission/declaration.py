"""Tell which conversation a student's answers declare."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sharklab.checks import QUESTIONS
from sharklab.checks.focus import turn
from sharklab.checks.question import End, Question, Value
from sharklab.evidence.packets.model import Conversation
from sharklab.grading.submission import answers
from sharklab.lab.model import Exercise

Given = Mapping[str, Any]
"""The answers of a student to the questions of an exercise."""


def find_fitting(talk: Conversation, exercise: Exercise, given: Given) -> frozenset[str]:
    """Return the questions of the exercise of which an answer has the value that the conversation gives."""
    return frozenset(
        name
        for name in exercise.questions
        if QUESTIONS[name].of_conversation
        and answers.values(name, QUESTIONS[name].of(talk)) & answers.values(name, given.get(name))
    )


def is_declared(
    talk: Conversation, exercise: Exercise, given: Given, own_seat: Collection[str] = frozenset()
) -> bool:
    """Tell whether the answers declare a conversation; a wrong one among them costs itself alone.

    The server's address is enough, or the own port. Where no server's address was given, or one that is no
    address, the port and the transport of the service are. An address of the student's `own_seat` declares
    that the conversation is there, and no other one is meant. Answers that exchanged the two ends declare it
    too, and are wrong.
    """
    return any(_names(each, exercise, given, own_seat) for each in (talk, turn(talk)))


def without_server(exercise: Exercise, given: Given) -> Given:
    """Return the answers without the address of a server."""
    return {name: value for name, value in given.items() if name not in _servers(exercise)}


def _names(talk: Conversation, exercise: Exercise, given: Given, own_seat: Collection[str]) -> bool:
    fits, asked = find_fitting(talk, exercise, given), _list_questions(exercise)
    servers = _servers(exercise)
    addresses = {value for name in servers for value in answers.values(name, given.get(name))}
    if servers & fits:
        return True
    if addresses & {*own_seat}:
        return False
    if fits & {name for name, each in asked.items() if each.changes}:
        return True
    ports = {name for name, each in asked.items() if each.end is End.SERVER and each.value is Value.PORT}
    transports = {
        name for name, each in asked.items() if each.end is None and answers.values(name, given.get(name))
    }
    return not addresses and bool(fits & ports) and transports <= fits


def _list_questions(exercise: Exercise) -> Mapping[str, Question]:
    """Return the questions of an exercise that a conversation answers, by name."""
    return {name: QUESTIONS[name] for name in exercise.questions if QUESTIONS[name].of_conversation}


def _servers(exercise: Exercise) -> frozenset[str]:
    """Return the questions of an exercise about the address of a server."""
    asked = _list_questions(exercise).items()
    return frozenset(name for name, each in asked if each.end is End.SERVER and each.value is Value.ADDRESS)
