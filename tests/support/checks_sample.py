"""A plan and evidence made of recorded captures, for tests of the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from typing import Any

from sharklab.checks import judge
from sharklab.checks.context import Context, contexts
from sharklab.checks.outcome import Answer, Outcome
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import DecodedCapture, Facts
from sharklab.evidence.run_folder import Evidence, ProbeResult, SocketLine
from sharklab.grading.marking.model import Decision
from sharklab.i18n import translator
from sharklab.lab.model import (
    Address,
    Capture,
    Check,
    Exercise,
    ExpectedConversation,
    Host,
    Lab,
    Network,
    Plan,
    Probe,
    Seat,
    Service,
)
from tests.support.capture_files import COUNTED, recording, with_facts
from tests.support.plans import plain
from tests.support.sentences import sentences

DATA = Path(__file__).parents[1] / "data"
ASKED = ExpectedConversation("client", "server")
ADDRESSES = {"client": 1, "server": 2, "desktop": 3}


@cache
def shown(name: str) -> Facts:
    """Return the facts of a recorded capture."""
    return facts(recording(DATA / name))


def lines(name: str) -> tuple[SocketLine, ...]:
    """Return the lines of ss that were recorded on both hosts with the capture `name`."""
    return tuple(
        SocketLine(host, line, 0.0, 1.0)
        for host in ("client", "server")
        if (DATA / f"{name}.{host}.ss").exists()
        for line in (DATA / f"{name}.{host}.ss").read_text().splitlines()
    )


def result(id: str = "probe", **values: Any) -> ProbeResult:
    """Return the result of a probe that ended well and printed nothing, but for `values`."""
    good = ProbeResult(id, "client", ("true",), "root", 0.0, 0.1, 0, False, False, "", "", False)
    return replace(good, **values)


@dataclass(frozen=True)
class Sample:
    """One exercise about recorded captures; `facts` overrides what is read from them."""

    captures: Sequence[str] = ()
    conversation: ExpectedConversation | None = ASKED
    sockets: tuple[SocketLine, ...] = ()
    results: Sequence[ProbeResult] = ()
    probes: Sequence[Probe] = (Probe("probe", "client", ("true",)),)
    facts: Mapping[str, Facts] = field(default_factory=dict)
    dropped: int = 0
    counted: bool = True
    services: tuple[Service, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)

    def check(self, kind: str, **params: Any) -> Outcome:
        """Return what one check says."""
        [verdict] = judge(*self.run(checks=(Check(kind, params),)))
        return verdict.outcomes[0]

    def ask(self, question: str) -> Answer:
        """Return the answer to one question."""
        [verdict] = judge(*self.run(questions=(question,)))
        return verdict.answers[0]

    def context(self) -> Context:
        """Return the input of a check."""
        [context] = contexts(*self.run())
        return context

    def run(self, checks: tuple[Check, ...] = (), questions: tuple[str, ...] = ()) -> tuple[Plan, Evidence]:
        """Return plan and evidence."""
        captures = tuple(Capture(name, "client", "lan", "") for name in self.captures)
        exercise = Exercise(
            id="one",
            part="I",
            title={},
            text={},
            conversation=self.conversation,
            captures=captures,
            probes=tuple(self.probes),
            checks=checks,
            questions=questions,
            services=self.services,
        )
        return _plan(exercise), self._evidence()

    def _evidence(self) -> Evidence:
        captures = {name: self._capture(name) for name in self.captures if self._is_there(name)}
        return Evidence(
            DATA, {}, {result.id: result for result in self.results}, self.sockets, captures, self.state
        )

    def _is_there(self, name: str) -> bool:
        return name in self.facts or (DATA / name).exists()

    def _capture(self, name: str) -> RecordedCapture:
        facts = self.facts[name] if name in self.facts else shown(name)
        counted = replace(COUNTED, dropped=self.dropped) if self.counted else None
        return with_facts(DATA / name, facts, counted, name)


def _plan(exercise: Exercise) -> Plan:
    hosts = tuple(Host(name, {}, ("lan",), ()) for name in ADDRESSES)
    lab = Lab("sample", DATA, {}, {}, (Network("lan"),), hosts, (exercise,))
    addresses = {name: {"lan": _address(number)} for name, number in ADDRESSES.items()}
    seat = Seat("sample", "ada", "0" * 8, "tok7f3a", "tok7f3a.lab.example", "share", addresses, DATA)
    return plain(lab, seat)


def _address(number: int) -> Address:
    ipv4, ipv6 = IPv4Interface(f"10.77.5.{number}/24"), IPv6Interface(f"fd77:5::{number}/64")
    return Address("lan", ipv4, ipv6, f"02:00:00:00:00:0{number}")


def without(name: str, *numbers: int) -> Facts:
    """Return the facts of a recorded capture as if some packets had not been sent."""
    kept = [packet for packet in shown(name).packets if packet.number not in numbers]
    return facts(DecodedCapture(tuple(replace(packet, number=i) for i, packet in enumerate(kept, 1))))


def words(item: Outcome | Answer) -> str:
    """Return what was found, in English."""
    return translator("en").say(item.found)


def said(item: Outcome | Answer | Decision) -> dict[str, Mapping[str, Any]]:
    """Return the message ids of the sentences of what was found, each with its values."""
    return sentences(item.found)
