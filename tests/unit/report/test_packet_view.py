"""A capture in the report: its pictures, its rows, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sharklab.evidence.packets.model import Facts
from sharklab.i18n import translator
from sharklab.message import Message
from sharklab.report import packet_view
from sharklab.report.packet_view import PacketView
from tests.support import report_sample as sample

HOSTS = {"10.31.4.17": "server", "10.31.4.203": "client"}


def view(facts: Facts, *evidence: tuple[int, ...], language: str = "en", ladders: int = 4) -> PacketView:
    """Return the capture `ssh` of a report with these facts."""
    return packet_view.packet_view("ssh", facts, HOSTS, evidence, translator(language), ladders)


def test_hosts_are_known_by_both_addresses(tmp_path: Path) -> None:
    """IPv4 and IPv6 addresses of each host."""
    found = packet_view.hosts(sample.plan(tmp_path))
    assert ("server", "client") == (found["10.31.4.17"], found["10.31.4.203"])
    assert ["server", "server", "client", "client"] == list(found.values())


def test_rows_name_the_handshake_and_the_closing() -> None:
    """The table says which packets open and close, and marks those that are evidence."""
    rows = view(sample.ssh_facts(), (1, 2, 3), (40,)).rows
    roles = [packet_view.HANDSHAKE] * 3 + [packet_view.CLOSING] * 3
    assert roles == [row.role for row in rows if row.role]
    assert [1, 2, 3, 40] == [row.packet.number for row in rows if row.marked]


def test_rows_have_roles_in_the_language_of_the_reader() -> None:
    """The role of a packet is a word of the page."""
    rows = view(sample.ssh_facts(), language="fr").rows
    assert translator("fr").gettext(packet_view.CLOSING) == rows[-1].role != packet_view.CLOSING


def test_rows_have_times_since_the_first_packet() -> None:
    """The first packet is at zero; anchors have the numbers of Wireshark."""
    facts = sample.ssh_facts()
    rows = view(facts).rows
    assert (0.0, "packet-ssh-1") == (rows[0].time, rows[0].anchor)
    assert facts.packets[-1].time - facts.packets[0].time == rows[-1].time


def test_rows_name_the_side_that_resets() -> None:
    """A reset is told from a closing by FIN."""
    facts = sample.ssh_facts()
    talk = replace(facts.conversations[0], resets=(5,))
    rows = view(replace(facts, conversations=(talk,))).rows
    assert [5] == [row.packet.number for row in rows if row.role == packet_view.RESET]


def test_rows_are_not_marked_by_a_whole_conversation() -> None:
    """Where everything is evidence, marking it all would show nothing."""
    assert not any(row.marked for row in view(sample.ssh_facts(), tuple(range(1, 67))).rows)


def test_rows_beyond_the_bound_keep_the_evidence() -> None:
    """A long table is cut, but not the packets that an outcome rests on."""
    shown = view(sample.ssh_facts(1000), (777,))
    assert (301, 777, 705) == (len(shown.rows), shown.rows[-1].packet.number, shown.rows_left)


def test_pictures_are_bounded_and_counted() -> None:
    """The conversations without a picture are counted; without any picture nothing is counted."""
    facts = sample.ssh_facts()
    [talk] = facts.conversations
    many = tuple(replace(talk, client=replace(talk.client, port=port)) for port in range(50000, 50006))
    shown = [view(replace(facts, conversations=many), ladders=ladders) for ladders in (4, 0)]
    assert [(4, 2), (0, 0)] == [(len(each.pictures), each.pictures_left) for each in shown]


def test_view_of_a_flawed_capture_says_so() -> None:
    """A cut file, short packets and a problem are told beside the rows."""
    facts = replace(sample.ssh_facts(), cut=True, problem=Message("the capture is empty"))
    shown = view(facts)
    assert (True, 0, str(facts.problem)) == (shown.cut, shown.truncated, shown.problem)


def test_view_without_packets_has_no_rows() -> None:
    """An empty capture is shown without a table."""
    assert ((), (), 0) == (view(Facts()).rows, view(Facts()).pictures, view(Facts()).rows_left)
