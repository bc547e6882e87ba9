"""Internet access, without any: who is told of a gateway, and what the gateway's rules say."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from sharklab import paths
from sharklab.hosts.image import Image
from sharklab.hosts.providers import access, baking, disk, internet_gateway, this_computer
from sharklab.lab import roles, seat
from sharklab.lab.model import Host, Plan
from tests.support import provider_seat

WAYS = {"lan": IPv4Interface("10.250.1.254/24"), "dmz": IPv4Interface("10.250.2.254/24")}


@pytest.fixture
def seat_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat that never starts, whose server alone has Internet access."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    return provider_seat.with_way_out("ada", 1)


def test_gateway_is_an_address_that_no_host_can_have() -> None:
    """Hosts have the numbers 1 to 250, by the schema, and the seat chooses from fewer."""
    assert IPv4Interface("10.20.30.254/24") == seat.gateway(IPv4Interface("10.20.30.250/24"))
    assert seat.GATEWAY not in seat.HOST_NUMBERS


def test_addresses_of_networks_with_a_way_out(seat_plan: Plan) -> None:
    """A network that does not ask for one has no gateway."""
    assert {"lan": IPv4Interface("10.250.1.254/24")} == internet_gateway.addresses(seat_plan)
    assert {} == internet_gateway.addresses(provider_seat.plan("ada", 1))


def keyfile(own: Plan, host: Host, network: str) -> list[str]:
    """Return the lines of a host's connection to a network."""
    return disk.files(own, host)[f"etc/NetworkManager/system-connections/{network}.nmconnection"][1].split(
        "\n"
    )


@pytest.fixture
def keys(seat_plan: Plan) -> Plan:
    """Return the plan with the keys that the hosts' files hold."""
    access.prepare(seat_plan)
    return seat_plan


def test_files_name_the_gateway_where_there_is_one(keys: Plan) -> None:
    """Route and name server are the connection's to the network with a way out, and of no other."""
    server, client = keys.hosts
    told = [line for line in keyfile(keys, server, "lan") if line.startswith(("gateway", "dns="))]
    assert ["gateway=10.250.1.254", "dns=10.250.1.254;"] == told
    for host, network in ((server, "mgmt"), (client, "inner"), (client, "mgmt")):
        assert [] == [line for line in keyfile(keys, host, network) if line.startswith(("gateway", "dns="))]


@pytest.mark.parametrize("role", sorted(disk.RESOLVER_ROLES))
def test_files_leave_names_to_a_role_that_sets_them(role: str, keys: Plan) -> None:
    """A lab's own resolver is not mixed with the gateway's."""
    server, client = keys.hosts
    own = replace(server, roles=("common", role))
    assert role in roles.names(paths.ROOT)
    lines = keyfile(replace(keys, lab=replace(keys.lab, hosts=(own, client))), own, "lan")
    assert (True, False) == ("gateway=10.250.1.254" in lines, any(line.startswith("dns=") for line in lines))


def blocked(machine: list[IPv4Address]) -> list[IPv4Network]:
    """Return the set of blocked addresses in the gateway's rules."""
    [line] = [
        line
        for line in internet_gateway.rules(WAYS, machine).splitlines()
        if line.startswith("define blocked")
    ]
    return [IPv4Network(text) for text in line.partition("{ ")[2].removesuffix(" }").split(", ")]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.2.2", True),
        ("127.0.0.1", True),
        ("100.64.0.1", True),
        ("169.254.169.254", True),
        ("172.31.255.255", True),
        ("192.168.1.1", True),
        ("224.0.0.251", True),
        ("255.255.255.255", True),
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("198.51.100.10", False),
        ("9.9.9.9", False),
        ("172.32.0.1", False),
    ],
)
def test_rules_block_what_is_not_the_internet(address: str, expected: bool) -> None:
    """Private, link-local, carriers' and multicast ranges, and the machine's own addresses, public too."""
    machine = [IPv4Address("203.0.113.7"), IPv4Address("127.0.0.1"), IPv4Address("192.168.1.20")]
    assert expected == any(IPv4Address(address) in network for network in blocked(machine))


def test_rules_are_nfts(tmp_path: Path) -> None:
    """nft(8) takes them, for one network and for several, and once more in place of those that are there."""
    for ways in ({"lan": WAYS["lan"]}, WAYS):
        script = 'nft -f "$1" && nft -f "$1" && nft list ruleset'
        (file := tmp_path / "rules").write_text(internet_gateway.rules(ways, [IPv4Address("203.0.113.7")]))
        words = ["unshare", "--net", "sh", "-c", script, "sh", str(file)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (0, "", 1) == (done.returncode, done.stderr, done.stdout.count("table ip sharklab"))


def test_bake_has_no_way_out(seat_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the Internet gets into an image: the hosts that are baked have no way to it."""
    started: list[Plan] = []

    def up(self: object, plan: Plan, *rest: object) -> None:
        started.append(plan)
        raise InterruptedError

    monkeypatch.setattr(this_computer.ThisComputer, "up", up)
    with pytest.raises(InterruptedError):
        baking.on_image(
            Image("debian12", "Debian", tmp_path),
            seat_plan,
            lambda plan: None,
            this_computer.CONTAINERS,
            print,
        )
    assert {} == internet_gateway.addresses(started[0])
