"""A firewall opens what is meant, no less and no more, in force and permanently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sharklab.checks.outcome import Outcome, Status
from tests.support import host_state
from tests.support.checks_sample import Sample, result, said, words

CLOSED, OPEN = "closed but should be open: {names}", "open but should be closed: {names}"
DIFFERENT = "different in force and permanently: {names}"
UNREADABLE = "{runtime} or {permanent} did not print a zone of firewalld."


def zone(services: str = "dns ssh", ports: str = "3478/udp", target: str = "default", rich: str = "") -> str:
    """Return what `firewall-cmd --list-all` prints."""
    return (
        f"public (active)\n  target: {target}\n  interfaces: lan\n  services: {services}\n  ports: {ports}\n"
        f"  protocols: \n  forward: yes\n  forward-ports: \n  source-ports: \n  rich rules: \n{rich}"
    )


@pytest.mark.parametrize(
    ("runtime", "permanent", "status", "found"),
    [
        (zone(), zone(), Status.PASSED, {"The zone opens {opened}.": ["3478/udp", "dns", "ssh"]}),
        (zone("ssh"), zone("ssh"), Status.FAILED, {CLOSED: ["dns"]}),
        (zone("dns ssh http"), zone("dns ssh http"), Status.FAILED, {OPEN: ["http"]}),
        (zone(ports=""), zone(), Status.FAILED, {CLOSED: ["3478/udp"], DIFFERENT: ["ports"]}),
        (zone(), zone("dns"), Status.FAILED, {DIFFERENT: ["services"]}),
        (
            zone(target="ACCEPT"),
            zone(target="ACCEPT"),
            Status.FAILED,
            {"these zones accept all packets: {names}": ["public"]},
        ),
        (
            zone(rich='\trule port port="99" protocol="tcp" accept\n'),
            zone(rich='\trule port port="99" protocol="tcp" accept\n'),
            Status.FAILED,
            {OPEN: ['rule port port="99" protocol="tcp" accept']},
        ),
        ("FirewallD is not running\n", zone(), Status.INCONCLUSIVE, {UNREADABLE: "now"}),
        ("", "", Status.INCONCLUSIVE, {UNREADABLE: "now"}),
    ],
)
def test_firewall_runs_and_is_kept(
    runtime: str, permanent: str, status: Status, found: Mapping[str, object]
) -> None:
    """What is open is what is meant, no less and no more, now and after the next start."""
    results = [result("now", stdout=runtime), result("always", stdout=permanent)]
    wanted = {"runtime": "now", "permanent": "always", "services": ["ssh", "dns"], "ports": ["3478/udp"]}
    outcome = Sample(results=results).check("firewall", **wanted)
    assert status is outcome.status
    sentences = {msgid: next(iter(values.values()), None) for msgid, values in said(outcome).items()}
    sentences.pop("{before}; {part}", None)
    assert found == sentences


def test_firewall_wants_rules_and_forwarded_ports_by_their_words() -> None:
    """What a lab writes in full must be there in full."""
    rule = 'rule family="ipv4" source address="10.77.5.1" accept'
    printed = zone(rich=f"\t{rule}\n").replace(
        "forward-ports: ", "forward-ports: \n\tport=1:proto=tcp:toport=2:toaddr="
    )
    results = [result("now", stdout=printed), result("always", stdout=printed)]
    wanted = {"services": ["ssh", "dns"], "ports": ["3478/udp"], "rich_rules": [rule]}
    for ports, status in (["port=1:proto=tcp:toport=2:toaddr="], Status.PASSED), (["port=3"], Status.FAILED):
        params = {"runtime": "now", "permanent": "always", **wanted, "forward_ports": ports}
        assert status is Sample(results=results).check("firewall", **params).status


def test_firewall_without_results_is_inconclusive() -> None:
    """A firewall that was not asked is not known to be closed."""
    outcome = Sample().check("firewall", runtime="now", permanent="always")
    assert Status.INCONCLUSIVE is outcome.status


def check(kind: str, seen: dict[str, Any] | None = None, **params: Any) -> Outcome:
    """Return what a check says of a host `server` that is like `seen`."""
    return Sample(state={"server": seen or host_state.seen()}).check(kind, host="server", **params)


@pytest.mark.parametrize(
    ("kind", "params", "found"),
    [
        ("firewalld_same", {}, "The rules in force are the permanent rules."),
        (
            "firewalld_opens",
            {"services": ["ssh", "https"], "ports": ["3478/udp"]},
            "The zone opens 3478/udp, https, ssh.",
        ),
        ("firewalld_open", {"opening": "https"}, "server lets https in."),
        ("firewalld_open", {"opening": "3478/udp"}, "server lets 3478/udp in."),
        ("firewalld_closed", {"opening": "telnet"}, "server does not let telnet in."),
    ],
)
def test_firewalld_passes_where_all_is_right(kind: str, params: dict[str, Any], found: str) -> None:
    """The outcome says what was seen, and on which host."""
    outcome = check(kind, **params)
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert "server" == outcome.evidence[0].host


@pytest.mark.parametrize(
    ("kind", "params", "seen", "found"),
    [
        (
            "firewalld_same",
            {},
            {"firewall": {"runtime": host_state.zone("https ssh http"), "permanent": host_state.zone()}},
            "different in force and permanently: services",
        ),
        (
            "firewalld_same",
            {},
            {"firewall": {"runtime": "", "permanent": ""}},
            "firewalld on server shows no zone: it does not run.",
        ),
        (
            "firewalld_opens",
            {"services": ["ssh"]},
            {},
            "open but should be closed: 3478/udp, https",
        ),
        (
            "firewalld_opens",
            {"services": ["ssh", "https", "dns"], "ports": ["3478/udp"]},
            {},
            "closed but should be open: dns",
        ),
        ("firewalld_open", {"opening": "http"}, {}, "server does not let http in."),
        ("firewalld_closed", {"opening": "https"}, {}, "server lets https in."),
        (
            "firewalld_closed",
            {"opening": "telnet"},
            {"firewall": {"runtime": host_state.zone().replace("default", "ACCEPT"), "permanent": ""}},
            "server lets telnet in.",
        ),
        (
            "firewalld_closed",
            {"opening": "telnet"},
            {"firewall": {"runtime": "", "permanent": ""}},
            "firewalld on server shows no zone: it does not run.",
        ),
    ],
)
def test_firewalld_fails_and_says_what_it_saw(
    kind: str, params: dict[str, Any], seen: dict[str, Any], found: str
) -> None:
    """What is wrong is said in a sentence, beside what was expected."""
    outcome = check(kind, host_state.seen(**seen), **params)
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


def zones(card: str = "public", source: str = "", address: str = "10.0.0.0/8") -> str:
    """Return what `firewall-cmd --list-all-zones` prints: the card and the source in these zones."""
    listed = {"public": host_state.zone(), "trusted": host_state.zone("").replace("default", "ACCEPT")}
    listed["drop"] = host_state.zone("", "")
    return "\n".join(
        text.replace("public", name, 1)
        .replace("interfaces: lan", f"interfaces: {'lan' if name == card else ''}")
        .replace("  services:", f"  sources: {address if name == source else ''}\n  services:")
        for name, text in listed.items()
    )


def tables(rule: str) -> str:
    """Return the tables of nftables: firewalld's, and another one with a rule for packets that come in."""
    hook = "type filter hook prerouting priority raw; policy accept;"
    chain = f"\tchain y {{\n\t\t{hook}\n\t\t{rule}\n\t}}\n"
    return f"# nftables\ntable inet firewalld {{\n}}\ntable inet x {{\n{chain}}}\n"


