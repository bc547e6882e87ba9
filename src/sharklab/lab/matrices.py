"""Turn a matrix (every tool on a port of every state) into an exercise: ports, captures and probes.

One port belongs to one cell alone, so that its packets are told by the port even when all tools run at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharklab.lab.model import (
    Capture,
    Exercise,
    Expectation,
    ExpectedConversation,
    Matrix,
    Probe,
    Tool,
    Trial,
)

MatrixEntry = Mapping[str, Any]
"""A matrix as lab.yml has it, or as a plan has it: with its `cells` filled in."""

FAST, REAL = "fast", "real"
PACES = (FAST, REAL)
"""How long a run waits: `real` leaves the kernel and the tools as they are, `fast` shortens their limits."""

ROLE = "port_states"
"""The role that gives the server's ports their states."""

PORTS_PER_STATE = 50
"""Ports are kept free for tools to come: a tool that is added changes no other tool's port."""

TIMEOUT = 180.0
"""Seconds that a tool may take: Linux gives up on a silent peer after 131 s (tcp(7), tcp_syn_retries 6)."""

SOCKETS, FIREWALL, NFT = "sockets", "firewall", "nft"
"""Probes on the server that show the true state of its ports: `<matrix>-sockets` and so on."""

_ICMP_ERRORS = ("icmp-unreach", "icmp-timxceed", "icmp-paramprob")
_WITNESSES = {
    SOCKETS: ("ss", "-Hlntu"),
    FIREWALL: ("firewall-cmd", "--list-all"),
    NFT: ("nft", "list", "ruleset"),
}


def port(entry: MatrixEntry, state: int, tool: int) -> int:
    """Return the port of a cell, by the places of its state and its tool in the matrix."""
    return int(entry["first_port"]) + state * PORTS_PER_STATE + tool


def last_port(entry: MatrixEntry) -> int:
    """Return the last port that the matrix keeps for itself."""
    return port(entry, len(entry["states"]), 0) - 1


def address(entry: MatrixEntry) -> str:
    """Return the address that tools are given, as a template."""
    return f"{{{{ hosts['{entry['server']}'].{entry['network']}.ipv4 }}}}"


def cells(entry: MatrixEntry, pace: str = FAST) -> list[dict[str, Any]]:
    """Return the command and the expectations of each cell, as plain data; its texts may be templates."""
    return [
        _cell(entry, {**tool, **(tool.get("fast", {}) if pace == FAST else {})}, state, port(entry, i, j))
        for i, state in enumerate(entry["states"])
        for j, tool in enumerate(entry["tools"])
    ]


def _cell(entry: MatrixEntry, tool: MatrixEntry, state: str, number: int) -> dict[str, Any]:
    given = {key: tool[key] for key in ("run", "user", "stdin", "env") if key in tool}
    return {
        "id": f"{entry['id']}-{state}-{tool['id']}",
        "tool": tool["id"],
        "state": state,
        "port": number,
        **given,
        "timeout": tool.get("timeout", TIMEOUT),
        "expect": _expectations(entry, tool, state),
    }


def _expectations(entry: MatrixEntry, tool: MatrixEntry, state: str) -> dict[str, Any]:
    """Return the expectations of a tool in one state: its own, else those of its matrix."""
    always = {"exit": tool["exit"]} if "exit" in tool else {}
    return {**entry.get("expect", {}).get(state, {}), **always, **tool.get("expect", {}).get(state, {})}


def sysctls(entry: MatrixEntry, pace: str) -> dict[str, str]:
    """Return the kernel's settings on the client while the probes run: none when the pace is real."""
    chosen = entry.get("fast", {}).get("sysctls", {}) if pace == FAST else {}
    return {name: str(value) for name, value in chosen.items()}


def matrix(entry: MatrixEntry) -> Matrix:
    """Return the matrix that `entry` describes."""
    return Matrix(
        id=entry["id"],
        transport=entry["transport"],
        client=entry["client"],
        server=entry["server"],
        network=entry["network"],
        address=entry.get("address", address(entry)),
        states=tuple(entry["states"]),
        tools=tuple(_tool(entry, tool) for tool in entry["tools"]),
        trials=tuple(_trial(cell) for cell in _cells(entry)),
        sysctls=dict(entry.get("sysctls", {})),
    )


