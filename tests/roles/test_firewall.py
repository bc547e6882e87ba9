"""Role firewall: what the zone opens, in force and permanently, and what a neighbour meets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]
HOSTS = ("server", "client", "desktop")


def rules(host: Host, *options: str) -> dict[str, list[str]]:
    """Return what `firewall-cmd --list-all` prints of zone public, sorted, without the cards in it."""
    text = host.check_output(" ".join(["firewall-cmd", *options, "--zone=public", "--list-all"]))
    pairs = (line.strip().partition(":") for line in text.splitlines()[1:])
    return {key: sorted(value.split()) for key, _, value in pairs if key != "interfaces"}


@pytest.mark.parametrize("name", HOSTS)
def test_firewall_is_active_now_and_after_a_reboot(host_of: HostOf, name: str) -> None:
    """firewalld runs, starts with the host, and its default zone is public."""
    host = host_of(name)
    service = host.service("firewalld")
    default = host.check_output("firewall-cmd --get-default-zone")
    assert (True, True, "public") == (service.is_running, service.is_enabled, default)


@pytest.mark.parametrize("name", HOSTS)
def test_zone_opens_what_the_lab_lists_and_no_more(host_of: HostOf, plan: Plan, name: str) -> None:
    """Services, ports and rich rules are those of lab.yml, nothing that the distribution opens."""
    wanted = plan.lab.host(name).vars
    found = rules(host_of(name))
    assert sorted(wanted["firewall_services"]) == found["services"]
    assert sorted(wanted.get("firewall_ports", [])) == found["ports"]
    assert [] == found["rich rules"]


@pytest.mark.parametrize("name", HOSTS)
def test_rules_are_the_same_after_a_reload(host_of: HostOf, name: str) -> None:
    """What filters now is what is kept for the next boot."""
    host = host_of(name)
    assert rules(host, "--permanent") == rules(host)


@pytest.mark.parametrize("name", HOSTS)
def test_lan_is_in_the_closed_zone(host_of: HostOf, name: str) -> None:
    """The lab's network card is in zone public."""
    assert "public" == host_of(name).check_output("firewall-cmd --get-zone-of-interface=lan")


def test_neighbour_is_refused_on_a_closed_port(host_of: HostOf, plan: Plan) -> None:
    """The firewall, not the missing server, refuses: the answer is `administratively prohibited`."""
    server = plan.seat.address("server", "lan").ipv4.ip
    done = host_of("client").run(f"nc -z -v -w 5 {server} 8000")
    assert (1, True) == (done.rc, "No route to host" in done.stderr)