def by_rules() -> str:
    """Return a zone that opens the same by rich rules, one of them for a host of the lab."""
    return host_state.zone("ssh", "") + (
        '\trule family="ipv4" source address="10.77.5.1" service name="https" accept\n'
        '\trule port port="3478" protocol="udp" accept\n'
    )


SERVICES = {"https": ["443/tcp"], "ssh": ["22/tcp"]}
OPENED = {"services": ["https", "ssh"], "ports": ["3478/udp"]}
MASQUERADE = host_state.zone() + "  masquerade: yes\n"


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({}, True),
        ({"zones": "", "direct": ""}, True),
        ({"zones": zones()}, True),
        ({"zones": zones(card="trusted")}, False),
        ({"zones": zones(card="drop")}, False),
        ({"zones": zones(source="trusted")}, False),
        ({"zones": zones(source="drop")}, False),
        ({"zones": zones(source="drop", address="192.0.2.0/24")}, True),
        ({"zones": zones(source="trusted", address="192.0.2.0/24")}, False),
        ({"zones": "trusted\n  interfaces: lan\n"}, True),
        ({"zones": zones(card="")}, True),
        ({"direct": "ipv4 filter INPUT 0 -j ACCEPT\n"}, False),
        ({"direct": "ipv4 filter INPUT 0 -j DROP\n"}, True),
        ({"runtime": MASQUERADE}, False),
        ({"tables": tables("tcp dport 4444 drop")}, True),
        ({"tables": tables("tcp dport 443 drop")}, False),
        ({"tables": tables("tcp dport 4444 redirect to :22")}, False),
        ({"tables": "# nftables\n"}, False),
        ({"runtime": by_rules()}, True),
        ({"runtime": by_rules() + '\trule family="ipv4" source address="10.77.5.1" drop\n'}, False),
        ({"runtime": host_state.zone("ssh", "443/tcp 3478/udp")}, True),
        ({"runtime": host_state.zone("https ssh", "3478/udp 443/tcp")}, True),
        ({"runtime": host_state.zone("https ssh", "3478/udp 444/tcp")}, False),
        ({"policies": "mine\n  target: ACCEPT\n  ingress-zones: ANY\n  egress-zones: HOST\n"}, False),
    ],
)
def test_the_zone_of_the_card_decides(more: dict[str, str], right: bool) -> None:
    """The default zone may read well while the card, a source or a direct rule lets everything in."""
    printed = {"runtime": host_state.zone(), "permanent": host_state.zone(), "services": SERVICES, **more}
    outcome = check("firewalld_opens", host_state.seen(firewall=printed), **OPENED)
    assert (Status.PASSED if right else Status.FAILED) == outcome.status


