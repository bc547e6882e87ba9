"""Read a run back from its folder: the plan, the evidence, and the facts of each capture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sharklab.evidence import packets, run_folder
from sharklab.evidence.packets.model import Facts
from sharklab.lab import plan as plans
from sharklab.lab.model import Plan


def analyse(folder: Path) -> tuple[Plan, run_folder.Evidence, Mapping[str, Facts]]:
    """Return plan, evidence and facts (by capture id) of the run in `folder`.

    Raises MachineryError when a part of the run is missing or damaged, or tshark is missing.
    """
    found = run_folder.read(folder)
    recordings = packets.read_all([capture.file for capture in found.captures.values()])
    facts = {name: packets.facts(recordings[capture.file]) for name, capture in found.captures.items()}
    return plans.read(folder / "plan.json"), found, facts
