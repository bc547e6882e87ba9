"""Decide a condition of a criterion: on packets, on the state of hosts, on answers, or on several of these.

A part that is missing is failed, never passed. A part that does not decide is inconclusive, and a
check that breaks is an error. A `not` holds only when its part was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from sharklab import untrusted
from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.flaws import flaws_of, join_messages
from sharklab.checks.focus import find_focus
from sharklab.checks.judge import outcome, report_error
from sharklab.checks.kind import Kind, Rests
from sharklab.checks.outcome import Reference, Status, both
from sharklab.checks.question import answer
from sharklab.grading.marking import reading
from sharklab.grading.marking.case import Case
from sharklab.grading.marking.defaults import CELL, title
from sharklab.grading.marking.model import Decision
from sharklab.lab import matrices
from sharklab.lab.criteria import leaves
from sharklab.lab.model import AllOf, Asked, Capture, Check, Condition, Not
from sharklab.message import N_, NOTHING, Message

Leaf = Check | Asked
DecideLeaf = Callable[[Case, Leaf], Decision]

ALL_OF = (Status.ERROR, Status.FAILED, Status.INCONCLUSIVE, Status.SKIPPED, Status.PASSED)
ANY_OF = (Status.PASSED, Status.ERROR, Status.INCONCLUSIVE, Status.SKIPPED, Status.FAILED)
"""The orders of a condition with several parts: the first status that one of its parts has is its own."""
_DECLARE = N_("Write the server's address and your local port into answers.yml, from your capture.")
TITLED = N_("{title}: {found}")
_PARTS = "{before} · {part}"
_SHOWN = 80
"""Characters of a student's answer that are said again."""


def decide(case: Case, wanted: Condition, leaf: DecideLeaf | None = None) -> Decision:
    """Return the decision on a condition for a submission. Never raises.

    `leaf` decides a single check or question in another way: a mutant's checks are decided beforehand.
    """
    if isinstance(wanted, Asked | Check):
        return (leaf or _leaf)(case, wanted)
    if isinstance(wanted, Not):
        return _not(case, wanted, leaf)
    order = ALL_OF if isinstance(wanted, AllOf) else ANY_OF
    return combine(order, [(title(part), decide(case, part, leaf)) for part in wanted.parts])


def decide_twice(case: Case, wanted: Condition) -> Decision:
    """Return the decision on a condition; in an exam it must hold before and after the reboot. Never raises.

    Only checks of hosts are looked at again: packets and answers are the same after a reboot.
    """
    first = decide(case, wanted)
    asked = any(_is_of_hosts(leaf) for leaf in leaves(wanted))
    if case.after is None or first.status is not Status.PASSED or not asked:
        return first
    rebooted = replace(case, context=case.after)
    second = decide(case, wanted, lambda _, leaf: _leaf_after(case, rebooted, leaf))
    if second.status is Status.PASSED:
        return first
    found = Message(N_("It held, but not after the reboot: {found}"), {"found": second.found})
    return replace(second, found=found, discreet=NOTHING)


def _is_of_hosts(leaf: Leaf) -> bool:
    return isinstance(leaf, Check) and leaf.kind in KINDS and KINDS[leaf.kind].rests is Rests.STATE


def _leaf_after(case: Case, rebooted: Case, wanted: Leaf) -> Decision:
    """Return the decision on a check or question after the reboot; without its host, a check fails."""
    if not isinstance(wanted, Check) or not _is_of_hosts(wanted):
        return _leaf(case, wanted)
    host = str(wanted.params.get("host", ""))
    if host in rebooted.context.evidence.state:
        return _leaf(rebooted, wanted)
    found = Message(N_("{host} did not come back."), {"host": host})
    return Decision(Status.FAILED, found, expected=_say_expected(wanted), looked=False)


def _leaf(case: Case, wanted: Leaf) -> Decision:
    asks = isinstance(wanted, Asked)
    try:
        decision = _decide_question(case, wanted) if isinstance(wanted, Asked) else _check(case, wanted)
        return replace(decision, asks=asks)
    except Exception as error:
        return Decision(Status.ERROR, report_error(error), asks=asks)


