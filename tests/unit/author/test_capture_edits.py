"""Damage done to captures: just what is meant, as tshark reads the damaged file."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from sharklab.author import capture_edits
from sharklab.evidence.packets import facts, records
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.model import Facts
from sharklab.evidence.packets.records import Pcap
from sharklab.lab.model import Address
from tests.support.capture_files import recording

DATA = Path(__file__).parents[2] / "data"
Edit = Callable[[Pcap, Facts], Pcap]
Damaged = Callable[[str, Edit], tuple[Facts, Facts, Path]]


@pytest.fixture
def done(tmp_path: Path) -> Damaged:
    """Return a function that damages a recorded capture and tells what it showed before and after."""

    def damaged(name: str, edit: Edit) -> tuple[Facts, Facts, Path]:
        before, file = facts(recording(DATA / name)), tmp_path / name
        records.write(file, edit(records.read(open_capture(DATA / name)), before))
        return before, facts(recording(file)), file

    return damaged


def test_without_fin_leaves_everything_else(done: Damaged) -> None:
    """No packet has a FIN, and the same data went over the wire."""
    before, after, _ = done(
        "ssh.pcap", lambda pcap, all: capture_edits.without_fin(pcap, all, all.conversations)
    )
    [was], [now] = before.conversations, after.conversations
    assert ("fin", "") == (was.closed_by, now.closed_by)
    assert [] == [packet for packet in after.packets if "FIN" in packet.flags]
    assert (was.handshake, was.client_bytes, was.server_bytes) == (
        now.handshake,
        now.client_bytes,
        now.server_bytes,
    )


def test_without_fin_keeps_what_it_brought_along(done: Damaged) -> None:
    """A FIN with data loses its flag and no byte."""
    before, after, _ = done(
        "halfclose.pcap", lambda pcap, all: capture_edits.without_fin(pcap, all, all.conversations)
    )
    was, now = before.conversations[0], after.conversations[0]
    assert (was.client_bytes, was.server_bytes) == (now.client_bytes, now.server_bytes)
    assert () == now.fins


def test_with_reset_cuts_the_connection_off(done: Damaged) -> None:
    """Who said FIN first says RST instead, and all that followed is gone."""
    before, after, _ = done(
        "ssh.pcap", lambda pcap, all: capture_edits.with_reset(pcap, all, all.conversations)
    )
    [was], [now] = before.conversations, after.conversations
    assert ("fin", "rst") == (was.closed_by, now.closed_by)
    assert (was.fins[:1], ()) == (now.resets, now.fins)
    assert (was.client_bytes, was.server_bytes) == (now.client_bytes, now.server_bytes)


def test_without_syn_ack_has_no_handshake(done: Damaged) -> None:
    """The client is still known by its SYN."""
    before, after, _ = done(
        "ssh.pcap", lambda pcap, all: capture_edits.without_syn_ack(pcap, all, all.conversations)
    )
    [was], [now] = before.conversations, after.conversations
    assert (was.client, was.client_start, ()) == (now.client, now.client_start, now.handshake)
    assert len(before.packets) - 1 == len(after.packets)


def test_one_way_leaves_what_the_client_sent(done: Damaged) -> None:
    """Questions without answers."""
    _, after, _ = done("dns.pcap", lambda pcap, all: capture_edits.one_way(pcap, all, all.conversations))
    assert after.dns
    assert {0} == {exchange.answer for exchange in after.dns}


def test_with_stray_adds_an_arp_question(done: Damaged) -> None:
    """At the end, from a host of the seat."""
    at = Address("lan", IPv4Interface("10.77.5.2/24"), IPv6Interface("fd77:5::2/64"), "02:00:00:00:00:02")
    before, after, _ = done("ssh.pcap", lambda pcap, _: capture_edits.with_stray(pcap, at))
    assert before.packets == after.packets[:-1]
    assert ("arp", "10.77.5.2") == (after.packets[-1].transport, after.packets[-1].source.address)
    assert "Who has 192.0.2.2? Tell 10.77.5.2" == after.packets[-1].info


@pytest.mark.parametrize("name", ["ssh.pcap", "ssh6.pcap", "dns.pcap"])
def test_headers_only_keeps_all_headers(done: Damaged, name: str) -> None:
    """Over IPv4 and IPv6, of TCP and UDP: ends, flags and lengths are as they were, contents are gone."""
    before, after, _ = done(name, lambda pcap, _: capture_edits.headers_only(pcap))
    kept = [(p.source, p.destination, p.flags, p.seq, p.payload, p.length) for p in before.packets]
    assert kept == [(p.source, p.destination, p.flags, p.seq, p.payload, p.length) for p in after.packets]
    assert () == after.dns
    assert [p.number for p in before.packets if p.payload] == list(after.truncated)


def test_later_moves_every_packet(done: Damaged) -> None:
    """By the same time, so that nothing but the hour is different."""
    before, after, _ = done("ssh.pcap", lambda pcap, _: capture_edits.later(pcap, 3600))
    assert [3600.0] * len(before.packets) == [
        pytest.approx(b.time - a.time) for a, b in zip(before.packets, after.packets, strict=True)
    ]


def test_with_words_replaces_them_in_any_case(done: Damaged) -> None:
    """A token is found no more, and the other one in the same packets; nothing else moves."""
    before, after, file = done(
        "dns.pcap", lambda pcap, _: capture_edits.with_words(pcap, {"TOK7F3A": "other99"})
    )
    assert open_capture(DATA / "dns.pcap").search("tok7f3a") == open_capture(file).search("other99") != ()
    assert () == open_capture(file).search("tok7f3a")
    assert [p.length for p in before.packets] == [p.length for p in after.packets]
