"""Connections to a host, from inside the network namespace of its seat."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts import seat_provider
from sharklab.hosts.door import connection
from sharklab.hosts.providers import access, network
from sharklab.hosts.providers.cluster import tunnel
from tests.support import provider_seat
from tests.support.errors import error_of
from tests.support.programs import script


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Let the seat's namespace be our own, its hosts at 127.0.0.x, and listen as the first of them."""
    plan = provider_seat.plan("door", 9)
    at = network.management_address(plan, plan.hosts[0]).ip.packed[3]
    monkeypatch.setattr(network, "NAMESPACES", Path("/proc/self/ns"))
    monkeypatch.setattr(network, "namespace", lambda seat_id: "net")
    monkeypatch.setattr(network, "CONTROLLER", IPv4Interface("127.0.0.1/8"))
    with socket.socket() as listener:
        listener.bind((f"127.0.0.{at}", 0))
        listener.listen()
        monkeypatch.setattr(access, "SSH_PORT", listener.getsockname()[1])
        yield listener


def test_ssh_gets_the_connected_socket_itself(here: socket.socket) -> None:
    """No process stays between the two ends."""
    plan = provider_seat.plan("door", 9)
    with connection.connect(plan, plan.hosts[0], access.SSH_PORT) as given:
        there, _ = here.accept()
        with there:
            given.sendall(b"through")
            assert b"through" == there.recv(10)


def test_a_host_that_does_not_answer_is_named(here: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason."""
    here.close()
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    plan = provider_seat.plan("door", 9)
    error = error_of(MachineryError, connection.connect, plan, plan.hosts[0], access.SSH_PORT)
    assert plan.hosts[0].name == error.values["host"] and error.values["said"]


def test_another_port_is_reached_from_the_host(fakes: Path) -> None:
    """At its address in the lab, through ssh, which ends with the connection."""
    script(fakes, "ssh", 'echo "$@"; cat')
    plan = provider_seat.plan("door", 9)
    with connection.connect(plan, plan.hosts[0], 443) as given:
        given.sendall(b"there and back")
        given.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: given.recv(100), b"")).decode()
    words = [*connection.ssh(plan)[1:], "-W", "10.250.9.10:443", plan.hosts[0].name]
    assert f"{' '.join(words)}\nthere and back" == said


def test_a_host_on_a_cluster_is_reached_through_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the program that carries the controller's connections, whatever member the host is on."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    script(tmp_path, "carrier", 'echo "$@"; cat')
    monkeypatch.setattr(tunnel, "command", lambda folder: [str(tmp_path / "carrier"), str(folder)])
    plan = provider_seat.plan("door", 9)
    seat_provider.write(state.folder(plan.seat.folder), seat_provider.CLUSTER)
    with connection.connect(plan, plan.hosts[0], access.SSH_PORT) as given:
        given.shutdown(socket.SHUT_WR)
        assert f"{plan.seat.folder} {plan.hosts[0].name}\n".encode() == given.recv(1000)
