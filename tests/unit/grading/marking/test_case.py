"""A case: one exercise of a submission, as checks look at it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.grading.marking.case import gather, list_captures
from sharklab.lab.model import Capture, Exam, ExpectedConversation
from tests.support import host_state
from tests.support.handed import Handed, handed

MORE = Capture("more", "server", "lan", "")


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Return what earns every point of an exercise about an SSH connection."""
    return handed(tmp_path_factory.mktemp("ssh"))


def test_case_knows_its_captures(ssh: Handed) -> None:
    """One that was handed in, one that lacks, and none of another seat."""
    case = ssh.with_exercise(captures=(*ssh.exercise.captures, MORE)).case
    assert ((MORE,), ()) == (case.list_missing(case.exercise.captures), case.foreign(case.exercise.captures))
    narrow = case.narrow_context(case.exercise.captures[:1])
    assert (("ssh",), ["ssh"]) == (tuple(c.id for c in narrow.exercise.captures), list(narrow.facts))


def test_case_knows_a_capture_of_another_seat(ssh: Handed, tmp_path: Path) -> None:
    """Its packets are neither to nor from a host of the seat; one without packets is nobody's."""
    foreign, captures = ssh.on_another_seat(), ssh.exercise.captures
    assert captures == foreign.case.foreign(captures)
    (tmp_path / "empty.pcap").write_text("nothing")
    assert () == foreign.with_capture(tmp_path / "empty.pcap").case.foreign(captures)


def test_gather_takes_what_was_handed_in(ssh: Handed) -> None:
    """Captures, answers, and the state of hosts as it was observed; a state of another shape is left out."""
    state = {"server": host_state.seen(), "client": {"services": 1}}
    [case] = gather(ssh.plan, ssh.with_submission(state=state).submission)
    evidence = case.context.evidence
    assert (["ssh"], ["server"]) == (list(evidence.captures), list(evidence.state))
    assert {"server"} == {line.host for line in evidence.sockets}
    assert ssh.submission.answers["ssh"] == case.answers
    assert {} == ssh.with_submission(answers={}).case.answers


def test_handed_in_reads_none_twice(ssh: Handed) -> None:
    """A capture that was read before is taken as it is; one that the lab does not ask for is left out."""
    [file] = ssh.submission.captures.values()
    known = ssh.case.context.captures["ssh"]
    more = {"ssh": file, "stranger": Path("nowhere.pcap")}
    found = list_captures(ssh.plan, ssh.with_submission(captures=more).submission, {file: known})
    assert ["ssh"] == list(found) and found["ssh"] is known
    assert [("ssh", "client", file, None)] == [
        (each.id, each.host, each.path, each.counted)
        for each in list_captures(ssh.plan, ssh.submission, {}).values()
    ]


def test_gather_chooses_among_several_files_of_a_capture(ssh: Handed) -> None:
    """Where any machine counts; the first one is as good as both."""
    [file] = ssh.submission.captures.values()
    own = ssh.with_submission(captures={"ssh": file, "ssh.2": Path("nowhere.pcap")})
    assert {"ssh": file} == {name: each.path for name, each in own.case.context.captures.items()}
    assert () == own.case.taken
    [said] = own.with_exercise(anywhere=True).case.taken
    assert file.name in str(said.values["file"])


@pytest.mark.parametrize("anywhere", [False, True])
def test_gather_moves_the_hosts_only_where_the_exercise_allows_it(ssh: Handed, anywhere: bool) -> None:
    """A capture of the student's own PC counts where the author says so."""
    foreign = ssh.on_another_seat().with_exercise(anywhere=anywhere)
    assert anywhere is (foreign.case.context.plan.seat != foreign.plan.seat)
    own = ssh.with_exercise(anywhere=anywhere)
    assert own.plan.seat == own.case.context.plan.seat


def test_gather_leaves_a_foreign_capture_that_no_answer_declares(ssh: Handed) -> None:
    """The exercise is then that of the seat, and nothing of it is there."""
    foreign = ssh.on_another_seat().with_exercise(anywhere=True)
    case = foreign.with_submission(answers={}).case
    assert (foreign.plan.seat, foreign.exercise) == (case.context.plan.seat, case.exercise)


def test_gather_without_seats_takes_the_conversation_that_the_capture_tells(ssh: Handed) -> None:
    """Where answers fit nothing, as well as without any; a course with seats takes none."""
    service = ExpectedConversation("client", "server", "tcp", 22)
    foreign = ssh.on_another_seat().with_exercise(anywhere=True, conversation=service)
    wrong = foreign.with_submission(answers={"ssh": {"local_port": "1"}})
    for without_seats in (True, False):
        [case] = gather(wrong.plan, wrong.submission, without_seats=without_seats)
        assert without_seats is case.assumed is (case.context.plan.seat != foreign.plan.seat)


def test_gather_takes_the_second_look_of_an_exam(ssh: Handed) -> None:
    """Only of hosts with two boot ids and a state that can be read; captures are those of the first look."""
    after = {"server": host_state.seen(sockets=[]), "client": host_state.seen(), "desktop": {"services": 1}}
    reboots = {
        "server": {"before": "a", "after": "b"},
        "client": {"before": "a", "after": "a"},
        "desktop": {"before": "a", "after": "b"},
    }
    exam = ssh._replace(plan=replace(ssh.plan, lab=replace(ssh.plan.lab, exam=Exam(90))))
    state = {"server": host_state.seen()}
    handed_in = {"state": state, "after": after, "manifest": {"reboots": reboots}}
    second = exam.with_submission(**handed_in).case.after
    assert second
    assert ({"server"}, ()) == (set(second.evidence.state), second.evidence.sockets)
    assert {"ssh"} == set(second.captures)
    assert exam.with_submission(state=state).case.after is None
    assert ssh.with_submission(**handed_in).case.after is None
