"""The policy of a course: what lateness and hints cost, and what an instructor has to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.checks.outcome import Status
from sharklab.grading.marking.model import Decision, ExerciseResult, Mark
from sharklab.grading.marking.policy import DAY, UNDATED, Correction, Policy, adjustments, remarks
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import Submission
from sharklab.lab import load
from sharklab.lab.exam import Window
from sharklab.message import Message

DUE = 1_000_000.0


def submission(made: float = DUE, hints: object = ()) -> Submission:
    """Return a submission that was made at a time, with the hints that its manifest names."""
    return Submission("tp4", "alice", "0a1b2c3d", Path(), manifest={"hints": hints}, made=made)


def earned(*points: float) -> tuple[ExerciseResult, ...]:
    """Return an exercise whose criteria, a, b, ..., are worth 2 each and earned these points."""
    decision = Decision(Status.PASSED, Message("fine"))
    marks = [
        Mark(name, Message(name), 2.0, each, decision) for name, each in zip("abc", points, strict=False)
    ]
    return (ExerciseResult("ssh", "I", {"en": "SSH"}, tuple(marks)),)


@pytest.mark.parametrize(
    ("policy", "days", "part"),
    [
        (Policy(due=DUE, per_day=0.1), 0, 0.0),
        (Policy(due=DUE, per_day=0.1), 1, 0.1),
        (Policy(due=DUE, per_day=0.1), 3, 0.3),
        (Policy(due=DUE, per_day=0.1, at_most=0.2), 3, 0.2),
        (Policy(due=DUE, per_day=0.1, closed=2), 2, 0.2),
        (Policy(due=DUE, per_day=0.1, closed=2), 3, 1.0),
    ],
)
def test_lateness_takes_its_part(policy: Policy, days: int, part: float) -> None:
    """A part for each day, up to the most, and everything once it is closed."""
    late = policy.days_late(DUE + days * DAY)
    assert days == late
    assert part == pytest.approx(policy.lateness(late))


@pytest.mark.parametrize(
    ("policy", "made", "days"),
    [
        (Policy(), DUE, 0),
        (Policy(due=DUE), DUE, 0),
        (Policy(due=DUE), DUE + 1, 1),
        (Policy(due=DUE, grace=300), DUE + 300, 0),
        (Policy(due=DUE, grace=300), DUE + 301, 1),
        (Policy(due=DUE, grace=300), DUE + DAY + 1, 2),
    ],
)
def test_days_late_counts_the_days_that_have_begun(policy: Policy, made: float, days: int) -> None:
    """The minutes of grace are free; a second more, and the first day has begun."""
    assert days == policy.days_late(made)


def test_adjustments_take_hints_first_and_lateness_of_the_rest() -> None:
    """A hint costs no more than its criterion earned; then lateness takes a tenth of the rest."""
    policy = Policy(hint=0.75, due=DUE, per_day=0.1)
    given = submission(DUE + 1, ["ssh/a", "ssh/b", "ssh/c", "ssh/none", 7])
    found = adjustments(policy, given, earned(2.0, 1.0, 0.0))
    assert [-1.5, -1.0, -0.05] == [each.points for each in found]
    assert ["Hint: {title}", "Hint: {title}", "Handed in late (days: {days})"] == [
        each.reason.msgid for each in found
    ]


@pytest.mark.parametrize("hints", ["ssh/a", None, {"ssh/a": 1}, 3])
def test_adjustments_of_hints_that_are_no_list(hints: object) -> None:
    """A manifest is a stranger's: hints that are no list of names cost nothing."""
    assert () == adjustments(Policy(hint=0.5), submission(hints=hints), earned(2.0))


def test_adjustments_of_a_submission_in_time() -> None:
    """Without hints and lateness nothing is taken; without a date nobody is late."""
    policy = Policy(hint=0.5, due=DUE, per_day=1.0)
    assert ((), ()) == (
        adjustments(policy, submission(), earned(2.0)),
        adjustments(policy, submission(made=0.0), earned(2.0)),
    )


def test_remarks_name_a_submission_without_a_date() -> None:
    """The instructor looks at it, if there is a due date."""
    [remark] = remarks(Policy(due=DUE), submission(made=0.0))
    assert UNDATED == remark.kind
    assert ((), ()) == (remarks(Policy(due=DUE), submission()), remarks(Policy(), submission(made=0.0)))


