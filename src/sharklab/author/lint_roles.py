"""Faults of the roles of hosts and of their variables, and of the roles that a lab alone has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from sharklab import paths
from sharklab.author import lint_options
from sharklab.lab import roles
from sharklab.lab.model import Host, Lab
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""The name of a role: it begins the names of the role's variables, and is a part of the name of a group."""

FILES = ("tasks/main.yml", "tasks/bake.yml", roles.SPECS)
"""The files that each role has."""

ENTRIES = ("main", "bake")
"""The entry points whose options each role declares."""


def faults(lab: Lab) -> Iterator[Fault]:
    """Yield the unknown roles of hosts, the faults of the lab's own roles, and those of variables."""
    known, own = roles.names(lab.path), roles.of_lab(lab.path)
    seen: set[str] = set()
    broken: set[str] = set()
    for host in lab.hosts:
        for index, role in enumerate(lab.data["hosts"][host.name]["roles"]):
            where = ("hosts", host.name, "roles", index)
            if role not in known:
                yield unknown(where, N_("unknown role {name!r}"), role, known)
            elif role in own and role not in seen:
                own_faults = list(_own_role(where, role, lab.path))
                broken |= {role} if own_faults else set()
                yield from own_faults
            seen.add(role)
        if set(host.roles) <= set(known) - broken:
            yield from _variables(host, lab.data["hosts"][host.name].get("vars", {}), lab.path)


def _own_role(where: Path, role: str, lab: FilePath) -> Iterator[Fault]:
    """Yield the faults of a role that the lab alone has."""
    folder = lab / roles.FOLDER / role
    if (paths.ROLES / role).is_dir():
        sentence = N_("the lab has a role {name!r}, and so has sharklab")
        yield fault(where, sentence, N_("rename {folder}"), name=role, folder=folder)
    elif not NAME.fullmatch(role):
        sentence = N_("{name!r} cannot be the name of a role")
        hint = N_("take lower-case letters, digits and underscores, and begin with a letter")
        yield fault(where, sentence, hint, name=role)
    elif ":" in str(folder):
        sentence = N_("Ansible finds no role in a folder with a colon in its name: {folder}")
        yield fault(where, sentence, N_("rename the folder"), folder=folder)
    elif missing := [name for name in FILES if not (folder / name).is_file()]:
        sentence = N_("the role {name!r} lacks {missing}")
        yield fault(where, sentence, roles.GUIDE, name=role, missing=[str(folder / one) for one in missing])
    elif absent := [entry for entry in ENTRIES if not roles.declares(role, entry, lab)]:
        sentence = N_("{file} does not declare {entries}")
        yield fault(where, sentence, roles.GUIDE, file=folder / roles.SPECS, entries=absent)


def _variables(host: Host, given: Mapping[str, Any], lab: FilePath) -> Iterator[Fault]:
    options = {name: role for role in host.roles for name in roles.options(role, "main", lab)}
    for name, role in options.items():
        if roles.options(role, "main", lab)[name].get("required") and name not in host.vars:
            yield fault(
                ("hosts", host.name, "vars"),
                N_("role {role} needs the variable {name!r}"),
                N_("see {file}"),
                role=role,
                name=name,
                file=_guide(role, lab),
            )
    at_bake = {name for role in host.roles for name in roles.options(role, "bake", lab)}
    for name, value in given.items():
        where = ("hosts", host.name, "vars", name)
        if name not in options:
            yield unknown(where, N_("unknown variable {name!r}"), name, options)
        elif name in at_bake and _has_template(value):
            yield fault(
                where,
                N_("role {role} takes {name} when the image is baked: it cannot differ between seats"),
                N_("write it without a template"),
                role=options[name],
                name=name,
            )
        else:
            yield from lint_options.faults(where, roles.options(options[name], "main", lab)[name], value)


def _has_template(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_template(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_template(item) for item in value)
    return isinstance(value, str) and "{{" in value


def _guide(role: str, lab: FilePath) -> str:
    """Return the file that describes the options of a role."""
    own = role in roles.of_lab(lab)
    return str(roles.folder(role, lab) / roles.SPECS) if own else f"roles/{role}/README.md"
