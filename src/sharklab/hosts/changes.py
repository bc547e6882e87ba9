"""The changes of roles on a machine, beside /etc, its services and its packages: roles/*/meta/changes.yml.

`sharklab down` needs them for machines that stay. A host that is removed needs no cleaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharklab import yaml_file
from sharklab.hosts import inventory
from sharklab.lab import roles, template
from sharklab.lab.model import Host, Plan

FILE = "meta/changes.yml"
CONTROLLER = {"made": ["/var/lib/sharklab", "~/.ansible", "~/.sudo_as_admin_successful"]}
"""Files that sharklab's modules, Ansible and sudo leave on every host."""


@dataclass(frozen=True)
class Changes:
    """The changes of roles on one host.

    `paths` are kept with all in them and put back; `made` are removed if they were not there before,
    and else left alone; `settings` are the kernel's (sysctl(8)); `users` are accounts that are made;
    `modules` are those of the kernel that a role uses where they are there, by role.
    """

    paths: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)


def of_host(own: Plan, host: Host) -> Changes:
    """Return the changes of the roles of a plan's host. Raises InputError for a wrong template."""
    folders = {role: roles.folder(role, own.lab.path) for role in dict.fromkeys([*host.roles, "capture"])}
    values = inventory.hostvars(own)[host.name]
    by_role = {role: _fill(folder, values) for role, folder in folders.items()}
    contents = [*by_role.values(), CONTROLLER]
    return Changes(
        **{
            kind: tuple(dict.fromkeys(one for content in contents for one in content.get(kind, ())))
            for kind in ("paths", "made", "settings", "users")
        },
        modules={role: name for role, content in by_role.items() for name in content.get("modules", ())},
    )


def _fill(role: Path, values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the lists of the role in that folder, with templates filled in; each line of one is an entry."""
    names = {**_read(role, "defaults/main.yml"), **values}
    filled = template.fill(_read(role, FILE), names, str(role / FILE))
    return {kind: _lines(entries) for kind, entries in filled.items()}


def _lines(entries: Iterable[str]) -> list[str]:
    return [line for entry in entries for line in entry.splitlines() if line]


def _read(role: Path, name: str) -> dict[str, Any]:
    file = role / name
    return dict(yaml_file.read_file(file).data or {}) if file.exists() else {}