WINDOW = Window(DUE, DUE + 5400)
EARLY = "Handed in before the exam began (minutes: {minutes})"
LATER = "Handed in after the end of the exam (minutes: {minutes})"


@pytest.mark.parametrize(
    ("made", "reason", "minutes"),
    [
        (DUE - 1, EARLY, 1),
        (DUE, "", 0),
        (DUE + 5400, "", 0),
        (DUE + 5401, LATER, 1),
        (DUE + 5400 + 61, LATER, 2),
        (0.0, "", 0),
    ],
)
def test_adjustments_take_all_that_was_made_outside_an_exam(made: float, reason: str, minutes: int) -> None:
    """The exam begins and ends on the second; the instructor looks at a submission without a date."""
    found = adjustments(Policy(window=WINDOW), submission(made), earned(2.0, 1.0))
    assert ([(reason, {"minutes": minutes}, -3.0)] if reason else []) == [
        (each.reason.msgid, each.reason.values, each.points) for each in found
    ]
    undated = [remark.kind for remark in remarks(Policy(window=WINDOW), submission(made))]
    assert ([] if made else [UNDATED]) == undated


def test_remarks_tell_what_an_exam_refused() -> None:
    """The instructor reads how often the student asked, and for what."""
    asked = {manifest.REFUSED: [[1.0, "solve"], [2.0, "check --hint"], [3.0, "solve"]]}
    given = Submission("tp4", "alice", "0a1b2c3d", Path(), manifest=asked)
    [remark] = remarks(Policy(), given)
    assert (manifest.REFUSED, {"count": 3, "names": ["check --hint", "solve"]}) == (
        remark.kind,
        remark.said.values,
    )


def test_a_solution_costs_all_that_its_exercise_earned() -> None:
    """Whatever the policy; its hints cost nothing more, and another exercise stays."""
    other = replace(earned(1.0)[0], id="nfs")
    done = submission(hints=["ssh/a"])
    taken = replace(done, manifest={**done.manifest, "solved": ["ssh", "dns", 3]})
    [solution] = adjustments(Policy(hint=0.5), taken, (*earned(2.0, 1.0), other))
    assert (-3.0, "Solution: {title}") == (solution.points, solution.reason.msgid)
    unread = replace(done, manifest={"solved": "ssh"})
    assert () == adjustments(Policy(), unread, earned(2.0))


def test_a_solution_costs_the_criteria_of_other_exercises_that_it_does() -> None:
    """`solve nfs` opens the server's firewall, which is work of another exercise; its hint costs no more."""
    [firewall] = earned(3.0, 1.0)
    marks = (replace(firewall.marks[0], criterion="server"), replace(firewall.marks[1], criterion="client"))
    other = replace(firewall, id="firewall", marks=marks)
    done = submission(hints=["firewall/server"])
    taken = replace(done, manifest={**done.manifest, "solved": ["nfs"]})
    [solution] = adjustments(Policy(hint=0.5), taken, [other], load.read_named("tp4"))
    assert (-3.0, "Solution: {title}") == (solution.points, solution.reason.msgid)


def test_points_by_hand_replace_those_of_an_exercise() -> None:
    """Its hint and its solution take nothing from them; lateness does, and points on the sum come last."""
    by_hand = (Correction("ssh", 5.0, "Your capture is right."), Correction("", 1.0, "A fine drawing."))
    policy = Policy(hint=0.75, due=DUE, per_day=0.1, by_hand=by_hand)
    found = adjustments(policy, submission(DUE + 1, ["ssh/a"]), earned(2.0, 1.0))
    assert [2.0, -0.5, 1.0] == [each.points for each in found]
    assert ["SSH, by the instructor: Your capture is right.", "By the instructor: A fine drawing."] == [
        str(each.reason) for each in found if "instructor" in each.reason.msgid
    ]


def test_points_by_hand_leave_the_other_exercises_as_they_are() -> None:
    """A correction of another exercise changes neither the deduction for a hint nor the lateness."""
    given = submission(DUE, ["ssh/a"])
    policy = Policy(hint=0.5, by_hand=(Correction("dns", 5.0, "Right."),))
    assert adjustments(Policy(hint=0.5), given, earned(2.0)) == adjustments(policy, given, earned(2.0))
