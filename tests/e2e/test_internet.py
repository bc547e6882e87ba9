"""The way from a seat to the Internet, with an Internet that is on this machine: no packet leaves it.

Two network namespaces stand for the machine that a seat is brought up on, and for all that is around it:
a public server, a private one, and what clouds have at 169.254.169.254. Each answers the machine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts import image
from sharklab.hosts.providers import cgroups, internet_gateway, network
from sharklab.lab.model import Plan
from tests.e2e.test_provider import ask, left_of, nspawn, silent
from tests.support import provider_seat
from tests.support.programs import script
from tests.support.waiting import wait_until

MACHINE, AROUND = f"slt{os.getpid()}m", f"slt{os.getpid()}a"
PUBLIC, PRIVATE, METADATA = "198.51.100.10", "10.99.0.10", "169.254.169.254"
MACHINES_OWN = ("198.51.100.1", "10.99.0.1")
NAME = "www.example.org"
NAMES = (
    *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root"),
    *("--no-hosts", "--no-resolv", "--bind-interfaces"),
)
STARTED = ("link set lo up", "link set cable addrgenmode none", "link set cable up")
REFUSED = "7"
"""curl's exit code for a connection that is refused, by an ICMP error too; 28 would be silence."""

FETCH = (
    "curl --silent --max-time {seconds} --output /dev/null --write-out '%{{http_code}}' "
    'http://{address}/; echo " $?"'
)


@dataclass(frozen=True)
class World:
    """A seat with a way out that is up, another seat beside it, and what the machine's network was before."""

    own: Plan
    other: Plan
    before: str


def inside(namespace: str, *words: str) -> list[str]:
    """Return the command that runs `words` in a network namespace."""
    return ["nsenter", f"--net=/run/netns/{namespace}", "--", *words]


def shown(*words: str) -> str:
    """Return what a command prints in the machine's network."""
    return subprocess.run(inside(MACHINE, *words), check=True, capture_output=True, text=True).stdout


def network_of_the_machine() -> str:
    """Return all that a seat could leave there: interfaces, addresses, routes, rules, sockets that listen."""
    return "".join(
        shown(*words)
        for words in (
            ("ip", "-oneline", "address"),
            ("ip", "route", "show", "table", "all"),
            ("ip", "rule"),
            ("nft", "list", "ruleset"),
            ("ss", "-Hltn"),
        )
    )


def resolver_of_this_machine() -> str:
    """Return whom this machine asks for names: slirp4netns reads the same file."""
    words = [line.split() for line in Path("/etc/resolv.conf").read_text().splitlines()]
    return next(word[1] for word in words if word[:1] == ["nameserver"] and ":" not in word[1])


