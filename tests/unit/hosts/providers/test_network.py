"""The network of a seat: names, addresses, and commands that ip(8) accepts."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import process
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.providers import network
from sharklab.lab.model import Network, Plan
from tests.support.errors import error_of


def test_namespaces_are_named_after_the_seat_and_its_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are there: the hosts' first, none of another seat."""
    monkeypatch.setattr(network, "NAMESPACES", tmp_path)
    names = [
        network.namespace("7e57"),
        network.namespace("7e57", "server"),
        network.namespace("7e57", "client"),
    ]
    assert ["sl-7e57", "sl-7e57-server", "sl-7e57-client"] == names
    for name in (*names, network.namespace("7e578"), network.namespace("7e578", "server")):
        (tmp_path / name).touch()
    assert ["sl-7e57-client", "sl-7e57-server", "sl-7e57"] == network.namespaces("7e57")
    assert (True, False) == (network.exists("sl-7e57"), network.exists("sl-7e5"))


def test_delete_of_a_namespace_that_another_command_has_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its aim is reached; a namespace that stays is an error."""
    monkeypatch.setattr(network, "NAMESPACES", tmp_path)
    monkeypatch.setattr(process, "run", raise_error)
    network.delete("sl-7e57")
    (tmp_path / "sl-7e57").touch()
    assert "no such" in error_of(MachineryError, network.delete, "sl-7e57").message


def raise_error(command: list[str]) -> None:
    """Fail as a command does."""
    raise MachineryError("no such thing")


def test_management_addresses_are_link_local_and_distinct(seat_plan: Plan) -> None:
    """Each host has one, in the subnet of the controller."""
    found = [network.management_address(seat_plan, host) for host in seat_plan.hosts]
    assert len(seat_plan.hosts) == len({*found} - {network.CONTROLLER})
    assert {network.CONTROLLER.network} == {address.network for address in found}
    assert all(address.is_link_local for address in found)


def test_ports_begin_with_management(seat_plan: Plan) -> None:
    """Each interface has a port and a MAC address of its own."""
    found = [port for host in seat_plan.hosts for port in network.ports(seat_plan, host)]
    assert [network.MANAGEMENT, "lan", network.MANAGEMENT, "lan"] == [name for _, name, _ in found]
    assert ["p0n0", "p0n1", "p1n0", "p1n1"] == [port for port, _, _ in found]
    assert 4 == len({mac for _, _, mac in found})
    server = seat_plan.seat.address("server", "lan").mac
    assert ("p0n1", "lan", server) == found[1]


def test_bridges_are_made_as_ip_accepts_them(seat_plan: Plan) -> None:
    """In a namespace of its own: a bridge for each network, and the controller's address."""
    commands = "\n".join(network._bridges(seat_plan)) + "\n"
    script = f"ip -batch - && ip -brief link && ip -brief address show {network.MANAGEMENT}"
    argv = ["unshare", "--net", "sh", "-c", script]
    done = subprocess.run(argv, input=commands, check=True, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["lo", network.MANAGEMENT, "lan"] == [words[0] for words in lines[:-1]]
    assert str(network.CONTROLLER) in lines[-1]


def test_cables_are_made_as_ip_accepts_them(seat_plan: Plan) -> None:
    """Each port is plugged into its bridge and up; only ports of management are isolated."""
    [host, _] = seat_plan.hosts
    own = network.namespace(seat_plan.seat.id, host.name)
    cables = network.cable_commands(seat_plan, host).replace(f" netns {own}", "")
    commands = "\n".join(network._bridges(seat_plan)) + f"\n{cables}"
    # The names of the peers are those of the bridges here, where all are in one namespace.
    for name in (network.MANAGEMENT, "lan"):
        commands = commands.replace(f"peer name {name}", f"peer name {name}0")
    argv = ["unshare", "--net", "sh", "-c", "ip -batch - && bridge -details link"]
    done = subprocess.run(argv, input=commands, check=True, capture_output=True, text=True)
    shown = [line for line in done.stdout.splitlines() if " master " in line or "isolated" in line]
    assert [("p0n0", True), ("p0n1", False)] == [
        (first.split(": ")[1].split("@")[0], "isolated on" in second)
        for first, second in zip(shown[::2], shown[1::2], strict=True)
    ]


def test_tap_has_a_name_that_an_interface_can_have(seat_plan: Plan) -> None:
    """libvirt opens it in the machine's own namespace, where seats must not meet; at most 15 characters."""
    names = {
        network.tap(seat_plan, port)
        for host in seat_plan.hosts
        for port, *_ in network.ports(seat_plan, host)
    }
    assert 4 == len(names)
    assert all(name.startswith(seat_plan.seat.id) and len(name) <= 15 for name in names)


@pytest.mark.parametrize(("name", "fine"), [("lan", True), ("mgmt", False), ("lo", False), ("n" * 16, False)])
def test_check_refuses_names_that_no_interface_can_have(seat_plan: Plan, name: str, fine: bool) -> None:
    """The error names the network."""
    plan = replace(seat_plan, lab=replace(seat_plan.lab, networks=(Network(name),)))
    if fine:
        network.check(plan)
        return
    error = error_of(InputError, network.check, plan)
    assert ("a network cannot be named {name!r}", f"networks.{name}") == (error.message_id, error.place)


def test_processes_of_a_namespace_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the namespace that proc(5) shows, also for one whose name is a link."""
    monkeypatch.setattr(network, "NAMESPACES", tmp_path)
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo in; exec sleep 600"], stdout=subprocess.PIPE
    ) as inner:
        assert inner.stdout
        inner.stdout.readline()
        (tmp_path / "sl-x").symlink_to(f"/proc/{inner.pid}/ns/net")
        found = list(network._processes("sl-x"))
        inner.kill()
    assert [inner.pid] == found
    assert [] == list(network._processes("sl-none"))
