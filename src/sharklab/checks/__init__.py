"""Decide what a run achieved: `judge(plan, evidence)` gives a verdict on each exercise."""

from sharklab.checks import (  # noqa: F401 (each of them declares its checks or questions)
    absence,
    administration,
    captures,
    cells,
    conversation,
    dhcp,
    dns,
    effects,
    families,
    faults,
    firewall,
    listeners,
    neighbours,
    nfs,
    port_views,
    probes,
    questions,
    scans,
    segments,
    services,
    socket_pair,
)
from sharklab.checks.judge import judge
from sharklab.checks.kind import KINDS
from sharklab.checks.question import QUESTIONS

__all__ = ["KINDS", "QUESTIONS", "judge"]
