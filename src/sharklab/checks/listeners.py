"""Checks of a host's own sockets: listening programs, the ports that the kernel gives, UNIX sockets."""

from __future__ import annotations

import re

from sharklab.checks.context import Context
from sharklab.checks.kind import PORTS, PROBE, PROBES, TEXT, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status, Table, TableLine
from sharklab.message import N_, Message

IANA_DYNAMIC = (49152, 65535)
"""Ports that are never registered: they are for clients (RFC 6335, section 6)."""

_LISTED = re.compile(
    r"^(?:(?:tcp|udp)6?\s+)?(?:LISTEN\s+|UNCONN\s+)?\d+\s+\d+\s+(?P<local>\S+):(?P<port>\d+)\s.*?"
    r"(?:users:\(\(\"(?P<ss>[^\"]+)\",pid=\d+|\s\d+/(?P<netstat>\S+))",
    re.MULTILINE,
)
"""A line of `ss -lntp`, `ss -lnup`, `netstat -lntp` or `netstat -lnup` that names the process."""


@check(
    "listeners",
    Rests.PROBES,
    N_("Listening programs"),
    N_("each port with its process, by {probes}"),
    params=parameters("probes", "ports", probes=PROBES, ports={**PORTS, "minItems": 1}),
)
def listeners(context: Context, params: Params) -> Finding:
    """Each of the commands `probes` (ss, netstat) shows the process that listens on each of the `ports`."""
    results = {name: context.probe(name) for name in params["probes"]}
    evidence = tuple(Reference(probe=result.id, host=result.host) for result in results.values() if result)
    listed = {name: _read_list(result.stdout if result else "") for name, result in results.items()}
    entries = tuple(
        TableLine(
            (Message(str(port)), *(Message(each.get(port, "-")) for each in listed.values())),
            all(port in each for each in listed.values()),
        )
        for port in params["ports"]
    )
    lacking = [entry.cells[0] for entry in entries if not entry.right]
    values = {"count": len(entries) - len(lacking), "lacking": lacking}
    text = (
        N_("Ports that every command shows with their process: {count}; other ports: {lacking}.")
        if lacking
        else N_("Ports that every command shows with their process: {count}.")
    )
    columns = (Message(N_("Port")), *(Message(name) for name in listed))
    table = Table(Message(N_("The process behind a port")), columns, entries)
    lost = any(result is None or result.truncated for result in results.values())
    status = Status.PASSED if not lacking else Status.INCONCLUSIVE if lost else Status.FAILED
    return Finding(status, Message(text, values), evidence, table)


def _read_list(printed: str) -> dict[int, str]:
    """Return the process and its address by port, as a list of sockets has them; the first line counts."""
    processes: dict[int, str] = {}
    for line in _LISTED.finditer(printed):
        processes.setdefault(int(line["port"]), f"{line['ss'] or line['netstat']} ({line['local']})")
    return processes


@check(
    "local_range",
    Rests.PROBES,
    N_("Local ports from the kernel"),
    N_("in the range of the kernel"),
    params=parameters("range", "chosen", range=PROBE, chosen=PROBE),
)
def local_range(context: Context, params: Params) -> Finding:
    """The kernel gives local ports from the range that it names.

    `range` is a probe of `sysctl net.ipv4.ip_local_port_range`, and `chosen` a probe that prints the ports.
    """
    named, chosen = context.probe(params["range"]), context.probe(params["chosen"])
    evidence = tuple(Reference(probe=result.id, host=result.host) for result in (named, chosen) if result)
    limits = _numbers(named.stdout.rpartition("=")[2] if named else "")
    ports = _numbers(chosen.stdout if chosen else "")
    if len(limits) != 2 or not ports:
        text = N_("{range} or {chosen} printed no ports.")
        return Finding(Status.INCONCLUSIVE, Message(text, params), evidence)
    low, high = limits
    first, last = IANA_DYNAMIC
    values = {"low": low, "high": high, "first": first, "last": last, "ports": ports}
    text = (
        N_("This kernel gives clients the ports {low} to {high}, as IANA recommends. Given: {ports}.")
        if (low, high) == IANA_DYNAMIC
        else N_(
            "This kernel gives clients the ports {low} to {high}; IANA reserves {first} to {last} "
            "for them. In between, a client may take the registered port of a service. Given: {ports}."
        )
    )
    right = all(low <= port <= high for port in ports)
    return Finding(Status.of(right), Message(text, values), evidence)


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split() if word.isdigit()]


@check(
    "unix_socket",
    Rests.PROBES,
    N_("UNIX socket {path}"),
    N_("a socket for find, ls and file"),
    params=parameters("path", "find", "list", "file", path=TEXT, find=PROBE, list=PROBE, file=PROBE),
)
def unix_socket(context: Context, params: Params) -> Finding:
    """The probes `find` (-type s), `list` (ls -l) and `file` all show that `path` is a UNIX socket."""
    path = params["path"]
    printed = {name: context.probe(params[name]) for name in ("find", "list", "file")}
    evidence = tuple(Reference(probe=result.id, host=result.host) for result in printed.values() if result)
    lines = {name: _line(result.stdout if result else "", path) for name, result in printed.items()}
    right = (
        lines["find"] == path
        and lines["list"].startswith("s")
        and lines["file"].partition(":")[2].strip() == "socket"
    )
    values = {"path": path, "mode": lines["list"].partition(" ")[0] or "-", "file": lines["file"] or "-"}
    text = (
        N_("find, ls ({mode}) and file agree: {path} is a socket.")
        if right
        else N_("find, ls ({mode}) and file ({file}) do not all say that {path} is a socket.")
    )
    return Finding(Status.of(right), Message(text, values), evidence)


def _line(printed: str, path: str) -> str:
    """Return the line that names `path` as a whole word, or ""."""
    lines = (line for line in printed.splitlines() if path in re.split(r"[\s:]+", line))
    return next(lines, "")
