"""The zone that decides about the packets of each host, and what a restart would change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.checks.host_rules import HostRules, read_zone
from tests.support import host_state
from tests.support.checks_sample import Sample

PUBLIC = host_state.zone()
TRUSTED = host_state.zone("", "").replace("public", "trusted").replace("default", "ACCEPT")
NO_CARD = TRUSTED.replace("interfaces: lan", "interfaces:")
OF_CLIENT = NO_CARD.replace("  services:", "  sources: 10.77.5.1\n  services:")
OF_MAC = NO_CARD.replace("  services:", "  sources: 02:00:00:00:00:01\n  services:")
POLICY = """mine (active)
  priority: -1
  target: CONTINUE
  ingress-zones: {ingress}
  egress-zones: {egress}
  services: telnet
"""
DIRECT = """<direct>
  <rule priority="0" table="filter" ipv="ipv4" chain="INPUT">-j  DROP</rule>
</direct>"""
TABLES = """# nftables
table inet firewalld {
}
table inet mine {
\tchain first {
\t\ttype filter hook input priority filter; policy accept;
\t\ttcp dport 443 drop
\t}
}
table ip nat {
\tchain second {
\t\ttype nat hook prerouting priority dstnat; policy accept;
\t\ttcp dport 80 redirect to :22
\t}
}
table ip filter {
\tchain INPUT_direct {
\t\ttcp dport 22 drop
\t}
}
"""
HTTPS, SSH, NTP = (("tcp", 443, 443),), (("tcp", 22, 22),), (("udp", 123, 123),)


def rules(**firewall: Any) -> HostRules:
    """Return the rules of a host `server` on which these commands printed this."""
    printed = {**host_state.seen()["firewall"], **firewall}
    return HostRules(Sample(state={"server": host_state.seen(firewall=printed)}).context(), "server")


def targets(found: HostRules) -> dict[tuple[str, str], str]:
    """Return the target of the zone that decides, by host and kind of address."""
    return {
        (origin.host, "IPv6" if ":" in origin.address else "IPv4"): "".join(zone["target"])
        for origin, zone in found.judged
        if origin.host
    }


@pytest.mark.parametrize(
    ("zones", "client", "desktop", "anyone"),
    [
        (PUBLIC, "default", "default", {"default"}),
        ("", "default", "default", {"default"}),
        (PUBLIC.replace("lan", "") + TRUSTED, "ACCEPT", "ACCEPT", {"ACCEPT"}),
        (PUBLIC + NO_CARD, "default", "default", {"default"}),
        (PUBLIC + OF_CLIENT, "ACCEPT", "default", {"default", "ACCEPT"}),
        (PUBLIC + OF_MAC, "ACCEPT", "default", {"default", "ACCEPT"}),
    ],
    ids=["one zone", "an old observation", "another zone", "an idle zone", "an address", "a MAC"],
)
def test_judged_is_the_zone_of_the_source_or_of_the_card(
    zones: str, client: str, desktop: str, anyone: set[str]
) -> None:
    """The zone of a source goes before that of a card; without both the default zone decides."""
    found = rules(zones=zones)
    assert (client, desktop) == (targets(found)["client", "IPv4"], targets(found)["desktop", "IPv4"])
    assert anyone == {"".join(zone["target"]) for origin, zone in found.judged if not origin.host}


@pytest.mark.parametrize(
    ("ingress", "egress", "is_open"),
    [("ANY", "HOST", True), ("public", "HOST", True), ("internal", "HOST", False), ("ANY", "public", False)],
)
def test_judged_adds_the_policies_for_the_host(ingress: str, egress: str, is_open: bool) -> None:
    """A policy between other zones says nothing of packets to this host."""
    found = rules(policies=POLICY.format(ingress=ingress, egress=egress))
    assert {is_open} == {"telnet" in zone["services"] for _, zone in found.judged}


def test_a_host_on_no_network_has_the_default_zone() -> None:
    """Nobody of the lab can reach it, and still its zone is judged."""
    context = rules().context
    hosts = tuple(replace(host, networks=()) for host in context.plan.lab.hosts)
    lab = type(context.plan.lab)(**{**vars(context.plan.lab), "hosts": hosts})
    alone = HostRules(replace(context, plan=replace(context.plan, lab=lab)), "server")
    assert [("", "default")] == [(origin.host, "".join(zone["target"])) for origin, zone in alone.judged]


@pytest.mark.parametrize(
    ("printed", "unlike"),
    [
        ({}, []),
        ({"zones": "", "runtime": host_state.zone("ssh")}, ["services"]),
        ({"zones": host_state.zone("ssh")}, ["services"]),
        ({"zones": PUBLIC + NO_CARD}, ["trusted"]),
        ({"zones": PUBLIC + NO_CARD, "permanent_zones": PUBLIC + OF_CLIENT}, ["trusted sources"]),
        ({"zones": PUBLIC + NO_CARD, "permanent_zones": PUBLIC + NO_CARD}, []),
        (
            {"zones": PUBLIC.replace("lan", "") + TRUSTED, "permanent_zones": PUBLIC + NO_CARD},
            ["interface lan"],
        ),
        (
            {
                "zones": PUBLIC.replace("lan", "") + TRUSTED,
                "permanent_zones": PUBLIC.replace("lan", "") + TRUSTED,
            },
            [],
        ),
        (
            {
                "zones": PUBLIC.replace("lan", "") + TRUSTED,
                "permanent_zones": PUBLIC.replace("lan", "") + NO_CARD,
                "cards": "connection.zone:trusted\nGENERAL.DEVICES:lan\n",
            },
            [],
        ),
        (
            {"cards": "GENERAL.DEVICES:lan\nconnection.zone:\n\nGENERAL.DEVICES:mgmt\nconnection.zone:x\n"},
            [],
        ),
        ({"cards": "GENERAL.DEVICES:lan\nconnection.zone:drop\n"}, ["interface lan"]),
        (
            {"permanent_default": "drop", "permanent_zones": PUBLIC.replace("lan", "")},
            ["DefaultZone", "interface lan"],
        ),
        ({"permanent_default": "public", "default": "public"}, []),
        ({"direct": "ipv4 filter INPUT 0 -j DROP\n"}, ["direct"]),
        ({"direct": "ipv4 filter INPUT 0 -j DROP\n", "permanent_direct": DIRECT}, []),
        ({"permanent_direct": DIRECT}, ["direct"]),
        (
            {
                "policies": POLICY.format(ingress="ANY", egress="HOST"),
                "permanent_policies": POLICY.format(ingress="public", egress="HOST"),
            },
            ["mine ingress-zones"],
        ),
        ({"policies": POLICY.format(ingress="ANY", egress="HOST")}, []),
    ],
)
def test_unlike_names_what_a_restart_changes(printed: dict[str, str], unlike: list[str]) -> None:
    """Entries of all zones, the zone of a card, the default zone, direct rules and policies."""
    assert unlike == rules(**printed).unlike


def test_rules_that_are_not_firewallds_count() -> None:
    """A table of one's own may close and redirect; that of direct rules is firewalld's."""
    found = rules(tables=TABLES)
    assert [True, False, False] == [found.refuses(wanted) for wanted in (HTTPS, SSH, NTP)]
    assert (["table ip nat"], True) == (found.redirecting, found.is_loaded)
    assert not found.refuses((("service https", 0, 0),))
    assert {"https": ["443/tcp"]} == rules(services={"https": ["443/tcp"]}).services


@pytest.mark.parametrize(
    ("tables", "loaded"),
    [
        ("", True),
        ("# nftables\n", False),
        ("# nftables\ntable inet firewalld {\n}\n", True),
        ("# nftables\ntable ip filter {\n\tchain INPUT_ZONES {\n\t}\n}\n", True),
    ],
    ids=["not known", "none", "nftables", "iptables"],
)
def test_rules_of_firewalld_may_be_gone(tables: str, loaded: bool) -> None:
    """It runs and lists its zones, and another program flushed the kernel's rules."""
    found = rules(tables=tables)
    assert (loaded, []) == (found.is_loaded, found.redirecting)


def test_read_zone_takes_the_entries_by_kind() -> None:
    """A text that is not a whole zone is none."""
    found = read_zone(host_state.zone("ssh dns", "3478/udp"))
    expected = [{"ssh", "dns"}, {"3478/udp"}, {"default"}]
    assert expected == [set(found[kind]) for kind in ("services", "ports", "target")]
    assert {} == read_zone("public (active)\n  target: default\n")
