"""Make the plan of a seat: the lab with every template filled in, and Ansible's inventory of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from sharklab import state
from sharklab.errors import N_, InputError, MachineryError
from sharklab.hosts import address as place
from sharklab.hosts import borrowed
from sharklab.lab import matrices
from sharklab.lab import seat as seats
from sharklab.lab.load import build
from sharklab.lab.matrices import FAST
from sharklab.lab.model import Host, Lab, Plan, Seat

_templates = SandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
_compiled = cache(_templates.from_string)  # a lab is planned more than once: checked, baked, for a seat


def plan(lab: Lab, seat: Seat, pace: str = FAST) -> Plan:
    """Return `lab` for `seat`, without a template left. Raises InputError naming the key of a bad one.

    `pace` is one of `matrices.PACES`.
    """
    names, file = context(lab, seat), str(lab.path / "lab.yml")
    filled = fill({key: value for key, value in lab.data.items() if key != "matrices"}, names, file)
    if "matrices" in lab.data:
        filled["matrices"] = [
            _matrix(entry, names, pace, file, ("matrices", str(index)))
            for index, entry in enumerate(lab.data["matrices"])
        ]
    return Plan(build(filled, lab.path), seat, pace)


def _matrix(
    entry: Mapping[str, Any], names: Mapping[str, Any], pace: str, file: str, path: tuple[str, ...]
) -> dict[str, Any]:
    """Return a matrix with its cells filled in; regular expressions are no templates."""
    verbatim = {key: entry[key] for key in ("verdicts", "expect", "fast") if key in entry}
    rest = {key: value for key, value in entry.items() if key not in ("tools", *verbatim)}
    [address] = fill([matrices.address(entry)], names, file, path)
    return {
        **fill(rest, names, file, path),
        **verbatim,
        "address": address,
        "sysctls": matrices.sysctls(entry, pace),
        "tools": [{key: tool[key] for key in _TOLD if key in tool} for tool in entry["tools"]],
        "cells": [
            fill(
                cell, {**names, "address": address, "port": cell["port"]}, file, (*path, *_place_of(entry, i))
            )
            for i, cell in enumerate(matrices.cells(entry, pace))
        ],
    }


def _place_of(entry: Mapping[str, Any], cell: int) -> tuple[str, str]:
    """Return where lab.yml has the tool of a matrix's cell, by the cell's place in the matrix."""
    return "tools", str(cell % len(entry["tools"]))


_TOLD = ("id", "title", "optional", "says")
"""What a plan still says of a tool: its cells hold what it runs."""


def context(lab: Lab, seat: Seat) -> Mapping[str, Any]:
    """Return what a template may use: `seat` and `hosts`."""
    return {
        "lab": lab.name,
        "student": seat.student,
        "seat": {key: getattr(seat, key) for key in ("token", "domain", "share", "id", "password")},
        "hosts": {host.name: _place(host, seat) for host in lab.hosts},
    }


def _place(host: Host, seat: Seat) -> dict[str, Any]:
    """Return a host's addresses: on its first network, and by network name."""
    by_network = {
        name: {
            "ipv4": str(at.ipv4.ip),
            "ipv6": str(at.ipv6.ip),
            "subnet": str(at.ipv4.network),
            "mac": at.mac,
        }
        for name, at in seat.addresses[host.name].items()
    }
    return {**by_network, **by_network[host.networks[0]]}


def fill(value: Any, names: Mapping[str, Any], file: str, path: tuple[str, ...] = ()) -> Any:
    """Return `value` with each template in it rendered. Raises InputError naming `file` and the key."""
    if isinstance(value, str):
        return _render(value, names, f"{file} {'.'.join(path)}")
    if isinstance(value, Mapping):
        return {key: fill(item, names, file, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, names, file, (*path, str(index))) for index, item in enumerate(value)]
    return value


def _render(text: str, names: Mapping[str, Any], place: str) -> str:
    try:
        return _compiled(text).render(names) if "{" in text else text
    except jinja2.UndefinedError as error:
        hint = N_(
            "templates may use student, seat.token (.domain, .share, .password, .id), hosts.NAME.ipv4 (.ipv6)"
        )
        raise InputError(N_("undefined name: {fault}"), place=place, hint=hint, fault=error) from error
    except jinja2.TemplateError as error:
        raise InputError(N_("not a valid template: {fault}"), place=place, fault=error) from error


