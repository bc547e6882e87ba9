"""Decisions on conditions: what passes, what fails, and what nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.checks import KINDS
from sharklab.checks.outcome import Reference, Status
from sharklab.grading.marking.case import Case
from sharklab.grading.marking.decisions import (
    ALL_OF,
    ANY_OF,
    clean_answer,
    combine,
    decide,
    decide_twice,
    list_captures,
    names,
)
from sharklab.grading.marking.model import Decision
from sharklab.grading.submission.model import PlainHostState
from sharklab.lab.model import AllOf, AnyOf, Asked, Capture, Check, Condition, Exam, Not
from sharklab.message import NOTHING, Message
from tests.support import host_state
from tests.support.capture_files import with_facts
from tests.support.handed import Handed, handed

DATA = Path(__file__).parents[3] / "data"
FIN, UDP, PORT = Check("fin"), Check("udp_exchange"), Asked("server_port")
ON = Check("firewalld_on", {"host": "server"})
PROCESS = Asked("process")

FOREIGN = "No packet of {captures} is to or from a host of your seat."
NO_STATE = "Your submission does not show the state of {host}."
MISSING = "Not handed in: {captures}."


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Return what earns every point of an exercise about an SSH connection."""
    return handed(tmp_path_factory.mktemp("ssh"))


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (FIN, Status.PASSED),
        (UDP, Status.FAILED),
        (PORT, Status.PASSED),
        (Check("nonsense"), Status.ERROR),
        (Check("probes"), Status.INCONCLUSIVE),
        (AllOf((FIN, PORT)), Status.PASSED),
        (AllOf((FIN, UDP)), Status.FAILED),
        (AnyOf((FIN, UDP)), Status.PASSED),
        (AnyOf((UDP, Check("token"))), Status.FAILED),
        (Not(UDP), Status.PASSED),
        (Not(FIN), Status.FAILED),
        (Not(AnyOf((UDP, FIN))), Status.FAILED),
        (AllOf((FIN, Check("nonsense"))), Status.ERROR),
        (AnyOf((UDP, Check("nonsense"))), Status.ERROR),
        (AnyOf((FIN, Check("nonsense"))), Status.PASSED),
        (Not(Check("nonsense")), Status.ERROR),
    ],
)
def test_decide_follows_the_condition(ssh: Handed, condition: Condition, status: Status) -> None:
    """All, any and not: a part that breaks is shown unless it does not matter."""
    assert status is ssh.decide(condition).status


@pytest.mark.parametrize("condition", [FIN, PORT, Not(UDP), Not(AllOf((FIN, UDP))), Not(PORT), ON, Not(ON)])
def test_decide_without_a_submission_fails(ssh: Handed, condition: Condition) -> None:
    """Absence is proved by evidence, never by handing in nothing."""
    decision = ssh.without_anything().decide(condition)
    assert (Status.FAILED, False) == (decision.status, decision.looked)


def test_decide_not_needs_the_conversation(ssh: Handed) -> None:
    """Packets of something else between the same machines prove no absence, if there is a conversation."""
    other = ssh.with_capture(DATA / "icmp.pcap")
    assert Status.FAILED is other.decide(Not(FIN)).status
    assert Status.PASSED is other.with_exercise(conversation=None).decide(Not(UDP)).status


def test_decide_takes_made_up_decisions(ssh: Handed) -> None:
    """A mutant's checks are decided beforehand; the grader's own rules combine them."""
    broken = Decision(Status.FAILED, NOTHING, looked=False)

    def leaf(case: object, wanted: Check | Asked) -> Decision:
        return broken if wanted == FIN else decide(ssh.case, wanted)

    found = [decide(ssh.case, wanted, leaf).status for wanted in (FIN, PORT, Not(FIN), AnyOf((FIN, PORT)))]
    assert [Status.FAILED, Status.PASSED, Status.FAILED, Status.PASSED] == found


@pytest.mark.parametrize("status", list(Status))
def test_combine_takes_the_first_status_of_its_order(status: Status) -> None:
    """All parts must pass, or any: each status before another one in its order wins."""
    for order in (ALL_OF, ANY_OF):
        later = order[order.index(status) :]
        parts = [(Message(str(each)), Decision(each, Message("x"))) for each in reversed(later)]
        combined = combine(order, parts)
        assert (status, f"{status}: x") == (combined.status, str(combined.found))


