"""Make the plan of a seat: the lab with every template filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from sharklab import state
from sharklab.errors import (
    InputError,
    MachineryError,
)
from sharklab.lab import matrices
from sharklab.lab import seat as seats
from sharklab.lab.load import build
from sharklab.lab.matrices import FAST
from sharklab.lab.model import FilledLab, Host, Lab, LabContent, Plan, Seat
from sharklab.message import (
    N_,
)

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
    return Plan(lab, build(FilledLab, filled, lab.path), seat, pace)


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


def context(lab: LabContent, seat: Seat) -> Mapping[str, Any]:
    """Return the values that a template may use: `seat` and `hosts`."""
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


def save(plan: Plan, folder: Path | None = None) -> None:
    """Write plan.json, and in the seat's folder seat.json too, readable by the owner alone."""
    target = state.folder(folder or plan.seat.folder)
    own = seats.to_plain(plan.seat)
    content = {
        "seat": own,
        "pace": plan.pace,
        "lab": plan.lab.data,
        "source": plan.source.data,
        "path": str(plan.lab.path),
    }
    state.write(target / "plan.json", json.dumps(content, indent=1, ensure_ascii=False), 0o600)
    if folder is None:
        state.write(target / "seat.json", json.dumps(content["seat"], indent=1), 0o600)


def read(file: Path) -> Plan:
    """Return the plan that `save` wrote. Raises MachineryError when the file is missing or damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        folder, own = Path(content["path"]), seats.from_plain(content["seat"])
        source, filled = build(Lab, content["source"], folder), build(FilledLab, content["lab"], folder)
        return Plan(source, filled, own, content.get("pace", FAST))
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
