"""The messages that packets carry, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.evidence.packets import facts, payload
from sharklab.evidence.packets.explanation import explain
from sharklab.evidence.packets.model import Dns, Nfs, Packet
from tests.support.capture_files import recording
from tests.support.packets_sample import packet

DATA = Path(__file__).parents[3] / "data"
DATAGRAM = packet(">", payload=300)
QUESTION = Dns(1, False, "lab.example", "A", "", ())
CALL = Nfs("0x1", False, ("LOOKUP", "OPEN"), "", ("readme.txt",))


def told(each: Packet) -> list[str]:
    """Return what is said of the content of a packet, in English."""
    return list(map(str, payload.content(each)))


@pytest.mark.parametrize(
    "name", ["Discover", "Offer", "Request", "ACK", "NAK", "Release", "Decline", "Inform"]
)
def test_each_message_of_dhcp_has_its_sentence(name: str) -> None:
    """Tshark's name of the message decides; the transaction's number does not show."""
    [said] = told(replace(DATAGRAM, protocol="DHCP", info=f"DHCP {name}   - Transaction ID 0x1234"))
    assert said.startswith(f"DHCP {name}: ")
    assert "0x1234" not in said


def test_message_of_dhcp_without_a_sentence_is_told_by_tshark() -> None:
    """A server may ask to renew an address, which has no sentence here."""
    [said] = told(replace(DATAGRAM, protocol="DHCP", info="DHCP Force Renew - Transaction ID 0x1"))
    assert "Force Renew" in said


@pytest.mark.parametrize(
    ("each", "fields"),
    [
        (replace(DATAGRAM, dns=(QUESTION,)), ["A", "lab.example"]),
        (replace(DATAGRAM, dns=(replace(QUESTION, response=True, answers=("10.0.0.1",)),)), ["10.0.0.1"]),
        (replace(DATAGRAM, dns=(replace(QUESTION, response=True, rcode="NXDOMAIN"),)), ["NXDOMAIN"]),
        (replace(DATAGRAM, nfs=(CALL,)), ["LOOKUP OPEN", "readme.txt"]),
        (replace(DATAGRAM, nfs=(replace(CALL, reply=True, status="NFS4ERR_NOENT"),)), ["NFS4ERR_NOENT"]),
        (replace(DATAGRAM, protocol="NTP", info="NTP Version 4, client"), ["NTP", "NTP Version 4, client"]),
    ],
)
def test_sentence_has_the_values_of_the_message(each: Packet, fields: list[str]) -> None:
    """DNS and NFS are told by their own values, other protocols by tshark."""
    [said] = told(each)
    assert [field for field in fields if field not in said] == []


@pytest.mark.parametrize("protocol", ["", "UDP", "TCP"])
def test_data_that_tshark_does_not_know_have_no_sentence(protocol: str) -> None:
    """The numbers of a transport are told elsewhere."""
    assert told(replace(DATAGRAM, protocol=protocol, info="40000 > 60000 Len=300")) == []


def test_words_of_tshark_are_cut() -> None:
    """A header of HTTP may be as long as a stranger likes."""
    [said] = told(replace(DATAGRAM, protocol="HTTP", info="GET /" + "x" * 10_000))
    assert len(said) < payload.LONGEST + 100


def test_client_hello_names_the_server() -> None:
    """The name is found in TLS and, since its first packets can be read by all, in QUIC."""
    shown = facts(recording(DATA / "tls_quic.pcap"))
    names = {packet.number: packet.server_name for packet in shown.packets if packet.server_name}
    assert {1: "quic.example", 7: "tls.example"} == names
    said = {each.packet.number: str(each.what) for each in explain(shown, names)}
    assert {1: True, 7: True} == {number: names[number] in text for number, text in said.items()}
