"""What firewalld and nftables say, and the way back to what they said before."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.hosts.agent import rules
from tests.support.programs import script

LISTED = """\
drop
  target: DROP
  services:
  rich rules:

public (active)
  target: default
  icmp-block-inversion: no
  interfaces: eth0
  services: dhcpv6-client ssh
  ports: 8080/tcp
  forward: yes
  masquerade: no
  forward-ports:
\tport=80:proto=tcp:toport=8080:toaddr=
  rich rules:
\trule family="ipv4" source address="192.0.2.0/24" drop
\trule service name="ftp" accept
"""


def test_zones_reads_what_firewall_cmd_lists() -> None:
    """Words of a line are entries; rules and forwarded ports have a line each."""
    public = rules.zones(LISTED)["public"]
    assert (["dhcpv6-client", "ssh"], ["8080/tcp"]) == (public["services"], public["ports"])
    assert ["port=80:proto=tcp:toport=8080:toaddr="] == public["forward-ports"]
    assert 'rule service name="ftp" accept' == public["rich rules"][1]


def test_commands_lead_back() -> None:
    """What is too much is removed, what is missing added, a switch put back; what is the same is left."""
    before = rules.zones(LISTED)
    now = rules.zones(LISTED.replace("dhcpv6-client ssh", "ssh dns").replace("forward: yes", "forward: no"))
    assert [
        ["--zone=public", "--remove-service=dns"],
        ["--zone=public", "--add-service=dhcpv6-client"],
        ["--zone=public", "--add-forward"],
    ] == rules.commands(before, now)
    assert [] == rules.commands(before, before)


def test_ruleset_knows_a_rule_by_its_chain_and_not_by_its_place() -> None:
    """firewalld adds rules in another order after a reload; they do the same."""
    one = "table inet t {\n\tchain a {\n\t\ttcp dport 22 accept\n\t\ttcp dport 53 accept\n\t}\n}\n"
    other = "table inet t {\n\tchain a {\n\t\ttcp dport 53 accept\n\t\ttcp dport 22 accept\n\t}\n}\n"
    assert rules.ruleset(one) == rules.ruleset(other)
    assert rules.ruleset(one) != rules.ruleset(one.replace("53", "54"))


@pytest.mark.parametrize(
    "text", ["", "\tport=80\n", "public\n\tlost\n", "}\n}\nrule\n", "table x {\n", "::\n"]
)
def test_any_text_is_read_without_an_error(text: str) -> None:
    """The checks read the output of a student's host with the same functions."""
    assert isinstance(rules.zones(text), dict)
    assert isinstance(rules.chains(text), dict)


def test_chains_keep_their_rules_in_order() -> None:
    """The first rule that fits a packet decides."""
    text = "table inet x {\n\tchain in {\n\t\tdrop\n\t\taccept\n\t}\n}\n"
    assert ["drop", "accept"] == rules.chains(text)["table inet x chain in"]


INFO = """\
{name}
  ports: {ports}
  protocols:
"""


def test_open_ports_are_those_of_the_card_s_zone(fakes: Path) -> None:
    """Services are known by their ports; a card in no zone is in the default one."""
    (fakes / "zones").write_text(LISTED)
    (fakes / "ssh").write_text(INFO.format(name="ssh", ports="22/tcp"))
    (fakes / "dhcpv6-client").write_text(INFO.format(name="dhcpv6-client", ports="546/udp"))
    script(
        fakes,
        "firewall-cmd",
        'case "$1" in --get-default-zone) echo drop;; --list-all-zones) cat "${0%/*}/zones";; '
        '*) cat "${0%/*}/${1#*=}";; esac',
    )
    public = {"ports": ["8080/tcp"], "services": ["546/udp", "22/tcp"]}
    assert {"eth0": public, "lan": {"ports": [], "services": []}} == rules.open_ports(["eth0", "lan"])


def test_open_ports_without_firewalld(fakes: Path) -> None:
    """There is no zone, and nothing is said of any card."""
    script(fakes, "firewall-cmd", "exit 252")
    assert {} == rules.open_ports(["lan"])
