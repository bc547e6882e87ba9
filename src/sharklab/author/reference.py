"""Make a submission of a run, as a student who did everything right hands it in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharklab import checks
from sharklab.evidence import analysis, run_folder
from sharklab.grading.submission.model import Submission
from sharklab.lab.model import Plan


def reference(run: Path) -> tuple[Plan, Submission]:
    """Return the plan of the run in the folder `run`, and what it left as a submission.

    Raises MachineryError when a part of the run is missing or damaged.
    """
    plan, evidence = analysis.analyse(run)
    measured = {
        verdict.exercise: {answer.question: answer.value for answer in verdict.answers if answer.value}
        for verdict in checks.judge(plan, evidence)
    }
    answers = {exercise: values for exercise, values in measured.items() if values}
    return plan, of_evidence(plan, evidence, answers)


def of_evidence(
    plan: Plan, evidence: run_folder.Evidence, answers: Mapping[str, Mapping[str, Any]]
) -> Submission:
    """Return the submission that holds the captures and the host state of a run, and `answers`."""
    return Submission(
        lab=plan.lab.name,
        student=plan.seat.student,
        seat=plan.seat.id,
        folder=evidence.folder,
        captures={name: capture.path for name, capture in evidence.captures.items()},
        answers=answers,
        state=evidence.state,
        begun=float(evidence.manifest["started"]),
        made=float(evidence.manifest["ended"]),
    )


def empty(submission: Submission) -> Submission:
    """Return the submission of a student without any work."""
    return Submission(
        submission.lab,
        submission.student,
        submission.seat,
        submission.folder,
        begun=submission.begun,
        made=submission.made,
    )
