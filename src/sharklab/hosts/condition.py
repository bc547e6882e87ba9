"""Ask the hosts of a seat whether their units are active and whether the ports that they open answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sharklab.hosts.providers.remote import ask_all, machine_of
from sharklab.lab.model import Plan

PATIENCE = 5.0
"""Seconds that a port may take to answer."""


@dataclass(frozen=True)
class HostCondition:
    """The condition of a host: stopped units with the end of their journals, and the ports that it opens.

    `opened` has for each network what the firewall's zone opens by number ("ports") and by the name of a
    service ("services"), as "443/tcp" or "5000-5010/udp". It is empty without firewalld.
    """

    stopped: Mapping[str, str]
    opened: Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class Port:
    """A TCP port that a host opens on a network. `listens`: the zone opens it for a service by its name."""

    host: str
    network: str
    number: int
    listens: bool


def look(plan: Plan) -> dict[str, HostCondition]:
    """Return the condition of each host of a seat that is up. Raises MachineryError if one stays silent."""
    cards = {host.name: list(host.networks) for host in plan.hosts}
    machines = [machine_of(plan.seat, name) for name in cards]
    answers = ask_all(machines, lambda machine: machine.ask("condition", cards=cards[machine.name]))
    return {name: HostCondition(**answer) for name, answer in answers.items()}


def ports(name: str, condition: HostCondition) -> list[Port]:
    """Return the single TCP ports that the host `name` opens; a range is for connections of short life."""
    opened = {}
    for network, zone in condition.opened.items():
        for kind in ("ports", "services"):
            for text in zone[kind]:
                number, _, transport = text.partition("/")
                if transport == "tcp" and number.isdecimal():
                    opened[network, int(number)] = Port(name, network, int(number), kind == "services")
    return sorted(opened.values(), key=lambda port: (port.network, port.number))


def find_silent(plan: Plan, opened: Sequence[Port]) -> list[Port]:
    """Return those of the ports that do not answer, each asked by another host of its network, if it has one.

    A port that the zone opens for a service must accept. A refusal is an answer of any other port: labs show
    closed ones. Raises MachineryError if a host does not answer.
    """
    duty: dict[str, list[Port]] = {}
    for port in opened:
        duty.setdefault(_neighbour(plan, port), []).append(port)
    answers = ask_all(
        [machine_of(plan.seat, name) for name in duty],
        lambda machine: machine.ask("knock", ports=list(_orders(plan, duty[machine.name])), seconds=PATIENCE),
    )
    return [
        port
        for name, asked in duty.items()
        for port, answer in zip(asked, answers[name]["answers"], strict=True)
        if answer != "accepted" and (port.listens or answer != "refused")
    ]


def _neighbour(plan: Plan, port: Port) -> str:
    """Return the first other host of the port's network, or the port's own host if it is alone."""
    members = [host.name for host in plan.hosts if port.network in host.networks and host.name != port.host]
    return next(iter(members), port.host)


def _orders(plan: Plan, asked: Sequence[Port]) -> Iterator[dict[str, Any]]:
    for port in asked:
        address = plan.seat.address(port.host, port.network).ipv4.ip
        yield {"address": str(address), "port": port.number, "listens": port.listens}