def test_combine_keeps_the_reasons_of_the_parts_that_tell() -> None:
    """The first part's expectation and advice, every part's evidence once; one that asks makes it ask."""
    first, second = Reference(capture="a", packets=(1,)), Reference(capture="b")
    failed = Decision(Status.FAILED, Message("no"), Message("yes"), Message("there"), (first,), asks=True)
    other = Decision(Status.FAILED, Message("nor"), evidence=(first, second), looked=False)
    passed = Decision(Status.PASSED, Message("fine"), evidence=(Reference(capture="c"),))
    found = combine(ALL_OF, [(Message("A"), failed), (Message("B"), passed), (Message("C"), other)])
    assert ("yes", "there", (first, second)) == (str(found.expected), str(found.look), found.evidence)
    assert (True, False) == (found.asks, found.looked)


def test_decide_on_a_missing_capture_says_how_to_record_it(ssh: Handed) -> None:
    """Answers alone prove nothing, not even right ones."""
    missing = ssh.with_submission(captures={})
    for condition in (FIN, PORT):
        decision = missing.decide(condition)
        assert (MISSING, ["ssh"]) == (decision.found.msgid, decision.found.values["captures"])
    expected = {"lab": "sample", "host": "client", "network": "lan", "capture": "ssh"}
    assert expected == decision.look.values
    assert KINDS["fin"].expected == missing.decide(FIN).expected.msgid


def test_decide_on_one_of_two_captures(ssh: Handed) -> None:
    """The other capture counts; a check that denies, or names a capture, needs all that it looks at."""
    more = Capture("more", "server", "lan", "")
    two = ssh.with_exercise(captures=(*ssh.exercise.captures, more))
    assert Status.PASSED is two.decide(FIN).status
    assert MISSING == two.decide(UDP).found.msgid
    for check in (Check("clean"), Check("unseen", {"capture": "more", "words": ["x"]})):
        assert (Status.FAILED, MISSING) == (two.decide(check).status, two.decide(check).found.msgid)


def test_decide_on_a_capture_of_another_seat(ssh: Handed) -> None:
    """A whole and clean connection between other machines shows nothing of this seat."""
    foreign = ssh.on_another_seat()
    for condition in (FIN, PORT):
        decision = foreign.decide(condition)
        assert (Status.FAILED, FOREIGN, False) == (decision.status, decision.found.msgid, decision.looked)
    assert (Reference(capture="ssh"),) == foreign.decide(FIN).evidence


def test_decide_on_a_capture_from_anywhere_that_no_answer_declares(ssh: Handed) -> None:
    """The student is told that the answers say which conversation counts."""
    other = ssh.on_another_seat().with_exercise(anywhere=True).without_anything()
    other = other.with_submission(captures=ssh.submission.captures)
    for condition in (FIN, PORT):
        found = other.decide(condition)
        assert (Status.FAILED, False) == (found.status, found.looked)


def test_decide_on_a_capture_that_cannot_be_read(ssh: Handed, tmp_path: Path) -> None:
    """It earns nothing, and the instructor is told to look; a wrong answer may be right in the whole file."""
    (tmp_path / "prose.pcap").write_text("I forgot to record it.")
    assert Status.INCONCLUSIVE is ssh.with_capture(tmp_path / "prose.pcap").decide(Check("handshake")).status
    (tmp_path / "cut.pcap").write_bytes((DATA / "ssh.pcap").read_bytes()[:-8])
    cut = ssh.with_capture(tmp_path / "cut.pcap").with_answers(server_port=23).decide(PORT)
    assert (Status.INCONCLUSIVE, "22") == (cut.status, str(cut.expected))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("23", "Your capture has {key}, you wrote {given}."),
        ([22, 23], "Your capture has {key}, you wrote {given}."),
        ("x" * 500, "{given} is not what your packets show."),
    ],
)
def test_decide_on_a_wrong_answer(ssh: Handed, given: Any, found: str) -> None:
    """The key stands beside it, with the packets that show it and where to look."""
    decision = ssh.with_answers(server_port=given).decide(PORT)
    assert (Status.FAILED, found) == (decision.status, decision.found.msgid)
    assert ("22", "ssh", True) == (str(decision.expected), decision.evidence[0].capture, decision.asks)
    assert {"captures": ["ssh"]} == decision.look.values


@pytest.mark.parametrize("given", ["", None, [], {"port": 22}])
def test_decide_on_a_missing_answer(ssh: Handed, given: Any) -> None:
    """The student reads where to write it; the key stays for the instructor."""
    decision = ssh.with_answers(server_port=given).decide(PORT)
    assert (Status.FAILED, "There is no answer.") == (decision.status, decision.found.msgid)
    assert ({"exercise": "ssh"}, "22", False) == (
        decision.look.values,
        str(decision.expected),
        decision.looked,
    )


