"""What a firewall does with a packet, read from what firewalld and nft print."""

from __future__ import annotations

import pytest

from sharklab.checks.host_rules import read_zone
from sharklab.checks.rules import LET_IN, FirstPacket, by_ruleset, by_zone, is_refused

ZONE = """public (default, active)
  target: {target}
  ingress-priority: 0
  interfaces: lan
  services: ssh
  ports: 60000/tcp 60010-60012/tcp 61000/udp
  protocols:
  forward: yes
  rich rules:
\trule family="ipv4" port port="60050" protocol="tcp" reject type="icmp-port-unreachable"
\trule family="ipv4" port port="60100" protocol="tcp" reject type="tcp-reset"
\trule family="ipv4" port port="60150" protocol="tcp" reject type="icmp-admin-prohibited"
\trule family="ipv4" port port="60200-60210" protocol="tcp" drop
\trule family="ipv4" port port="60000" protocol="udp" reject
\trule priority="1" port port="60250" protocol="tcp" log prefix="x" level="info" accept
\trule family="ipv4" port port="60011" protocol="tcp" drop
\trule family="ipv4" source address="192.0.2.0/24" port port="60300" protocol="tcp" drop
"""
RULESET = """table inet other {
	chain input {
		type filter hook input priority filter; policy %(policy)s;
		tcp dport 60012 drop
	}
}
table inet firewalld {
	ct helper helper-netbios {
		type "netbios-ns" protocol udp
		l3proto ip
	}

	chain filter_PREROUTING {
		type filter hook prerouting priority filter + 10; policy accept;
		meta nfproto ipv6 fib saddr . mark . iif oif missing drop
	}

	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		ct state { established, related } accept
		ct status dnat accept
		iifname "lo" accept
		ct state invalid drop
		jump filter_INPUT_ZONES
		reject with icmpx admin-prohibited
	}

	chain filter_INPUT_ZONES {
		iifname "lan" goto filter_IN_public
		iifname "mgmt" goto filter_IN_trusted
		goto filter_IN_public
	}

	chain filter_IN_trusted {
		accept
	}

	chain filter_IN_public {
		jump filter_IN_public_deny
		jump filter_IN_public_allow
		meta l4proto { icmp, ipv6-icmp } accept
		reject with icmpx admin-prohibited
	}

	chain filter_IN_public_deny {
		tcp dport 60050 reject with icmp port-unreachable
		meta nfproto ipv4 tcp dport 60100 counter packets 3 bytes 180 reject with tcp reset
		ip saddr 192.0.2.0/24 tcp dport 60300 drop
		tcp dport 60200-60210 drop
		udp dport 60000 reject
		tcp dport 60011 drop
	}

	chain filter_IN_public_allow {
		tcp dport 22 accept
		tcp dport { 60000, 60010-60012 } ct state { new, untracked } accept
		udp dport 61000 accept
		tcp dport 60250 log prefix "x" accept
	}
}
"""
CASES = [
    ("tcp", 60000, LET_IN),
    ("tcp", 60010, LET_IN),
    ("tcp", 60011, {"dropped"}),
    ("tcp", 60050, {"rejected"}),
    ("tcp", 60100, {"reset"}),
    ("tcp", 60150, {"prohibited"}),
    ("tcp", 60205, {"dropped"}),
    ("tcp", 60300, {"prohibited"}),
    ("tcp", 61000, {"prohibited"}),
    ("udp", 60000, {"rejected"}),
    ("udp", 61000, LET_IN),
    ("udp", 60010, {"prohibited"}),
]


@pytest.mark.parametrize(
    ("transport", "port", "states"), [*CASES, ("tcp", 60250, LET_IN), ("tcp", 60012, LET_IN)]
)
def test_by_zone_says_what_firewalld_does(transport: str, port: int, states: set[str]) -> None:
    """Rich rules that refuse come first, then openings, then the target; conditional rules are left out."""
    zone = read_zone(ZONE.format(target="default"))
    assert states == by_zone(zone, FirstPacket("lan", transport, port))


@pytest.mark.parametrize(
    ("target", "states"),
    [("DROP", {"dropped"}), ("ACCEPT", LET_IN), ("%%REJECT%%", {"prohibited"}), ("odd", set())],
)
def test_by_zone_of_another_target(target: str, states: set[str]) -> None:
    """What no rule names meets the target of the zone."""
    assert states == by_zone(read_zone(ZONE.format(target=target)), FirstPacket("lan", "tcp", 61234))


@pytest.mark.parametrize(
    ("transport", "port", "states"), [*CASES, ("tcp", 60012, {"dropped"}), ("tcp", 22, LET_IN)]
)
def test_by_ruleset_says_what_the_kernel_does(transport: str, port: int, states: set[str]) -> None:
    """Chains are followed from each hook, and a packet must pass all of them."""
    assert states == by_ruleset(RULESET % {"policy": "accept"}, FirstPacket("lan", transport, port))


def test_by_ruleset_minds_the_network() -> None:
    """A packet of another network meets that network's zone."""
    assert LET_IN == by_ruleset(RULESET % {"policy": "accept"}, FirstPacket("mgmt", "tcp", 60050))


def test_by_ruleset_minds_the_policy() -> None:
    """A packet that no rule of a chain decides meets the chain's policy."""
    assert {"dropped"} == by_ruleset(RULESET % {"policy": "drop"}, FirstPacket("lan", "tcp", 60000))


@pytest.mark.parametrize("text", ["", "table inet x {\n}\n", "Operation not permitted"])
def test_by_ruleset_without_a_chain_for_input_does_not_tell(text: str) -> None:
    """No rules may mean that they could not be read."""
    assert frozenset() == by_ruleset(text, FirstPacket("lan", "tcp", 60000))


@pytest.mark.parametrize(("hook", "refused"), [("input", True), ("prerouting", True), ("forward", False)])
def test_is_refused_looks_at_all_chains_on_the_way_in(hook: str, refused: bool) -> None:
    """A packet may be dropped before it is known to be for this host."""
    text = f"table ip x {{\n\tchain y {{\n\t\ttype filter hook {hook} priority 0; policy drop;\n\t}}\n}}\n"
    assert refused == is_refused(text, FirstPacket("lan", "tcp", 22))
    assert not is_refused(text.replace("policy drop", "policy accept"), FirstPacket("lan", "tcp", 22))
