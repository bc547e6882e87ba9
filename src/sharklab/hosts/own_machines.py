"""A student's seat on machines that an Ansible user has: their addresses, and the variables for the roles.

The inventory plugin and the task `locate` of the collection sharklab.lab call these functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import address, inventory
from sharklab.lab import load, seat
from sharklab.lab.model import Seat
from sharklab.lab.plan import make_plan
from sharklab.message import N_


def variables(lab: str, student: str) -> dict[str, dict[str, Any]]:
    """Return the variables of each host of a seat, at the addresses that `locate` noted.

    A machine that was never located has the address that the seat would have on the controller. Nothing is
    written. Raises SharklabError.
    """
    content = load.read_named(lab)
    own = seat.look_up(content, student)
    addresses = _read(own)
    values = inventory.hostvars(make_plan(content, seat.with_addresses(own, addresses)))
    return {
        host: {**_on_card(each, addresses.get(host)), "lab_folder": str(content.path)}
        for host, each in values.items()
    }


def _on_card(values: Mapping[str, Any], located: Mapping[str, str] | None) -> Mapping[str, Any]:
    return address.variables(values, located["interface"]) if located else values


def locate(
    lab: str, student: str, facts: Mapping[str, address.NetworkFacts], reached: Mapping[str, str]
) -> bool:
    """Register the seat, note where its machines are, and return True if a machine was not there before.

    `facts` are the network facts of machines by host. `reached` are the addresses that the controller or
    the user knows them by. Machines without facts stay where they were noted. Raises InputError if a host
    of the lab was never located.
    """
    content = load.read_named(lab)
    own = seat.register(content, student)
    before = _read(own)
    now = {**before, **{host: _find(host, each, reached.get(host, "")) for host, each in facts.items()}}
    if missing := [host.name for host in content.hosts if host.name not in now]:
        raise InputError(
            N_("the addresses of {missing} are unknown"),
            place=content.name,
            hint=N_("run site.yml once for all hosts of the lab, without --limit, when all machines are up"),
            missing=missing,
        )
    if now != before:
        state.folder(_file(own).parent)
        state.write(_file(own), json.dumps(now, indent=1), 0o600)
    return now != before


def _find(host: str, facts: address.NetworkFacts, reached: str) -> dict[str, str]:
    try:
        return address.find(facts, reached)
    except InputError as error:
        raise InputError(error.message_id, place=host) from error


def _file(own: Seat) -> Path:
    folder = state.seat_folder(own.lab, own.student)
    return state.root() / "located" / folder.parent.name / f"{folder.name}.json"


def _read(own: Seat) -> dict[str, dict[str, str]]:
    file = _file(own)
    try:
        addresses: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MachineryError(
            N_("the addresses of the machines are damaged"),
            place=str(file),
            hint=N_("remove the file; site.yml finds the addresses again"),
        ) from error
    return addresses
