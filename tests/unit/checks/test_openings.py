"""Services, ports and rich rules that let the same packets in are one opening."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from sharklab.checks.openings import (
    ANYONE,
    OPENINGS,
    Origin,
    Zone,
    covers,
    extras,
    is_from,
    lets_in,
    merge,
    names,
    read_rich,
    spans,
)

SERVICES = {"nfs": ["2049/tcp"], "dns": ["53/tcp", "53/udp"]}
CLIENT = Origin("client", "10.77.5.1", "lan")
CLIENT_IPV6 = Origin("client", "fd77:5::1", "lan")


def zone(**entries: list[str]) -> Zone:
    """Return a zone with these entries; an underscore stands for a blank."""
    return {kind.replace("_", " "): frozenset(values) for kind, values in entries.items()}


def rich(*rules: str) -> Zone:
    """Return a zone with rich rules only."""
    return zone(rich_rules=list(rules))


FROM_CLIENT = 'family="ipv4" source address="10.77.5.1"'
CASES = [
    (zone(), False),
    (zone(services=["nfs"]), True),
    (zone(ports=["2049/tcp"]), True),
    (zone(ports=["2000-2048/tcp", "2049-2100/tcp"]), True),
    (zone(ports=["2049/udp", "2050/tcp"]), False),
    (zone(target=["ACCEPT"]), True),
    (rich('rule service name="nfs" accept'), True),
    (rich('rule port port="2049" protocol="tcp" accept'), True),
    (
        rich(
            'rule port port="2000-2100" protocol="tcp" log prefix="x" level="info" limit value="1/m" accept'
        ),
        True,
    ),
    (rich(f'rule {FROM_CLIENT} service name="nfs" accept'), True),
    (rich(f"rule {FROM_CLIENT} accept"), True),
    (rich('rule family="ipv4" source address="10.77.5.0/24" service name="nfs" accept'), True),
    (rich('rule family="ipv4" source address="10.9.0.0/16" service name="nfs" accept'), False),
    (rich('rule family="ipv4" source NOT address="10.9.0.0/16" service name="nfs" accept'), True),
    (rich('rule source mac="02:00:00:00:00:01" service name="nfs" accept'), False),
    (rich('rule family="ipv6" service name="nfs" accept'), False),
    (rich('rule service name="nfs" log'), False),
    (zone(services=["nfs"], rich_rules=[f"rule {FROM_CLIENT} reject"]), False),
    (zone(services=["nfs"], rich_rules=['rule family="ipv6" reject']), True),
    (zone(services=["nfs"], rich_rules=['rule port port="1-3000" protocol="tcp" drop']), False),
    (zone(services=["nfs"], rich_rules=['rule port port="1-3000" protocol="udp" drop']), True),
    (zone(services=["nfs"], rich_rules=['rule priority="9" service name="nfs" drop']), True),
    (rich('rule priority="-1" service name="nfs" accept', 'rule service name="nfs" drop'), True),
    (rich('rule service name="nfs" accept', 'rule service name="nfs" drop'), False),
    (zone(target=["ACCEPT"], rich_rules=['rule priority="9" service name="nfs" drop']), False),
]


@pytest.mark.parametrize(("zone", "is_open"), CASES)
def test_lets_in_takes_every_way_to_open_a_service(zone: Zone, is_open: bool) -> None:
    """By its name, its ports or a rule; for one host, and after what refuses it."""
    assert is_open == lets_in(zone, CLIENT, spans("services", "nfs", SERVICES), SERVICES)


def test_lets_in_needs_all_ports_of_a_service() -> None:
    """DNS over UDP alone is half of it; a rule for IPv4 says nothing of IPv6, nor one of a host of others."""
    wanted = spans("services", "dns", SERVICES)
    assert not lets_in(zone(ports=["53/udp"]), CLIENT, wanted, SERVICES)
    assert lets_in(zone(ports=["53/udp", "53/tcp"]), CLIENT, wanted, SERVICES)
    rule = rich(f'rule {FROM_CLIENT} service name="dns" accept')
    assert not any(lets_in(rule, origin, wanted, SERVICES) for origin in (CLIENT_IPV6, ANYONE))


@pytest.mark.parametrize(
    ("kind", "entry", "found"),
    [
        ("services", "nfs", (("tcp", 2049, 2049),)),
        ("services", "unknown", (("service unknown", 0, 0),)),
        ("ports", "60000-60010/udp", (("udp", 60000, 60010),)),
        ("ports", "many", (("ports many", 0, 0),)),
        ("source-ports", "68/udp", (("source udp", 68, 68),)),
        ("protocols", "gre", (("protocols gre", 0, 0),)),
    ],
)
def test_spans_are_the_ports_of_an_entry(kind: str, entry: str, found: object) -> None:
    """An entry without ports stands for itself."""
    assert found == spans(kind, entry, SERVICES)


@pytest.mark.parametrize(
    ("opened", "covered"),
    [
        ([(5, 9)], True),
        ([(5, 6), (7, 7), (8, 20)], True),
        ([(5, 6), (8, 9)], False),
        ([(6, 9)], False),
        ([], False),
    ],
)
def test_covers_joins_ranges(opened: list[tuple[int, int]], covered: bool) -> None:
    """Ranges side by side are one."""
    assert covered == covers([("tcp", *each) for each in opened], ("tcp", 5, 9))


@pytest.mark.parametrize(
    ("zone", "found"),
    [
        (zone(services=["nfs"], ports=["2049/tcp"]), []),
        (zone(services=["dns"]), ["dns"]),
        (zone(ports=["2049-2050/tcp"], protocols=["gre"]), ["2049-2050/tcp", "gre"]),
        (rich('rule port port="2049" protocol="tcp" accept', 'rule service name="dns" drop'), []),
        (rich('rule family="ipv6" icmp-type name="router-advertisement" accept'), []),
        (rich('rule protocol value="gre" accept'), ['rule protocol value="gre" accept']),
        (
            rich('rule source-port port="1" protocol="tcp" accept'),
            ['rule source-port port="1" protocol="tcp" accept'],
        ),
        (rich("rule accept"), ["rule accept"]),
        (rich('rule family="ipv4" masquerade'), ['rule family="ipv4" masquerade']),
        (rich("no rule at all"), ["no rule at all"]),
    ],
)
def test_extras_are_what_nobody_wants(zone: Zone, found: list[str]) -> None:
    """A rule that refuses opens nothing, nor does one that lets errors and neighbours in."""
    wanted = {kind: frozenset({"nfs"} if kind == "services" else ()) for kind in OPENINGS}
    assert found == [name for kind in OPENINGS for name in sorted(extras(zone, kind, wanted, SERVICES))]


def test_names_are_those_of_what_lets_in() -> None:
    """A rule that refuses is none, nor one for the neighbours of IPv6."""
    rules = [
        'rule service name="nfs" accept',
        'rule service name="dns" drop',
        'rule icmp-type name="x" accept',
    ]
    found = names(zone(services=["ssh"], sources=["10.0.0.1"], rich_rules=rules))
    assert ["ssh", rules[0]] == list(found)


def test_merge_adds_policies_to_a_zone() -> None:
    """One that drops before the zone leaves nothing to it; one that accepts accepts everything."""
    own = zone(target=["default"], services=["nfs"], forward=["yes"])
    more = zone(target=["CONTINUE"], services=["dns"], priority=["-1"])
    assert {"nfs", "dns"} == merge(own, [more])["services"]
    assert {"default"} == merge(own, [more])["target"]
    assert {"ACCEPT"} == merge(own, [zone(target=["ACCEPT"])])["target"]
    closing = zone(target=["DROP"], services=["dns"], priority=["-5"])
    assert [{"dns"}, {"DROP"}] == [merge(own, [closing])[kind] for kind in ("services", "target")]
    assert {"nfs"} == merge(own, [zone(target=["DROP"], priority=["5"])])["services"]
    assert own == merge(own, [])


def test_is_from_reads_addresses_only() -> None:
    """Any text may be a source."""
    assert is_from("10.77.5.7/24", CLIENT)
    assert not any(is_from(source, CLIENT) for source in ("fd77:5::/64", "ipset:x", "", "02:00:00:00:00:01"))
    assert not is_from("0.0.0.0/0", ANYONE)
    assert ip_address(CLIENT.address).is_private


def test_read_rich_reads_any_text() -> None:
    """A priority that is no number is none."""
    assert [0, -5, 0] == [
        read_rich(f'rule priority="{text}" drop').priority for text in ("x", "-5", "1234567")
    ]
