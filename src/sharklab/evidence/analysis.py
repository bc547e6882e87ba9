"""Read a run back from its sealed folder: the plan, the evidence, and the facts of each capture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sharklab.evidence import packets, run_folder
from sharklab.evidence.packets.model import Facts
from sharklab.lab import plan_file
from sharklab.lab.model import Plan


def analyse(folder: Path) -> tuple[Plan, run_folder.Evidence, Mapping[str, Facts]]:
    """Return plan, evidence and facts (by capture id) of the run in `folder`.

    A run that was interrupted is sealed with the evidence that it has. Raises MachineryError when a file was
    changed, removed or added since the run was sealed, when one is damaged, or when tshark is missing.
    """
    run_folder.verify(folder)
    found = run_folder.read(folder)
    recordings = packets.read_all([capture.file for capture in found.captures.values()])
    facts = {name: packets.facts(recordings[capture.file]) for name, capture in found.captures.items()}
    return plan_file.read(folder / "plan.json"), found, facts
