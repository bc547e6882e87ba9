"""Checks of what a host is like: its firewall, services, exports, mounts, resolver, listening sockets.

They look at what `sharklab.evidence.host_state` saw, not at the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from posixpath import dirname

from sharklab.checks import remote_files
from sharklab.checks.context import Context
from sharklab.checks.flaws import join_messages
from sharklab.checks.host_check import make_finding, observation, of_host
from sharklab.checks.kind import TEXT, TEXTS, Params, Rests, Schema, check
from sharklab.checks.outcome import Finding, Status
from sharklab.evidence.run_folder import SocketLine
from sharklab.evidence.sockets import sockets
from sharklab.message import N_, Message

_SOCKET: Schema = {"type": "string", "pattern": r"^[0-9]{1,5}/(tcp|udp)$"}


@check(
    "firewalld_on",
    Rests.STATE,
    N_("firewalld on {host}"),
    N_("it runs, and starts with the host"),
    params=of_host(),
    look=N_("Look at it with: systemctl status firewalld"),
)
def firewalld_on(context: Context, params: Params) -> Finding:
    """firewalld runs on `host`, and starts with it."""
    return _service(context, params["host"], "firewalld")


@check(
    "service",
    Rests.STATE,
    N_("Service {service} on {host}"),
    N_("it runs, and starts with the host"),
    params=of_host("service", service={"anyOf": [TEXT, TEXTS]}),
    look=N_("Look at it with: systemctl status"),
)
def service(context: Context, params: Params) -> Finding:
    """The service `service` runs on `host`, and starts with it; of a list, one service does."""
    findings = [_service(context, params["host"], name) for name in names(params["service"])]
    good = next((each for each in findings if each.status is Status.PASSED), None)
    return good or replace(findings[0], found=join_messages(tuple(each.found for each in findings)))


def names(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return the services or the clients that a parameter names: one, or a list."""
    return (value,) if isinstance(value, str) else tuple(value)


def _service(context: Context, host: str, name: str) -> Finding:
    seen = observation(context, {"host": host})["services"].get(name, {"running": False, "enabled": False})
    words = {
        (True, True): N_("{service} runs and starts with {host}."),
        (True, False): N_("{service} runs, but does not start with {host}."),
        (False, True): N_("{service} starts with {host}, but does not run."),
        (False, False): N_("{service} neither runs nor starts with {host}."),
    }
    text = words[seen["running"], seen["enabled"]]
    good = seen["running"] and seen["enabled"]
    return make_finding(good, host, Message(text, {"service": name, "host": host}))


@check(
    "listens",
    Rests.STATE,
    N_("Port {port} of {host}"),
    N_("a program listens there"),
    params=of_host("port", port=_SOCKET, process=TEXT),
    look=N_("List the programs that listen with: ss -lntup"),
)
def listens(context: Context, params: Params) -> Finding:
    """A program on `host` listens on `port` (`443/tcp`) for other hosts; with `process`, this program."""
    host, (port, _, transport) = params["host"], params["port"].partition("/")
    lines = [SocketLine(host, line, 0.0, 0.0) for line in observation(context, params)["sockets"]]
    alike = [each for each in sockets(lines) if (each.transport, str(each.local.port)) == (transport, port)]
    open_to = [each for each in alike if each.open_to_all and not _is_own(each.local.address)]
    values = {"host": host, "port": params["port"], "process": [each.process or "-" for each in open_to]}
    if not open_to:
        return make_finding(False, host, Message(N_("No program listens there."), values))
    wanted = params.get("process", "")
    good = not wanted or any(each.process.split(" ")[0] == wanted for each in open_to)
    found = Message(N_("These programs listen: {process}."), values)
    return make_finding(good, host, found, open_to[0].line)


def _is_own(address: str) -> bool:
    """Tell whether only the host itself reaches the address (RFC 1122, RFC 4291)."""
    return address.startswith("127.") or address == "::1"


@check(
    "mount",
    Rests.STATE,
    N_("Mounted on {host} at {path}"),
    N_("the shared folder, now"),
    params=of_host("path", path=TEXT, source=TEXT),
    look=N_("Look at it with: findmnt"),
)
def mount(context: Context, params: Params) -> Finding:
    """A file system is mounted on `host` at `path`, or is as soon as it is used; with `source`, this one."""
    place = remote_files.folder(params["path"])
    mounts, kept = observation(context, params)["mounts"], list(_find_boot_mounts(context, params))
    mounted = [each for each in mounts if each["path"] == place]
    if not mounted and kept:  # the map of autofs that has the path
        mounted = [each for each in mounts if (each["path"], each["type"]) == (dirname(place), "autofs")]
    devices = [each["device"] for each in mounted]
    if not mounted:
        return make_finding(False, params["host"], Message(N_("The folder is not mounted.")))
    source, type = params.get("source", ""), mounted[-1]["type"]
    if type == "autofs":
        devices += [entry.source for entry in kept]
        good = remote_files.is_same_source(context, devices[-1], source)
    else:
        good = remote_files.is_mounted(context, devices[-1], type, source)
    text = N_("The folder {device} is mounted, as {type}.")
    return make_finding(good, params["host"], Message(text, {"device": devices, "type": type}))


