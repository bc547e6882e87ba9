"""The roles of a host: those that its lab lists, and those that they import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sharklab import paths, yaml_file

IMPORT = "ansible.builtin.import_role"
LIMITS = "meta/limits.yml"
"""The file of a role that needs more memory or processes than most hosts; plain Ansible does not read it."""


def whole(listed: Sequence[str], variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the roles of a host: first those that the `listed` ones import, then these; each once.

    A role says in its tasks/main.yml what it imports; plain Ansible follows that. Seats apply each role in
    two halves (playbooks/bake.yml, personalise.yml), so they need the list. `variables` are the host's, by
    name: a role may import another one `when` one of its options is on.
    """
    imported = (
        name for role in listed for name in _list_imported_roles(role, variables) if name not in listed
    )
    return tuple(dict.fromkeys([*imported, *listed]))


@cache
def names() -> tuple[str, ...]:
    """Return the roles that labs may use, sorted."""
    return tuple(sorted(file.parents[1].name for file in paths.ROLES.glob("*/meta/argument_specs.yml")))


def options(role: str, entry: str) -> Mapping[str, Any]:
    """Return the options that `role` declares for its entry point (main, bake or personalise)."""
    entries = _read(role, "meta/argument_specs.yml")["argument_specs"]
    declared: Mapping[str, Any] = entries.get(entry, {}).get("options") or {}
    return declared


def limits(listed: Sequence[str]) -> Mapping[str, int]:
    """Return the limits that roles ask for, the largest of each: `memory_mib`, `processes`."""
    largest: dict[str, int] = {}
    for role in listed:
        for name, value in _read(role, LIMITS).items():
            largest[name] = max(value, largest.get(name, 0))
    return largest


def _list_imported_roles(role: str, variables: Mapping[str, Any]) -> Iterator[str]:
    for task in _read(role, "tasks/main.yml"):
        if IMPORT in task and _is_wanted(task.get("when"), {**_read(role, "defaults/main.yml"), **variables}):
            yield task[IMPORT]["name"]


def _is_wanted(option: str | None, variables: Mapping[str, Any]) -> bool:
    return option is None or bool(variables[option])


@cache
def _read(role: str, name: str) -> Any:
    """Return the data of a role's file; {} if there is no such file."""
    file = paths.ROLES / role / name
    return (yaml_file.read(file.read_text()).data if file.is_file() else None) or {}