def _cells(entry: MatrixEntry) -> list[dict[str, Any]]:
    return entry["cells"] if "cells" in entry else cells(entry)


def _tool(entry: MatrixEntry, tool: MatrixEntry) -> Tool:
    says = (*tool.get("says", {}).items(), *entry.get("verdicts", {}).items())
    return Tool(tool["id"], tool.get("title", tool["id"]), tool.get("optional", False), says)


def _trial(cell: MatrixEntry) -> Trial:
    expect = {key: _as_tuple(value) for key, value in cell["expect"].items()}
    return Trial(cell["id"], cell["tool"], cell["state"], cell["port"], Expectation(**expect))


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def exercise(entry: MatrixEntry) -> Exercise:
    """Return the exercise that runs the matrix: a capture on each side, what tells the truth, the cells."""
    return Exercise(
        id=entry["id"],
        part=entry.get("part", ""),
        title=dict(entry["title"]),
        text=dict(entry.get("text", {})),
        conversation=ExpectedConversation(entry["client"], entry["server"], entry["transport"]),
        captures=tuple(
            Capture(capture_id(entry["id"], side), entry[side], entry["network"], _filter(entry))
            for side in ("client", "server")
        ),
        probes=(*_witnesses(entry), *(_probe(entry, cell) for cell in _order_cells(entry))),
        checks=(),
        questions=(),
    )


def _order_cells(entry: MatrixEntry) -> list[dict[str, Any]]:
    """Return the cells in the order in which they start: a tool meets all states in the same conditions.

    All start at once, as fast as the client can, so those of the last tools share it with all others: a lab
    lists the heavy ones last.
    """
    order = {tool["id"]: number for number, tool in enumerate(entry["tools"])}
    return sorted(_cells(entry), key=lambda cell: order[cell["tool"]])


def capture_id(matrix: str, side: str) -> str:
    """Return the id of a matrix's capture on its `client` or `server`."""
    return f"{matrix}-{side}"


def witness_id(matrix: str, name: str) -> str:
    """Return the id of the probe that asks one of `SOCKETS`, `FIREWALL`, `NFT` about a matrix's ports."""
    return f"{matrix}-{name}"


def _witnesses(entry: MatrixEntry) -> Iterator[Probe]:
    for name, argv in _WITNESSES.items():
        yield Probe(witness_id(entry["id"], name), entry["server"], argv)


def _probe(entry: MatrixEntry, cell: MatrixEntry) -> Probe:
    return Probe(
        id=cell["id"],
        host=entry["client"],
        run=tuple(cell["run"]),
        user=cell.get("user", "root"),
        timeout=cell["timeout"],
        exit=tuple(cell["expect"].get("exit", ())),
        stdin=cell.get("stdin", ""),
        env=dict(cell.get("env", {})),
    )


def _filter(entry: MatrixEntry) -> str:
    """Return the filter (pcap-filter(7)) of the matrix's packets and of the ICMP errors about them.

    An ICMP error quotes the packet that it is about (RFC 792): an IPv4 header of 20 bytes from its byte 8,
    so the protocol is its byte 17 and the port to which that packet went is at byte 30. The server's address
    keeps out what else the client does from a port of its own with such a number: it asks for names, for one.
    """
    first, last = entry["first_port"], last_port(entry)
    protocol = {"tcp": 6, "udp": 17}[entry["transport"]]
    about = f"icmp[17] == {protocol} and icmp[30:2] >= {first} and icmp[30:2] <= {last}"
    errors = " or ".join(f"icmp[icmptype] == {name}" for name in _ICMP_ERRORS)
    either = f"({entry['transport']} portrange {first}-{last}) or (({errors}) and {about})"
    return f"host {entry.get('address', address(entry))} and ({either})"


def port_states(data: MatrixEntry, host: str) -> list[dict[str, Any]]:
    """Return the ports of all matrices of a lab whose server is `host`, for the role port_states."""
    return [
        {"port": cell["port"], "protocol": entry["transport"], "state": cell["state"]}
        for entry in data.get("matrices", ())
        if entry["server"] == host
        for cell in _cells(entry)
    ]