def _decide_question(case: Case, wanted: Asked) -> Decision:
    decision = _compare_answer(case, wanted.question)
    return replace(decision, status=Status.PASSED) if wanted.almost and decision.almost else decision


def combine(order: Sequence[Status], decided: Sequence[tuple[Message, Decision]]) -> Decision:
    """Return the decision on a condition with several parts: their titles, and the decision on each.

    `order` is ALL_OF or ANY_OF.
    """
    status = next(status for status in order if any(part.status is status for _, part in decided))
    telling = [(title, part) for title, part in decided if part.status is status]
    first = telling[0][1]
    return Decision(
        status,
        _list_sentences([(of, part.found) for of, part in telling]),
        expected=first.expected,
        look=first.look,
        evidence=tuple(dict.fromkeys(reference for _, part in telling for reference in part.evidence)),
        asks=any(part.asks for _, part in decided),
        looked=all(part.looked for _, part in decided),
        discreet=_discreet(telling),
    )


def _list_sentences(said: Sequence[tuple[Message, Message]]) -> Message:
    """Return titles, each with its sentence, as one message; a sentence of all is said once."""
    first = said[0][1]
    if all(found == first for _, found in said):
        return Message(TITLED, {"title": said[0][0], "found": first})
    parts = [Message(TITLED, {"title": of, "found": found}) for of, found in said]
    return reduce(lambda before, part: Message(_PARTS, {"before": before, "part": part}), parts)


def _discreet(telling: Sequence[tuple[Message, Decision]]) -> Message:
    if not any(part.discreet for _, part in telling):
        return NOTHING
    return _list_sentences([(of, part.discreet or part.found) for of, part in telling])


def _not(case: Case, wanted: Not, leaf: DecideLeaf | None) -> Decision:
    found = decide(case, wanted.part, leaf)
    turned = {Status.PASSED: Status.FAILED, Status.FAILED: Status.PASSED}
    status = turned.get(found.status, found.status)
    if status is Status.PASSED and not (found.looked and _has_subject(case, wanted)):
        status = Status.FAILED
    return replace(found, status=status, expected=title(wanted))


def _has_subject(case: Case, wanted: Not) -> bool:
    """Tell whether the captures show the exercise's conversation, without which nothing is proved absent."""
    asked = (KINDS[leaf.kind].rests for leaf in leaves(wanted) if isinstance(leaf, Check))
    if all(rests is Rests.STATE for rests in asked):
        return True
    return case.exercise.conversation is None or find_focus(case.context) is not None


def _check(case: Case, check: Check) -> Decision:
    kind = KINDS.get(check.kind)
    if kind is None or kind.live:
        return _judge_check(case, check, ())
    if kind.rests is Rests.STATE:
        return _of_state(case, check, kind)
    return _of_packets(case, check, kind)


def _of_state(case: Case, check: Check, kind: Kind) -> Decision:
    for host in kind.hosts(check.params):
        if host not in case.context.evidence.state:
            return replace(_not_looked_at(host), expected=_say_expected(check))
    return _judge_check(case, check, ())


def _not_looked_at(host: str) -> Decision:
    look = Message(
        N_("Run `sharklab submit` while your seat is up: the submission then has the state of its hosts.")
    )
    return _decide_without_evidence(
        Message(N_("Your submission does not show the state of {host}."), {"host": host}), look
    )


def _of_packets(case: Case, check: Check, kind: Kind) -> Decision:
    captures = list_captures(case, check)
    if lacking := case.list_missing(captures):
        decision = replace(_not_handed_in(case, lacking), expected=_say_expected(check))
        there = tuple(capture for capture in captures if capture not in lacking)
        if kind.needs_all or not there or names(check):
            return decision
        found = _of_packets_there(case, check, there)
        return found if found.status is Status.PASSED else decision
    return _of_packets_there(case, check, captures)