@pytest.mark.parametrize(("card", "is_open"), [("public", False), ("trusted", True)])
def test_an_opening_is_that_of_the_cards_zone(card: str, is_open: bool) -> None:
    """Port 80 is closed in the default zone, and open where everything is."""
    seen = host_state.seen(
        firewall={"runtime": host_state.zone(), "permanent": host_state.zone(), "zones": zones(card)}
    )
    for kind, good in (("firewalld_open", is_open), ("firewalld_closed", not is_open)):
        outcome = check(kind, seen, opening="80/tcp")
        assert (Status.PASSED if good else Status.FAILED) == outcome.status


def test_firewalld_without_a_zone_opens_nothing() -> None:
    """One that does not run is no firewall that opens only what is needed."""
    outcome = check("firewalld_opens", host_state.seen(firewall={"runtime": "", "permanent": ""}))
    found = "firewalld on server shows no zone: it does not run."
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


@pytest.mark.parametrize(
    ("printed", "opening", "is_open"),
    [
        ({"runtime": by_rules()}, "https", True),
        ({"runtime": by_rules()}, "443/tcp", True),
        ({"tables": tables("tcp dport 443 drop")}, "https", False),
        ({"tables": tables("tcp dport 443 drop")}, "ssh", True),
        ({"tables": "# nftables\n"}, "telnet", True),
    ],
)
def test_an_opening_is_what_packets_meet(printed: dict[str, str], opening: str, is_open: bool) -> None:
    """A rich rule opens as a service does, another table of nftables closes, none at all opens everything."""
    firewall = {"runtime": host_state.zone(), "permanent": "", "services": SERVICES, **printed}
    for kind, good in (("firewalld_open", is_open), ("firewalld_closed", not is_open)):
        outcome = check(kind, host_state.seen(firewall=firewall), opening=opening)
        assert (Status.PASSED if good else Status.FAILED) == outcome.status
