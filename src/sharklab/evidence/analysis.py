"""Read a run back from its sealed folder: the plan, and the evidence with the facts of each capture."""

from __future__ import annotations

from pathlib import Path

from sharklab.evidence import capture, run_folder
from sharklab.lab import plan_file
from sharklab.lab.model import Plan


def analyse(folder: Path) -> tuple[Plan, run_folder.Evidence]:
    """Return the plan and the evidence of the run in `folder`; its captures are read.

    A run that was interrupted is sealed with the evidence that it has. Raises MachineryError when a file was
    changed, removed or added since the run was sealed, when one is damaged, or when tshark is missing.
    """
    run_folder.verify(folder)
    evidence = run_folder.read(folder)
    capture.read_all(evidence.captures.values())
    return plan_file.read(folder / "plan.json"), evidence
