"""Role dns_server: what the resolver of the lab answers, asked from another host."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]


def ask(host_of: HostOf, plan: Plan, *words: str) -> str:
    """Return dig's output for a question that client puts to server itself."""
    server = str(plan.seat.address("server", "lan").ipv4.ip)
    return str(host_of("client").check_output("dig @%s +noall +comments +answer " + " ".join(words), server))


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_server_answers_with_the_address_of_a_host(host_of: HostOf, plan: Plan, transport: str) -> None:
    """A of each host and AAAA of the zone itself, over UDP and over TCP."""
    for name in ("server", "client", "desktop"):
        address = plan.seat.address(name, "lan")
        assert str(address.ipv4.ip) in ask(host_of, plan, transport, f"{name}.{plan.seat.domain}", "A")
    own = plan.seat.address("server", "lan").ipv6.ip
    assert str(own) in ask(host_of, plan, transport, plan.seat.domain, "AAAA")


def test_server_answers_with_the_mail_server_of_the_zone(host_of: HostOf, plan: Plan) -> None:
    """MX, as in the exercise."""
    assert f"10 mail.{plan.seat.domain}." in ask(host_of, plan, plan.seat.domain, "MX")


def test_server_answers_with_the_name_of_an_address(host_of: HostOf, plan: Plan) -> None:
    """Every host's address leads back to its own name, not to that of a service on it."""
    for name in ("server", "client"):
        number = plan.seat.address(name, "lan").ipv4.ip
        assert f"{name}.{plan.seat.domain}." in ask(host_of, plan, "-x", str(number))


def test_server_answers_nxdomain_for_a_name_that_is_missing(host_of: HostOf, plan: Plan) -> None:
    """In its own zone the server knows what does not exist."""
    assert "status: NXDOMAIN" in ask(host_of, plan, f"missing.{plan.seat.domain}", "A")


def test_server_refuses_other_zones_at_once(host_of: HostOf, plan: Plan) -> None:
    """A lab has no way out; one try within a second is enough to be told so."""
    assert "status: REFUSED" in ask(host_of, plan, "+tries=1", "+time=1", "example.org", "A")


def test_server_runs_after_a_reboot(host_of: HostOf) -> None:
    """It runs, it is enabled, and its configuration is one that unbound takes."""
    unit = host_of("server").service("unbound")
    assert (True, True) == (unit.is_running, unit.is_enabled)
    assert host_of("server").run("unbound-checkconf").succeeded


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_server_listens_on_port_53(host_of: HostOf, transport: str) -> None:
    """On all addresses."""
    assert host_of("server").socket(f"{transport}://0.0.0.0:53").is_listening
