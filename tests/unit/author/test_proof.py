"""The grader proves itself: what is right earns all, nothing earns nothing, a fault costs its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.author import reference
from sharklab.author.mutants import Original, lost
from sharklab.author.proof import Proof, faults, prove, table
from sharklab.checks import KINDS
from sharklab.checks.outcome import Finding, Status
from sharklab.grading.marking.case import gather
from sharklab.i18n import translator
from sharklab.lab.model import AllOf, AnyOf, Asked, Check, Condition, Criterion, CriterionStep, Not
from sharklab.message import Message
from tests.support import host_state, report_run


def trials(folder: Path, *names: str) -> list[Proof]:
    """Return the trials of a run whose exercises are recorded captures."""
    report_run.seal(folder, names)
    return list(prove(*reference.reference(folder)))


@pytest.mark.parametrize(
    ("name", "count"), [("ssh", 17), ("dns", 15), ("nfs", 14), ("voice", 13), ("reset", 15)]
)
def test_prove_holds_for_each_fault(tmp_path: Path, name: str, count: int) -> None:
    """Each fault that is possible loses exactly its own criteria; there are as many as there should be."""
    found = trials(tmp_path, name)
    assert [] == [
        (str(t.title), t.place, list(map(str, faults(t)))) for t in found if not t.holds and t.place
    ]
    assert count == len(found)


def test_prove_takes_the_faults_one_by_one(tmp_path: Path) -> None:
    """The catalogue of an SSH connection, with what each costs."""
    found = {(str(t.title), t.place): sorted(name for _, name in t.lost) for t in trials(tmp_path, "ssh")}
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
    wrong = {str(t.title): t for t in trials(tmp_path, "ssh") if not t.holds}
    assert {"an unrelated packet"} == set(wrong)
    assert ["not lost, but should be: ssh/clean"] == list(map(str, faults(wrong["an unrelated packet"])))


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


FIN, TRAFFIC, UDP, PORT = Check("fin"), Check("traffic"), Check("udp_exchange"), Asked("server_port")


@pytest.mark.parametrize(
    ("condition", "broken", "is_lost"),
    [
        (AllOf((FIN, TRAFFIC)), FIN, True),
        (AnyOf((FIN, TRAFFIC)), FIN, False),
        (AnyOf((FIN, UDP)), FIN, True),
        (Not(UDP), FIN, False),
        (Not(UDP), UDP, False),
        (AllOf((PORT, Not(UDP))), PORT, True),
    ],
)
def test_lost_follows_the_condition(
    tmp_path: Path, condition: Condition, broken: object, is_lost: bool
) -> None:
    """A criterion is lost when its condition held before and does not without what is broken."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    criteria = (Criterion("one", (CriterionStep(1.0, condition),)),)
    [exercise] = plan.lab.exercises
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    cases = gather(plan, submission)
    found = lost(Original(plan, submission, cases, tmp_path), cases, lambda leaf: leaf == broken)
    assert is_lost == bool(found)


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
    found = {str(trial.title): trial for trial in prove(plan, submission)}
    assert [] == [(title, list(map(str, faults(trial)))) for title, trial in found.items() if not trial.holds]
    assert {"fin-or-server", "not-client"} == {name for _, name in found["RST instead of FIN"].lost}


def test_lost_without_anything_to_look_at_takes_the_contrary_along(tmp_path: Path) -> None:
    """Where a capture is missing, that something is not in it is not proved."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    [exercise] = plan.lab.exercises
    criteria = (Criterion("one", (CriterionStep(1.0, Not(UDP)),)),)
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    cases = gather(plan, submission)
    assert lost(Original(plan, submission, cases, tmp_path), cases, lambda _: True, looked=False)


OF_HOSTS = (
    Check("firewalld_on", {"host": "server"}),
    Check("firewalld_same", {"host": "server"}),
    Check("firewalld_opens", {"host": "server", "services": ["https", "ssh"], "ports": ["3478/udp"]}),
    Check("firewalld_open", {"host": "server", "opening": "https"}),
    Check("firewalld_closed", {"host": "server", "opening": "telnet"}),
    Check("service", {"host": "server", "service": "sshd"}),
    Check("listens", {"host": "server", "port": "443/tcp"}),
    Check("mount", {"host": "server", "path": "/mnt/sample", "source": "10.77.5.2:/srv/sample"}),
    Check("mount_kept", {"host": "server", "path": "/mnt/sample"}),
    Check("export", {"host": "server", "path": "/srv/sample"}),
    Check("resolver", {"host": "server", "server": "10.77.5.2"}),
)


def test_prove_takes_the_faults_of_a_host_one_by_one(tmp_path: Path) -> None:
    """Each thing that is wrong with a host costs what looks at it; a missing capture costs none of it."""
    report_run.seal(tmp_path, ["ssh"])
    plan, submission = reference.reference(tmp_path)
    criteria = tuple(Criterion(check.kind, (CriterionStep(1.0, check),)) for check in (*OF_HOSTS, FIN))
    [exercise] = plan.lab.exercises
    plan = replace(plan, lab=replace(plan.lab, exercises=(replace(exercise, criteria=criteria),)))
    found = list(prove(plan, replace(submission, state={"server": host_state.seen()})))
    assert [] == [str(trial.title) for trial in found if not trial.holds]
    lost = {str(trial.title): sorted(name for _, name in trial.lost) for trial in found}
    rules = ["firewalld_closed", "firewalld_open", "firewalld_opens", "firewalld_same"]
    assert sorted(check.kind for check in OF_HOSTS) == lost["state not handed in"]
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
    assert [] == [(str(trial.title), list(map(str, faults(trial)))) for trial in found[1:] if not trial.holds]
    lost = {str(trial.title): sorted(name for _, name in trial.lost) for trial in found}
    assert ["ack", "syn_ack"] == lost["handshake without SYN/ACK"]
    assert [own] == lost["no RST"]
    assert ["whole"] == lost["headers alone (snap length)"] == lost["file cut short"]
