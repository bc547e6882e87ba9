"""The roles of a host: those that its lab lists, and those that they import.

A role is a folder in roles/, or one in the folder `roles` of a lab: then this lab alone has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sharklab import paths, yaml_file
from sharklab.errors import InputError
from sharklab.message import N_

FOLDER = "roles"
"""The folder of a lab with the roles that it alone has."""

COLLECTION = "sharklab.lab."
"""Begins the full name of a role of sharklab."""

GUIDE = N_("see the section A new role in docs/authoring.md")
"""The hint to a mistake in a role."""

IMPORT = "ansible.builtin.import_role"
SPECS = "meta/argument_specs.yml"
LIMITS = "meta/limits.yml"
"""The file of a role that needs more memory or processes than most hosts; plain Ansible does not read it."""


def folder(role: str, lab: Path) -> Path:
    """Return the folder of a role of sharklab, or else of the lab in the folder `lab`; it may not exist."""
    shared = paths.ROLES / role
    return shared if shared.is_dir() else lab / FOLDER / role


@cache
def of_lab(lab: Path) -> tuple[str, ...]:
    """Return the roles that the lab in the folder `lab` alone has, sorted."""
    return tuple(sorted(file.name for file in (lab / FOLDER).glob("[!.]*") if file.is_dir()))


def whole(listed: Sequence[str], variables: Mapping[str, Any], lab: Path) -> tuple[str, ...]:
    """Return the roles of a host: first those that the `listed` ones import, then these; each once.

    A role says in its tasks/main.yml what it imports; plain Ansible follows that. Seats apply each role in
    two halves (playbooks/bake.yml, personalise.yml), so they need the list. `variables` are the host's, by
    name: a role may import another one `when` one of its options is on. `lab` is the lab's folder. Raises
    InputError for a file of a role that says something else.
    """
    imported = (
        name for role in listed for name in _list_imported_roles(role, variables, lab) if name not in listed
    )
    return tuple(dict.fromkeys([*imported, *listed]))


@cache
def names(lab: Path) -> tuple[str, ...]:
    """Return the roles that the lab in the folder `lab` may use, sorted."""
    shared = {file.parents[1].name for file in paths.ROLES.glob(f"*/{SPECS}")}
    return tuple(sorted(shared | set(of_lab(lab))))


def options(role: str, entry: str, lab: Path) -> Mapping[str, Any]:
    """Return the options that `role` declares for its entry point (main, bake or personalise).

    Raises InputError for a file without a mapping of entry points.
    """
    declared: Any = {"": _read(role, SPECS, lab)}
    for key in ("", "argument_specs", entry, "options"):
        declared = declared.get(key) or {}
        if not isinstance(declared, Mapping):
            place = " ".join([str(folder(role, lab) / SPECS), *([key] if key else [])])
            raise InputError(
                N_("there must be a mapping of entry points to options"), place=place, hint=GUIDE
            )
    return dict(declared)


def declares(role: str, entry: str, lab: Path) -> bool:
    """Tell whether `role` declares the entry point, be it without options. Raises as `options` does."""
    options(role, entry, lab)
    return entry in (_read(role, SPECS, lab).get("argument_specs") or {})


def limits(listed: Sequence[str], lab: Path) -> Mapping[str, int]:
    """Return the limits that roles ask for, the largest of each: `memory_mib`, `processes`."""
    largest: dict[str, int] = {}
    for role in listed:
        for name, value in _read(role, LIMITS, lab).items():
            largest[name] = max(value, largest.get(name, 0))
    return largest


def find_with(part: str, listed: Sequence[str], lab: Path) -> list[str]:
    """Return the roles of `listed` that have the tasks `part`, such as `personalise`."""
    return [role for role in listed if (folder(role, lab) / "tasks" / f"{part}.yml").is_file()]


def _list_imported_roles(role: str, variables: Mapping[str, Any], lab: Path) -> Iterator[str]:
    file = "tasks/main.yml"
    tasks = _read(role, file, lab)
    for task in tasks:
        if not isinstance(task, Mapping):
            place = str(folder(role, lab) / file)
            raise InputError(N_("the file must be a list of tasks"), place=place, hint=GUIDE)
        if IMPORT in task and _is_wanted(role, task, variables, lab):
            yield str(task[IMPORT]["name"]).removeprefix(COLLECTION)


def _is_wanted(role: str, task: Mapping[str, Any], variables: Mapping[str, Any], lab: Path) -> bool:
    """Tell whether the host imports the role of a task: always, or `when` an option of `role` is on."""
    option, values = task.get("when"), {**_read(role, "defaults/main.yml", lab), **variables}
    if option is None:
        return True
    if option not in values:
        raise InputError(
            N_("the condition of an imported role must be the name of an option, not {option!r}"),
            place=str(folder(role, lab) / "tasks" / "main.yml"),
            hint=N_("give the role an option with a default in defaults/main.yml"),
            option=option,
        )
    return bool(values[option])


def _read(role: str, name: str, lab: Path) -> Any:
    """Return the data of a role's file; {} if there is no such file. Raises InputError for one of no YAML."""
    return _read_file(folder(role, lab) / name)


@cache
def _read_file(file: Path) -> Any:
    return (yaml_file.read_file(file).data if file.is_file() else None) or {}
