"""Role port_states: each port is what the lab says, by its rules, its listener and what a neighbour meets."""

from __future__ import annotations

import errno
import re
import shlex
from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]

KNOCK = """
import errno, socket, sys
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
knock = socket.socket(type=kind)
knock.settimeout(float(sys.argv[4]))
try:
    knock.connect((sys.argv[2], int(sys.argv[3])))
    if sys.argv[1] == "udp":
        knock.send(b"coin")
    print("data" if knock.recv(1) else "closed")
except TimeoutError:
    print("silence")
except OSError as error:
    print(errno.errorcode[error.errno])
"""
"""Prints what a client meets: an error of the kernel (errno(3)), silence, or a connection that is closed."""

MEETS = {
    ("tcp", "closed"): "ECONNREFUSED",
    ("tcp", "rejected"): "ECONNREFUSED",
    ("tcp", "reset"): "ECONNREFUSED",
    ("tcp", "prohibited"): "EHOSTUNREACH",
    ("tcp", "dropped"): "silence",
    ("tcp", "open"): "closed",
    ("udp", "closed"): "ECONNREFUSED",
    ("udp", "rejected"): "ECONNREFUSED",
    ("udp", "dropped"): "silence",
    ("udp", "open"): "silence",
}
RULES = {
    "rejected": 'reject type="icmp-port-unreachable"',
    "reset": 'reject type="tcp-reset"',
    "dropped": "drop",
}


def ports(plan: Plan) -> list[tuple[str, str, int]]:
    """Return protocol, state and port of every cell of the lab."""
    return [
        (matrix.transport, trial.state, trial.port) for matrix in plan.lab.matrices for trial in matrix.trials
    ]


def first(plan: Plan, protocol: str, state: str) -> int:
    """Return a port of that state."""
    return next(port for kind, name, port in ports(plan) if (kind, name) == (protocol, state))


def zone(host: Host, *options: str) -> dict[str, set[str]]:
    """Return services, ports and rich rules of the zone, as firewall-cmd prints them."""
    shown = " ".join(["firewall-cmd", *options, "--zone=public", "--list-"])
    return {
        "services": set(host.check_output(shown + "services").split()),
        "ports": set(host.check_output(shown + "ports").split()),
        "rules": set(host.check_output(shown + "rich-rules").splitlines()),
    }


def test_zone_has_a_rule_for_each_port_and_no_other(reached: HostOf, reachability: Plan) -> None:
    """Closed and open ports let packets in; a prohibited one has no rule at all."""
    wanted = {
        "services": {"ssh", "http"},
        "ports": {f"{p}/{kind}" for kind, state, p in ports(reachability) if state in ("closed", "open")},
        "rules": {
            f'rule family="ipv4" port port="{port}" protocol="{kind}" {RULES[state]}'
            for kind, state, port in ports(reachability)
            if state in RULES
        },
    }
    assert wanted == zone(reached("target"))


def test_zone_is_the_same_after_a_reboot(reached: HostOf) -> None:
    """What filters now is what is kept."""
    assert zone(reached("target"), "--permanent") == zone(reached("target"))


def test_open_ports_alone_have_a_listener(reached: HostOf, reachability: Plan) -> None:
    """Each one has its own, and a closed port has none."""
    lines = reached("target").check_output("ss -Hlntu").splitlines()
    found = {(line.split()[0], int(line.split()[4].rpartition(":")[2])) for line in lines}
    known = {(kind, port) for kind, _, port in ports(reachability)}
    wanted = {(kind, port) for kind, state, port in ports(reachability) if state == "open"}
    assert wanted == found & known


@pytest.mark.parametrize("unit", ["port-states-tcp.socket", "port-states-udp.socket", "firewalld"])
def test_listeners_start_with_the_host(reached: HostOf, unit: str) -> None:
    """They run and are enabled."""
    service = reached("target").service(unit)
    assert (True, True) == (service.is_running, service.is_enabled)


@pytest.mark.parametrize(("protocol", "state"), MEETS)
def test_neighbour_meets_the_state(reached: HostOf, reachability: Plan, protocol: str, state: str) -> None:
    """What the kernel tells a program is what its state is meant to be told as."""
    target = reachability.seat.address("target", "lan").ipv4.ip
    port = first(reachability, protocol, state)
    patience = 1.5 if MEETS[protocol, state] == "silence" else 10
    said = reached("client").check_output(
        f"python3 -c {shlex.quote(KNOCK)} {protocol} {target} {port} {patience}"
    )
    assert MEETS[protocol, state] == said
    assert said in {"silence", "closed", *errno.errorcode.values()}


def test_every_knock_is_answered_when_many_come_at_once(reached: HostOf, reachability: Plan) -> None:
    """Sixty rejects in a moment: the kernel, left alone, would answer six (icmp_ratelimit of icmp(7))."""
    target = reachability.seat.address("target", "lan").ipv4.ip
    port = first(reachability, "udp", "rejected")
    knocks = (
        "import socket\nrefused = 0\nfor _ in range(60):\n"
        "    s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(60)\n"
        f"    s.connect(('{target}', {port})); s.send(b'coin')\n"
        "    try: s.recv(1)\n"
        "    except ConnectionRefusedError: refused += 1\n"
        "print(refused)"
    )
    assert "60" == reached("client").check_output(f"python3 -c {shlex.quote(knocks)}")


def test_other_icmp_stays_limited(reached: HostOf) -> None:
    """Of the kernel's own mask (6168: types 3, 4, 11 and 12) only `destination unreachable` is taken out."""
    said = reached("target").check_output("sysctl --values net.ipv4.icmp_ratemask")
    assert 6168 & ~(1 << 3) == int(said)


def test_nothing_failed_on_the_way(reached: HostOf) -> None:
    """A connection to an open port leaves no failed unit behind."""
    failed = reached("target").check_output("systemctl list-units --failed --plain --no-legend")
    assert [] == re.findall(r"^port-states\S+", failed, re.MULTILINE)
