"""Plans of labs that a test writes itself."""

from __future__ import annotations

from sharklab.lab.model import FilledLab, Lab, Plan, Seat


def plain(lab: Lab, seat: Seat) -> Plan:
    """Return the plan of a lab without a template: as its author wrote it, it is the lab of any seat."""
    return Plan(lab, FilledLab(**vars(lab)), seat)
