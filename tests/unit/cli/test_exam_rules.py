"""The rules of an exam on the student's machine; reboot and look are made up here."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.cli import exam_rules
from sharklab.errors import InputError
from sharklab.evidence import host_state
from sharklab.evidence.host_state import Demands
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import Submission
from sharklab.hosts import configuration, journal, reboot
from sharklab.hosts.reboot import Reboot
from sharklab.lab import diary, exam, seat
from sharklab.lab.model import Exam, Plan
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support import provider_seat
from tests.support.errors import error_of


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of an exam, on a computer without seats."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plan = provider_seat.plan("ada", 1)
    return replace(plan, lab=replace(plan.lab, exam=Exam(90)))


def without_exam(plan: Plan) -> Plan:
    """Return the plan of the same lab that is no exam."""
    return replace(plan, lab=replace(plan.lab, exam=None))


def submission(plan: Plan, **state: dict[str, int]) -> Submission:
    """Return a submission of the seat with the state of some hosts."""
    return Submission("bare", "ada", plan.seat.id, Path(), state=state, manifest={"hints": []})


def test_refuse_in_exam_notes_the_command(plan: Plan) -> None:
    """A lab that is no exam refuses and notes nothing."""
    exam_rules.refuse_in_exam(without_exam(plan), "solve")
    assert () == diary.list_refusals(plan.seat)
    error = error_of(InputError, exam_rules.refuse_in_exam, plan, "solve")
    assert ("an exam does not allow this", "sharklab solve") == (error.message_id, error.place)
    assert ["solve"] == [what for _, what in diary.list_refusals(plan.seat)]


def test_check_submission_takes_one_of_an_exam(plan: Plan) -> None:
    """The second one needs the instructor's code; outside exams a student hands in as often as they like."""
    exam_rules.check_submission(plan, "")
    diary.note_submission(plan.seat, "0123456789")
    error = error_of(InputError, exam_rules.check_submission, plan, "")
    assert ("sharklab submit", "01234567") == (error.place, error.values["digest"])
    exam_rules.check_submission(plan, exam.code("bare", "ada"))
    exam_rules.check_submission(without_exam(plan), "")


