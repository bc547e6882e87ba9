"""Cells of a matrix: what passes, what fails and how it is said, and what cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sharklab.checks.cells import Cell, cells_of_run, verdict
from sharklab.checks.context import contexts
from sharklab.checks.judge import outcome as judged
from sharklab.checks.outcome import Outcome, Reference, Status
from sharklab.evidence.packets.model import Packet
from sharklab.i18n import translator
from sharklab.lab.model import Check, Tool
from tests.support import checks_sample
from tests.support.matrix_sample import Changes, Sample, knock, planned, result, zone

WHOLE = Sample()
CELLS = WHOLE.cells()


def words(cell: Cell, language: str = "en") -> str:
    """Return what was found of a cell."""
    return translator(language).say(cell.outcome.found)


def told(sample: Sample, id: str) -> tuple[Status, str]:
    """Return status and words of one cell of a run."""
    cell = sample.cells()[id]
    return cell.outcome.status, words(cell)


def compared_packets(sample: Sample, id: str) -> tuple[str, str]:
    """Return the packets of a cell that were found, and those that were expected in their place."""
    packets = sample.cells()[id].outcome.found.values["packets"].values
    return str(packets["found"]), str(packets["wanted"])


def instead(id: str, where: str, *packets: Packet) -> Callable[[str, str, list[Packet]], Any]:
    """Return a wire on which a cell has other packets on a side ("client", "server" or "both")."""
    return lambda cell, side, as_usual: packets if cell == id and where in (side, "both") else as_usual


def usual(id: str) -> list[Packet]:
    """Return the packets of a cell, as they should be."""
    [trial] = [t for m in planned().lab.matrices for t in m.trials if t.probe == id]
    return knock(id.partition("-")[0], trial.state, trial.tool, trial.port)


def moved(packet: Packet, port: int) -> Packet:
    """Return a packet of another port of the server."""
    ends = {
        side: replace(getattr(packet, side), port=port)
        for side in ("source", "destination")
        if getattr(packet, side).port >= 60000
    }
    return replace(packet, **ends)


@pytest.mark.parametrize("id", CELLS)
def test_cell_passes_when_all_is_as_expected(id: str) -> None:
    """Exit code, verdict, packets and the truth of the port agree with the lab, for each state and tool."""
    assert (Status.PASSED, (), True) == (CELLS[id].outcome.status, CELLS[id].differs, CELLS[id].certain)


def test_cells_have_an_outcome_each() -> None:
    """A matrix is an exercise whose outcomes are its cells'; when all pass it is achieved."""
    verdicts = WHOLE.judge()
    assert {"tcp": 8, "udp": 2} == {id: len(verdict.outcomes) for id, verdict in verdicts.items()}
    assert all(verdict.achieved for verdict in verdicts.values())


def test_cell_says_what_it_is_in_words() -> None:
    """Title, finding and expectation are sentences in both languages."""
    outcome = CELLS["tcp-prohibited-nc"].outcome
    english, french = translator("en"), translator("fr")
    found = "exit code 1; the tool says: unreachable; on the wire: SYN, then ICMP 3/13"
    assert ("nc (OpenBSD), port 60050 prohibited", found) == (
        english.say(outcome.title),
        english.say(outcome.found),
    )
    assert outcome.expected and found == english.say(outcome.expected)
    assert "nc (OpenBSD), port 60050 interdit" == french.say(outcome.title)


def test_cell_names_its_packets_on_both_sides() -> None:
    """The evidence is the command and the packets of its port alone, by capture."""
    cell = CELLS["tcp-closed-nmap"]
    assert {"tcp-client": (3, 4), "tcp-server": (3, 4)} == cell.packets
    expected = (
        Reference(probe="tcp-closed-nmap", host="client"),
        Reference(capture="tcp-client", packets=(3, 4)),
        Reference(capture="tcp-server", packets=(3, 4)),
    )
    assert expected == cell.outcome.evidence


@pytest.mark.parametrize(
    ("changes", "differs", "found"),
    [
        (
            {"exit_code": 0},
            ("exit",),
            "exit code 0 instead of exit code 1; the tool says: refused; on the wire: SYN, then RST",
        ),
        (
            {"stdout": "", "stderr": "Connection timed out"},
            ("verdict",),
            "exit code 1; the tool says: timed out instead of refused; on the wire: SYN, then RST",
        ),
        (
            {"exit_code": None, "timed_out": True, "stdout": ""},
            ("exit", "verdict"),
            "not ended within 180.0 s instead of exit code 1; the tool says: no known message instead of"
            " refused; on the wire: SYN, then RST",
        ),
        (
            {"exit_code": None},
            ("exit",),
            "killed instead of exit code 1; the tool says: refused; on the wire: SYN, then RST",
        ),
    ],
    ids=["exit", "verdict", "timed out", "killed"],
)
def test_cell_fails_when_a_tool_does_something_else(
    changes: Changes, differs: tuple[str, ...], found: str
) -> None:
    """What differs is named with what was expected; the exercise is not achieved."""
    sample = Sample(probes={"tcp-closed-nc": changes})
    assert (Status.FAILED, found) == told(sample, "tcp-closed-nc")
    assert differs == sample.cells()["tcp-closed-nc"].differs
    assert not sample.judge()["tcp"].achieved