@pytest.fixture(scope="module")
def layers() -> image.Layers:
    """Return the bare image, from the state folder of whoever runs the tests."""
    return provider_seat.bare()


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the machine's network and all around it, with a web server in both, and a real name server."""
    web = (sys.executable, "-m", "http.server", "80", "--directory", str(tmp_path_factory.mktemp("page")))
    asked = resolver_of_this_machine()
    with ExitStack() as stack:
        for name in (MACHINE, AROUND):
            subprocess.run(["ip", "netns", "add", name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
        set_up(MACHINE, f"link add cable type veth peer name cable netns {AROUND}", *STARTED)
        set_up(MACHINE, *at_cable(*MACHINES_OWN, "169.254.169.1"), f"address add {asked}/32 dev lo")
        set_up(MACHINE, f"route add default via {PUBLIC}")
        set_up(AROUND, *STARTED, *at_cable(PUBLIC, PRIVATE, METADATA))
        serve(stack, MACHINE, *web)
        serve(stack, AROUND, *web)
        serve(stack, MACHINE, *NAMES, f"--listen-address={asked}", f"--address=/{NAME}/{PUBLIC}")
        wait_until(lambda: f"{asked}:53 " in shown("ss", "-Hltn"), "the name server listens")
        for address in (PUBLIC, PRIVATE, METADATA, *MACHINES_OWN, "127.0.0.1"):
            wait_until(partial(answers_the_machine, address), f"{address} answers the machine")
        yield


def set_up(namespace: str, *lines: str) -> None:
    """Give commands to ip(8) in a network namespace."""
    words = ["ip", "-n", namespace, "-batch", "-"]
    subprocess.run(words, input="\n".join(lines) + "\n", text=True, check=True)


def at_cable(*addresses: str) -> list[str]:
    """Return the commands that give addresses to an end of the cable between the two."""
    return [f"address add {address}/24 dev cable" for address in addresses]


def serve(stack: ExitStack, namespace: str, *words: str) -> None:
    """Run a server in a network namespace for as long as `stack` is open."""
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(inside(namespace, *words), stdout=quiet, stderr=quiet)
    stack.callback(server.wait)
    stack.callback(server.kill)


def answers_the_machine(address: str) -> bool:
    """Tell whether the machine itself reaches the web server there."""
    connect = "import socket, sys; socket.create_connection((sys.argv[1], 80), 5)"
    words = inside(MACHINE, sys.executable, "-c", connect, address)
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def bring_up(kind: str, own: Plan, number: int, layers: image.Layers) -> None:
    """Bring a seat up as a sharklab of the machine does."""
    words, environment = provider_seat.script(kind, own.seat.student, number, layers)
    subprocess.run(inside(MACHINE, *words), env=environment, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def world(around: None, layers: image.Layers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Bring both seats up; a test that harms the way out opens it again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("state")))
        own, other = provider_seat.with_way_out("ida", 7), provider_seat.plan("rhodes", 8)
        before = network_of_the_machine()
        try:
            bring_up("plain", other, 8, layers)
            bring_up("with_way_out", own, 7, layers)
            ask(other, "server", "systemd-run --quiet python3 -m http.server 80")
            yield World(own, other, before)
        finally:
            nspawn.down(own.seat)
            nspawn.down(other.seat)


def fetched(own: Plan, address: str, host: str = "server", seconds: int = 20) -> list[str]:
    """Return the HTTP status that a host gets from `address` within so many seconds, and curl's exit code."""
    return ask(own, host, FETCH.format(address=address, seconds=seconds)).split()


def test_host_fetches_by_address_and_by_name(world: World) -> None:
    """A host on a network with a way out reaches a public server, whose name the gateway resolves."""
    assert ["200", "0"] == fetched(world.own, PUBLIC)
    assert ["200", "0"] == fetched(world.own, NAME)


def test_host_asks_the_gateway_for_names(world: World) -> None:
    """Over UDP and TCP, the gateway is who answers."""
    asked = str(internet_gateway.addresses(world.own)["lan"].ip)
    assert f"nameserver {asked}" in ask(world.own, "server", "cat /etc/resolv.conf")
    for option in ("+notcp", "+tcp"):
        assert PUBLIC == ask(world.own, "server", f"dig +short {option} @{asked} {NAME}")


@pytest.mark.parametrize(
    "address", [PRIVATE, METADATA, *MACHINES_OWN, str(internet_gateway.NEXT)], ids=lambda address: address
)
def test_host_does_not_reach_what_is_not_the_internet(address: str, world: World) -> None:
    """Neither private and cloud addresses, nor the machine's services, by its addresses or its loopback."""
    assert ["000", REFUSED] == fetched(world.own, address)


def test_host_does_not_reach_another_seat(world: World) -> None:
    """The host of another seat answers its own network, and nobody here."""
    there = str(world.other.seat.address("server", "lan").ipv4.ip)
    assert ["200", "0"] == fetched(world.other, there, "client")
    assert ["000", REFUSED] == fetched(world.own, there)


def test_host_on_another_network_has_no_way_out(world: World) -> None:
    """A network without `internet` has no gateway, not even for a host that makes itself a route to one."""
    assert "" == ask(world.own, "client", "ip route show default")
    own = network.namespace(world.own.seat.id)
    mac = link_address(own, "inner")
    around = world.own.seat.address("client", "inner").ipv4.network[254]
    made = (
        f"ip neighbour replace {around} lladdr {mac} dev inner; ip route add default via {around} dev inner"
    )
    ask(world.own, "client", made)
    assert "000" == fetched(world.own, PUBLIC, "client", seconds=2)[0]


def test_gateway_adds_nothing_of_its_own(world: World) -> None:
    """All frames of the gateway are ARP, or packets that somebody asked for; it has no IPv6 to speak of."""
    own = network.namespace(world.own.seat.id)
    words = ["ip", "-n", own, "-6", "-oneline", "address", "show", "dev"]
    for name in ("lan", internet_gateway.OUTSIDE):
        assert "" == subprocess.run([*words, name], check=True, capture_output=True, text=True).stdout
    capture = "tcpdump -i lan -w /tmp/lan.pcap --immediate-mode -U"
    ask(world.own, "server", f"ip neighbour flush dev lan; systemd-run --quiet --unit=capture {capture}")
    wait_until(
        lambda: "24" == ask(world.own, "server", "stat -c %s /tmp/lan.pcap || true"), "the capture has begun"
    )
    assert ["200", "0"] == fetched(world.own, NAME)
    ask(world.own, "server", "systemctl stop capture")
    mac = link_address(own, "lan")
    seen = ask(world.own, "server", f"tcpdump -nr /tmp/lan.pcap ether src {mac}").splitlines()
    asked = f"{internet_gateway.addresses(world.own)['lan'].ip}.53 >"
    strange = [line for line in seen if not any(sign in line for sign in ("ARP", asked, f"IP {PUBLIC}.80 >"))]
    assert ([], True) == (strange, len(seen) > 4)


def link_address(namespace: str, name: str) -> str:
    """Return the MAC address of an interface in a namespace."""
    words = ["ip", "-n", namespace, "-brief", "link", "show", name]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[2]


def test_machine_keeps_the_network_that_it_had(world: World) -> None:
    """No interface, address, route, rule or socket that listens has come to the machine."""
    assert world.before == network_of_the_machine()


def test_other_seats_forward_nothing(world: World) -> None:
    """The namespace of a seat without a way out has no route, no rule and no address of the lab."""
    own = network.namespace(world.other.seat.id)
    words = "ip route; ip -4 -brief address; nft list ruleset"
    told = subprocess.run(inside(own, "sh", "-ec", words), check=True, capture_output=True, text=True).stdout
    assert ("default" in told, "table" in told, "10.250." in told) == (False, False, False)


def test_up_opens_again_what_was_killed(world: World, layers: image.Layers) -> None:
    """Without slirp4netns the hosts that need it are cut off, as `status` tells, until the next `up`."""
    [unit] = cgroups.units(f"{network.namespace(world.own.seat.id)}-_*")
    for pid in cgroups.processes(unit):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not cgroups.is_running(unit), "slirp4netns has ended")
    assert {"server": internet_gateway.CUT_OFF, "client": "running"} == nspawn.status(world.own.seat)
    assert "000" == fetched(world.own, PUBLIC, seconds=2)[0]
    bring_up("with_way_out", world.own, 7, layers)
    assert {"server": "running", "client": "running"} == nspawn.status(world.own.seat)
    assert ["200", "0"] == fetched(world.own, PUBLIC)


def test_stop_ends_the_way_out(world: World, layers: image.Layers) -> None:
    """Nothing runs for hosts that are shut down; `up` opens the way again with them."""
    nspawn.stop(world.own)
    units = cgroups.units(f"{network.namespace(world.own.seat.id)}-*")
    assert [] == [unit for unit in units if cgroups.is_running(unit)]
    assert {"server": "stopped", "client": "stopped"} == nspawn.status(world.own.seat)
    bring_up("with_way_out", world.own, 7, layers)
    assert ["200", "0"] == fetched(world.own, PUBLIC)


def test_down_leaves_nothing(world: World) -> None:
    """No process, namespace, group, interface or rule is left; what another seat has stays."""
    nspawn.down(world.own.seat)
    assert ([], world.before) == (left_of(world.own), network_of_the_machine())
    assert ["200", "0"] == fetched(
        world.other, str(world.other.seat.address("server", "lan").ipv4.ip), "client"
    )


def test_sweep_ends_what_a_killed_up_left(
    around: None, layers: image.Layers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An `up` that is killed once slirp4netns runs, and a folder that is deleted by hand, leave nothing."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    own = provider_seat.with_way_out("ada", 31)
    words, environment = provider_seat.script("with_way_out", "ada", 31, layers)
    up = subprocess.Popen(inside(MACHINE, *words), env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until(
            lambda: cgroups.is_running(f"{network.namespace(own.seat.id)}-_internet"), "slirp4netns runs"
        )
        up.kill()
        assert -signal.SIGKILL == up.wait()
        state.remove(own.seat.folder)
        nspawn.sweep()
        assert [] == left_of(own)
    finally:
        up.kill()
        nspawn.down(own.seat)


def test_up_when_the_way_out_does_not_open(
    layers: image.Layers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slirp4netns that fails is one error with what it said and where that stands; no host starts."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script(tmp_path, "slirp4netns", "echo 'open(/dev/net/tun): No such file' >&2", "exit 1")
    own = provider_seat.with_way_out("ada", 32)
    try:
        with pytest.raises(MachineryError, match=r"did not start: .*No such file") as caught:
            nspawn.up(own, layers, silent)
        assert "restore it with: sharklab up bare" == caught.value.hint
        assert Path(str(caught.value.place)).exists()
        assert {"server": "absent", "client": "absent"} == nspawn.status(own.seat)
    finally:
        nspawn.down(own.seat)
    assert [] == left_of(own)
