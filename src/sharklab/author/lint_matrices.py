"""Faults of a matrix that a schema cannot see: unknown hosts, colliding ports, cells without expectations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from sharklab.lab import matrices
from sharklab.lab.model import Lab
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_, Message

_LAST_PORT = 65535
_CLIENTS = range(32768, 64000)
"""Ports that clients take by chance: Linux 32768 to 60999 (ip(7)), nmap 33000 to 63999."""
_ONLY_TCP = frozenset({"reset"})
_NEEDED = ("exit", "verdict", "packets")
_PATTERNS = {"tcp": ("syn", "handshake", "none"), "udp": ("udp_", "none")}
"""How the names of a transport's packet patterns begin."""

_Entry = Mapping[str, Any]


def faults(lab: Lab) -> Iterator[Fault]:
    """Yield every fault of the lab's matrices that the schema does not show."""
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


def warnings(lab: Lab) -> Iterator[Message]:
    """Yield a warning for each matrix with ports that a client may take for another connection."""
    for entry in lab.data.get("matrices", ()):
        first, last = entry["first_port"], matrices.last_port(entry)
        if first < _CLIENTS.stop and last >= _CLIENTS.start:
            yield Message(
                N_(
                    "matrix {id!r} has the ports {first} to {last}; Linux and nmap take {low} to {high} for "
                    "clients, so choose others"
                ),
                {"id": entry["id"], "first": first, "last": last, "low": _CLIENTS[0], "high": _CLIENTS[-1]},
            )


def _hosts(lab: Lab, at: Path, entry: _Entry) -> Iterator[Fault]:
    hosts = {host.name: host for host in lab.hosts}
    for side in ("client", "server"):
        host = hosts.get(entry[side])
        if host is None:
            yield unknown((*at, side), N_("unknown host {name!r}"), entry[side], hosts)
        elif entry["network"] not in host.networks:
            sentence = N_("unknown network of {host} {name!r}")
            yield unknown((*at, "network"), sentence, entry["network"], host.networks, host=host.name)
    if entry["client"] == entry["server"]:
        sentence = N_("client and server are one host: no packet would cross a network")
        yield fault((*at, "server"), sentence, N_("take two hosts"))
    server = hosts.get(entry["server"])
    if server and matrices.ROLE not in server.roles:
        yield fault(
            ("hosts", server.name, "roles"),
            N_("matrix {id!r} needs the role {role} here"),
            N_("add it to the host's roles"),
            id=entry["id"],
            role=matrices.ROLE,
        )


def _states(at: Path, entry: _Entry) -> Iterator[Fault]:
    for index, state in enumerate(entry["states"]):
        if entry["transport"] == "udp" and state in _ONLY_TCP:
            yield fault(
                (*at, "states", index), N_("UDP has no state {state!r}"), N_("leave it out"), state=state
            )
    last = matrices.last_port(entry)
    if last > _LAST_PORT:
        sentence = N_("the ports of the matrix go up to {last}: there is none after {limit}")
        yield fault((*at, "first_port"), sentence, N_("begin lower"), last=last, limit=_LAST_PORT)


def _tools(at: Path, entry: _Entry) -> Iterator[Fault]:
    yield from _expressions((*at, "verdicts"), entry.get("verdicts", {}))
    seen: set[str] = set()
    for index, tool in enumerate(entry["tools"]):
        where = (*at, "tools", index)
        if tool["id"] in seen:
            sentence = N_("duplicate tool {name!r}")
            yield fault((*where, "id"), sentence, N_("ids are unique in a matrix"), name=tool["id"])
        seen.add(tool["id"])
        yield from _expressions((*where, "says"), tool.get("says", {}))
        for part, given in ((where, tool), ((*where, "fast"), tool.get("fast", {}))):
            if "run" in given and not _names_port({**tool, **given}):
                sentence = N_("tool {name!r} does not use the port of its cell")
                hint = N_("write {port} where the tool takes it")
                yield fault((*part, "run"), sentence, hint, name=tool["id"], port="{{ port }}")


