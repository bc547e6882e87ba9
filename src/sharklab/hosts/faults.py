"""Inject the faults of a seat into its hosts, and repair them, by playbooks/faults.yml and its role."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sharklab.errors import InputError
from sharklab.hosts import inventory, playbook
from sharklab.lab import fault_catalogue
from sharklab.lab.model import Exercise, Plan
from sharklab.message import N_
from sharklab.process import Say


def injections(plan: Plan, ids: Collection[str]) -> Mapping[str, list[dict[str, Any]]]:
    """Return the faults of the exercises `ids` by host, as the role `faults` takes them (`faults_wanted`)."""
    by_host: dict[str, list[dict[str, Any]]] = {}
    for exercise in (each for each in plan.lab.exercises if each.id in ids):
        for fault in plan.seat.faults.get(exercise.id, ()):
            host = fault_catalogue.host_of(plan.lab, exercise, fault_catalogue.find(fault).side)
            by_host.setdefault(host, []).append({"id": fault, **_surroundings(plan, exercise, host)})
    return by_host


def _surroundings(plan: Plan, exercise: Exercise, host: str) -> dict[str, Any]:
    """Return the hosts of an exercise's conversation, their addresses, and the card of `host` to them."""
    talk = exercise.conversation
    client, server = (talk.client, talk.server) if talk else (host, host)
    card = fault_catalogue.link(plan.lab, exercise, host)
    address = {
        name: plan.seat.address(name, fault_catalogue.link(plan.lab, exercise, name))
        for name in (client, server)
    }
    return {
        "client": client,
        "server": server,
        "card": card,
        "client_address": str(address[client].ipv4.ip),
        "server_address": str(address[server].ipv4.ip),
        "server_address6": str(address[server].ipv6.ip),
        "server_mac": address[server].mac,
        "subnet": str(plan.seat.address(host, card).ipv4.network),
        "client_subnet": str(address[client].ipv4.network),
        **_beside(plan, exercise, card, (client, server)),
        "port": talk.port if talk else 0,
        "transport": (talk.transport if talk else "") or "tcp",
    }


def _beside(plan: Plan, exercise: Exercise, card: str, ends: tuple[str, str]) -> dict[str, str]:
    """Return the address of the router on the network `card`, its other card, and another host there."""
    router = fault_catalogue.host_of(plan.lab, exercise, fault_catalogue.ROUTER)
    there = [host.name for host in plan.hosts if card in host.networks]
    others = [name for name in there if name not in (*ends, router)]
    far = set(plan.lab.host(ends[1]).networks) & set(plan.lab.host(router).networks) if router else set()
    return {
        "router": str(plan.seat.address(router, card).ipv4.ip) if router in there else "",
        "far_card": next(iter(sorted(far)), ""),
        "other": str(plan.seat.address(others[0], card).ipv4.ip) if others else "",
    }


def refuse_borrowed(plan: Plan) -> None:
    """Raise InputError if the seat of `plan` begins with faults, before machines are borrowed for it.

    A fault of a network, a login or a firewall may cut off the controller: it reaches most borrowed machines
    over the network of the lab. `down` could then not give them back.
    """
    if injections(plan, set(plan.start) - set(plan.solved)):
        raise InputError(
            N_("the faults of {lab} cannot be injected into machines of your own"),
            place="--provider existing",
            hint=N_("use containers or virtual machines: there the controller has a network of its own"),
            lab=plan.lab.name,
        )


def inject(plan: Plan, ids: Collection[str], progress: Say = lambda text: None) -> None:
    """Inject the faults of the exercises `ids`. The hosts must be set up.

    Raises MachineryError when a task fails.
    """
    _run(plan, injections(plan, ids), {"entry": "inject"}, progress)


def repair(plan: Plan, ids: Collection[str], name: str = "repair", progress: Say = lambda text: None) -> None:
    """Repair the faults of the exercises `ids` in the way `name` (`repairs`).

    Raises MachineryError when a task fails.
    """
    _run(plan, injections(plan, ids), {"entry": "repair", "faults_repair": name}, progress)


def _run(plan: Plan, wanted: Mapping[str, Any], variables: Mapping[str, str], progress: Say) -> None:
    if wanted:
        playbook.run("faults", inventory.file(plan), {"faults": wanted, **variables}, progress=progress)


def repairs(fault: str) -> Iterator[str]:
    """Yield the names of a fault's right repairs, as the role `faults` takes them (`faults_repair`)."""
    folder = fault_catalogue.FOLDER / fault
    return (file.stem for file in sorted(folder.glob("repair*.yml")))