def test_cell_fails_when_its_packets_are_others() -> None:
    """A connection that opens and ends by RST is not the half-open scan that was expected."""
    opened = [p for p in usual("tcp-open-nc") if "FIN" not in p.flags][:3]
    sample = Sample(wire=instead("tcp-open-nmap", "both", *(moved(p, 60151) for p in opened)))
    assert Status.FAILED is sample.cells()["tcp-open-nmap"].outcome.status
    assert ("handshake, left open", "SYN, SYN/ACK, then RST") == compared_packets(sample, "tcp-open-nmap")


def test_cell_fails_when_a_tool_sends_nothing() -> None:
    """Without a packet the wire says nothing of the port, but the others do."""
    sample = Sample(wire=instead("tcp-closed-nc", "both"))
    assert ("no packet", "SYN, then RST") == compared_packets(sample, "tcp-closed-nc")
    assert sample.cells()["tcp-closed-nc"].certain


@pytest.mark.parametrize(
    ("id", "status"), [("tcp-open-nc", Status.FAILED), ("tcp-open-nmap", Status.SKIPPED)]
)
def test_cell_of_a_missing_tool_says_so(id: str, status: Status) -> None:
    """A tool that the client lacks is never left out; it is no fault when the lab calls it optional."""
    sample = Sample(probes={id: {"missing": True, "exit_code": None}}, wire=instead(id, "both"))
    found = f"Not available: {id.rpartition('-')[2]} is not installed on client."
    assert (status, found) == told(sample, id)
    assert (status is Status.SKIPPED) is sample.judge()["tcp"].achieved
    assert not sample.cells()[id].available


def test_cells_that_are_all_skipped_achieve_nothing() -> None:
    """Where no tool ran, nothing was shown."""
    sample = Sample(probes={id: {"missing": True} for id in CELLS})
    assert not sample.judge()["tcp"].achieved


@pytest.mark.parametrize(
    ("sample", "id", "said"),
    [
        (
            Sample(probes={"tcp-sockets": {"stdout": "tcp LISTEN 0 5 0.0.0.0:60000 0.0.0.0:*"}}),
            "tcp-closed-nc",
            "ss says not closed",
        ),
        (
            Sample(probes={"tcp-sockets": {"stdout": "tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:*"}}),
            "tcp-open-nc",
            "ss says not open",
        ),
        (
            Sample(probes={"tcp-firewall": {"stdout": zone().replace("60000/tcp", "")}}),
            "tcp-closed-nc",
            "firewalld says prohibited",
        ),
        (
            Sample(probes={"tcp-nft": {"stdout": "table inet x {\n\tchain y {\n\t}\n}\n"}}),
            "tcp-dropped-nc",
            "nft says nothing",
        ),
        (
            Sample(wire=instead("tcp-closed-nc", "both", *usual("tcp-closed-nc")[:1])),
            "tcp-closed-nc",
            "capture tcp-server says dropped",
        ),
        (
            Sample(wire=instead("tcp-closed-nc", "server")),
            "tcp-closed-nc",
            "capture tcp-server says nothing",
        ),
    ],
    ids=["listens", "listens not", "firewalld", "nft", "no answer", "never arrived"],
)
def test_cell_is_inconclusive_when_witnesses_disagree(sample: Sample, id: str, said: str) -> None:
    """Who says what of the port is in the finding, and the run is not achieved, whatever the tool did."""
    outcome = sample.cells()[id].outcome
    assert Status.INCONCLUSIVE is outcome.status
    assert "It is not certain that the port is {state}: {said}." == outcome.found.msgid
    assert said in map(str, outcome.found.values["said"])
    assert not sample.judge()["tcp"].achieved


@pytest.mark.parametrize(
    "probes",
    [
        {"tcp-sockets": None},
        {"tcp-sockets": {"exit_code": 1}},
        {"tcp-sockets": {"truncated": True}},
        {"tcp-firewall": None, "tcp-nft": None},
        {"tcp-closed-nc": None},
    ],
    ids=["no ss", "ss failed", "ss cut", "no rules", "no result"],
)
def test_cell_is_inconclusive_without_evidence(probes: Mapping[str, Changes | None]) -> None:
    """What nobody measured is not known."""
    assert Status.INCONCLUSIVE is told(Sample(probes=probes), "tcp-closed-nc")[0]


