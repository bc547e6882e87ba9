"""The check that a firewall opens just what is meant, now and after the next start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.checks.context import Context
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
)
from sharklab.message import (
    N_,
    Message,
)

Zone = Mapping[str, frozenset[str]]
OPENINGS = ("services", "ports", "protocols", "source-ports", "forward-ports", "rich rules")
"""What lets packets in, as firewalld names it. A parameter has the same name with underscores."""


def firewall(context: Context, params: Mapping[str, Any]) -> Finding:
    """`firewall-cmd --list-all` of the probes `runtime` and `permanent` shows just the openings given."""
    results = [context.probe(params[name]) for name in ("runtime", "permanent")]
    evidence = tuple(Reference(probe=result.id, host=result.host) for result in results if result)
    zones = [
        read_zone(result.stdout)
        for result in results
        if result and result.exit_code == 0 and not result.truncated
    ]
    if len(zones) < len(results) or not all(zones):
        text = N_("{runtime} or {permanent} did not print a zone of firewalld.")
        names = {name: params[name] for name in ("runtime", "permanent")}
        return Finding(Status.INCONCLUSIVE, Message(text, names), evidence)
    wrong = faults(zones[0], zones[1], params)
    if wrong:
        return Finding(Status.FAILED, Message("{faults}", {"faults": wrong}), evidence)
    opened = sorted(frozenset().union(*(zones[0].get(key, ()) for key in OPENINGS)))
    return Finding(Status.PASSED, Message(N_("The zone opens {opened}."), {"opened": opened}), evidence)


def faults(runtime: Zone, permanent: Zone, params: Mapping[str, Any]) -> list[Message]:
    """Return the faults of a zone: openings too many or too few, and differences from the permanent rules."""
    wrong = []
    if "ACCEPT" in runtime.get("target", frozenset()):
        wrong.append(Message(N_("the zone accepts everything")))
    for key in OPENINGS:
        wanted = frozenset(params.get(key.replace("-", "_").replace(" ", "_"), ()))
        found = runtime.get(key, frozenset())
        if wanted - found:
            wrong.append(Message(N_("closed but should be open: {names}"), {"names": sorted(wanted - found)}))
        if found - wanted:
            wrong.append(Message(N_("open but should be closed: {names}"), {"names": sorted(found - wanted)}))
    differing = [key for key in ("target", *OPENINGS) if runtime.get(key) != permanent.get(key)]
    if differing:
        text = N_("not the same in force and permanently: {names}")
        wrong.append(Message(text, {"names": differing}))
    return wrong


def read_zone(printed: str) -> Zone:
    """Return the lines of `firewall-cmd --list-all` (firewall-cmd(1)) as sets of words by key, or nothing.

    Rich rules stand on lines of their own, deeper than the keys.
    """
    zone: dict[str, frozenset[str]] = {}
    key = ""
    for line in printed.splitlines():
        if line.startswith("\t"):
            zone[key] = zone.get(key, frozenset()) | {line.strip()}
        elif line.startswith("  ") and ":" in line:
            key, _, words = line.strip().partition(":")
            zone[key] = frozenset(words.split())
    return zone if {"target", "services", "ports"} <= zone.keys() else {}
