"""Waiting for containers: their notes, their addresses, their consoles."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers import claims, network, readiness
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def marked(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mark the seat as there; each host that has booted answers."""
    claims.claim(seat_plan.seat.id, seat_plan.seat.folder)
    monkeypatch.setattr(readiness, "find_answering_hosts", lambda plan, hosts: set(hosts))


def explain(host: str, reason: Message) -> MachineryError:
    """Return an error that keeps the host and the reason."""
    return MachineryError("failed", host=host, reason=reason)


def tell(plan: Plan, host: str, text: bytes) -> None:
    """Say something to the listener as systemd-nspawn does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        own.sendto(text, str(readiness.place(plan.seat.id, host)))


def test_wait_ends_when_each_host_has_told(seat_plan: Plan) -> None:
    """A container that has only started is not ready; afterwards nobody listens."""
    with readiness.listen(seat_plan, seat_plan.hosts) as sockets:
        for host in seat_plan.hosts:
            tell(seat_plan, host.name, b"STATUS=Container started.\nX_NSPAWN_LEADER_PID=7")
            tell(seat_plan, host.name, b"READY=1\nSTATUS=Container running.")
        assert {"server", "client"} == readiness.wait(seat_plan, sockets, lambda host: False, explain)
    assert not readiness.place(seat_plan.seat.id, "server").exists()


def test_wait_gives_up_a_host_that_has_ended(seat_plan: Plan) -> None:
    """The error is the provider's, with the reason."""
    with readiness.listen(seat_plan, seat_plan.hosts) as sockets:
        tell(seat_plan, "server", b"READY=1")
        tell(seat_plan, "client", b"STATUS=READY=1")
        error = error_of(MachineryError, readiness.wait, seat_plan, sockets, lambda host: False, explain)
    assert ("client", "the host ended while it booted") == (
        error.values["host"],
        getattr(error.values["reason"], "msgid", ""),
    )


def test_last_hosts_are_left_to_be_asked(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """One may wait for a folder of a server that is off."""
    monkeypatch.setattr(readiness, "QUIET", 0.0)
    with readiness.listen(seat_plan, seat_plan.hosts) as sockets:
        tell(seat_plan, "client", b"READY=1")
        assert {"client"} == readiness.wait(seat_plan, sockets, lambda host: True, explain)


@pytest.mark.parametrize("told", [b"STATUS=Container started.", b"READY=1"])
def test_wait_has_a_limit(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch, told: bytes) -> None:
    """For the units of a host, and for its address."""
    monkeypatch.setattr(readiness, "find_answering_hosts", lambda plan, hosts: set())
    [server, _] = seat_plan.hosts
    with readiness.listen(seat_plan, [server]) as sockets:
        tell(seat_plan, "server", told)
        error = error_of(
            MachineryError, readiness.wait, seat_plan, sockets, lambda host: True, explain, limit=0.0
        )
    assert "no answer within {seconds:g} s ({complaint})" == getattr(error.values["reason"], "msgid", "")


def test_answering_looks_in_the_namespace_of_the_seat(
    seat_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has an entry there; this process stays where it is."""
    monkeypatch.undo()
    address = network.management_address(seat_plan, seat_plan.hosts[0])
    commands = (
        f"ip link add mgmt type bridge && ip link set mgmt up && ip addr add {network.CONTROLLER} dev mgmt"
        f" && ip neigh add {address.ip} lladdr 02:00:00:00:00:01 dev mgmt nud permanent"
        " && echo made && read end"
    )
    pipe = subprocess.PIPE
    before = Path("/proc/self/ns/net").readlink()
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", commands], stdin=pipe, stdout=pipe, text=True
    ) as keeper:
        assert keeper.stdin and keeper.stdout
        assert "made\n" == keeper.stdout.readline()
        monkeypatch.setattr(network, "NAMESPACES", tmp_path)
        (tmp_path / network.namespace(seat_plan.seat.id)).symlink_to(f"/proc/{keeper.pid}/ns/net")
        found = readiness.find_answering_hosts(seat_plan, {"server", "client"})
        keeper.stdin.close()
    assert ({"server"}, before) == (found, Path("/proc/self/ns/net").readlink())