@check(
    "mount_kept",
    Rests.STATE,
    N_("Mounted on {host} at {path} after a start"),
    N_("a line of /etc/fstab, a unit of systemd or autofs mounts it"),
    params=of_host("path", path=TEXT, source=TEXT),
    look=N_("Look at /etc/fstab, and try it with: mount -a"),
)
def mount_kept(context: Context, params: Params) -> Finding:
    """`host` mounts `path` again at its next start or at its first use; with `source`, from there.

    A line of fstab(5) says so, a unit of systemd that is enabled (systemd.mount(5), systemd.automount(5)), or
    a map of autofs(5).
    """
    for entry, line in _find_boot_mounts(context, params).items():
        if remote_files.is_same_source(context, entry.source, params.get("source", "")):
            text = N_("{host} mounts it at its start.")
            return make_finding(True, params["host"], Message(text, params), line)
    text = N_("No line of /etc/fstab, no unit of systemd and no map of autofs mounts it when {host} starts.")
    return make_finding(False, params["host"], Message(text, params))


def _find_boot_mounts(context: Context, params: Params) -> dict[remote_files.MountEntry, str]:
    """Return the entries that mount the path at the start, each with its line of fstab; "" for any other."""
    seen = observation(context, params)
    lines = [(remote_files.read_fstab_line(line), line) for line in seen["fstab"]]
    place = remote_files.folder(params["path"])
    others = (
        *remote_files.read_units(seen.get("units", "")),
        *remote_files.read_automounts(seen.get("automounts", ""), place),
    )
    entries = (*lines, *((entry, "") for entry in others))
    return {entry: line for entry, line in entries if entry and entry.path == place}


@check(
    "export",
    Rests.STATE,
    N_("Export of {path} on {host}"),
    N_("exported to the hosts that need it"),
    params=of_host("path", path=TEXT, client={"anyOf": [TEXT, TEXTS]}),
    look=N_(
        "Look at the exports of the server and at their clients: /etc/exports, see exports(5), or the "
        "configuration of nfs-ganesha."
    ),
)
def export(context: Context, params: Params) -> Finding:
    """`host` exports `path` by NFS; with `client`, to this client and nobody else, or to those of a list."""
    exports = remote_files.read_exports(observation(context, params)["exports"])
    clients = exports.get(remote_files.folder(params["path"]))
    values = {**params, "clients": sorted(clients or ())}
    if clients is None:
        return make_finding(False, params["host"], Message(N_("It is not exported."), values))
    wanted = names(params.get("client", ()))
    good = not wanted or remote_files.lets_in(context, params["host"], clients, wanted)
    return make_finding(good, params["host"], Message(N_("It is exported to: {clients}."), values))


@check(
    "sshd",
    Rests.STATE,
    N_("Settings of the SSH server of {host}"),
    N_("they are: {settings}"),
    params=of_host("settings", settings=TEXTS),
    look=N_("Look at them with: sshd -T"),
)
def sshd(context: Context, params: Params) -> Finding:
    """sshd on `host` has the `settings`, each written as sshd(8) prints it with -T: `strictmodes yes`.

    They count for logins to every address of the host (sshd_config(5), Match).
    """
    printed = observation(context, params).get("sshd", [])
    names = {setting.partition(" ")[0] for setting in params["settings"]}
    lines = [line for line in printed if line.partition(" ")[0] in names]
    if not lines:
        return make_finding(False, params["host"], Message(N_("sshd does not tell its settings.")))
    good = sorted(lines) == sorted(params["settings"])
    return make_finding(
        good, params["host"], Message(N_("The settings are: {found}."), {"found": sorted(lines)})
    )


@check(
    "resolver",
    Rests.STATE,
    N_("DNS server that {host} asks"),
    N_("the server of the lab, first"),
    params=of_host("server", server=TEXT),
    look=N_("Look at /etc/resolv.conf, and find the program that writes it."),
)
def resolver(context: Context, params: Params) -> Finding:
    """The first DNS server that `host` asks is `server` (resolv.conf(5))."""
    lines = observation(context, params)["resolver"]
    servers = [words[1] for words in map(str.split, lines) if words[:1] == ["nameserver"] and len(words) > 1]
    found = N_("It asks the DNS servers: {servers}.") if servers else N_("It asks no DNS server.")
    good = servers[:1] == [params["server"]]
    return make_finding(good, params["host"], Message(found, {"servers": servers}))
