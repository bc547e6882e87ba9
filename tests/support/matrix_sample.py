"""A run of the matrices of tests/golden/labs/matrix, made by hand: each cell is as it should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TypedDict

from sharklab.checks import judge
from sharklab.checks.cells import Cell, cells_of_run
from sharklab.checks.outcome import Verdict
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets.model import Facts, Packet
from sharklab.evidence.run_folder import Evidence, ProbeResult
from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from tests.support.capture_files import COUNTED, with_facts
from tests.support.packets_sample import error, packet, shown

LAB = Path(__file__).parents[1] / "golden" / "labs" / "matrix" / "lab.yml"
ZONE = """public (active)
  target: default
  interfaces: lan
  services: ssh
  ports: {ports}
  rich rules:
{rules}"""
RICH = '\trule family="ipv4" port port="{port}" protocol="{transport}" drop\n'
RULESET = """table inet firewalld {{
	chain filter_INPUT {{
		type filter hook input priority filter + 10; policy accept;
		ct state {{ established, related }} accept
		iifname "lo" accept
		jump filter_INPUT_ZONES
		reject with icmpx admin-prohibited
	}}
	chain filter_INPUT_ZONES {{
		iifname "lan" goto filter_IN_public
		goto filter_IN_public
	}}
	chain filter_IN_public {{
		jump filter_IN_public_deny
		jump filter_IN_public_allow
		meta l4proto {{ icmp, ipv6-icmp }} accept
		reject with icmpx admin-prohibited
	}}
	chain filter_IN_public_deny {{
{denied}	}}
	chain filter_IN_public_allow {{
{allowed}	}}
}}
"""
SAID = {
    ("nc", "closed"): (1, "failed: Connection refused"),
    ("nc", "prohibited"): (1, "failed: No route to host"),
    ("nc", "dropped"): (1, "failed: Connection timed out"),
    ("nc", "open"): (0, "Connection to 10.1.2.3 60150 port [tcp/*] succeeded!"),
    ("nmap", "closed"): (0, "60001/tcp closed unknown"),
    ("nmap", "prohibited"): (0, "60051/tcp filtered unknown"),
    ("nmap", "dropped"): (0, "60101/tcp filtered unknown"),
    ("nmap", "open"): (0, "60151/tcp open unknown"),
}
QUIET = {"closed": 1, "dropped": 0}


@cache
def planned(pace: str = "fast") -> Plan:
    """Return the plan of the lab for a known seat."""
    lab = load.read(LAB)
    return make_plan(lab, seat.derive(lab, "alice", bytes(range(32))), pace)


def knock(transport: str, state: str, tool: str, port: int) -> list[Packet]:
    """Return the packets of one cell, as they should be."""
    [matrix] = [each for each in planned().lab.matrices if each.id == transport]
    client = str(planned().seat.address("client", "lan").ipv4.ip)
    seen = partial(packet, ends=(client, matrix.address), port=port)
    if transport == "udp":
        datagram = seen(">")
        return [datagram, error(datagram)] if state == "closed" else [datagram, datagram]
    syn, answer = seen(">", "SYN", seq=1), seen("<", "SYN", "ACK", seq=9, ack=2)
    fins = (
        seen("<", "FIN", "ACK", seq=10, ack=2),
        seen(">", "FIN", "ACK", seq=2, ack=11),
        seen("<", "ACK", seq=11, ack=3),
    )
    half, whole = [seen(">", "RST", seq=2)], [seen(">", "ACK", seq=2, ack=10), *fins]
    return {
        "closed": [syn, seen("<", "RST", "ACK", ack=2)],
        "prohibited": [syn, error(syn, code=13)],
        "dropped": [syn, syn],
        "open": [syn, answer, *(half if tool == "nmap" else whole)],
    }[state]


def results() -> dict[str, ProbeResult]:
    """Return what each probe printed, by its id."""
    found = {}
    for each in planned().lab.matrices:
        for trial in each.trials:
            quiet = (QUIET.get(trial.state, 0), "")
            code, said = quiet if each.transport == "udp" else SAID[trial.tool, trial.state]
            found[trial.probe] = result(trial.probe, "client", said, code)
        for name, printed in (("sockets", listening()), ("firewall", zone()), ("nft", ruleset())):
            id = f"{each.id}-{name}"
            found[id] = result(id, "target", printed, 0)
    return found


def result(id: str, host: str, printed: str, code: int) -> ProbeResult:
    """Return the result of a probe that printed something."""
    return ProbeResult(id, host, ("true",), "root", 0.0, 0.1, code, False, False, printed, "", False)


def ports(*states: str) -> list[tuple[str, int]]:
    """Return transport and number of every port of those states."""
    return [
        (each.transport, trial.port)
        for each in planned().lab.matrices
        for trial in each.trials
        if trial.state in states
    ]


def listening() -> str:
    """Return what `ss -Hlntu` prints."""
    lines = [f"tcp   LISTEN 0      4096   0.0.0.0:{port}   0.0.0.0:*" for _, port in ports("open")]
    return "\n".join(["tcp   LISTEN 0      128    0.0.0.0:22      0.0.0.0:*", *lines])


def zone() -> str:
    """Return what `firewall-cmd --list-all` prints."""
    opened = " ".join(f"{port}/{transport}" for transport, port in ports("open", "closed"))
    rules = "".join(RICH.format(port=port, transport=transport) for transport, port in ports("dropped"))
    return ZONE.format(ports=opened, rules=rules)


def ruleset() -> str:
    """Return what `nft list ruleset` prints."""
    return RULESET.format(
        denied="".join(f"\t\t{transport} dport {port} drop\n" for transport, port in ports("dropped")),
        allowed="".join(
            f"\t\t{transport} dport {port} accept\n" for transport, port in ports("open", "closed")
        ),
    )


class Changes(TypedDict, total=False):
    """What of a probe's result is otherwise; see `ProbeResult`."""

    exit_code: int | None
    stdout: str
    stderr: str
    timed_out: bool
    missing: bool
    truncated: bool


