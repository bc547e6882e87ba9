"""Ansible's inventory of a seat: its hosts, how each is reached, and their variables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sharklab import process, state
from sharklab.hosts import address, borrowed
from sharklab.lab import roles, start, template
from sharklab.lab.model import Host, Plan


def hostvars(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the variables that Ansible gives each host of the plan."""
    names = template.context(plan.lab, plan.seat)
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
    missing = start.find_absent_roles_of_host(plan.lab, host)
    return {
        "lab_host": host.name,
        "lab_roles": list(host.roles),
        "lab_role_parts": {
            part: roles.find_with(part, host.roles, plan.lab.path) for part in ("personalise", "peers")
        },
        **({"lab_own_roles": own} if (own := _list_own_roles(plan, host)) else {}),
        **({"lab_missing_roles": list(missing)} if missing else {}),
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
                **({"exit": list(p.exit), "retries": p.retries} if p.retries else {}),
            }
            for p in probes
        ],
        "probe_sysctls": {name: value for chosen in sysctls for name, value in chosen.items()},
    }


def _list_own_roles(plan: Plan, host: Host) -> list[str]:
    """Return the folders of the host's roles that the lab alone has."""
    own = roles.of_lab(plan.lab.path)
    return [str(roles.folder(role, plan.lab.path)) for role in host.roles if role in own]


DISK = "sharklab.lab.disk"
"""The Ansible connection to a host that has not booted: its mounted disk."""

_RUN_ONLY = frozenset({"capture_captures", "probe_probes", "probe_sysctls"})


def list_setup_variables(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the variables that set the hosts up: all except those of a run."""
    return {
        host: {name: value for name, value in values.items() if name not in _RUN_ONLY}
        for host, values in hostvars(plan).items()
    }


def build(
    plan: Plan,
    facts: Mapping[str, Mapping[str, object]] | None = None,
    disks: Mapping[str, Path] | None = None,
) -> dict[str, Any]:
    """Return the seat's Ansible inventory: hosts reached by the seat's own ssh config.

    `facts` are known facts about hosts, as Ansible's: playbooks need not gather them. `disks` are the folders
    at which the disks of hosts are mounted that have not booted: these hosts are reached there.
    """
    existing = borrowed.read(plan.seat.folder)
    connection = {
        **({} if existing else {"ansible_user": "root", "ansible_ssh_timeout": process.LOGIN_SECONDS}),
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_common_args": f"-F {shlex.quote(str(plan.seat.folder / 'ssh' / 'config'))}",
    }
    known = {name: {"lab_facts": dict(each)} for name, each in (facts or {}).items()}
    mounted = {
        name: {"ansible_connection": DISK, "lab_disk": str(root)} for name, root in (disks or {}).items()
    }
    hosts = {
        name: {
            "ansible_host": name,
            **_apply_machine(values, existing.get(name)),
            **known.get(name, {}),
            **mounted.get(name, {}),
        }
        for name, values in hostvars(plan).items()
    }
    return {"all": {"vars": connection, "hosts": hosts, "children": _groups(plan)}}


HostFacts = Mapping[str, Mapping[str, object]]
"""By host: Ansible's facts that roles use, by their names without `ansible_`."""


def build_class(seats: Iterable[tuple[Plan, HostFacts, Mapping[str, Path]]]) -> dict[str, Any]:
    """Return one inventory of the hosts of several seats that have not booted; facts and disks as in `build`.

    The names of the hosts have the id of the seat in front. `lab_peers` has the names of the others of a
    host's seat.
    """
    hosts: dict[str, Any] = {}
    for plan, facts, disks in seats:
        own = build(plan, facts, disks)["all"]
        peers = {name: class_name(plan, name) for name in own["hosts"]}
        for name, values in own["hosts"].items():
            hosts[peers[name]] = {**own["vars"], **values, "lab_peers": peers}
    return {"all": {"hosts": hosts}}


def class_name(plan: Plan, host: str) -> str:
    """Return the name of a host in the inventory of a class."""
    return f"{plan.seat.id}-{host}"


def _groups(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return a group for each role, such as role_ssh_server, with the hosts that have it: for site.yml."""
    names = dict.fromkeys(role for host in plan.hosts for role in host.roles)
    return {
        f"role_{role}": {"hosts": {host.name: {} for host in plan.hosts if role in host.roles}}
        for role in names
    }


def _apply_machine(values: Mapping[str, Any], machine: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a host's variables as they are for the machine that it is, where that exists already.

    A value of the lab goes before one of the machine.
    """
    if not machine:
        return values
    own = address.variables(values, machine["address"]["interface"])
    return {**machine["vars"], **machine["extra"], **own}


def save(
    plan: Plan,
    facts: Mapping[str, Mapping[str, object]] | None = None,
    disks: Mapping[str, Path] | None = None,
) -> None:
    """Write the seat's inventory.yml (`build`), readable by the owner alone."""
    content = json.dumps(build(plan, facts, disks), indent=1)
    state.write(file(plan), content, 0o600)


def file(plan: Plan) -> Path:
    """Return where the inventory of the seat is saved."""
    return plan.seat.folder / "inventory.yml"
