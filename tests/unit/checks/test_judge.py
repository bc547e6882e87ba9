"""A check never passes without packets, a flaw makes it inconclusive, and a check that breaks is an error."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest

from sharklab.checks import KINDS
from sharklab.checks.outcome import Status
from sharklab.evidence.packets.model import Facts
from sharklab.message import Message
from tests.support import host_state
from tests.support.checks_sample import Sample, words

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
    """What is there is there, whatever else was lost."""
    assert Status.PASSED is replace(SSH, dropped=7).check("fin").status


def test_judge_does_not_call_a_flawed_capture_clean() -> None:
    """What was dropped may have been anything: a check that something is absent fails closed."""
    assert Status.INCONCLUSIVE is replace(SSH, dropped=7).check("clean").status


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
