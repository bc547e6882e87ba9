"""A TCP connection to a host of a seat: to SSH, or to another port as from the host itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts import borrowed, seat_provider
from sharklab.hosts.providers import access, claims, network
from sharklab.hosts.providers.cluster import tunnel
from sharklab.lab.model import Host, Plan
from sharklab.message import N_

PATIENCE = 5.0
"""Seconds that SSH on a host may take to answer."""


def ssh(plan: Plan, owner: str = "door") -> list[str]:
    """Return the beginning of an ssh command to a host of a seat.

    Its shared connection is that of one door, the `owner`: the processes of a door may be ended, and those
    of others not.
    """
    return ["ssh", "-F", str(access.folder(plan) / "config"), *share_connection(plan, owner)]


def share_connection(plan: Plan, owner: str) -> tuple[str, str]:
    """Return the option of ssh that names the shared connection of a door.

    Borrowed machines have none: the seat's own one would end with the door.
    """
    if borrowed.read(plan.seat.folder):
        return "-o", "ControlPath=none"
    return "-o", f'ControlPath="{claims.folder(plan.seat.id)}/{owner}-%r@%n"'


def connect(plan: Plan, host: Host, port: int) -> socket.socket:
    """Return a connection to `port` of `host`, whoever made the host.

    SSH is reached from the seat's network namespace, and on a cluster through the engine. Any other port is
    reached through SSH, at the host's address in its first network, as by a program on that host: so its
    firewall does not count. If nothing listens there, the connection ends at once.

    Raises MachineryError when SSH does not answer.
    """
    if port != access.SSH_PORT:
        return _through_ssh(plan, host, port)
    if seat_provider.read(plan.seat.folder) == seat_provider.CLUSTER:
        return _carry_command([*tunnel.command(plan.seat.folder), host.name])
    return _from_namespace(plan, host)


def _from_namespace(plan: Plan, host: Host) -> socket.socket:
    """Return the connected socket itself: no process stays between the two ends."""
    namespace = network.NAMESPACES / network.namespace(plan.seat.id)
    address = str(network.management_address(plan, host).ip)
    ours, theirs = socket.socketpair()
    words = ["nsenter", f"--net={namespace}", sys.executable, "-I", "-S", str(access.TUNNEL), address]
    with ours, theirs:
        done = subprocess.run(
            [*words, str(access.SSH_PORT)],
            stdin=subprocess.DEVNULL,
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
            env={**os.environ, "SHARKLAB_PATIENCE": str(PATIENCE)},
            timeout=4 * PATIENCE,
            check=False,
        )
        if done.returncode:
            raise MachineryError(
                N_("host {host} does not answer SSH: {said}"),
                host=host.name,
                said=process.last_lines(done.stderr.decode(errors="replace"), 1),
            )
        _, handles, _, _ = socket.recv_fds(ours, 1, 1)
    return socket.socket(fileno=handles[0])


def _through_ssh(plan: Plan, host: Host, port: int) -> socket.socket:
    """Return a connection that ssh carries (ssh(1), -W)."""
    at = plan.seat.address(host.name, host.networks[0]).ipv4.ip
    return _carry_command([*ssh(plan), "-W", f"{at}:{port}", host.name])


def _carry_command(command: Sequence[str]) -> socket.socket:
    """Return one end of a pair of sockets; the command is at the other until either side closes."""
    ours, theirs = socket.socketpair()
    with theirs:
        child = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno())
    threading.Thread(target=child.wait, daemon=True).start()
    return ours
