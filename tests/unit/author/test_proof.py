"""The grader proves itself: what is right earns all, nothing earns nothing, a fault costs its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.author import reference
from sharklab.author.proof import Proof, faults, plain, prove, table
from sharklab.checks import KINDS
from sharklab.checks.outcome import Finding, Status
from sharklab.i18n import translator
from sharklab.lab.model import AnyOf, Check, Criterion, CriterionStep, Not
from sharklab.message import Message
from tests.support import host_state, report_run


def trials(folder: Path, *names: str) -> list[Proof]:
    """Return the trials of a run whose exercises are recorded captures."""
    report_run.seal(folder, names)
    return list(prove(*reference.reference(folder)))


def said(proof: Proof) -> list[tuple[str, list[str]]]:
    """Return the msgid and the criteria of each mistake of the grader."""
    return [(fault.msgid, fault.values["names"]) for fault in faults(proof)]


@pytest.mark.parametrize(
    ("name", "count"), [("ssh", 17), ("dns", 15), ("nfs", 14), ("voice", 13), ("reset", 15)]
)
def test_prove_holds_for_each_fault(tmp_path: Path, name: str, count: int) -> None:
    """Each fault that is possible loses exactly its own criteria; there are as many as there should be."""
    found = trials(tmp_path, name)
    assert [] == [(t.title.msgid, t.place, said(t)) for t in found if not t.holds and t.place]
    assert count == len(found)


def test_prove_takes_the_faults_one_by_one(tmp_path: Path) -> None:
    """The catalogue of an SSH connection, with what each costs."""
    found = {(t.title.msgid, t.place): sorted(name for _, name in t.lost) for t in trials(tmp_path, "ssh")}
    assert [] == found["reference", ""]
    assert 8 == len(found["empty submission", ""])
    assert ["local_port"] == found["wrong answer", "ssh/local_port"]
    assert ["fin"] == found["no FIN", "ssh"]
    assert ["fin"] == found["RST instead of FIN", "ssh"]
    assert ["handshake", "traffic"] == found["handshake without SYN/ACK", "ssh"]
    assert ["clean"] == found["an unrelated packet", "ssh"]
    assert 8 == len(found["capture of another seat", "ssh"])


def test_prove_shows_a_check_that_always_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A grader that passes what it should not does not hold."""
    blind = replace(KINDS["clean"], function=lambda *_: Finding(Status.PASSED, Message("fine")))
    monkeypatch.setitem(KINDS, "clean", blind)
    wrong = {t.title.msgid: t for t in trials(tmp_path, "ssh") if not t.holds}
    assert {"an unrelated packet"} == set(wrong)
    assert [("not lost, but should be: {names}", ["ssh/clean"])] == said(wrong["an unrelated packet"])


def test_table_marks_what_does_not_hold() -> None:
    """A line for each trial, and beneath what the grader got wrong."""
    good = Proof(Message("reference"), "", frozenset(), frozenset())
    bad = Proof(Message("no FIN"), "ssh", frozenset({("ssh", "fin")}), frozenset({("ssh", "clean")}))
    assert [
        "✓ reference          0",
        "✗ no FIN     ssh     1",
        "    not lost, but should be: ssh/fin",
        "    lost, but should not be: ssh/clean",
        "1 of 2 hold. Each line ends with the number of lost criteria.",
    ] == table([good, bad], translator("en")).splitlines()


def test_plain_is_the_proof_for_a_script() -> None:
    """A script reads the same criteria and mistakes as a person."""
    names = frozenset({("ssh", "fin")})
    bad = Proof(Message("no FIN"), "ssh", names, frozenset(), names)
    told = plain(bad)
    assert ("no FIN", "ssh", False, []) == (told["title"], told["place"], told["holds"], told["loses"])
    assert [str(fault) for fault in faults(bad)] == told["faults"]
    assert ["not lost, but should be: {names}", "the check itself failed: {names}"] == [
        fault.msgid for fault in faults(bad)
    ]


FIN = Check("fin")


