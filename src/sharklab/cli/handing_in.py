"""Take a submission that a student hands in on the class server.

It becomes handed/<lab>/<student>-<time>-<digits>.sharklab in the state folder. The whole file stays as it
came: `sharklab grade` reads the folder of a lab. A student may hand in again, and no file replaces another.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sharklab import state
from sharklab.checks import host_demands
from sharklab.cli import exam_rules, host_work
from sharklab.errors import InputError
from sharklab.grading.submission import bundle, contents, manifest
from sharklab.grading.submission import form as forms
from sharklab.grading.submission.model import Seal, Submission
from sharklab.hosts.door import seats as door_seats
from sharklab.hosts.ssh_gateway import control, session
from sharklab.i18n import Translator
from sharklab.lab import diary, exam, seat, submission_store
from sharklab.lab.model import Plan
from sharklab.limits import BUNDLE
from sharklab.message import N_, Message
from sharklab.progress import Silent
from sharklab.report import brief as briefs
from sharklab.untrusted import visible

CHUNK = 1 << 20
MOST = 30
"""Submissions of a student for one lab that are kept."""

NOT_TAKEN = N_("! {file}: {reason}")
"""Why a file or an answer of the student is not in the submission."""

TOGETHER = threading.BoundedSemaphore(len(os.sched_getaffinity(0)) + 1)
"""Seats whose hosts are looked at: captures of students may be large, and the gateway reads them."""


def take(student: str, lab: str, handle: int) -> Sequence[Message]:
    """Keep the submission that can be read from a file descriptor, and return the receipt for the student.

    Raises InputError when it is no submission of this student's seat, is too large, or comes outside of the
    student's exam; then nothing is kept.
    """
    return _keep(student, lab, lambda file, now: _save(handle, file))


def take_from_hosts(student: str, lab: str, code: str) -> Sequence[Message]:
    """Keep the work that lies on the hosts of the student's seat, and return the receipt and the content.

    In an exam the hosts reboot before that, and `code` lets the student hand in once more. Raises as `take`
    does, Busy when another command works on the seat, and MachineryError when no host answers.
    """
    plan = _plan(student, lab)
    exam_rules.check_submission(plan, code)
    packed: list[Submission] = []

    def finish(found: Submission) -> Submission:
        whole = exam_rules.with_record(plan, found, code)
        if not host_demands.is_needed(plan):
            return whole
        return exam_rules.look_again(plan, whole, host_demands.demands(plan), Silent())

    def pack(file: Path, now: float) -> None:
        with TOGETHER:  # a student who waits here is not late
            found, _ = host_work.pack(plan, file, finish if plan.lab.exam else lambda found: found, now)
            packed.append(found)
        _check_content(found)
        if plan.lab.exam:
            diary.note_submission(plan.seat, manifest.digest(file.read_bytes()))

    receipt = _keep(student, lab, pack)
    whole = packed[0]
    content = [*contents.summary(plan, whole), *contents.list_taken(whole)]
    values = [{"file": visible(each.file), "reason": each.reason} for each in whole.problems]
    return [*receipt, *content, *(Message(NOT_TAKEN, each) for each in values)]


def form(student: str, lab: str, words: Translator) -> str:
    """Return the file for the answers of a student's seat. Raises InputError when it is not up."""
    return forms.text(_plan(student, lab), words)


def brief(student: str, lab: str, words: Translator) -> str:
    """Return the tasks of a student, with the values of the seat. Raises InputError when it is not up.

    The brief speaks of the commands on one's own computer; a table says what they are on this server.
    """
    plan = _plan(student, lab)
    ssh = f"ssh -p {control.read_port()} {student}"
    rows = [
        (f"sharklab shell {lab} HOST", f"{ssh}+{lab}+HOST@SERVER"),
        (f"sharklab capture {lab} EXERCISE", "sudo tcpdump -i NETWORK -w ~/CAPTURE.pcap FILTER"),
        (f"sharklab form {lab}", f"{ssh}@SERVER form {lab} > answers.yml"),
        (f"sharklab submit {lab}", f"{ssh}@SERVER submit {lab} {session.FROM_HOSTS}"),
    ]
    title = words.gettext(N_("On this server"))
    text = words.gettext(N_("The hosts have no `sharklab`. These commands take the place of those above:"))
    last = words.gettext(N_("Copy answers.yml into the home of `student` on a host before you hand in."))
    table = "\n".join(f"| `{usual}` | `{own}` |" for usual, own in rows)
    elsewhere, here = words.gettext(N_("elsewhere")), words.gettext(N_("here"))
    heads = f"| {elsewhere} | {here} |\n| --- | --- |"
    return f"{briefs.markdown(plan, words.language)}\n## {title}\n\n{text}\n\n{heads}\n{table}\n\n{last}"


