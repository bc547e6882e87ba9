"""plan.json, which holds a plan, and seat.json beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.lab import seat, start
from sharklab.lab.load import build
from sharklab.lab.matrices import FAST
from sharklab.lab.model import FilledLab, Lab, Plan
from sharklab.message import N_


def save(plan: Plan, folder: Path | None = None) -> None:
    """Write plan.json, and in the seat's folder seat.json too, readable by the owner alone."""
    target = state.folder(folder or plan.seat.folder)
    content = to_plain(plan)
    state.write(target / "plan.json", json.dumps(content, indent=1, ensure_ascii=False), 0o600)
    if folder is None:
        state.write(target / "seat.json", json.dumps(content["seat"], indent=1), 0o600)


def to_plain(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON data."""
    return {
        "seat": seat.to_plain(plan.seat),
        "pace": plan.pace,
        "start": plan.start,
        "solved": plan.solved,
        "lab": plan.lab.data,
        "source": plan.source.data,
        "path": str(plan.lab.path),
    }


def from_plain(content: Mapping[str, Any]) -> Plan:
    """Return the plan that `to_plain` wrote. Raises ValueError, KeyError or TypeError for other data."""
    folder, own = Path(content["path"]), seat.from_plain(content["seat"])
    source, filled = build(Lab, content["source"], folder), build(FilledLab, content["lab"], folder)
    begun, solved = tuple(content.get("start", ())), tuple(content.get("solved", ()))
    filled = start.begin(filled, begun, solved)
    return Plan(source, filled, own, content.get("pace", FAST), begun, solved)


def state_of(seat_folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return `Plan.start` and `Plan.solved` of a seat that exists, None of a seat without a plan."""
    file = seat_folder / "plan.json"
    if not file.exists():
        return None
    plan = read(file)
    return plan.start, plan.solved


def read(file: Path) -> Plan:
    """Return the plan that `save` wrote. Raises MachineryError when the file is missing or damaged."""
    try:
        return from_plain(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise MachineryError(
            N_("the plan is missing"), place=str(file), hint=N_("start the seat with: sharklab up")
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise MachineryError(
            N_("the plan is damaged ({fault})"),
            place=str(file),
            hint=N_("run: sharklab up again"),
            fault=error,
        ) from error
