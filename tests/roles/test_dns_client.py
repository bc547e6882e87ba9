"""Role dns_client: the system's own resolver configuration, in effect and after a reboot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]
CLIENTS = ["client", "desktop"]


@pytest.mark.parametrize("name", CLIENTS)
def test_resolver_asks_the_server_of_the_lab(host_of: HostOf, plan: Plan, name: str) -> None:
    """What every program of the system reads names that server and the zone, and nobody else."""
    lines = host_of(name).file("/etc/resolv.conf").content_string.splitlines()
    expected = [f"search {plan.seat.domain}", f"nameserver {plan.seat.address('server', 'lan').ipv4.ip}"]
    assert expected == [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("name", CLIENTS)
def test_connection_keeps_the_servers(host_of: HostOf, plan: Plan, name: str) -> None:
    """NetworkManager has them in the connection's profile, from which it starts after a reboot."""
    found = host_of(name).check_output("nmcli --get-values ipv4.dns,ipv4.dns-search connection show lan")
    expected = [str(plan.seat.address("server", "lan").ipv4.ip), plan.seat.domain]
    assert expected == found.splitlines()


@pytest.mark.parametrize("name", CLIENTS)
def test_system_finds_a_short_name(host_of: HostOf, plan: Plan, name: str) -> None:
    """The C library, asked as any program asks, looks in the zone of the seat."""
    found = host_of(name).check_output("getent ahostsv4 server")
    assert str(plan.seat.address("server", "lan").ipv4.ip) == found.split()[0]


@pytest.mark.parametrize("name", CLIENTS)
def test_host_asks_for_a_aaaa_and_mx(host_of: HostOf, plan: Plan, name: str) -> None:
    """The command of the exercise, without naming a server, gets all three answers."""
    found = host_of(name).check_output("host %s", plan.seat.domain)
    assert ["has address", "has IPv6 address", "mail is handled by 10"] == [
        words for words in ("has address", "has IPv6 address", "mail is handled by 10") if words in found
    ]
