"""What a schema cannot see in a matrix: unknown hosts, ports that meet, cells that expect nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from sharklab import matrices
from sharklab.model import Lab

Path_ = tuple[str | int, ...]
Fault = tuple[Path_, str, str]
"""Where in lab.yml, what is wrong, and what to do about it."""

ROLE = "port_states"
"""The role that gives the server's ports their states."""
_ONLY_TCP = frozenset({"reset"})
_NEEDED = ("exit", "verdict", "packets")


def faults(lab: Lab) -> Iterator[Fault]:
    """Yield every fault of the lab's matrices that the schema does not show; unknown names first."""
    entries = list(enumerate(lab.data.get("matrices", ())))
    for index, entry in entries:
        at = ("matrices", index)
        yield from _hosts(lab, at, entry)
        yield from _states(at, entry)
        yield from _tools(at, entry)
        yield from _expectations(at, entry)
    for (_, first), (index, second) in combinations(entries, 2):
        yield from _ports(("matrices", index), first, second)
        yield from _sysctls(("matrices", index), first, second)


def _hosts(lab: Lab, at: Path_, entry: Mapping[str, Any]) -> Iterator[Fault]:
    from sharklab.lint import _unknown as unknown

    hosts = {host.name: host for host in lab.hosts}
    for side in ("client", "server"):
        host = hosts.get(entry[side])
        if host is None:
            yield unknown((*at, side), "host", entry[side], hosts)
        elif entry["network"] not in host.networks:
            yield unknown((*at, "network"), f"network of {host.name}", entry["network"], host.networks)
    if entry["client"] == entry["server"]:
        yield (*at, "server"), "client and server are one host", "packets must cross a network: take two"
    server = hosts.get(entry["server"])
    if server and ROLE not in server.roles:
        yield (
            ("hosts", server.name, "roles"),
            f"matrix {entry['id']} needs the role {ROLE} here",
            f"add {ROLE} to the roles of {server.name}",
        )


def _states(at: Path_, entry: Mapping[str, Any]) -> Iterator[Fault]:
    for index, state in enumerate(entry["states"]):
        if entry["transport"] == "udp" and state in _ONLY_TCP:
            yield (*at, "states", index), f"UDP has no state {state!r}", "leave it out"
    last = matrices.last_port(entry)
    if last > 65535:
        yield (
            (*at, "first_port"),
            f"the ports go up to {last}, and the last one that there is is 65535",
            "begin lower",
        )


def _tools(at: Path_, entry: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _patterns((*at, "verdicts"), entry.get("verdicts", {}))
    seen: set[str] = set()
    for index, tool in enumerate(entry["tools"]):
        where = (*at, "tools", index)
        if tool["id"] in seen:
            yield (*where, "id"), f"duplicate tool {tool['id']!r}", "ids are unique in a matrix"
        seen.add(tool["id"])
        yield from _patterns((*where, "says"), tool.get("says", {}))
        for part, given in ((where, tool), ((*where, "fast"), tool.get("fast", {}))):
            if "run" in given and not _names_port({**tool, **given}):
                yield (
                    (*part, "run"),
                    f"tool {tool['id']!r} does not use the cell's port",
                    "write {{ port }} where the tool takes it",
                )


def _names_port(tool: Mapping[str, Any]) -> bool:
    texts = (*tool["run"], tool.get("stdin", ""), *tool.get("env", {}).values())
    return any(re.search(r"\{[{%].*\bport\b", text) for text in texts)


def _patterns(at: Path_, says: Mapping[str, str]) -> Iterator[Fault]:
    for verdict, expression in says.items():
        try:
            empty = re.compile(expression).search("") is not None
        except re.error as error:
            yield (*at, verdict), f"not a valid regular expression: {error}", "see Python's re"
            continue
        if empty:
            yield (*at, verdict), "this regular expression fits any text", "write what the tool says"


def _expectations(at: Path_, entry: Mapping[str, Any]) -> Iterator[Fault]:
    for where, expect in _all_expectations(at, entry):
        for state, values in expect.items():
            if state not in entry["states"]:
                yield (*where, state), f"the matrix has no state {state!r}", "add it to `states`"
            packets = values.get("packets", ())
            for name in [packets] if isinstance(packets, str) else packets:
                if not name.startswith(_prefixes(entry["transport"])):
                    yield (
                        (*where, state, "packets"),
                        f"{name!r} is not a pattern of {entry['transport'].upper()}",
                        "see docs/authoring.md",
                    )
    yield from _lacking(at, entry)


def _all_expectations(at: Path_, entry: Mapping[str, Any]) -> Iterator[tuple[Path_, Mapping[str, Any]]]:
    yield (*at, "expect"), entry.get("expect", {})
    for index, tool in enumerate(entry["tools"]):
        yield (*at, "tools", index, "expect"), tool.get("expect", {})


def _prefixes(transport: str) -> tuple[str, ...]:
    return ("udp_", "none") if transport == "udp" else ("syn", "handshake", "none")


def _lacking(at: Path_, entry: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the cells of which nobody says what is expected: they could never be wrong."""
    for cell in matrices.cells(entry):
        lacking = [key for key in _NEEDED if key not in cell["expect"]]
        if lacking:
            index = [tool["id"] for tool in entry["tools"]].index(cell["tool"])
            yield (
                (*at, "tools", index),
                f"tool {cell['tool']!r}, state {cell['state']!r}: nothing says which {', '.join(lacking)}",
                f"write `expect: {{{cell['state']}: ...}}` in the tool or in the matrix",
            )


def _ports(at: Path_, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Fault]:
    if (first["server"], first["transport"]) != (second["server"], second["transport"]):
        return
    low, high = sorted((first, second), key=lambda entry: entry["first_port"])
    if matrices.last_port(low) >= high["first_port"]:
        yield (
            (*at, "first_port"),
            f"ports of matrix {first['id']!r} are ports of matrix {second['id']!r} as well",
            f"matrix {low['id']!r} ends at {matrices.last_port(low)}: begin {high['id']!r} after it",
        )


def _sysctls(at: Path_, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Fault]:
    if first["client"] != second["client"]:
        return
    mine, other = (matrices.sysctls(entry, matrices.FAST) for entry in (second, first))
    for name in mine:
        if mine[name] != other.get(name, mine[name]):
            yield (
                (*at, "fast", "sysctls", name),
                f"matrix {first['id']!r} sets {name} to {other[name]} on the same client",
                "give both one value",
            )
