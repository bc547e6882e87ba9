"""Where a machine is on the network, and which of a host's variables follow from that."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.errors import InputError
from sharklab.hosts import address


def card(device: str, ipv4: str, *ipv6: tuple[str, str]) -> dict[str, Any]:
    """Return the facts of a network card."""
    return {
        "device": device,
        "ipv4": {"address": ipv4, "prefix": "24"},
        "ipv6": [{"address": address, "prefix": "64", "scope": scope} for address, scope in ipv6],
    }


FACTS: dict[str, Any] = {
    "interfaces": ["lo", "eth0", "br-lan", "tun0"],
    "lo": card("lo", "127.0.0.1"),
    "eth0": card("eth0", "192.0.2.5", ("fe80::5", "link")),
    "br_lan": card("br-lan", "198.51.100.5", ("fe80::6", "link"), ("2001:db8::6", "global")),
    "tun0": {"device": "tun0"},
    "default_ipv4": {"interface": "br-lan"},
}
ETH0 = {"interface": "eth0", "ipv4": "192.0.2.5/24", "ipv6": "fe80::5/64"}
BR_LAN = {"interface": "br-lan", "ipv4": "198.51.100.5/24", "ipv6": "2001:db8::6/64"}


@pytest.mark.parametrize(
    ("reached", "place"),
    [("192.0.2.5", ETH0), ("2001:db8::6", BR_LAN), ("vm1.example", BR_LAN), ("127.0.0.1", BR_LAN)],
    ids=["by address", "by IPv6", "by name", "never lo"],
)
def test_find_prefers_the_card_that_is_reached(reached: str, place: dict[str, str]) -> None:
    """The card with the address counts, else the card of the default route."""
    assert place == address.find(FACTS, reached)


def test_find_without_ipv6_leaves_it_out() -> None:
    """A machine may have no IPv6 at all."""
    facts = {"interfaces": ["eth0"], "eth0": {"device": "eth0", "ipv4": FACTS["eth0"]["ipv4"]}}
    assert {"interface": "eth0", "ipv4": "192.0.2.5/24"} == address.find(facts)


def test_find_without_a_card_is_an_error() -> None:
    """A machine with nothing but its loopback cannot be a host of a lab."""
    with pytest.raises(InputError):
        address.find({"interfaces": ["lo"], "lo": FACTS["lo"]})


def test_variables_names_the_real_card() -> None:
    """Captures on the first network move to its card; those on another network stay."""
    variables = {
        "lab": "tp4",
        "lab_interfaces": {"lan": "lan", "wan": "wan"},
        "capture_captures": [{"id": "a", "interface": "lan"}, {"id": "b", "interface": "wan"}],
    }
    assert {
        "lab": "tp4",
        "lab_interfaces": {"lan": "ens3", "wan": "wan"},
        "capture_captures": [{"id": "a", "interface": "ens3"}, {"id": "b", "interface": "wan"}],
    } == address.variables(variables, "ens3")