def _plan(student: str, lab: str) -> Plan:
    """Return the plan of a student's seat. Raises InputError when it is not up."""
    plans = door_seats.of_student(student, lab)
    if not plans:
        raise door_seats.no_seat(lab)
    return plans[0]


def _keep(student: str, lab: str, fill: Callable[[Path, float], None]) -> Sequence[Message]:
    """Keep the submission that `fill` writes into a file, and return the receipt.

    `fill` gets the file, and the time of the receipt (epoch seconds).
    """
    now, own = time.time(), state.folder(submission_store.folder(lab))
    if len([file for file in own.iterdir() if file.name.rsplit("-", 2)[0] == student]) >= MOST:
        raise InputError(N_("{most} files are handed in already"), hint=N_("ask your instructor"), most=MOST)
    _check_window(student, lab, now)
    with state.temporary(own, ".new-") as place:
        file = place / "bundle"
        fill(file, now)
        _check(_unpack(file, place / "unpacked"), student, lab)
        digest = manifest.digest(file.read_bytes())
        stamp = time.strftime(submission_store.STAMP, time.gmtime(now))
        state.settle(file)  # the student gets a receipt for it
        file.replace(own / f"{student}-{stamp}-{digest[: contents.DIGITS]}{bundle.ENDING}")
        state.settle(own)
    sentence = N_("{lab} of {student} is handed in, on {time}. Receipt, the SHA-256 of the file: {digest}")
    return [
        Message(sentence, {"lab": lab, "student": student, "time": exam.local_time(now), "digest": digest})
    ]


def _save(handle: int, file: Path) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # the read of a pipe could last for ever
        raise InputError(
            N_("no file came"), hint="ssh -p 2222 {login} submit LAB < FILE", login="NAME@SERVER"
        )
    size = 0
    with file.open("wb") as target:
        file.chmod(0o600)
        while data := os.read(handle, CHUNK):
            size += len(data)
            if size > BUNDLE.file:
                raise InputError(N_("the file is larger than a submission may be"))
            target.write(data)
    if not size:
        raise InputError(
            N_("no file came"), hint="ssh -p 2222 {login} submit LAB < FILE", login="NAME@SERVER"
        )


def _unpack(file: Path, into: Path) -> Submission:
    """Return the submission in a file. Raises InputError, which names no folder of the server."""
    try:
        return bundle.unpack(file, into)
    except InputError as error:
        error.place = ""
        raise


def _check_content(submission: Submission) -> None:
    """Raise InputError when there is no work: it would count in place of an earlier submission.

    In an exam it would be the only one.
    """
    if not (submission.captures or submission.answers or submission.state):
        raise InputError(
            N_("no work is on your hosts"),
            hint=N_("put answers.yml and your captures into the home of `student` on a host"),
        )


def _check(submission: Submission, student: str, lab: str) -> None:
    if (submission.lab, submission.student) != (lab, student):
        raise InputError(
            N_("this is the submission of {student} for {lab}"),
            hint=N_("hand in the file of your own seat: sharklab submit {wanted}"),
            student=submission.student,
            lab=submission.lab,
            wanted=lab,
        )
    if submission.seal is not Seal.WHOLE:
        raise InputError(
            N_("the file was changed, or a seat of another course made it"),
            hint=N_("make it again: sharklab submit {lab}"),
            lab=lab,
        )


def _check_window(student: str, lab: str, now: float) -> None:
    """Raise InputError outside of the student's exam."""
    window = exam.own_window(lab, seat.check_student(student))
    if window and not window.begin <= now <= window.end:
        raise InputError(N_("the exam is not open now"))
