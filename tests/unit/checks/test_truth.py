"""The real state of a port: what sockets, rules and the wire say, alone and together."""

from __future__ import annotations

import pytest

from sharklab.checks import truth
from sharklab.checks.context import contexts
from sharklab.checks.outcome import Reference
from sharklab.checks.truth import ALL, Witness
from sharklab.evidence.packets.knocks import Knock, Pattern
from sharklab.message import Message
from tests.support.matrix_sample import Sample

SENT = Knock(Pattern("syn_rst", 1), (1, 2))
CLOSED, DROPPED = 60001, 60101


def witnesses(sample: Sample, port: int, sent: Knock = SENT, seen: Knock = SENT) -> dict[str, Witness]:
    """Return what each witness says of a TCP port of the run, by its name."""
    [context] = [each for each in contexts(*sample.run()) if each.matrix and each.matrix.id == "tcp"]
    assert context.matrix
    found = truth.ports(context, context.matrix).witnesses(port, sent, seen)
    return {str(witness.name): witness for witness in found}


def test_witnesses_leave_the_state_of_a_port_together() -> None:
    """None of them alone does."""
    found = witnesses(Sample(), CLOSED)
    assert {name: set(each.states) for name, each in found.items()} == {
        "ss": set(ALL - {"open"}),
        "firewalld": {"open", "closed"},
        "nft": {"open", "closed"},
        "capture tcp-server": {"closed", "reset"},
    }
    assert truth.certain(tuple(found.values()), "closed")
    assert not truth.certain(tuple(found.values()), "reset")
    assert not any(truth.certain((each,), "closed") for each in found.values())


def test_witness_refers_to_its_command_or_its_packets() -> None:
    """Commands ran on the server; the packets are those that arrived there."""
    seen = Knock(Pattern("syn_rst", 1), (7, 8))
    assert [each.evidence for each in witnesses(Sample(), CLOSED, SENT, seen).values()] == [
        Reference(probe="tcp-sockets", host="target"),
        Reference(probe="tcp-firewall", host="target"),
        Reference(probe="tcp-nft", host="target"),
        Reference(capture="tcp-server", packets=(7, 8)),
    ]


def test_ss_says_that_a_port_on_which_a_program_listens_is_not_closed() -> None:
    """The firewall may still refuse."""
    sample = Sample(probes={"tcp-sockets": {"stdout": f"tcp LISTEN 0 5 0.0.0.0:{CLOSED} 0.0.0.0:*"}})
    assert ALL - {"closed"} == witnesses(sample, CLOSED)["ss"].states


@pytest.mark.parametrize(
    ("id", "name"), [("tcp-sockets", "ss"), ("tcp-firewall", "firewalld"), ("tcp-nft", "nft")]
)
def test_command_that_failed_or_was_cut_says_nothing(id: str, name: str) -> None:
    """Rules that another command printed count all the same."""
    for changes in (None, {"exit_code": 1}, {"truncated": True}):
        found = witnesses(Sample(probes={id: changes}), CLOSED)  # type: ignore[dict-item]
        assert not found[name].states if name == "ss" else name not in found


def test_rules_of_nobody_leave_a_witness_that_says_nothing() -> None:
    """Without any rules no state is certain."""
    found = witnesses(Sample(probes={"tcp-firewall": None, "tcp-nft": None}), CLOSED)
    assert (set(), False) == (set(found["firewalld"].states), "nft" in found)


def test_wire_is_no_witness_where_the_client_sent_nothing() -> None:
    """Silence is an answer only to a packet."""
    assert "capture tcp-server" not in witnesses(Sample(), DROPPED, Knock())
    assert {"dropped"} == witnesses(Sample(), DROPPED, SENT, Knock(Pattern("syn_retries", 2), (1, 2)))[
        "capture tcp-server"
    ].states


@pytest.mark.parametrize(
    ("pattern", "states"),
    [
        (Pattern("syn_rst", 1), {"closed", "reset"}),
        (Pattern("syn_icmp", 1, (3, 3)), {"rejected"}),
        (Pattern("syn_icmp", 1, (3, 9)), {"prohibited"}),
        (Pattern("syn_icmp", 1, (3, 10)), {"prohibited"}),
        (Pattern("syn_icmp", 1, (3, 13)), {"prohibited"}),
        (Pattern("syn_icmp", 1, (11, 0)), set()),
        (Pattern("syn_retries", 4), {"dropped"}),
        (Pattern("handshake", 1), {"open"}),
        (Pattern("synack_rst", 1), {"open"}),
        (Pattern("udp_answer", 1), {"open"}),
        (Pattern("udp_icmp", 1, (3, 3)), {"closed", "rejected"}),
        (Pattern("udp_icmp", 1, (3, 13)), {"prohibited"}),
        (Pattern("udp_silence", 1), {"dropped", "open"}),
        (Pattern("none"), set()),
        (Pattern("other", 1), set()),
    ],
)
def test_by_pattern_gives_the_states_that_answer_so(pattern: Pattern, states: set[str]) -> None:
    """A RST may come from a closed port or from a firewall; a pattern that no port makes has no state."""
    assert states == truth.by_pattern(pattern)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (set(), "ss says nothing"),
        ({"closed"}, "ss says closed"),
        ({"reset", "closed"}, "ss says closed or rejected by RST"),
        (ALL - {"open"}, "ss says not open"),
    ],
)
def test_said_is_short(states: set[str], said: str) -> None:
    """What is left, or the one state that is not."""
    assert said == str(Witness(Message("ss"), frozenset(states), Reference()).said)


@pytest.mark.parametrize(
    "line",
    [
        "udp UNCONN 0 0 0.0.0.0:{port} 0.0.0.0:*",
        "tcp LISTEN 0 5 127.0.0.1:{port} 0.0.0.0:*",
        "tcp LISTEN 0 5 [::1]:{port} [::]:*",
    ],
)
def test_ss_says_not_open_where_a_program_listens_elsewhere(line: str) -> None:
    """The same number of another transport, or on the loopback interface alone."""
    sample = Sample(probes={"tcp-sockets": {"stdout": line.format(port=CLOSED)}})
    assert ALL - {"open"} == witnesses(sample, CLOSED)["ss"].states