UNCHANGED: Changes = {}


@dataclass(frozen=True)
class Sample:
    """The run; `probes` are changes of results by probe id (None: no result), `wire` of packets by cell.

    `wire` takes the id of a cell's probe and the side, and returns its packets; `dropped` counts the
    packets that tcpdump lost; `lacking` are captures that are not there.
    """

    probes: Mapping[str, Changes | None] = field(default_factory=dict)
    wire: Callable[[str, str, list[Packet]], Sequence[Packet]] = lambda id, side, packets: packets
    dropped: int = 0
    lacking: Sequence[str] = ()

    def cells(self) -> dict[str, Cell]:
        """Return the cells by the ids of their probes."""
        return {cell.probe.id: cell for cell in cells_of_run(*self.run())}

    def judge(self) -> dict[str, Verdict]:
        """Return the verdicts by exercise."""
        return {verdict.exercise: verdict for verdict in judge(*self.run())}

    def run(self) -> tuple[Plan, Evidence]:
        """Return plan and evidence, as `analysis.analyse` does."""
        changed = {
            id: replace(each, **changes)
            for id, each in results().items()
            if (changes := self.probes.get(id, UNCHANGED)) is not None
        }
        captures = {
            capture.id: self._capture(capture.id)
            for exercise in planned().lab.exercises
            for capture in exercise.captures
            if capture.id not in self.lacking
        }
        return planned(), Evidence(LAB.parent, {}, changed, (), captures)

    def _capture(self, id: str) -> RecordedCapture:
        return with_facts(LAB, self._facts(*id.split("-")), replace(COUNTED, dropped=self.dropped), id)

    def _facts(self, transport: str, side: str) -> Facts:
        [each] = [each for each in planned().lab.matrices if each.id == transport]
        return shown(
            packet
            for trial in each.trials
            for packet in self.wire(trial.probe, side, knock(transport, trial.state, trial.tool, trial.port))
        )
