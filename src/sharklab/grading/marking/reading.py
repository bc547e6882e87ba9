"""Read an answer against the captures: whether it is right, and in what way it is wrong.

An answer may name several values, and counts as it is written. A wrong one may still be in the captures: of
the other end, of another conversation. The port of a client is another one in each connection.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sharklab.checks import QUESTIONS
from sharklab.checks.context import Context
from sharklab.checks.dns import exchanges
from sharklab.checks.focus import find_focus, turn
from sharklab.checks.question import Question, Value
from sharklab.evidence.packets.model import Conversation
from sharklab.grading.marking.model import Decision
from sharklab.grading.submission import answers
from sharklab.message import N_, Message

_MOST = 8
"""Ports of one client that an answer may name: a program has several connections; more is a guess."""


RESERVED, DYNAMIC = 1024, 32_768
"""The first port that any program gets, and the first port that Linux gives to clients (ip(7)).

Windows and macOS begin at 49,152 (RFC 6335, section 6).
"""


def is_right(context: Context, question: str, given: Any, key: str) -> bool:
    """Tell whether an answer is the measured `key`, alone or with other values that are right as well.

    Other values are right when a conversation shows them that fits the answers as well. A client's ports may
    have been of connections that the capture does not hold.
    """
    asked, said, wanted = QUESTIONS[question], answers.values(question, given), answers.values(question, key)
    if not asked.of_conversation or len(said) < 2:
        return bool(said) and said == wanted
    if asked.changes:
        return bool(wanted & said) and len(said) <= _MOST
    others = {asked.of(talk) for _, talk in context.meant}
    return wanted <= said <= wanted | _canonical(question, others)


def is_requested(context: Context, question: str, given: Any) -> bool:
    """Tell whether an answer is of a server that the captures show with DNS questions, and with no answer."""
    asked = QUESTIONS[question]
    if not asked.of_reply:
        return False
    shown = {each.server for _, each in exchanges(context) if not each.answer}
    ports = asked.value is Value.PORT
    said = answers.values(question, given)
    return bool(said) and said <= _canonical(question, {str(s.port) if ports else s.address for s in shown})


def explain_decision(
    wrong: Decision, context: Context, question: str, given: Any, values: Mapping[str, object]
) -> Decision:
    """Return the decision on a wrong answer with the sentence that says in what way it is wrong."""
    asked, said = QUESTIONS[question], answers.values(question, given)
    focus = find_focus(context)
    if focus is None or not asked.of_conversation or not said:
        return replace(wrong, found=Message(N_("{given} is not what your packets show."), values))
    if asked.end and said <= _canonical(question, {asked.of(turn(focus.conversation))}):
        text = N_("{given} is of the other end of the conversation: you exchanged client and server.")
        return replace(wrong, found=Message(text, values))
    shown = said <= _canonical(question, set(_list_values(context, asked)))
    if not shown and asked.changes and _could_be(said, answers.values(question, str(wrong.expected))):
        return _of_another_moment(wrong, {**values, "key": wrong.expected})
    return _unlike(wrong, {**values, "key": wrong.expected}, shown)


def _unlike(wrong: Decision, values: Mapping[str, object], shown: bool) -> Decision:
    """Return the decision with both values; `shown` tells that another conversation has the given one."""
    if shown:
        found = N_("Your capture has {key}, you wrote {given}: that is of another conversation in it.")
        discreet = N_("{given} is in your capture, but not in the conversation of this exercise.")
    else:
        found = N_("Your capture has {key}, you wrote {given}.")
        discreet = N_("{given} is not what your packets show.")
    return replace(wrong, found=Message(found, values), discreet=Message(discreet, values))


def _could_be(said: Collection[str], right: Collection[str]) -> bool:
    """Tell whether these ports could be of another connection of the client that had the `right` one.

    A system takes them from one range: a port from another range was of no connection of that client.
    """
    return {_range(port) for port in said} == {_range(port) for port in right}


def _range(port: str) -> int:
    """Return the number of the range that a port belongs to; 0 is that of root's programs."""
    return sum(int(port) >= first for first in (RESERVED, DYNAMIC)) if port.isdigit() else 0


def _of_another_moment(wrong: Decision, values: Mapping[str, object]) -> Decision:
    found = N_(
        "Your capture has {key}, you wrote {given}: two different connections. "
        "Record and look at the sockets at the same time."
    )
    discreet = N_(
        "{given} is the port of another connection than that of your capture. "
        "Record and look at the sockets at the same time."
    )
    return replace(wrong, found=Message(found, values), discreet=Message(discreet, values), almost=True)


def _list_values(context: Context, asked: Question) -> Iterator[str]:
    """Yield the value of each conversation in the captures, and that of its other end."""
    for facts in context.facts.values():
        for talk in facts.conversations:
            yield from (asked.of(each) for each in _both_ways(talk))


def _both_ways(talk: Conversation) -> tuple[Conversation, Conversation]:
    return talk, turn(talk)


def _canonical(question: str, values: set[str]) -> frozenset[str]:
    return frozenset(value for each in values for value in answers.values(question, each))