def _of_packets_there(case: Case, check: Check, captures: tuple[Capture, ...]) -> Decision:
    """Decide a check on captures that are there; those of another seat show nothing of this one."""
    if foreign := case.foreign(captures):
        return replace(_elsewhere(case, foreign), expected=_say_expected(check))
    decision = _judge_check(case, check, captures)
    return replace(decision, looked=any(case.context.facts[capture.id].packets for capture in captures))


def _elsewhere(case: Case, foreign: tuple[Capture, ...]) -> Decision:
    """Decide on captures of other machines than the seat's, of which the answers declare no conversation."""
    if case.exercise.anywhere and case.own_machines:
        found = (
            N_("No conversation of {captures} is the one that your answers describe.")
            if case.answers
            else N_("No answer says which conversation of {captures} is meant.")
        )
        look = _DECLARE
    elif case.exercise.anywhere:
        found = N_("No conversation of {captures} is of your seat, or the one that your answers describe.")
        look = _DECLARE
    else:
        found = N_("No packet of {captures} is to or from a host of your seat.")
        look = N_("Compare the addresses in the capture with those in your brief.")
    return _decide_without_evidence(_names_of(found, foreign), Message(look), foreign)


def _judge_check(case: Case, check: Check, captures: tuple[Capture, ...]) -> Decision:
    said = outcome(case.narrow_context(captures), check)
    look = Message(KINDS[check.kind].look, check.params) if check.kind in KINDS else NOTHING
    return Decision(said.status, said.found, said.expected or NOTHING, look, said.evidence)


def _say_expected(check: Check) -> Message:
    return Message(KINDS[check.kind].expected, check.params) if KINDS[check.kind].expected else NOTHING


def names(check: Check) -> frozenset[str]:
    """Return the captures that a check names."""
    return KINDS[check.kind].captures(check.params) if check.kind in KINDS else frozenset()


def list_captures(case: Case, check: Check) -> tuple[Capture, ...]:
    """Return the captures that a check looks at: those it names, or all of the exercise.

    Where those that it names are empty, only the others show that anything was done and recorded.
    """
    wanted = names(check)
    if check.kind == CELL:
        wanted = frozenset({matrices.capture_id(case.exercise.id, "client")})
    named = tuple(capture for capture in case.exercise.captures if capture.id in wanted)
    facts = [case.context.facts[capture.id] for capture in named if capture.id in case.context.facts]
    if not named or (len(facts) == len(named) and not any(each.packets for each in facts)):
        return case.exercise.captures
    return named


def _not_handed_in(case: Case, lacking: tuple[Capture, ...]) -> Decision:
    found = _names_of(N_("Not handed in: {captures}."), lacking)
    first = lacking[0]
    if case.own_machines:
        text = N_("Record it on your own machine, and name the file {capture}.pcap.")
        return _decide_without_evidence(found, Message(text, {"capture": first.id}))
    look = Message(
        N_(
            "Record it with: sharklab capture {lab} {capture}; "
            "or on {host} with: sudo tcpdump -i {network} -w {capture}.pcap, "
            "and then: sharklab fetch {lab} {host}:{capture}.pcap"
        ),
        {
            "lab": case.context.plan.lab.name,
            "host": first.host,
            "network": first.network,
            "capture": first.id,
        },
    )
    return _decide_without_evidence(found, look)


def _decide_without_evidence(found: Message, look: Message, captures: tuple[Capture, ...] = ()) -> Decision:
    """Return the decision for a submission without anything to check."""
    evidence = tuple(Reference(capture=capture.id) for capture in captures)
    return Decision(Status.FAILED, found, look=look, evidence=evidence, looked=False)


def _names_of(text: str, captures: tuple[Capture, ...]) -> Message:
    return Message(text, {"captures": [capture.id for capture in captures]})


def _compare_answer(case: Case, question: str) -> Decision:
    """Compare the answer with what the submission's own evidence shows."""
    given = clean_answer(case.answers.get(question))
    found = _sought(case, question, given)
    if given:
        return found
    look = Message(N_("Write it in answers.yml, under {exercise}."), {"exercise": case.exercise.id})
    return replace(
        _decide_without_evidence(Message(N_("There is no answer.")), look), expected=found.expected
    )


