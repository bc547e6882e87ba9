"""The facts about a seat's borrowed machines: machines.json in the seat's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharklab import state, untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import user_inventory
from sharklab.lab import seat
from sharklab.lab.model import Host, Seat
from sharklab.message import N_

FILE = "machines.json"

TEMPLATES = ("{{", "{%", "{#")
"""The signs with which a template of Ansible begins."""

Machines = Mapping[str, Mapping[str, Any]]
"""By host: `access` and `description` together."""


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the facts about the borrowed machines of the seat in `folder`; {} if it has none."""
    try:
        machines: dict[str, dict[str, Any]] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MachineryError(
            N_("the file is damaged"), place=str(folder / FILE), hint=N_("restore it from a copy")
        ) from error
    return machines


def write(folder: Path, known: Machines) -> None:
    """Write the facts, readable by the owner alone, because they may contain passwords."""
    state.write(folder / FILE, json.dumps(known, indent=1), 0o600)


def access(variables: user_inventory.Variables) -> dict[str, Any]:
    """Return how a machine is reached, from its variables in the inventory."""
    reached = user_inventory.REACHED
    own = {name: value for name, value in variables.items() if name.startswith("ansible_")}
    password = next(
        (own[name] for name in ("ansible_become_password", "ansible_become_pass") if name in own), ""
    )
    return {
        "machine": str(variables[user_inventory.MACHINE]),
        "python": str(own.get("ansible_python_interpreter", "/usr/bin/python3")),
        "sudo": False,
        "password": str(password),
        "vars": {name: value for name, value in own.items() if name not in reached},
    }


def with_python(entry: Mapping[str, Any], python: str) -> dict[str, Any]:
    """Return how a machine is reached, with the interpreter that was found there, "" for the one it has."""
    if not python:
        return dict(entry)
    return {
        **entry,
        "python": python,
        "vars": {**entry["vars"], "ansible_python_interpreter": python},
    }


def refuse_templates(host: str, told: object) -> None:
    """Raise InputError if a text that a machine tells could be a template of Ansible.

    The texts go into the inventory of the seat, where Ansible fills templates in, on this computer. The
    machine may belong to somebody else.
    """
    parts = told.items() if isinstance(told, Mapping) else told if isinstance(told, list | tuple) else ()
    for part in parts:
        refuse_templates(host, part)
    if isinstance(told, str) and any(sign in told for sign in TEMPLATES):
        raise InputError(
            N_("the machine tells a text that Ansible would run: {text}"),
            place=f"--inventory: {host}",
            hint=N_("somebody may have changed its programs: install it anew"),
            text=untrusted.name(told),
        )


def description(host: Host, seen: Mapping[str, Any], at: Mapping[str, str]) -> dict[str, Any]:
    """Return a machine's own description, as variables for the roles and as facts for people."""
    extra: dict[str, Any] = {"lab_ssh_port": int(seen["way"].get("port", 22))}
    if zone := seen["zones"].get(at["interface"]):
        extra |= {"firewall_zone": zone, "port_states_zone": zone}
    if connection := seen["connections"].get(at["interface"]):
        extra |= {"dns_client_connection": connection, "dns_client_interface": at["interface"]}
    sudo = bool(seen.get("sudo"))
    return {
        **{key: seen[key] for key in ("id", "system", "family", "kernel")},
        "address": dict(at),
        "sudo": sudo,
        "extra": {**extra, **({"ansible_become": True} if sudo else {})},
    }


def with_addresses(own: Seat, known: Machines) -> Seat:
    """Return the seat with hosts at the addresses of their machines."""
    return seat.with_addresses(own, {host: machine["address"] for host, machine in known.items()})
