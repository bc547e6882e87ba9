"""Make the plan of a seat: the lab with every template filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.lab import matrices, start
from sharklab.lab.load import build
from sharklab.lab.matrices import FAST
from sharklab.lab.model import FilledLab, Lab, Plan, Seat
from sharklab.lab.template import context, fill


def make_plan(
    lab: Lab, seat: Seat, pace: str = FAST, begun: tuple[str, ...] = (), solved: tuple[str, ...] = ()
) -> Plan:
    """Return `lab` for `seat`, without a template left. Raises InputError naming the key of a bad one.

    `pace` is one of `matrices.PACES`. `begun` and `solved` are `Plan.start` and `Plan.solved`.
    """
    names, file = context(lab, seat), str(lab.path / "lab.yml")
    filled = fill({key: value for key, value in lab.data.items() if key != "matrices"}, names, file)
    if "matrices" in lab.data:
        filled["matrices"] = [
            _matrix(entry, names, pace, file, ("matrices", str(index)))
            for index, entry in enumerate(lab.data["matrices"])
        ]
    whole = build(FilledLab, filled, lab.path)
    return Plan(lab, start.begin(whole, begun, solved), seat, pace, begun, solved)


def make_solved_plan(plan: Plan) -> Plan:
    """Return the plan with its hosts in the solved state."""
    return make_plan(plan.source, plan.seat, plan.pace) if plan.start else plan


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
                cell,
                {**names, "address": address, "port": cell["port"]},
                file,
                (*path, *_tool_key(entry, i)),
            )
            for i, cell in enumerate(matrices.cells(entry, pace))
        ],
    }


def _tool_key(entry: Mapping[str, Any], cell: int) -> tuple[str, str]:
    """Return where lab.yml has the tool of a matrix's cell, by the cell's place in the matrix."""
    return "tools", str(cell % len(entry["tools"]))


_TOLD = ("id", "title", "optional", "says")
"""The keys of a tool that a plan keeps. The commands of the tool are in its cells."""