def test_a_fault_that_is_another_right_way_costs_nothing(tmp_path: Path) -> None:
    """Where a RST of the client is as good as a FIN, a RST in the place of its FIN loses no point."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    resets = {side: Check("reset", {"by": side}) for side in ("client", "server")}
    criteria = (
        *(
            Criterion(f"fin-or-{side}", (CriterionStep(1.0, AnyOf((FIN, reset))),))
            for side, reset in resets.items()
        ),
        *(Criterion(f"not-{side}", (CriterionStep(1.0, Not(reset)),)) for side, reset in resets.items()),
    )
    [exercise] = plan.lab.exercises
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    found = {trial.title.msgid: trial for trial in prove(plan, submission)}
    assert [] == [(title, said(trial)) for title, trial in found.items() if not trial.holds]
    assert {"fin-or-server", "not-client"} == {name for _, name in found["RST instead of FIN"].lost}


def test_prove_wants_no_packets_of_a_fault_from_hosts_without_one(tmp_path: Path) -> None:
    """A run is made on solved hosts: its submission may lose the criterion that wants a fault's packets."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    [exercise] = plan.lab.exercises
    criteria = tuple(Criterion(check.kind, (CriterionStep(1.0, check),)) for check in (FIN, Check("symptom")))
    own = replace(exercise, criteria=criteria, faults=(("ssh-nologin",),), questions=())
    plan = replace(plan, lab=replace(plan.lab, exercises=(own,)))
    found = {trial.title.msgid: trial for trial in prove(plan, submission)}
    assert [] == [(title, said(trial)) for title, trial in found.items() if not trial.holds]
    assert {(exercise.id, "symptom")} == found["reference"].lost


def test_prove_takes_the_faults_of_a_host_one_by_one(tmp_path: Path) -> None:
    """Each thing that is wrong with a host costs what looks at it; a missing capture costs none of it."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    criteria = tuple(
        Criterion(check.kind, (CriterionStep(1.0, check),)) for check in (*host_state.CHECKS, FIN)
    )
    [exercise] = plan.lab.exercises
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    states = {"client": host_state.seen(), "server": host_state.seen()}
    found = list(prove(plan, replace(submission, state=states)))
    assert [] == [trial.title.msgid for trial in found if not trial.holds]
    lost = {trial.title.msgid: sorted(name for _, name in trial.lost) for trial in found}
    rules = ["firewalld_closed", "firewalld_open", "firewalld_opens", "firewalld_same"]
    gone = {trial.place: trial.lost for trial in found if trial.title.msgid == "state not handed in"}
    assert {"logs_in"} == {name for _, name in gone["client"]}
    assert {check.kind for check in host_state.CHECKS} == {name for _, name in gone["server"]}
    assert sorted([*rules, "firewalld_on"]) == lost["firewalld stopped"]
    assert ["firewalld_opens", "firewalld_same"] == lost["a rule in force that is not permanent"]
    assert ["firewalld_same"] == lost["a permanent rule that is not in force"]
    assert ["firewalld_opens"] == lost["one open port too many"]
    assert ["mount"] == lost["another folder mounted"]
    assert ["mount_kept"] == lost["nothing in fstab"]
    assert ["fin"] == lost["capture not handed in"]


def test_prove_takes_the_faults_of_a_conversation_one_by_one(tmp_path: Path) -> None:
    """Steps of an opening, who cut it off, whether the capture is whole."""
    report_run.seal(tmp_path, ["reset"])
    plan, submission = reference.reference(tmp_path)
    wanted = {to: Check("opening", {"to": to}) for to in ("syn", "syn_ack", "ack")}
    wanted |= {by: Check("reset", {"by": by}) for by in ("client", "server")} | {"whole": Check("complete")}
    criteria = tuple(Criterion(name, (CriterionStep(1.0, check),)) for name, check in wanted.items())
    [exercise] = plan.lab.exercises
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    right, *found = prove(plan, submission)
    [other] = {name for _, name in right.lost}
    own = {"client": "server", "server": "client"}[other]
    assert [] == [(trial.title.msgid, said(trial)) for trial in found[1:] if not trial.holds]
    lost = {trial.title.msgid: sorted(name for _, name in trial.lost) for trial in found}
    assert ["ack", "syn_ack"] == lost["handshake without SYN/ACK"]
    assert [own] == lost["no RST"]
    assert ["whole"] == lost["headers alone (snap length)"] == lost["file cut short"]