@pytest.mark.parametrize("missing", ["tcp-firewall", "tcp-nft"])
def test_cell_needs_one_of_both_lists_of_rules(missing: str) -> None:
    """A host may lack the command nft, or use it without firewalld."""
    assert (
        Status.PASSED
        is told(Sample(probes={missing: {"exit_code": None, "stdout": ""}}), "tcp-dropped-nc")[0]
    )


def test_cell_that_rests_on_silence_is_inconclusive_when_packets_were_lost() -> None:
    """An answer that tcpdump lost may have been there; one that is there, is there."""
    lossy = Sample(dropped=3)
    assert Status.INCONCLUSIVE is told(lossy, "tcp-dropped-nc")[0]
    assert Status.PASSED is told(lossy, "tcp-closed-nc")[0]


def test_cell_that_differs_is_inconclusive_when_packets_were_lost() -> None:
    """A tool that ended otherwise may have met the packets that tcpdump lost."""
    sample = Sample(probes={"tcp-closed-nc": {"exit_code": 0}}, dropped=3)
    assert Status.INCONCLUSIVE is told(sample, "tcp-closed-nc")[0]


@pytest.mark.parametrize("lacking", ["tcp-client", "tcp-server"])
def test_cell_is_inconclusive_without_a_capture(lacking: str) -> None:
    """Both sides are needed: what was sent, and what arrived."""
    assert Status.INCONCLUSIVE is told(Sample(lacking=[lacking]), "tcp-dropped-nc")[0]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("a refusal\nConnection refused", "refused"),
        ("timed out", "timeout"),
        ("", "silent"),
        ("odd", "silent"),
    ],
)
def test_verdict_is_the_first_that_fits(printed: str, expected: str) -> None:
    """The tool's own words are looked for in their order, line by line."""
    tool = Tool(
        "a", "a", says=(("refused", "^Connection refused"), ("timeout", "timed out"), ("closed", "refused"))
    )
    assert expected == verdict(tool, result("a", "client", printed, 0))


def test_verdict_is_none_where_no_tool_ran() -> None:
    """A missing tool says nothing, whatever the shell printed of it."""
    tool = Tool("a", "a", says=(("refused", "refused"),))
    missing = replace(result("a", "client", "refused", 127), missing=True)
    assert ("", "") == (verdict(tool, missing), verdict(tool, None))


def packets_of(sample: Sample, tool: str, state: str) -> Outcome:
    """Return what the check `cell` says of a tool on a TCP port of a run."""
    [context] = [each for each in contexts(*sample.run()) if each.matrix and each.matrix.id == "tcp"]
    return judged(context, Check("cell", {"tool": tool, "state": state}))


@pytest.mark.parametrize("state", ["closed", "prohibited", "dropped", "open"])
@pytest.mark.parametrize("tool", ["nc", "nmap"])
def test_cell_of_packets_passes_as_expected(tool: str, state: str) -> None:
    """The packets of the client's capture are named, and no command is."""
    outcome = packets_of(Sample(), tool, state)
    expected = CELLS[f"tcp-{state}-{tool}"].packets["tcp-client"]
    assert Status.PASSED is outcome.status
    assert (Reference(capture="tcp-client", packets=expected),) == outcome.evidence


def test_cell_of_packets_fails_on_others() -> None:
    """What was there is said beside what was expected; the server's capture does not count."""
    refused = [moved(p, 60150) for p in usual("tcp-closed-nc")]
    outcome = packets_of(Sample(wire=instead("tcp-open-nc", "client", *refused)), "nc", "open")
    found = "SYN, then RST instead of handshake, then FIN or handshake, then RST"
    assert (Status.FAILED, found) == (outcome.status, translator("en").say(outcome.found))
    elsewhere = packets_of(Sample(wire=instead("tcp-open-nc", "server", *refused)), "nc", "open")
    assert Status.PASSED is elsewhere.status


def test_cell_of_packets_is_inconclusive_when_some_were_lost() -> None:
    """An answer that tcpdump lost may have been there."""
    assert Status.INCONCLUSIVE is packets_of(Sample(dropped=3), "nc", "dropped").status


def test_cell_of_packets_is_an_error_without_a_matrix() -> None:
    """The lab asks for what it does not have."""
    outcome = checks_sample.Sample(["ssh.pcap"]).check("cell", tool="nc", state="open")
    assert (Status.ERROR, "LookupError") == (
        outcome.status,
        str(outcome.found.values["error"]).partition(":")[0],
    )


def test_cells_of_an_exercise_without_a_matrix_are_none() -> None:
    """Only a matrix has cells."""
    assert () == cells_of_run(*checks_sample.Sample(["ssh.pcap"]).run())
