"""Judge a run: every check and every question of every exercise, whatever goes wrong in one of them."""

from __future__ import annotations

from dataclasses import replace

from sharklab.checks.cells import CHECK, cells_of
from sharklab.checks.context import Context, contexts
from sharklab.checks.flaws import flaws_of, join_messages
from sharklab.checks.kind import KINDS, Claim, Kind, Rests
from sharklab.checks.outcome import Answer, Finding, Outcome, Reference, Status, Verdict, both
from sharklab.checks.question import QUESTIONS, answer
from sharklab.evidence.run_folder import Evidence
from sharklab.lab.model import Check, Plan
from sharklab.message import N_, Message


def judge(plan: Plan, evidence: Evidence) -> tuple[Verdict, ...]:
    """Return a verdict on each exercise of the plan.

    Nothing is raised: a check that breaks is an outcome with status `error`, never a pass.
    """
    return tuple(_verdict(context) for context in contexts(plan, evidence))


def _verdict(context: Context) -> Verdict:
    exercise = context.exercise
    return Verdict(
        exercise.id,
        (*(outcome(context, check) for check in exercise.checks), *_cells(context)),
        tuple(_answer(context, question) for question in exercise.questions),
    )


def outcome(context: Context, check: Check) -> Outcome:
    """Return the outcome of one check on an exercise; a check that breaks has the status `error`."""
    kind = KINDS.get(check.kind)
    if kind is None or not kind.required <= check.params.keys():
        found = Message(N_("There is no check {kind} with these parameters."), {"kind": check.kind})
        return Outcome(check.kind, Status.ERROR, Message("{kind}", {"kind": check.kind}), found)
    finding = _find(context, kind, check)
    return Outcome(
        check=check.kind,
        status=finding.status,
        title=kind.write_heading(check.params),
        found=finding.found,
        expected=Message(kind.expected, check.params) if kind.expected else None,
        evidence=finding.evidence,
        table=finding.table,
    )


def _cells(context: Context) -> tuple[Outcome, ...]:
    """Return the outcome of each cell of the exercise's matrix, if it has one."""
    try:
        return tuple(cell.outcome for cell in cells_of(context))
    except Exception as error:
        return (Outcome(CHECK, Status.ERROR, Message(N_("The matrix")), report_error(error)),)


def _find(context: Context, kind: Kind, check: Check) -> Finding:
    try:
        for host in kind.hosts(check.params):
            if host not in context.evidence.state:
                text = Message(N_("The state of {host} was not recorded."), {"host": host})
                return Finding(Status.INCONCLUSIVE, text)
        if kind.rests in (Rests.PROBES, Rests.STATE):
            return kind.function(context, check.params)
        flaws = tuple(flaws_of(context, contents=kind.rests is Rests.CONTENTS))
        if not any(facts.packets for facts in context.facts.values()):
            return _without_packets(context, flaws)
        return _weigh(kind, kind.function(context, check.params), flaws)
    except Exception as error:
        return Finding(Status.ERROR, report_error(error))


def report_error(error: Exception) -> Message:
    """Return the message that a check broke, with the error for developers."""
    values = {"error": f"{type(error).__name__}: {error}"}
    return Message(N_("The check itself failed: {error}"), values)


def _without_packets(context: Context, flaws: tuple[Message, ...]) -> Finding:
    """Return the finding of a check that has no packet to look at: nothing proves nothing."""
    if not context.exercise.captures:
        return Finding(Status.INCONCLUSIVE, Message(N_("The exercise has no capture to judge.")))
    evidence = tuple(Reference(capture=name) for name in context.facts)
    if flaws:
        return Finding(Status.INCONCLUSIVE, join_messages(flaws), evidence)
    return Finding(Status.FAILED, Message(N_("The captures hold no packet.")), evidence)


_OPEN = {
    Claim.PRESENCE: (Status.FAILED,),
    Claim.ABSENCE: (Status.PASSED,),
    Claim.WHOLE: (Status.FAILED, Status.PASSED),
}
"""The results that lost packets could have changed."""


def _weigh(kind: Kind, finding: Finding, flaws: tuple[Message, ...]) -> Finding:
    """Return `finding`, or inconclusive when what the captures lack could have changed it."""
    if flaws and (finding.lacking or finding.status in _OPEN[kind.claim]):
        return replace(finding, status=Status.INCONCLUSIVE, found=both(finding.found, join_messages(flaws)))
    return finding


def _answer(context: Context, id: str) -> Answer:
    question = QUESTIONS.get(id)
    if question is None:
        found = Message(N_("There is no question named {id}."), {"id": id})
        return Answer(id, Message("{id}", {"id": id}), None, Status.ERROR, found=found)
    try:
        return answer(question, context)
    except Exception as error:
        return Answer(id, Message(question.text), None, Status.ERROR, found=report_error(error))