def test_decide_on_an_answer_that_the_packets_do_not_show(ssh: Handed) -> None:
    """No source knows the name of a resolver in a capture without DNS."""
    decision = ssh.with_answers(dns_server_port=53).decide(Asked("dns_server_port"))
    assert (Status.FAILED, "Your submission does not show it.") == (decision.status, decision.found.msgid)


def test_decide_where_sources_disagree(tmp_path: Path) -> None:
    """A key counts only if no independent source contradicts it: here the plan has another port."""
    dns = handed(tmp_path, "dns")
    conversation = replace(_talk(dns), port=54)
    decision = (
        dns.with_exercise(conversation=conversation)
        .with_answers(dns_server_port=53)
        .decide(Asked("dns_server_port"))
    )
    assert Status.INCONCLUSIVE is decision.status
    assert "Your submission contradicts itself; the instructor will look at it." == decision.found.msgid
    assert "dns" == decision.evidence[0].capture


@pytest.mark.parametrize("state", [{}, {"server": {}}, {"server": {"services": "all fine"}}, {"client": {}}])
def test_decide_on_a_host_without_its_state(ssh: Handed, state: dict[str, Any]) -> None:
    """A state that is missing, or has another shape, shows nothing; nor does it show the contrary."""
    for condition in (ON, Not(ON), PROCESS):
        decision = ssh.with_submission(state=state).with_answers(process="sshd").decide(condition)
        assert (Status.FAILED, NO_STATE) == (decision.status, decision.found.msgid)


@pytest.mark.parametrize(("services", "condition"), [({"firewalld": host_state.UP}, ON), ({}, Not(ON))])
def test_decide_on_a_host_needs_no_capture(ssh: Handed, services: Any, condition: Condition) -> None:
    """The state of a host is enough, and so it is for the contrary."""
    state = {"server": host_state.seen(services=services)}
    assert Status.PASSED is ssh.with_submission(captures={}, state=state).decide(condition).status


def test_decide_on_an_answer_about_a_host(ssh: Handed) -> None:
    """The sockets of the server are the key, and a wrong answer is told to look there."""
    asked = ssh.with_exercise(conversation=replace(_talk(ssh), port=22)).with_submission(
        state={"server": host_state.seen()}
    )
    assert Status.PASSED is asked.with_answers(process="sshd").decide(PROCESS).status
    wrong = asked.with_answers(process="nginx").decide(PROCESS)
    assert "{given} is not what your {host} shows." == wrong.found.msgid
    assert ({"host": "server"}, "sshd") == (wrong.look.values, str(wrong.expected))


def _talk(ssh: Handed) -> Any:
    return ssh.exercise.conversation


def test_decide_on_a_check_that_breaks(ssh: Handed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error, never a pass, and names the fault of the grader."""

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("0")

    monkeypatch.setitem(KINDS, "fin", replace(KINDS["fin"], function=breaks))  # type: ignore[arg-type]
    decision = ssh.decide(FIN)
    assert (Status.ERROR, {"error": "ZeroDivisionError: 0"}) == (decision.status, decision.found.values)


def test_decide_on_a_question_that_is_unknown_is_an_error(ssh: Handed) -> None:
    """A fault of the lab's author earns nothing and stops nothing."""
    assert Status.ERROR is ssh.with_answers(colour="blue").decide(Asked("colour")).status


def test_names_are_of_checks_that_name_captures() -> None:
    """A check that is unknown names none."""
    assert [frozenset({"a"}), frozenset(), frozenset()] == [
        names(check) for check in (Check("unseen", {"capture": "a"}), FIN, Check("nonsense"))
    ]


def test_used_are_the_named_captures_unless_they_are_empty(ssh: Handed) -> None:
    """Where the named capture has no packet, the others show whether anything was done."""
    both = (*ssh.exercise.captures, Capture("more", "server", "lan", ""))
    case = ssh.with_exercise(captures=both).case
    named = Check("unseen", {"capture": "ssh", "words": ["x"]})
    assert [both[:1], both, both] == [
        list_captures(case, named),
        list_captures(case, FIN),
        list_captures(_without_packets(case), named),
    ]
    cell = Check("cell", {"tool": "nc", "state": "open"})
    client = (Capture("ssh-client", "client", "lan", ""),)
    assert client == list_captures(ssh.with_exercise(captures=(*client, *both)).case, cell)


def _without_packets(case: Case) -> Case:
    captures = {
        name: with_facts(capture.path, replace(capture.facts, packets=()))
        for name, capture in case.context.captures.items()
    }
    evidence = replace(case.context.evidence, captures=captures)
    return replace(case, context=replace(case.context, evidence=evidence))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, ""),
        (22, "22"),
        ([22, "tcp"], "22, tcp"),
        ({"port": 22}, ""),
        ("a\x1b[31m\n b\u202e", "a [31m b"),
        ("x" * 90, "x" * 79 + "…"),
    ],
)
def test_said_is_short_and_harmless(given: Any, shown: str) -> None:
    """A terminal obeys nothing in a student's answer."""
    assert shown == clean_answer(given)