def hostvars(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the variables that Ansible gives each host of the plan."""
    names = context(plan.lab, plan.seat)
    common = {
        "lab": plan.lab.name,
        "student": plan.seat.student,
        "seat": {key: value for key, value in names["seat"].items() if key != "password"},
        "lab_hosts": {host: {"ipv4": at["ipv4"], "ipv6": at["ipv6"]} for host, at in names["hosts"].items()},
    }
    return {host.name: {**common, **_hostvars(plan, host)} for host in plan.hosts}


def _hostvars(plan: Plan, host: Host) -> dict[str, Any]:
    captures = [c for e in plan.lab.exercises for c in e.captures if c.host == host.name]
    probes = [p for e in plan.lab.exercises for p in e.probes if p.host == host.name]
    sysctls = [matrix.sysctls for matrix in plan.lab.matrices if matrix.client == host.name]
    return {
        "lab_roles": list(host.roles),
        "lab_interfaces": {name: name for name in host.networks},
        **host.vars,
        "capture_captures": [
            {"id": c.id, "interface": c.network, "filter": c.filter, "snaplen": c.snaplen} for c in captures
        ],
        "probe_probes": [
            {
                "id": p.id,
                "argv": list(p.run),
                "user": p.user,
                "timeout": p.timeout,
                "after": list(p.after),
                "stdin": p.stdin,
                "env": dict(p.env),
            }
            for p in probes
        ],
        "probe_sysctls": {name: value for chosen in sysctls for name, value in chosen.items()},
    }


_RUN_ONLY = frozenset({"capture_captures", "probe_probes", "probe_sysctls"})


def provisioned(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the variables that make the hosts what they are: all but what only a run takes."""
    return {
        host: {name: value for name, value in values.items() if name not in _RUN_ONLY}
        for host, values in hostvars(plan).items()
    }


def inventory(plan: Plan, facts: Mapping[str, Mapping[str, object]] | None = None) -> dict[str, Any]:
    """Return the seat's Ansible inventory: hosts reached by the seat's own ssh config.

    `facts` is what is known of hosts, as Ansible's facts: playbooks need not ask for it.
    """
    existing = borrowed.read(plan.seat.folder)
    connection = {
        **({} if existing else {"ansible_user": "root"}),
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_common_args": f"-F {plan.seat.folder / 'ssh' / 'config'}",
    }
    known = {name: {"lab_facts": dict(found)} for name, found in (facts or {}).items()}
    hosts = {
        name: {"ansible_host": name, **_on_machine(values, existing.get(name)), **known.get(name, {})}
        for name, values in hostvars(plan).items()
    }
    return {"all": {"vars": connection, "hosts": hosts}}


def _on_machine(values: Mapping[str, Any], machine: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a host's variables as they are for the machine that it is, where that exists already.

    What the lab says of a host goes before what was found out of its machine.
    """
    if not machine:
        return values
    own = place.variables(values, machine["place"]["interface"])
    return {**machine["vars"], **machine["extra"], **own}


def save(plan: Plan, folder: Path | None = None) -> None:
    """Write plan.json, and in the seat's folder seat.json and inventory.yml, readable by the owner alone."""
    target = state.folder(folder or plan.seat.folder)
    own = seats.to_plain(plan.seat)
    content = {"seat": own, "pace": plan.pace, "lab": plan.lab.data, "path": str(plan.lab.path)}
    state.write(target / "plan.json", json.dumps(content, indent=1, ensure_ascii=False), 0o600)
    if folder is None:
        state.write(target / "seat.json", json.dumps(content["seat"], indent=1), 0o600)
        save_inventory(plan)


def save_inventory(plan: Plan, facts: Mapping[str, Mapping[str, object]] | None = None) -> None:
    """Write the seat's inventory.yml, readable by the owner alone."""
    content = json.dumps(inventory(plan, facts), indent=1)
    state.write(plan.seat.folder / "inventory.yml", content, 0o600)


def read(file: Path) -> Plan:
    """Return the plan that `save` wrote. Raises MachineryError when the file is missing or damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        lab, own = build(content["lab"], Path(content["path"])), seats.from_plain(content["seat"])
        return Plan(lab, own, content.get("pace", FAST))
    except FileNotFoundError as error:
        raise MachineryError(
            N_("there is no plan here"), place=str(file), hint=N_("start the seat with: sharklab up")
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise MachineryError(
            N_("the plan is damaged ({fault})"),
            place=str(file),
            hint=N_("run: sharklab up again"),
            fault=error,
        ) from error
