"""Patterns of knocking at a port: what went out, what came back, how often and after how long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.packets import facts
from sharklab.evidence.packets.knocks import Knock, Pattern, knock, knocks
from sharklab.evidence.packets.model import Packet
from tests.support.capture_files import recording
from tests.support.packets_sample import SERVER, error, packet, shown

DATA = Path(__file__).parents[3] / "data"


def only(*packets: Packet) -> Pattern:
    """Return the pattern of the one port that these packets are about."""
    [knock] = knocks(shown(packets), "udp" if packets[0].transport == "udp" else "tcp", SERVER).values()
    return knock.pattern


SYN = packet(">", "SYN", seq=100)
SYN_ACK = packet("<", "SYN", "ACK", seq=500, ack=101)
OPENED = (SYN, SYN_ACK, packet(">", "ACK", seq=101, ack=501))
CLOSED = (
    packet("<", "FIN", "ACK", seq=501, ack=101),
    packet(">", "FIN", "ACK", seq=101, ack=502),
    packet("<", "ACK", seq=502, ack=102),
)
DATAGRAM = packet(">")


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ((SYN, packet("<", "RST", "ACK", ack=101)), "syn_rst"),
        ((SYN, error(SYN)), "syn_icmp 3/3"),
        ((SYN, error(SYN, 3, 13)), "syn_icmp 3/13"),
        ((SYN, SYN), "syn_retries"),
        (OPENED, "handshake"),
        ((*OPENED, *CLOSED), "handshake_fin"),
        ((*OPENED, packet(">", "RST", "ACK", seq=101)), "handshake_rst"),
        ((*OPENED, CLOSED[0], packet("<", "RST", seq=502)), "handshake_rst"),
        ((*OPENED, CLOSED[0]), "handshake"),
        ((SYN, SYN_ACK, packet(">", "RST", seq=101)), "synack_rst"),
        ((SYN, SYN_ACK), "other"),
        ((packet(">", "ACK"), packet("<", "RST")), "other"),
        ((DATAGRAM, error(DATAGRAM)), "udp_icmp 3/3"),
        ((DATAGRAM, DATAGRAM), "udp_silence"),
        ((DATAGRAM, packet("<")), "udp_answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_knocks_have_a_pattern(packets: tuple[Packet, ...], expected: str) -> None:
    """Each way in which a port answers or does not is told from the others."""
    assert expected == str(only(*packets))


def test_knocks_count_retries_and_measure_the_time_between() -> None:
    """A SYN sent three times is one knock with two intervals."""
    pattern = only(*(replace(SYN, time=at) for at in (10.0, 11.0, 13.0)))
    assert (3, (1.0, 2.0)) == (pattern.count, pattern.intervals)


def test_knocks_of_several_connections_count_together() -> None:
    """A scanner that tries again from another port has sent two SYNs."""
    again = packet(">", "SYN", seq=7, local=40001, at=0.5)
    assert ("syn_retries", 2, (0.5,)) == (
        only(SYN, again).name,
        only(SYN, again).count,
        only(SYN, again).intervals,
    )


def test_knocks_of_several_connections_are_what_tells_most() -> None:
    """A SYN that got lost beside a connection that opened does not make the port silent."""
    assert "handshake_fin" == only(*OPENED, *CLOSED, packet(">", "SYN", seq=7, local=40001)).name


def test_knocks_sort_by_the_ports_of_the_server() -> None:
    """A client's own port is no port of the server, also when it has the number of one."""
    odd = packet(">", "SYN", seq=1, local=60001)
    other = packet(">", "SYN", seq=9, port=60002)
    found = knocks(shown([odd, other, error(other, code=13)]), "tcp", SERVER)
    expected = {60000: ("syn_retries", (1,)), 60002: ("syn_icmp 3/13", (2, 3))}
    assert expected == {port: (str(knock.pattern), knock.packets) for port, knock in found.items()}


def test_knocks_of_another_transport_are_left_out() -> None:
    """A datagram to a port says nothing of TCP."""
    assert {} == knocks(shown([DATAGRAM]), "tcp", SERVER)


def test_pattern_of_a_port_without_packets_is_none() -> None:
    """Nothing was sent: that is a pattern, too."""
    assert ("none", 0, ()) == (str(Knock().pattern), Knock().pattern.count, Knock().packets)


@pytest.mark.parametrize(
    ("expected", "fits"),
    [("syn_icmp", True), ("syn_icmp 3/3", True), ("syn_icmp 3/13", False), ("syn_rst", False)],
)
def test_pattern_fits_what_a_lab_expects(expected: str, fits: bool) -> None:
    """Type and code count when the lab gives them."""
    assert fits is Pattern("syn_icmp", 1, (3, 3)).fits(expected)


@pytest.mark.parametrize(
    ("name", "transport", "expected"),
    [
        ("refused.pcap", "tcp", "syn_rst"),
        ("reject.pcap", "tcp", "syn_icmp 3/13"),
        ("drop.pcap", "tcp", "syn_retries"),
        ("halfclose.pcap", "tcp", "handshake_fin"),
        ("reset.pcap", "tcp", "handshake_rst"),
        ("retried.pcap", "tcp", "handshake_fin"),
        ("udp_reject.pcap", "udp", "udp_icmp 3/3"),
        ("voice.pcap", "udp", "udp_answer"),
    ],
)
def test_knocks_of_recorded_captures(name: str, transport: str, expected: str) -> None:
    """Real packets have the same patterns."""
    found = knocks(facts(recording(DATA / name)), transport, SERVER)
    assert expected in {str(knock.pattern) for knock in found.values()}


def test_knocks_of_a_recorded_drop_show_the_kernels_patience() -> None:
    """Linux sends its first SYNs a second apart (tcp(7), tcp_syn_linear_timeouts of Linux 6.5)."""
    [knock] = knocks(facts(recording(DATA / "drop.pcap")), "tcp", SERVER).values()
    assert [1, 1, 1] == [round(seconds) for seconds in knock.pattern.intervals]


def test_knock_is_what_knocks_says_of_that_port() -> None:
    """One port asked for is the same as that port among all; one that nobody knocked at is empty."""
    seen = shown((*OPENED, *CLOSED))
    [(port, expected)] = knocks(seen, "tcp", SERVER).items()
    assert expected == knock(seen, "tcp", SERVER, port) != Knock()
    assert Knock() == knock(seen, "tcp", SERVER, port + 1) == knock(seen, "udp", SERVER, port)