@pytest.mark.parametrize(
    ("given", "almost", "exact"),
    [
        (None, Status.FAILED, Status.FAILED),
        ("22", Status.FAILED, Status.FAILED),
        ("a port", Status.FAILED, Status.FAILED),
        ("1", Status.FAILED, Status.FAILED),
        ("50990", Status.PASSED, Status.FAILED),
    ],
)
def test_decide_on_the_port_of_another_moment(ssh: Handed, given: Any, almost: Status, exact: Status) -> None:
    """It is almost right; the other end, and what is no port, are not."""
    changed = ssh.with_answers(local_port=given)
    found = [changed.decide(Asked("local_port", almost=each)) for each in (True, False)]
    assert [almost, exact] == [each.status for each in found]
    right = [ssh.decide(Asked("local_port", almost=each)).status for each in (True, False)]
    assert [Status.PASSED, Status.PASSED] == right


def test_decide_on_the_port_of_another_moment_where_packets_are_lost(ssh: Handed, tmp_path: Path) -> None:
    """The connection may have been among them: the instructor decides on the answer."""
    cut = tmp_path / "ssh.pcap"
    cut.write_bytes(ssh.submission.captures["ssh"].read_bytes()[:-5])
    found = ssh.with_capture(cut).with_answers(local_port="50990").decide(Asked("local_port"))
    assert Status.INCONCLUSIVE is found.status
    key = str(found.expected)
    assert key in str(found.found) and found.discreet and key not in str(found.discreet)


def test_combine_says_a_common_sentence_once_and_keeps_the_discreet_one() -> None:
    """Each part that tells has its own title, unless all say the same."""
    open_said, discreet = Message("it is 7"), Message("it is another")
    telling = Decision(Status.FAILED, open_said, discreet=discreet)
    plain = Decision(Status.FAILED, Message("no"))
    both = combine(ALL_OF, [(Message("a"), telling), (Message("b"), plain)])
    assert ("a: it is 7 · b: no", "a: it is another · b: no") == (str(both.found), str(both.discreet))
    same = combine(ALL_OF, [(Message("a"), plain), (Message("b"), plain)])
    assert ("a: no", NOTHING) == (str(same.found), same.discreet)


NOT_AFTER = "It held, but not after the reboot: {found}"
OFF = host_state.seen(services={"firewalld": {"running": False, "enabled": False}})


def in_exam(
    ssh: Handed, after: dict[str, PlainHostState] | None, first: PlainHostState | None = None
) -> Case:
    """Return the case of an exam whose server has one state before the reboot and another `after` it."""
    reboots = {host: {"before": "a", "after": "b"} for host in after or ()}
    plan = replace(ssh.plan, lab=replace(ssh.plan.lab, exam=Exam(90)))
    state = {"server": first or host_state.seen()}
    return (
        ssh._replace(plan=plan)
        .with_submission(state=state, after=after, manifest={"reboots": reboots})
        .with_answers(process="sshd")
        .case
    )


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (ON, Status.FAILED),
        (Not(ON), Status.FAILED),
        (FIN, Status.PASSED),
        (PORT, Status.PASSED),
        (AllOf((FIN, ON)), Status.FAILED),
        (AnyOf((FIN, ON)), Status.PASSED),
        (
            AllOf((PORT, Not(Check("firewalld_closed", {"host": "server", "opening": "https"})))),
            Status.PASSED,
        ),
    ],
)
def test_decide_twice_wants_hosts_as_they_were(ssh: Handed, condition: Condition, status: Status) -> None:
    """What a host no longer shows after the reboot is lost; packets and answers stay as they are."""
    assert status is decide_twice(in_exam(ssh, {"server": OFF}), condition).status
    assert decide_twice(in_exam(ssh, None), condition) == decide(in_exam(ssh, None), condition)


