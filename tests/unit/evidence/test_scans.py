"""Read what nmap writes."""

from __future__ import annotations

import pytest

from sharklab.evidence.scans import Scanned, read_scan
from tests.support.packets_sample import SERVER
from tests.support.scans_sample import xml


def test_read_scan_takes_each_port() -> None:
    """Address, port, state, reason and name, as nmap has them; the MAC address is no address."""
    found = read_scan(xml("22/tcp open syn-ack ssh", "514/udp open|filtered no-response syslog"))
    assert found == (
        Scanned(SERVER, "tcp", 22, "open", "syn-ack", "ssh"),
        Scanned(SERVER, "udp", 514, "open|filtered", "no-response", "syslog"),
    )
    assert ["22/tcp", "514/udp"] == [each.name for each in found]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no element"),
        ("Starting Nmap 7.93", "syntax"),
        (xml("22/tcp open syn-ack ssh")[:-20], "unclosed"),
        ("<html></html>", "nmaprun"),
        ('<!DOCTYPE n [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><nmaprun>&b;</nmaprun>', "ENTITY"),
    ],
    ids=["empty", "not XML", "cut", "not nmap's", "entities"],
)
def test_read_scan_refuses_what_is_not_nmaps(text: str, reason: str) -> None:
    """Nothing is made up of a text that nmap did not write whole."""
    with pytest.raises(ValueError, match=reason):
        read_scan(text)
