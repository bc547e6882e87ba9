"""Answer what the pages ask: everything that needs the state folder, a seat's values or its hosts.

Each request names a lab and a student, and the door or the guard has decided already that the asker may have
that seat. Answers are plain data in the language of the request, ready to be laid out.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sharklab import i18n, ownership
from sharklab.cli import exam_rules, flow, own_work, seats, solution
from sharklab.cli.workbench.desk import student_work
from sharklab.errors import InputError, SharklabError
from sharklab.grading.marking import advice
from sharklab.grading.submission import bundle, contents
from sharklab.hosts.door.server import Handler, Reply, text
from sharklab.i18n import Translator
from sharklab.lab import exam, plan_file, seat
from sharklab.lab.model import Lab, LabContent, Plan
from sharklab.message import N_, Message
from sharklab.progress import Silent
from sharklab.report import brief, markdown, topology

KEY = Message(N_("the key of the workbench"))
Folder = Callable[[str, str], Path]
"""Returns the folder of the work of a student, by lab and student."""


@dataclass(frozen=True)
class Packed:
    """A submission that was packed into `file`, its receipt, and the words of its student."""

    file: Path
    receipt: dict[str, Any]
    words: Translator


@dataclass
class Desk:
    """Answers requests about the seats of `labs`, by name; a student's work is in `folder(lab, student)`.

    One check runs at a time for each student: the next one waits. `note_check` hears of each: the lab, the
    student, and the look at the work. `note_change` hears the lab and the student of each saved change.
    """

    labs: Mapping[str, Lab]
    folder: Folder
    note_check: Callable[[str, str, own_work.Look], None] = lambda lab, student, found: None
    note_change: Callable[[str, str], None] = lambda lab, student: None
    _locks: dict[tuple[str, str], threading.Lock] = field(default_factory=dict)

    def handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request, as the door takes them."""
        return {
            "plan": self._plan,
            "page": self.page,
            "work": self._work,
            "save": self._save,
            "check": self._check,
            "take": self._take,
            "explain": self._explain,
            "hand in": self._hand_in,
            "bundle": self._bundle,
            "solve": self._solve,
            "reset": self._reset,
            "hosts": self._hosts,
            "notes": self.notes,
        }

    def _plan(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        return Reply(plan_file.to_plain(self._read(student, request)))

    def page(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the parts of a student's page that stay: brief, map, hosts, names."""
        plan, words = self._read(student, request), words_of(request)
        folder = self.folder(plan.lab.name, student)
        student_work.make(plan, folder, words)
        text = brief.markdown(plan, words.language, says_time=False)  # the clock follows more minutes
        return Reply(
            {
                "lab": plan.lab.name,
                "title": words.prose(plan.lab.title),
                "student": student,
                "brief": str(markdown.html(text, deepest=2)),
                "topology": topology.svg(plan, words),
                "hosts": [host.name for host in plan.hosts],
                "networks": {host.name: list(host.networks) for host in plan.hosts},
                "folder": str(folder),
                "is_exam": plan.lab.exam is not None,
                "is_up": plan_file.state_of(plan.seat.folder) is not None,
                "notes": clock(plan.lab, student, words),
            }
        )

    def notes(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the clock of the student's exam."""
        return Reply(clock(self._whole(student, request).lab, student, words_of(request)))

    def _hosts(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the state of each host now, in words; without a seat with none."""
        plan, words = self._read(student, request), words_of(request)
        found = seats.status(plan.lab.name, student)
        states = found[0]["hosts"] if found else {}
        return Reply({"hosts": {host: words.gettext(said) for host, said in states.items()}})

    def _work(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the exercises, their answers and their captures as they are now."""
        plan, words = self._read(student, request), words_of(request)
        folder = self.folder(plan.lab.name, student)
        student_work.make(plan, folder, words)
        return Reply({"exercises": student_work.fields(plan, folder, words)})

    def _save(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        plan = self._read(student, request)
        exercise, question = text(request, "exercise"), text(request, "question")
        folder = self.folder(plan.lab.name, student)
        student_work.save(plan, folder, exercise, question, text(request, "value"))
        self.note_change(plan.lab.name, student)
        return Reply()

    def _check(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the advice of `sharklab check`, after taking a hint where the request names one."""
        plan, words = self._read(student, request), words_of(request)
        with self._lock(plan):
            with own_work.open_work(self.folder(plan.lab.name, student), plan, Silent()) as submission:
                found = own_work.look(plan, submission, text(request, "hint"))
            self.note_check(plan.lab.name, student, found)
        notes = [words.say(said) for said in found.notes]
        problems = [advice.describe_problem(problem, words) for problem in found.result.problems]
        if plan.lab.exam:
            lines = list(advice.exam_lines(found.result, words))
            return Reply({"notes": notes, "lines": lines, "exercises": [], "problems": [], "sum": ""})
        told = advice.of_exercises(found.result, words, found.offered)
        return Reply(
            {
                "notes": notes,
                "lines": [],
                "exercises": [asdict(each) for each in told],
                "problems": problems,
                "sum": advice.sum_line(found.result, words),
            }
        )

    def _take(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Keep the file whose descriptor comes with the request as a capture."""
        plan = self._read(student, request)
        if len(handles) != 1:
            raise InputError(N_("no file came"))
        with os.fdopen(os.dup(handles[0]), "rb") as source:
            student_work.take(plan, self.folder(plan.lab.name, student), text(request, "id"), source)
        self.note_change(plan.lab.name, student)
        return Reply()

    def _explain(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the page that explains a capture, or with its copy for Wireshark, as an open file."""
        plan, words = self._read(student, request), words_of(request)
        folder = self.folder(plan.lab.name, student)
        with self._lock(plan):
            name, content = student_work.explain(plan, folder, text(request, "name"), words)
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
        file.write(content)
        file.seek(0)
        return Reply({"name": name}, file)

    def _hand_in(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        return Reply(self.pack(student, request).receipt)

    def pack(self, student: str, request: Mapping[str, Any]) -> Packed:
        """Pack the work beside its folder, and return the receipt. Raises as `own_work.pack`."""
        plan, words = self._read(student, request), words_of(request)
        file = self._bundle_file(plan)
        with self._lock(plan):
            folder = self.folder(plan.lab.name, student)
            packed = own_work.pack(plan, folder, file, Silent(), text(request, "again"))
            with packed as (submission, digest):
                ownership.give_like_folder(file)
                lines = list(contents.lines(plan, submission, file, words))
        return Packed(file, {"lines": lines, "digest": digest, "name": file.name}, words)

    def _bundle(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with the file that was packed last, open for reading."""
        file = self._bundle_file(self._read(student, request))
        try:
            return Reply({"name": file.name}, file.open("rb"))
        except FileNotFoundError as error:
            raise InputError(N_("nothing is packed yet")) from error

    def _solve(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Do the work of an exercise on the hosts, and answer with the changes, a diff for each host."""
        whole, words = self._whole(student, request), words_of(request)
        exam_rules.refuse_in_exam(whole, "solve")
        plan = solution.read(whole)
        ids = solution.exercises(plan, _read_exercise(request))
        with self._lock(plan):
            changes = solution.solve(plan, ids, Silent())
        said = Message(N_("Solved: {exercises}"), {"exercises": ids})
        return Reply({"lines": [words.say(said)], "changes": changes})

    def _reset(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Put the hosts of an exercise back into their start state."""
        plan, words = solution.read(self._whole(student, request)), words_of(request)
        hosts = solution.hosts_to_reset(plan, _read_exercise(request))
        with self._lock(plan):
            told = solution.reset(plan, hosts, Silent())
        said = Message(N_("In their start state: {hosts}"), {"hosts": hosts})
        return Reply({"lines": [words.say(each) for each in (*told, said)], "changes": {}})

    def _bundle_file(self, plan: Plan) -> Path:
        folder = self.folder(plan.lab.name, plan.seat.student)
        return folder.absolute().parent / f"{plan.lab.name}-{plan.seat.student}{bundle.ENDING}"

    def _read(self, student: str, request: Mapping[str, Any]) -> Plan:
        """Return the plan of the seat in its state of now, or of its start if it is not up."""
        return flow.to_begin(self._whole(student, request), solved=False)

    def _whole(self, student: str, request: Mapping[str, Any]) -> Plan:
        """Return the plan of the seat with every exercise solved."""
        lab = self.labs.get(text(request, "lab"))
        if lab is None:
            raise InputError(N_("the workbench does not have this lab"))
        return flow.plan_of(lab, seat.look_up(lab, student))

    def _lock(self, plan: Plan) -> threading.Lock:
        return self._locks.setdefault((plan.lab.name, plan.seat.student), threading.Lock())


def explain(error: SharklabError, request: Mapping[str, Any]) -> str:
    """Return an error in the language of the request."""
    return error.say(words_of(request).gettext)


def _read_exercise(request: Mapping[str, Any]) -> str:
    """Return the exercise of a request. Raises InputError without one: a page never means all of them."""
    if found := text(request, "exercise"):
        return found
    raise InputError(N_("the request names no exercise"))


def words_of(request: Mapping[str, Any]) -> Translator:
    """Return the words of the language of a request."""
    lang = text(request, "lang")
    return i18n.translator(lang if lang in i18n.languages() else i18n.SOURCE)


def clock(lab: LabContent, student: str, words: Translator) -> dict[str, Any]:
    """Return the time now, and when the student's exam begins and ends (epoch seconds, 0 without one)."""
    window = exam.own_window(lab.name, student) if lab.exam else None
    if window is None:
        return {"now": 0, "begins": 0, "ends": 0, "clock": ""}
    said = Message(N_("Your time ends at {end}."), {"end": exam.local_time(window.end)})
    return {"now": time.time(), "begins": window.begin, "ends": window.end, "clock": words.say(said)}