def test_second_exam_of_a_lab_is_another_one(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Submissions and records from before the time that the seat file says belong to the first exam."""
    monkeypatch.setattr("time.time", lambda: 1000.0)
    diary.note_submission(plan.seat, "0123456789")
    diary.note_check(plan.seat)
    diary.note_refused(plan.seat, "solve")
    file = seat.find_imported_file("bare", "ada")
    file.parent.mkdir(parents=True)
    for begin, kept in ((900.0, 1), (1001.0, 0)):
        file.write_text(json.dumps({"seat": {}, "exam": {"begin": begin, "end": 9999.0}}))
        record = exam_rules.with_record(plan, submission(plan), "").manifest
        assert [kept, kept] == [len(record[name]) for name in (manifest.CHECKS, manifest.REFUSED)]
    exam_rules.check_submission(plan, "")
    file.write_text(json.dumps({"seat": {}, "exam": {"begin": 900.0, "end": 9999.0}}))
    error_of(InputError, exam_rules.check_submission, plan, "")


def test_check_submission_refuses_another_code(plan: Plan) -> None:
    """The error comes before anything is rebooted; a code without an exam is refused, too."""
    error = error_of(InputError, exam_rules.check_submission, plan, exam.code("bare", "bob"))
    assert ("this is not the code of {student}", "--again") == (error.message_id, error.place)
    error = error_of(InputError, exam_rules.check_submission, without_exam(plan), "x")
    assert ("works only in an exam", "--again") == (error.message_id, error.place)


def test_with_record_adds_the_diary_to_the_manifest(plan: Plan) -> None:
    """The hints that it has stay."""
    diary.note_check(plan.seat)
    diary.note_refused(plan.seat, "solve")
    found = exam_rules.with_record(plan, submission(plan), "abcd").manifest
    [[moment, what]] = found[manifest.REFUSED]
    assert (list(diary.checks(plan.seat)), "solve", "abcd", []) == (
        found[manifest.CHECKS],
        what,
        found[manifest.AGAIN],
        found["hints"],
    )
    assert moment > 0


def test_look_again_has_both_states_and_boot_ids(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hosts are looked at after the reboot; one that did not come back has no second state."""
    order: list[str] = []
    lost = Reboot("c", reason=Message("no answer"))

    def rebooted(asked: Plan) -> Mapping[str, Reboot]:
        order.append("reboot")
        return {"server": Reboot("a", "b", 9.5, "running"), "client": lost}

    def observed(
        asked: Plan, demands: Mapping[str, Demands], hosts: Collection[str]
    ) -> Mapping[str, dict[str, int]]:
        order.append("look")
        return {host: {"second": 1} for host in hosts}

    monkeypatch.setattr(configuration, "changes", lambda asked: {"server": "+ a"})
    monkeypatch.setattr(journal, "read", lambda asked, since: {"server": f"since {since}"})
    monkeypatch.setattr(reboot, "reboot", rebooted)
    monkeypatch.setattr(host_state, "observe", observed)
    first = submission(plan, server={"first": 1}, client={"first": 1})
    found = exam_rules.look_again(plan, first, {}, Progress(str))
    assert (["reboot", "look"], first.state, {"server": {"second": 1}}) == (order, found.state, found.after)
    assert ({"server": "+ a"}, {"server": "since 0.0"}) == (found.changes, found.journals)
    records = found.manifest[manifest.REBOOTS]
    assert {"before": "a", "after": "b", "seconds": 9.5, "state": "running", "reason": ""} == records[
        "server"
    ]
    assert ("c", "", "no answer") == tuple(records["client"][name] for name in ("before", "after", "reason"))
    assert manifest.came_back(found.manifest, "server") and not manifest.came_back(found.manifest, "client")
    manifest.read(manifest.write(found, {}))


def test_look_again_asks_a_host_that_is_there_once_more(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy computer keeps it from answering in time, before the reboot or after it: the work counts."""
    looks: list[set[str]] = []

    def observed(
        asked: Plan, demands: Mapping[str, Demands], hosts: Collection[str]
    ) -> Mapping[str, dict[str, int]]:
        looks.append(set(hosts))
        return {host: {"second": 1} for host in sorted(hosts)[:1]}

    came_back = {host.name: Reboot("a", "b", 9.5, "running") for host in plan.hosts}
    monkeypatch.setattr(configuration, "changes", lambda asked: {})
    monkeypatch.setattr(journal, "read", lambda asked, since: {})
    monkeypatch.setattr(reboot, "reboot", lambda asked: came_back)
    monkeypatch.setattr(host_state, "observe", observed)
    found = exam_rules.look_again(plan, submission(plan, server={"first": 1}), {}, Progress(str))
    assert [{"client"}, {"client", "server"}, {"server"}] == looks
    assert came_back.keys() == found.state.keys() == (found.after or {}).keys()
    assert {"first": 1} == found.state["server"]


def test_look_again_needs_a_first_look(plan: Plan) -> None:
    """In an exam the first submission counts, so one without hosts is refused before it is made."""
    error = error_of(InputError, exam_rules.look_again, plan, submission(plan), {}, Progress(str))
    assert ("sharklab submit", "sharklab up {lab}") == (error.place, error.hint_id)


def test_refuse_to_student_lets_the_author_work(plan: Plan) -> None:
    """Only a seat that the instructor made is a student's."""
    exam_rules.refuse_to_student(plan, "run")
    file = seat.find_imported_file("bare", "ada")
    file.parent.mkdir(parents=True)
    file.write_text('{"seat": {}}')
    error = error_of(InputError, exam_rules.refuse_to_student, plan, "run")
    assert "sharklab run" == error.place