def _names_port(tool: _Entry) -> bool:
    texts = (*tool["run"], tool.get("stdin", ""), *tool.get("env", {}).values())
    return any(re.search(r"\{[{%].*\bport\b", text) for text in texts)


def _expressions(at: Path, says: Mapping[str, str]) -> Iterator[Fault]:
    for verdict, expression in says.items():
        try:
            fits_all = re.compile(expression).search("") is not None
        except re.error as error:
            sentence = N_("not a valid regular expression: {error}")
            yield fault((*at, verdict), sentence, N_("check brackets and backslashes"), error=str(error))
            continue
        if fits_all:
            sentence = N_("this regular expression fits any text")
            yield fault((*at, verdict), sentence, N_("write the text that the tool prints"))


def _expectations(at: Path, entry: _Entry) -> Iterator[Fault]:
    yield from _check_expectations(at, entry, entry)
    for index, tool in enumerate(entry["tools"]):
        yield from _check_expectations((*at, "tools", index), entry, tool)
    yield from _find_gaps(at, entry)


def _check_expectations(at: Path, entry: _Entry, says: _Entry) -> Iterator[Fault]:
    """Yield the faults of the expectations of a matrix or of one of its tools, which is at `at`."""
    for state, values in says.get("expect", {}).items():
        where = (*at, "expect", state)
        if state not in entry["states"]:
            sentence = N_("the matrix has no state {state!r}")
            yield fault(where, sentence, N_("add it to the states of the matrix"), state=state)
        named = values.get("packets", ())
        for name in [named] if isinstance(named, str) else named:
            if not name.startswith(_PATTERNS[entry["transport"]]):
                sentence = N_("{name!r} is no pattern of packets of {transport}")
                transport, file = entry["transport"].upper(), "docs/authoring.md"
                hint = N_("see {file}")
                yield fault((*where, "packets"), sentence, hint, name=name, transport=transport, file=file)


def _find_gaps(at: Path, entry: _Entry) -> Iterator[Fault]:
    """Yield the cells of which nobody says what is expected: they could never be wrong."""
    places = {tool["id"]: index for index, tool in enumerate(entry["tools"])}
    for cell in matrices.cells(entry):
        lacking = [key for key in _NEEDED if key not in cell["expect"]]
        if lacking:
            yield fault(
                (*at, "tools", places[cell["tool"]]),
                N_("tool {tool!r}, state {state!r}: these expectations are missing: {lacking}"),
                N_("write it under expect, {state}: in the tool or in the matrix"),
                tool=cell["tool"],
                state=cell["state"],
                lacking=lacking,
            )


def _ports(at: Path, first: _Entry, second: _Entry) -> Iterator[Fault]:
    if (first["server"], first["transport"]) != (second["server"], second["transport"]):
        return
    low, high = sorted((first, second), key=lambda entry: entry["first_port"])
    last = matrices.last_port(low)
    if last >= high["first_port"]:
        yield fault(
            (*at, "first_port"),
            N_("the matrices {first!r} and {second!r} have ports in common"),
            N_("{low!r} ends at {last}: begin {high!r} after it"),
            first=first["id"],
            second=second["id"],
            low=low["id"],
            high=high["id"],
            last=last,
        )


def _sysctls(at: Path, first: _Entry, second: _Entry) -> Iterator[Fault]:
    if first["client"] != second["client"]:
        return
    mine, other = (matrices.sysctls(entry, matrices.FAST) for entry in (second, first))
    for name in mine.keys() & other.keys():
        if mine[name] != other[name]:
            yield fault(
                (*at, "fast", "sysctls", name),
                N_("matrix {id!r} sets {name} to {value} on the same client"),
                N_("give both one value"),
                id=first["id"],
                name=name,
                value=other[name],
            )
