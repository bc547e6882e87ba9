"""The report of a student's own work: their answers, and the packets of their own captures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.outcome import Answer, Outcome, Status, Verdict
from sharklab.grading.marking.case import Case, gather
from sharklab.grading.marking.decisions import clean_answer, decide
from sharklab.grading.marking.defaults import title
from sharklab.grading.submission.model import Submission
from sharklab.lab.model import Asked, Check, Exercise, Plan
from sharklab.message import NOTHING, Message
from sharklab.report import render


def write(
    plan: Plan, submission: Submission, languages: Iterable[str], without_seats: bool = False
) -> tuple[Path, ...]:
    """Write report.<lang>.html and report.<lang>.md into the folder of the work, and return them.

    In a course `without_seats`, a capture may tell by itself which conversation is meant. Raises
    MachineryError when tshark is missing or broken, or the folder cannot be written.
    """
    cases = gather(plan, submission, without_seats=without_seats)
    evidence = replace(cases[0].context.evidence, manifest={"by_hand": True}, folder=submission.folder)
    verdicts = tuple(_verdict(case) for case in cases)
    files = [
        file
        for language in languages
        for file in render.write(
            render.compose(_by_hand(plan), evidence, verdicts, language, submission.folder)
        )
    ]
    return tuple(file for file in files if file.suffix in (".html", ".md"))


def _by_hand(plan: Plan) -> Plan:
    """Return the plan of work by hand: without the run's commands, matrices and filters."""
    exercises = tuple(
        _exercise(exercise) for exercise in plan.lab.exercises if exercise.questions or exercise.captures
    )
    return replace(plan, lab=replace(plan.lab, exercises=exercises, matrices=()))


def _exercise(exercise: Exercise) -> Exercise:
    captures = tuple(replace(capture, filter="") for capture in exercise.captures)
    return replace(exercise, probes=(), captures=captures)


def _verdict(case: Case) -> Verdict:
    exercise = case.exercise
    checks = [check for check in exercise.checks if check.kind in KINDS and not KINDS[check.kind].live]
    return Verdict(
        exercise.id,
        tuple(_outcome(case, check) for check in checks),
        tuple(_answer(case, question) for question in exercise.questions),
    )


def _outcome(case: Case, check: Check) -> Outcome:
    found = decide(case, check)
    expected = found.expected if found.expected and found.status is not Status.PASSED else None
    return Outcome(check.kind, found.status, title(check), found.found, expected, found.evidence)


def _answer(case: Case, question: str) -> Answer:
    """Return the student's answer, and whether the packets show it; their numbers only if they do.

    The right answer is never in it.
    """
    found, given = decide(case, Asked(question)), clean_answer(case.answers.get(question))
    right = found.status is Status.PASSED
    return Answer(
        question,
        Message(QUESTIONS[question].text),
        given or None,
        found.status,
        found.evidence if right else (),
        NOTHING if right else found.discreet or found.found,
    )