def _sought(case: Case, question: str, given: str) -> Decision:
    captures = case.exercise.captures
    if QUESTIONS[question].of_seat:
        return _of_seat(case, question, given)
    if QUESTIONS[question].of_server:
        is_seen = case.context.server in case.context.evidence.state
        return _compare_measured(case, question, given) if is_seen else _not_looked_at(case.context.server)
    if lacking := case.list_missing(captures):
        return _not_handed_in(case, lacking)
    if foreign := case.foreign(captures):
        return replace(_elsewhere(case, foreign), evidence=())
    return _compare_measured(case, question, given)


def _of_seat(case: Case, question: str, given: str) -> Decision:
    """Compare the answer with the faults of the seat, which the course's secret tells."""
    key = answer(QUESTIONS[question], case.context)
    if key.value is None:
        return Decision(
            Status.INCONCLUSIVE, Message(N_("This seat has no fault in the exercise.")), key.found
        )
    values, expected = {"given": given}, Message("{key}", {"key": key.value})
    if reading.is_right(case.context, question, case.answers.get(question), key.value):
        return Decision(Status.PASSED, Message(N_("{given} is right."), values))
    look = Message(
        N_("Repair what you named, and try the service again: a right repair shows the right cause.")
    )
    return Decision(Status.FAILED, Message(N_("{given} is not right."), values), expected, look)


def _compare_measured(case: Case, question: str, given: str) -> Decision:
    of_server = QUESTIONS[question].of_server
    key, look = answer(QUESTIONS[question], case.context), _where(case, of_server)
    if key.value is None and not key.evidence:
        requested = reading.is_requested(case.context, question, case.answers.get(question))
        text = (
            N_("{given} is asked in your capture, and its reply is missing.")
            if requested
            else N_("Your submission does not show it.")
        )
        found = Message(text, {"given": given} if requested else {})
        expected = NOTHING if requested else key.found
        return Decision(Status.FAILED, found, expected, look, almost=requested)
    if key.value is None:
        found = Message(N_("Your submission contradicts itself; the instructor will look at it."))
        return Decision(Status.INCONCLUSIVE, found, key.found, evidence=key.evidence)
    values, expected = {"given": given, "host": case.context.server}, Message("{key}", {"key": key.value})
    if reading.is_right(case.context, question, case.answers.get(question), key.value):
        return Decision(Status.PASSED, Message(N_("{given} is right."), values), evidence=key.evidence)
    wrong = Decision(Status.FAILED, NOTHING, expected, look, key.evidence)
    if of_server:
        return replace(wrong, found=Message(N_("{given} is not what your {host} shows."), values))
    wrong = reading.explain_decision(wrong, case.context, question, case.answers.get(question), values)
    flaws = tuple(flaws_of(case.context, contents=False))
    if flaws:
        found, discreet = (
            both(each, join_messages(flaws)) for each in (wrong.found, wrong.discreet or wrong.found)
        )
        return replace(wrong, status=Status.INCONCLUSIVE, found=found, discreet=discreet)
    return wrong


def _where(case: Case, of_server: bool) -> Message:
    """Say where the answer is to be read."""
    if of_server:
        return Message(
            N_("Find it in the list of sockets of {host}: ss -lntup"), {"host": case.context.server}
        )
    text = N_("Find it in the packets of your own capture: {captures}.")
    return _names_of(text, case.exercise.captures)


def clean_answer(given: Any) -> str:
    """Return a student's answer as it is said again: short, on one line, nothing that a terminal obeys."""
    if isinstance(given, list | tuple):
        return clean_answer(", ".join(map(clean_answer, given)))
    if isinstance(given, Mapping):  # no answer at all, whatever it holds
        return ""
    return untrusted.clip(untrusted.one_line("" if given is None else str(given)), _SHOWN)
