"""Checks of what a host is like: its firewall, services, exports, mounts, resolver, listening sockets.

They look at what `sharklab.evidence.host_state` saw, not at the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sharklab.checks.context import Context
from sharklab.checks.firewall import OPENINGS, Zone, faults, read_zone
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
)
from sharklab.checks.sockets_seen import sockets
from sharklab.evidence.run_folder import SocketLine
from sharklab.message import (
    N_,
    Message,
)

Params = Mapping[str, Any]
State = Mapping[str, Any]

_PATH = re.compile(r'^\s*(?:Path|Pseudo)\s*=\s*"?(?P<path>[^";]+)"?\s*;', re.MULTILINE)
_CLIENTS = re.compile(r"^\s*Clients\s*=\s*(?P<clients>[^;]+);", re.MULTILINE)


def _seen(context: Context, params: Params) -> State:
    """Return the observed state of the check's host."""
    return context.evidence.state[params["host"]]


def firewalld_on(context: Context, params: Params) -> Finding:
    """The firewall runs, and starts with the host."""
    return _service(context, params["host"], "firewalld")


def service(context: Context, params: Params) -> Finding:
    """The service runs, and starts with the host."""
    return _service(context, params["host"], params["service"])


def _service(context: Context, host: str, name: str) -> Finding:
    found = _seen(context, {"host": host})["services"].get(name, {"running": False, "enabled": False})
    words = {
        (True, True): N_("{service} runs and starts with {host}."),
        (True, False): N_("{service} runs, but does not start with {host}."),
        (False, True): N_("{service} starts with {host}, but does not run."),
        (False, False): N_("{service} neither runs nor starts with {host}."),
    }
    text = words[found["running"], found["enabled"]]
    good = found["running"] and found["enabled"]
    return _finding(good, host, Message(text, {"service": name, "host": host}))


def firewalld_same(context: Context, params: Params) -> Finding:
    """The rules that are in force are those that are kept: the next start changes nothing."""
    runtime, permanent = _zones(context, params)
    if not runtime or not permanent:
        return _no_zone(params)
    differing = [key for key in ("target", *OPENINGS) if runtime.get(key) != permanent.get(key)]
    if differing:
        text = N_("not the same in force and permanently: {names}")
        return _finding(False, params["host"], Message(text, {"names": differing}))
    return _finding(True, params["host"], Message(N_("The same rules in force and permanently.")))


def firewalld_opens(context: Context, params: Params) -> Finding:
    """The rules in force open exactly the given services and ports."""
    runtime, _ = _zones(context, params)
    if not runtime:
        return _no_zone(params)
    wrong = faults(runtime, runtime, params)
    if wrong:
        return _finding(False, params["host"], Message("{faults}", {"faults": wrong}))
    opened = sorted(frozenset().union(*(runtime.get(key, ()) for key in OPENINGS)))
    return _finding(True, params["host"], Message(N_("The zone opens {opened}."), {"opened": opened}))


def firewalld_open(context: Context, params: Params) -> Finding:
    """The firewall lets `opening` (a service or a port of firewalld) in."""
    return _opening(context, params, True)


def firewalld_closed(context: Context, params: Params) -> Finding:
    """The firewall lets `opening` (a service or a port of firewalld) not in."""
    return _opening(context, params, False)


def _opening(context: Context, params: Params, wanted: bool) -> Finding:
    runtime, _ = _zones(context, params)
    if not runtime:
        return _no_zone(params)
    opened = frozenset().union(*(runtime.get(key, ()) for key in ("services", "ports", "protocols")))
    is_open = params["opening"] in opened or "ACCEPT" in runtime["target"]
    text = N_("{host} lets {opening} in.") if is_open else N_("{host} does not let {opening} in.")
    return _finding(is_open == wanted, params["host"], Message(text, params))


def _zones(context: Context, params: Params) -> tuple[Zone, Zone]:
    printed = _seen(context, params)["firewall"]
    return read_zone(printed["runtime"]), read_zone(printed["permanent"])


def _no_zone(params: Params) -> Finding:
    text = N_("firewalld on {host} shows no zone: it does not run.")
    return _finding(False, params["host"], Message(text, {"host": params["host"]}))


