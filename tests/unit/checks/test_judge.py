"""A check never passes without packets, a flaw makes it inconclusive, and a check that breaks is an error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

import pytest

from sharklab.checks import KINDS, QUESTIONS, cells
from sharklab.checks.kind import Claim
from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Facts
from sharklab.lab.model import ExpectedConversation
from sharklab.message import Message
from tests.support import host_state, matrix_sample
from tests.support.checks_sample import Sample, result, words

SSH = Sample(["ssh.pcap"])


@pytest.mark.parametrize("kind", ["handshake", "traffic", "fin", "udp_exchange", "sockets", "token", "clean"])
@pytest.mark.parametrize(
    "sample",
    [
        Sample(),
        Sample(["missing.pcap"]),
        Sample(["ssh.pcap"], facts={"ssh.pcap": Facts()}),
        Sample(["ssh.pcap"], facts={"ssh.pcap": Facts(problem=Message("the capture is empty"))}),
    ],
    ids=["no capture", "lost", "no packet", "unreadable"],
)
def test_judge_never_passes_without_packets(kind: str, sample: Sample) -> None:
    """No evidence proves nothing, also for what should be absent."""
    assert sample.check(kind).status in (Status.FAILED, Status.INCONCLUSIVE)


def test_judge_passes_what_a_flawed_capture_shows_all_the_same() -> None:
    """What is there is there, whatever else was lost; without a flaw, what is not there was not there."""
    assert Status.FAILED is SSH.check("transport", value="udp").status
    assert Status.PASSED is SSH.check("clean").status
    assert Status.PASSED is replace(SSH, dropped=7).check("fin").status


def test_judge_does_not_call_a_flawed_capture_clean() -> None:
    """What was dropped may have been anything: a check that something is absent fails closed."""
    assert Status.INCONCLUSIVE is replace(SSH, dropped=7).check("clean").status


@pytest.mark.parametrize(
    ("capture", "kind", "params"),
    [
        ("ssh.pcap", "zero_reply", {}),
        ("halfclose.pcap", "costlier", {"capture": "halfclose.pcap", "than": "refused.pcap"}),
        ("ssh.pcap", "one_client", {"port": 22, "servers": ["server"]}),
        ("ssh.pcap", "one_client", {"port": 22, "servers": ["desktop"]}),
        ("refused.pcap", "knock", {"capture": "refused.pcap", "packets": "syn_rst"}),
        ("refused.pcap", "knock", {"capture": "refused.pcap", "packets": "handshake"}),
        ("icmp.pcap", "echo", {"requests": 7}),
        ("ssh.pcap", "retries", {"least": 1}),
    ],
)
def test_judge_decides_nothing_of_a_whole_capture_that_lost_packets(
    capture: str, kind: str, params: dict[str, Any]
) -> None:
    """A check that counts packets, or needs one and the lack of another, neither passes nor fails then."""
    whole = Sample([capture, "refused.pcap"])
    assert Claim.WHOLE is KINDS[kind].claim
    assert Status.INCONCLUSIVE is not whole.check(kind, **params).status
    assert Status.INCONCLUSIVE is replace(whole, dropped=1).check(kind, **params).status


@pytest.mark.parametrize(("kind", "params"), [("clean", {}), ("no_arp", {"address": "192.0.2.1"})])
def test_judge_leaves_open_what_a_flawed_capture_has_nothing_of(kind: str, params: dict[str, Any]) -> None:
    """The check of an absence fails for the lack of its subject, which may be among the lost packets."""
    sample = Sample(["icmp.pcap"], conversation=ExpectedConversation("desktop", "server"))
    assert Status.FAILED is sample.check(kind, **params).status
    assert Status.INCONCLUSIVE is replace(sample, dropped=1).check(kind, **params).status


def test_judge_makes_an_error_of_a_check_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that raises is an error in words, and the other checks go on."""

    def broken(context: object, params: object) -> NoReturn:
        raise ZeroDivisionError("oops")

    kind = replace(KINDS["fin"], function=broken)
    monkeypatch.setitem(KINDS, "fin", kind)
    outcome = SSH.check("fin")
    assert (Status.ERROR, "The check itself failed: ZeroDivisionError: oops") == (
        outcome.status,
        words(outcome),
    )


def test_judge_makes_an_error_of_an_unknown_check() -> None:
    """A plan of another version may ask for what this one does not know."""
    assert Status.ERROR is SSH.check("telepathy").status
    assert Status.ERROR is SSH.check("dns").status
    assert Status.ERROR is SSH.ask("telepathy").status


@pytest.mark.parametrize("kind", ["firewalld_on", "firewalld_opens", "firewalld_closed"])
def test_check_of_a_host_that_nobody_looked_at_is_inconclusive(kind: str) -> None:
    """Also one that something is closed: nothing proves nothing."""
    params = {"opening": "telnet"} if kind == "firewalld_closed" else {}
    outcome = Sample(state={"client": host_state.seen()}).check(kind, host="server", **params)
    assert (Status.INCONCLUSIVE, "The state of server was not recorded.") == (outcome.status, words(outcome))


def test_cells_that_break_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the check is never a pass."""
    monkeypatch.setattr(cells, "verdict", lambda tool, result: 1 / 0)
    [outcome] = matrix_sample.Sample().judge()["tcp"].outcomes
    assert Status.ERROR is outcome.status


def test_judge_makes_an_error_of_a_question_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """No value is given, and the error is told."""

    def broken(context: object) -> NoReturn:
        raise ZeroDivisionError("oops")

    monkeypatch.setitem(QUESTIONS, "service", replace(QUESTIONS["service"], sources=broken))
    answer = SSH.ask("service")
    found = "The check itself failed: ZeroDivisionError: oops"
    assert (None, Status.ERROR, found) == (answer.value, answer.status, words(answer))


def test_judge_fails_a_whole_capture_without_a_packet() -> None:
    """Nothing was lost, so nothing was there; a lost capture may have shown it."""
    facts = {"ssh.pcap": Facts()}
    assert Status.FAILED is Sample(["ssh.pcap"], facts=facts).check("fin").status
    assert Status.INCONCLUSIVE is Sample(["ssh.pcap"], facts=facts, dropped=1).check("fin").status
    assert Status.INCONCLUSIVE is Sample(["missing.pcap"]).check("fin").status


def test_judge_gives_a_check_its_title_and_its_expectation() -> None:
    """Both take the parameters; a kind may say no more than its title."""
    outcome = Sample(["dns.pcap"]).check("dns", types=["A"])
    assert ("dns", {"types": ["A"]}) == (outcome.check, outcome.expected and outcome.expected.values)
    assert SSH.check("token").expected is None


def test_judge_needs_no_capture_for_a_command() -> None:
    """Only checks of packets rest on captures."""
    assert Status.PASSED is Sample(results=[result()]).check("probes").status
