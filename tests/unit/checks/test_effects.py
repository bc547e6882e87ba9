"""What was tried from a host decides; what was not tried is not known."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.checks.effects import attempt
from sharklab.checks.outcome import Outcome, Status
from sharklab.evidence import effects
from sharklab.lab.model import Check
from tests.support import host_state
from tests.support.checks_sample import Sample, said

CLIENT = "10.77.5.1"
WWW = "www.tok7f3a.lab.example"
TRIED = {
    f"reaches client {CLIENT} 22/tcp": {"verdict": "open"},
    f"reaches client {CLIENT} 23/tcp": {"verdict": "rejected", "icmp": [3, 13], "origin": CLIENT},
    f"reaches client {CLIENT} 24/tcp": {"verdict": "silent", "said": "No route to host"},
    f"reaches client {CLIENT} 25/tcp": {"verdict": "refused", "said": "Connection refused"},
    f"reaches client {CLIENT} 26/tcp": {"verdict": "late"},
    "reaches client fd77:5::1 53/udp": {"verdict": "open"},
    f"resolves {WWW}": {"verdict": "found", "addresses": ["10.77.5.2", "fd77:5::2"]},
    "resolves old.example": {"verdict": "unknown", "said": "Name or service not known"},
    "resolves slow.example": {"verdict": "late"},
    f"logs_in student student client {CLIENT}": {"verdict": "done"},
    f"logs_in root ada client {CLIENT}": {"verdict": "refused", "said": "ada@client: Permission denied"},
    "writes student /mnt/sample": {"verdict": "late"},
    "writes root '/a folder'": {"verdict": "error", "said": "TypeError"},
    "reads student /mnt/readme.txt tok7f3a": {"verdict": "done"},
    "reads student /mnt/readme.txt old": {"verdict": "other"},
    "reads root /mnt/readme.txt tok7f3a": {"verdict": "refused", "said": "Permission denied"},
    f"reaches client {CLIENT} 28/tcp": {"verdict": "open", "own": True},
    f"reaches client {CLIENT} 29/tcp": {"verdict": "rejected", "icmp": [3, 13], "origin": "10.77.5.2"},
    f"reaches client {CLIENT} 30/tcp": {"verdict": "refused", "unheard": True},
    f"reaches client {CLIENT} 2049/tcp": {"verdict": "other"},
    f"resolves {WWW} dns": {"verdict": "unknown", "said": "dns: no address"},
    f"logs_in there there client {CLIENT}": {"verdict": "done", "boot_id": "2b6f"},
    f"logs_in lost lost client {CLIENT}": {"verdict": "done", "boot_id": "ffff"},
    "writes student /mnt/share": {"verdict": "done", "device": f"{CLIENT}:/srv", "type": "nfs4"},
    "writes student /mnt/local": {"verdict": "done", "device": "/", "type": "ext4"},
    "reads student /mnt/local/a text": {"verdict": "done", "device": f"{CLIENT}:/srv", "type": "tmpfs"},
}
SHARE = {"source": f"{CLIENT}:/srv"}
NOT_THERE = "{user} gets there, but the file lies in {device} ({type}) and not in {source}."
UNTRIED = "This was not tried from {host}: the state of the host has no result of it."
REACHED, WITH_ICMP = (
    "{told}.",
    "{told} (ICMP {type}/{code} from {sender})",
)
BROKE = "The try from {host} broke: {said}"
README = {"path": "/mnt/readme.txt"}
NO_READ = "{user} cannot read it: {said}."
NO_WRITE = "{user} cannot write there: {said}."


def check(kind: str, tried: dict[str, Any] | None = None, **params: Any) -> Outcome:
    """Return what a check says of a host `server` from which the samples were tried."""
    seen = host_state.seen(effects=TRIED if tried is None else tried)
    other = host_state.seen(boot_id="2b6f")
    return Sample(state={"server": seen, "client": other}).check(kind, host="server", **params)


@pytest.mark.parametrize(
    ("kind", "params", "status", "sentence"),
    [
        ("reaches", {"to": "client", "port": "22/tcp"}, Status.PASSED, REACHED),
        ("reaches", {"to": "client", "port": "22/tcp", "verdict": "silent"}, Status.FAILED, REACHED),
        ("reaches", {"to": "client", "port": "23/tcp"}, Status.FAILED, WITH_ICMP),
        ("reaches", {"to": "client", "port": "23/tcp", "verdict": "rejected"}, Status.PASSED, WITH_ICMP),
        ("reaches", {"to": "client", "port": "24/tcp", "verdict": "silent"}, Status.PASSED, REACHED),
        ("reaches", {"to": "client", "port": "25/tcp", "verdict": "refused"}, Status.PASSED, REACHED),
        ("reaches", {"to": "client", "port": "26/tcp"}, Status.INCONCLUSIVE, BROKE),
        ("reaches", {"to": "client", "port": "27/tcp"}, Status.INCONCLUSIVE, UNTRIED),
        ("reaches", {"to": "client", "port": "53/udp", "address": "fd77:5::1"}, Status.PASSED, REACHED),
        (
            "reaches",
            {"to": "client", "port": "28/tcp"},
            Status.FAILED,
            "{told}. But this is the answer of {host} itself, and not of {to}.",
        ),
        (
            "reaches",
            {"to": "client", "port": "29/tcp", "verdict": "rejected"},
            Status.FAILED,
            "{told}. But this is the answer of {host} itself, and not of {to}.",
        ),
        (
            "reaches",
            {"to": "client", "port": "30/tcp", "verdict": "refused"},
            Status.FAILED,
            "{told}. But no packet of {to} says so: a rule of {host} answers in its place.",
        ),
        ("reaches", {"to": "client", "port": "2049/tcp"}, Status.FAILED, REACHED),
        ("resolves", {"name": WWW, "by": "dns"}, Status.FAILED, "There is no address: {said}."),
        ("logs_in", {"to": "client", "user": "there"}, Status.PASSED, "{user} logs in."),
        (
            "logs_in",
            {"to": "client", "user": "lost"},
            Status.FAILED,
            "{user} logs in, but another host than {to} answers.",
        ),
        ("writes", {"path": "/mnt/share", **SHARE}, Status.PASSED, "{user} writes there."),
        ("writes", {"path": "/mnt/local"}, Status.PASSED, "{user} writes there."),
        ("writes", {"path": "/mnt/local", **SHARE}, Status.FAILED, NOT_THERE),
        ("reads", {"path": "/mnt/local/a", "contains": "text", **SHARE}, Status.FAILED, NOT_THERE),
        ("resolves", {"name": WWW}, Status.PASSED, "The addresses are: {addresses}."),
        (
            "resolves",
            {"name": WWW, "address": "10.77.5.2"},
            Status.PASSED,
            "The addresses are: {addresses}.",
        ),
        (
            "resolves",
            {"name": WWW, "address": "10.77.5.3"},
            Status.FAILED,
            "The addresses are: {addresses}.",
        ),
        ("resolves", {"name": "old.example"}, Status.FAILED, "There is no address: {said}."),
        ("resolves", {"name": "slow.example"}, Status.FAILED, "There is no answer within 5 s."),
        ("resolves", {"name": "new.example"}, Status.INCONCLUSIVE, UNTRIED),
        ("logs_in", {"to": "client"}, Status.PASSED, "{user} logs in."),
        (
            "logs_in",
            {"to": "client", "user": "root", "as": "ada"},
            Status.FAILED,
            "{user} cannot log in: {said}.",
        ),
        ("logs_in", {"to": "client", "as": "bob"}, Status.INCONCLUSIVE, UNTRIED),
        ("writes", {"path": "/mnt/sample"}, Status.FAILED, NO_WRITE),
        ("writes", {"path": "/a folder", "user": "root"}, Status.INCONCLUSIVE, BROKE),
        (
            "reads",
            {**README, "contains": "tok7f3a"},
            Status.PASSED,
            "{user} reads {contains} in it.",
        ),
        (
            "reads",
            {**README, "contains": "old"},
            Status.FAILED,
            "The file does not have the text {contains}.",
        ),
        ("reads", {**README, "contains": "tok7f3a", "user": "root"}, Status.FAILED, NO_READ),
        ("reads", {**README, "contains": "new"}, Status.INCONCLUSIVE, UNTRIED),
    ],
)
def test_an_effect_decides(kind: str, params: dict[str, Any], status: Status, sentence: str) -> None:
    """A try that ended well, in another way, too late, or not at all."""
    outcome = check(kind, **params)
    assert status is outcome.status
    assert sentence in said(outcome)
    assert "server" == outcome.evidence[0].host


def test_a_sender_is_named_as_the_lab_does() -> None:
    """The host that sends an ICMP message is a name where it is one of the lab, else an address."""
    rejected = {"verdict": "rejected", "icmp": [3, 1], "origin": "192.0.2.1"}
    for port, tried, sender in (
        ("23/tcp", TRIED, "client"),
        ("9/tcp", {f"reaches client {CLIENT} 9/tcp": rejected}, "192.0.2.1"),
    ):
        outcome = check("reaches", tried, to="client", port=port)
        assert sender == said(outcome)[WITH_ICMP]["sender"]


def test_an_older_observation_has_no_effects() -> None:
    """It says nothing, neither good nor bad."""
    seen = host_state.seen()
    del seen["effects"]
    outcome = Sample(state={"server": seen}).check("writes", host="server", path="/mnt/sample")
    assert (Status.INCONCLUSIVE, True) == (outcome.status, UNTRIED in said(outcome))


@pytest.mark.parametrize(
    ("targets", "reason"),
    [({}, "The state of {host} was not recorded."), ({"client": {}}, BROKE)],
)
def test_a_login_counts_only_beside_the_observation_of_its_target(
    targets: dict[str, Any], reason: str
) -> None:
    """Whoever turned the target off cannot show a login on it."""
    sample = Sample(state={"server": host_state.seen(effects=TRIED), **targets})
    outcome = sample.check("logs_in", host="server", to="client", user="there")
    assert (Status.INCONCLUSIVE, True) == (outcome.status, reason in said(outcome))


@pytest.mark.parametrize(
    ("kind", "params", "key"),
    [
        ("reaches", {"to": "client", "port": "22/tcp"}, f"reaches client {CLIENT} 22/tcp"),
        ("logs_in", {"to": "client", "user": "ada"}, f"logs_in ada ada client {CLIENT}"),
        ("writes", {"path": "/srv"}, "writes student /srv"),
        ("writes", {"path": "/srv", **SHARE}, "writes student /srv"),
        ("resolves", {"name": "www", "by": "dns"}, "resolves www dns"),
        ("reads", {"path": "/srv/a", "contains": "b c"}, "reads student /srv/a 'b c'"),
        ("writes", {"path": "/srv", "host": "printer"}, ""),
        ("reaches", {"to": "printer", "port": "22/tcp"}, ""),
        ("mount", {"path": "/srv"}, ""),
    ],
)
def test_attempt_is_what_a_check_needs(kind: str, params: dict[str, str], key: str) -> None:
    """A check of another kind, or of a host that the lab does not have, needs none."""
    plan, _ = Sample().run()
    needed = attempt(plan, Check(kind, {"host": "server", **params}))
    assert key == (effects.key(needed) if needed else "")