def listens(context: Context, params: Params) -> Finding:
    """Somebody listens on `port` (443/tcp) for others than the host itself: `process`, if it is given."""
    host, (port, _, transport) = params["host"], params["port"].partition("/")
    lines = [SocketLine(host, line, 0.0, 0.0) for line in _seen(context, params)["sockets"]]
    alike = [each for each in sockets(lines) if (each.transport, str(each.local.port)) == (transport, port)]
    open_to = [each for each in alike if each.open_to_all and not _is_own(each.local.address)]
    values = {"host": host, "port": params["port"], "process": [each.process or "-" for each in open_to]}
    if not open_to:
        return _finding(False, host, Message(N_("Nobody listens on port {port} of {host}."), values))
    wanted = params.get("process", "")
    good = not wanted or any(each.process.split(" ")[0] == wanted for each in open_to)
    found = Message(N_("On port {port} of {host} listens: {process}."), values)
    return _finding(good, host, found, open_to[0].line)


def _is_own(address: str) -> bool:
    """Tell whether only the host itself reaches the address (RFC 1122, RFC 4291)."""
    return address.startswith("127.") or address == "::1"


def mount(context: Context, params: Params) -> Finding:
    """Something is mounted at `path`: `source`, if it is given."""
    mounted = [each for each in _seen(context, params)["mounts"] if each["path"] == params["path"]]
    values = {**params, "device": [each["device"] for each in mounted]}
    if not mounted:
        return _finding(False, params["host"], Message(N_("Nothing is mounted at {path} of {host}."), values))
    good = mounted[-1]["device"] == params.get("source", mounted[-1]["device"])
    found = Message(N_("At {path} of {host} is mounted: {device}."), values)
    return _finding(good, params["host"], found)


def mount_kept(context: Context, params: Params) -> Finding:
    """The next start mounts `source`, if it is given, at `path` again: fstab(5) says so."""
    for line in _seen(context, params)["fstab"]:
        words = line.partition("#")[0].split()
        if words[1:2] == [params["path"]] and words[0] == params.get("source", words[0]):
            text = N_("{host} mounts {path} at its start.")
            return _finding(True, params["host"], Message(text, params), line)
    text = N_("Nothing in /etc/fstab mounts it at {path} when {host} starts.")
    return _finding(False, params["host"], Message(text, params))


def export(context: Context, params: Params) -> Finding:
    """The host exports `path` by NFS, to `client` if it is given."""
    found = _exports(_seen(context, params)["exports"])
    clients = found.get(params["path"])
    values = {**params, "clients": sorted(clients or ())}
    if clients is None:
        return _finding(False, params["host"], Message(N_("{host} does not export {path}."), values))
    good = "client" not in params or params["client"] in clients
    return _finding(good, params["host"], Message(N_("{host} exports {path} to: {clients}."), values))


def _exports(printed: str) -> Mapping[str, set[str]]:
    """Return the clients of each export: of exportfs(8), or of an nfs-ganesha-export-config(8)."""
    found: dict[str, set[str]] = {}
    for block in printed.split("EXPORT {")[1:]:
        clients = {name.strip() for match in _CLIENTS.finditer(block) for name in match["clients"].split(",")}
        for match in _PATH.finditer(block):
            found.setdefault(match["path"], set()).update(clients)
    if found:
        return found
    for line in printed.splitlines():
        path, _, client = line.partition(" ")
        if path.startswith("/"):
            found.setdefault(path, set()).add(client.strip().partition("(")[0])
    return found


def resolver(context: Context, params: Params) -> Finding:
    """The first DNS server that the host asks is `server` (resolv.conf(5))."""
    lines = _seen(context, params)["resolver"]
    servers = [words[1] for words in map(str.split, lines) if words[:1] == ["nameserver"] and len(words) > 1]
    values = {"host": params["host"], "servers": servers or "-"}
    good = servers[:1] == [params["server"]]
    return _finding(good, params["host"], Message(N_("{host} asks the DNS servers: {servers}."), values))


def _finding(good: bool, host: str, found: Message, line: str = "") -> Finding:
    return Finding(Status.PASSED if good else Status.FAILED, found, (Reference(host=host, line=line),))
