"""The rules of an exam on the student's machine: no hints, two looks at the hosts, one submission."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sharklab.cli import seats
from sharklab.errors import InputError
from sharklab.evidence import host_state
from sharklab.evidence.host_state import Demands, HostState
from sharklab.grading.submission import contents, manifest
from sharklab.grading.submission.model import Submission
from sharklab.hosts import configuration, journal, reboot
from sharklab.hosts.reboot import Reboot
from sharklab.lab import diary, exam, seat
from sharklab.lab.model import Plan
from sharklab.message import N_
from sharklab.progress import Progress


def refuse_in_exam(plan: Plan, command: str) -> None:
    """Raise InputError if the lab is an exam, and note in the diary that its student asked for `command`.

    `command` is what a student types after sharklab, without the lab: `solve`, `check --hint`.
    """
    if plan.lab.exam is None:
        return
    diary.note_refused(plan.seat, command)
    raise InputError(
        N_("an exam does not allow this"),
        place=f"sharklab {command}",
        hint=N_("read the tasks again: sharklab brief {lab}"),
        lab=plan.lab.name,
    )


def refuse_to_student(plan: Plan, command: str) -> None:
    """Do the same if the seat comes from the instructor: the author of an exam may run and solve it."""
    if seat.read_import(plan.lab.name, plan.seat.student):
        refuse_in_exam(plan, command)


def check_submission(plan: Plan, code: str) -> None:
    """Raise InputError when the student of an exam handed in before and has no `code` to do so once more."""
    lab, student = plan.lab.name, plan.seat.student
    if code and plan.lab.exam is None:
        raise InputError(N_("works only in an exam"), place="--again")
    if code and not exam.is_code(lab, student, code):
        raise InputError(
            N_("this is not the code of {student}"),
            place="--again",
            hint=N_("the instructor sees it with: sharklab seats code {lab} {student}"),
            lab=lab,
            student=student,
        )
    before = [each for each in diary.submissions(plan.seat) if each[0] >= _begin(plan)]
    if before and plan.lab.exam and not code:
        moment, digest = before[0]
        raise InputError(
            N_("in an exam you hand in once, and you did so on {time}: the file with the digits {digest}"),
            place="sharklab submit",
            hint=N_("to hand in again, ask your instructor for a code: the same command takes --again CODE"),
            time=exam.local_time(moment),
            digest=digest[: contents.DIGITS],
        )


def _begin(plan: Plan) -> float:
    """Return when the exam begins by the seat file (epoch seconds), 0.0 if it does not say so.

    An earlier exam of the same lab, or a submission before the time, is no part of this exam.
    """
    window = exam.own_window(plan.lab.name, plan.seat.student)
    return window.begin if window else 0.0


def with_record(plan: Plan, submission: Submission, code: str) -> Submission:
    """Return the submission with the record of its exam: the times of `check`, what was refused, the code."""
    begin = _begin(plan)
    record = {
        manifest.CHECKS: [moment for moment in diary.checks(plan.seat) if moment >= begin],
        manifest.REFUSED: [
            [moment, what] for moment, what in diary.list_refusals(plan.seat) if moment >= begin
        ],
        manifest.AGAIN: code,
    }
    return replace(submission, manifest={**submission.manifest, **record})


def look_again(
    plan: Plan, submission: Submission, demands: Mapping[str, Demands], progress: Progress
) -> Submission:
    """Reboot the hosts, and return the submission with their state after that.

    `demands` are as `host_state.observe` takes them. A host that does not come back has no second state. One
    that did not answer on a busy computer is looked at again: this submission counts.
    Raises InputError when no host answered the first look: the submission would earn nothing for them.
    """
    if not submission.state:
        raise InputError(
            N_("no host of the seat answers, and an exam needs the state of the hosts"),
            place="sharklab submit",
            hint="sharklab up {lab}",
            lab=plan.lab.name,
        )
    with seats.hold(plan.seat):
        if silent := {host.name for host in plan.hosts} - submission.state.keys():
            with progress.step(N_("record the state of the hosts")):
                again = host_state.observe(plan, demands, silent)
            submission = replace(submission, state={**submission.state, **again})
        with progress.step(N_("compare the configuration with the beginning")):
            changes = configuration.changes(plan)
        with progress.step(N_("read the journals of the hosts")):
            journals = journal.read(plan, max(diary.read_begin(plan.seat), _begin(plan)))
        with progress.step(N_("reboot the hosts")):
            reboots = reboot.reboot(plan)
        with progress.step(N_("record the state of the hosts after the reboot")):
            after = _observe_after(plan, demands, {host for host, found in reboots.items() if found.after})
    record = {manifest.REBOOTS: {host: _to_plain(found) for host, found in reboots.items()}}
    return replace(
        submission,
        changes=changes,
        journals=journals,
        after=after,
        manifest={**submission.manifest, **record},
    )


def _observe_after(
    plan: Plan, demands: Mapping[str, Demands], there: Collection[str]
) -> Mapping[str, HostState]:
    """Return the state of the hosts that are `there` again. One that does not answer is asked once more."""
    seen: dict[str, HostState] = {}
    for _attempt in range(host_state.ATTEMPTS):
        if silent := there - seen.keys():
            seen |= host_state.observe(plan, demands, silent)
    return seen


def _to_plain(found: Reboot) -> manifest.RebootRecord:
    return {
        "before": found.before,
        "after": found.after,
        "seconds": found.seconds,
        "state": found.state,
        "reason": str(found.reason),
    }