def test_decide_twice_says_that_it_held_before(ssh: Handed) -> None:
    """The sentence has the second finding; what was wrong at the first look is said as ever."""
    lost = decide_twice(in_exam(ssh, {"server": OFF}), ON)
    assert NOT_AFTER == lost.found.msgid
    assert lost.found.values["found"] == decide(in_exam(ssh, None, OFF), ON).found
    never = in_exam(ssh, {"server": host_state.seen()}, OFF)
    assert decide(never, ON) == decide_twice(never, ON)
    assert Status.PASSED is decide_twice(in_exam(ssh, {"server": host_state.seen()}), ON).status


@pytest.mark.parametrize(
    "condition", [ON, Not(Check("firewalld_closed", {"host": "server", "opening": "https"}))]
)
def test_decide_twice_on_a_host_that_did_not_come_back(ssh: Handed, condition: Condition) -> None:
    """Its first state earns nothing, whatever the condition says of it."""
    found = decide_twice(in_exam(ssh, {}), condition)
    assert (Status.FAILED, NOT_AFTER) == (found.status, found.found.msgid)
    assert ("{host} did not come back.", {"host": "server"}) == (
        found.found.values["found"].msgid,
        found.found.values["found"].values,
    )


@pytest.mark.parametrize(
    ("faults", "given", "status"),
    [
        (("svc-off",), "svc-off", Status.PASSED),
        (("svc-off",), "Svc-Off ", Status.PASSED),
        (("svc-off",), "svc-loopback", Status.FAILED),
        (("svc-off",), ["svc-off", "svc-loopback"], Status.FAILED),
        (("svc-off", "ssh-nologin"), "ssh-nologin, svc-off", Status.PASSED),
        (("svc-off", "ssh-nologin"), ["svc-off"], Status.FAILED),
        (("svc-off",), None, Status.FAILED),
        ((), "svc-off", Status.INCONCLUSIVE),
    ],
)
def test_decide_compares_a_cause_with_the_faults_of_the_seat(
    ssh: Handed, faults: tuple[str, ...], given: Any, status: Status
) -> None:
    """No capture is needed: the seat says which faults it has. Every one of them has to be named."""
    seat = replace(ssh.plan.seat, faults={ssh.exercise.id: faults} if faults else {})
    asked = ssh.with_exercise(faults=tuple((fault,) for fault in faults), questions=("cause",))
    asked = asked._replace(plan=replace(asked.plan, seat=seat)).with_submission(captures={}, answers={})
    if given is not None:
        asked = asked.with_submission(answers={ssh.exercise.id: {"cause": given}})
    assert status is asked.decide(Asked("cause")).status


def test_decide_of_a_missing_capture_names_no_host_where_there_is_no_seat(ssh: Handed) -> None:
    """A student on machines of their own has no host of the lab to record on."""
    without = ssh.without_anything()
    for own_machines, values in ((False, {"lab", "host", "network", "capture"}), (True, {"capture"})):
        case = replace(without.case, own_machines=own_machines)
        assert values == set(decide(case, FIN).look.values)


@pytest.mark.parametrize(("given", "almost"), [("10.77.5.2", Status.PASSED), ("10.77.5.3", Status.FAILED)])
def test_decide_on_a_dns_server_that_is_only_asked(ssh: Handed, given: str, almost: Status) -> None:
    """Its reply is missing: almost right, and never said to be against the packets."""
    dns = ssh.with_exercise(questions=("dns_server_address",), checks=()).with_answers(
        dns_server_address=given
    )
    dns = dns.with_capture(DATA / "dns_refused.pcap")
    found = [dns.decide(Asked("dns_server_address", almost=each)) for each in (True, False)]
    assert [almost, Status.FAILED] == [each.status for each in found]
    assert "{given} is not what your packets show." not in {each.found.msgid for each in found}


@pytest.mark.parametrize("answers", [{}, {"ssh": {"server_address": "192.0.2.9"}}])
def test_decide_on_a_capture_that_nobody_declares_tells_of_no_seat(ssh: Handed, answers: Any) -> None:
    """A student on machines of their own hears of the answers alone."""
    there = ssh.on_another_seat().with_exercise(anywhere=True).with_submission(answers=answers)
    seat, own = (decide(replace(there.case, own_machines=each), FIN).found for each in (False, True))
    assert seat.msgid != own.msgid
    assert ("seat" in str(seat), "seat" in str(own)) == (True, False)
