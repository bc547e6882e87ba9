"""Answer the controller's requests: one answer for each request, both plain data."""

from __future__ import annotations

import base64
import io
import os
import pwd
import tarfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

from sharklab.hosts.agent import captures, files, journal, network, packages, rules, sessions, settings, units
from sharklab.hosts.agent.tool import Failures, output

Request = Mapping[str, Any]

CLAIM = Path("/var/lib/sharklab/seat")
"""The file with the id of the seat that borrows the machine."""

ACCOUNTS = tuple(
    f"/etc/{name}{copy}"
    for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
    for copy in ("", "-")
)
"""Files that packages add accounts to."""

JOURNAL = 30
"""Lines of a unit's journal that tell why it stopped."""

PARALLEL = 32
"""Ports that are tried at the same time."""

RESOLVER = ("/etc/NetworkManager/", "/etc/sysconfig/network-scripts/", "/etc/resolv.conf")
"""The files that NetworkManager reads and writes."""


def look(request: Request) -> dict[str, Any]:
    """Describe the machine: its system, network, rights, its seat, the content of `paths`."""
    facts = network.cards()
    return {
        "uid": os.geteuid(),
        "system": _system(),
        "family": packages.family(),
        "id": _first_line(Path("/etc/machine-id")),
        "facts": facts,
        "way": network.ssh_way(),
        "connections": network.connections(),
        "zones": {card: _zone(card) for card in facts["interfaces"]},
        "claim": _first_line(CLAIM),
        "kernel": [role for role, module in request["modules"].items() if _has_module(module)],
        "size": files.size(_expand_homes(request["paths"])),
    }


def find_missing(request: Request) -> dict[str, Any]:
    """Say which packages are not there."""
    return {"missing": packages.list_missing(request["packages"])}


def record(request: Request) -> dict[str, Any]:
    """Return the state as it is now: /etc and `paths` in an archive, and all that is no file."""
    roots, made = _expand_homes(["/etc", *request["paths"]]), _expand_homes(request["made"])
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        files.keep(archive, roots)
    return {
        "archive": base64.b64encode(buffer.getvalue()).decode(),
        "roots": roots,
        "made": [path for path in made if not os.path.lexists(path)],
        "users": [entry.pw_name for entry in pwd.getpwall()],
        "packages": packages.list_installed(),
        "rules": rules.state(),
        "mounts": network.mounts(),
        "connections": network.connections(),
        "settings": network.settings(request["settings"]),
        **units.state(),
    }


def find_captures(request: Request) -> dict[str, Any]:
    """Say which capture files are where students keep files."""
    return {"captures": captures.find()}


def find_archives(request: Request) -> dict[str, Any]:
    """Say which archives are in the homes of students."""
    return {"archives": captures.find_archives()}


def configuration(request: Request) -> dict[str, Any]:
    """Return the configuration as texts, and the files that are as their packages brought them."""
    return {"texts": settings.texts(), "unchanged": settings.list_unchanged()}


def tell_journal(request: Request) -> dict[str, Any]:
    """Return the journal as text; the request has the parameters of `journal.text`."""
    return {"text": journal.text(**request)}


def condition(request: Request) -> dict[str, Any]:
    """Say which units are stopped, with the end of their journals, and which ports the `cards` open."""
    journals = {name: _journal(name) for name in units.list_stopped()}
    return {"stopped": journals, "opened": rules.open_ports(request["cards"])}


def knock(request: Request) -> dict[str, Any]:
    """Give the answer of each TCP port within `seconds`; `ports` has parameters of `network.knock`."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        asked = pool.map(lambda port: network.knock(**port, seconds=request["seconds"]), request["ports"])
        return {"answers": list(asked)}


def claim(request: Request) -> dict[str, Any]:
    """Note on the machine the seat that borrows it."""
    CLAIM.parent.mkdir(parents=True, exist_ok=True)
    CLAIM.write_text(f"{request['seat']}\n")
    return {}


def install(request: Request) -> dict[str, Any]:
    """Install packages without starting their services."""
    failures = Failures()
    packages.install(request["packages"], request["first"], request["installer"], failures)
    return {"failed": failures.entries}


def restore(request: Request) -> dict[str, Any]:
    """Put back the state `before`; `packaged` is the one after packages were installed, if any were."""
    before, failures = request["before"], Failures()
    packaged = request["packaged"] or before
    owner = _first_line(CLAIM)
    if owner not in ("", request["seat"]):
        failures.note(str(CLAIM), owner)
        return {"failed": failures.entries}
    sessions.end_others()
    network.unmount_new(before["mounts"], failures)
    stopped = units.stop_new(before, failures)
    left = _files_to_leave(packaged, request["users"])
    changed = _put_back(packaged, left, failures)
    _apply_restored(before, changed, failures)
    # Once more: NetworkManager has written resolv.conf meanwhile.
    _put_back(packaged, left, failures)
    gone = [path for path in reversed(packaged["made"]) if _remove(path, failures)]
    return {
        "changed": [*changed, *gone],
        "stopped": stopped,
        "failed": failures.entries,
        "packages": sorted(set(packages.list_installed()) - set(before["packages"])),
        "rules": rules.differences(before["rules"]),
        "rebooted": units.has_rebooted(before),
    }


ANSWERS: Mapping[str, Callable[[Request], dict[str, Any]]] = {
    "look": look,
    "missing": find_missing,
    "record": record,
    "claim": claim,
    "captures": find_captures,
    "archives": find_archives,
    "condition": condition,
    "configuration": configuration,
    "journal": tell_journal,
    "knock": knock,
    "install": install,
    "restore": restore,
}


def _files_to_leave(packaged: Request, users: Iterable[str]) -> frozenset[str]:
    """Return the files that stay as they are: those of packages that came later, and their accounts.

    The accounts of `users` are then removed one by one.
    """
    new = set(packages.list_installed()) - set(packaged["packages"])
    if not new:
        return frozenset()
    for user in set(users) - set(packaged["users"]):
        output(["userdel", user])
    return packages.files_of(new) | frozenset(ACCOUNTS)


def _put_back(packaged: Request, left: frozenset[str], failures: Failures) -> list[str]:
    roots = [root for root in packaged["roots"] if root not in network.mounts()]
    data = io.BytesIO(base64.b64decode(packaged["archive"]))
    with tarfile.open(fileobj=data, mode="r:gz") as archive:
        changed = files.Kept(archive, roots).put_back(left, failures)
    if changed and os.path.exists("/sys/fs/selinux/enforce"):
        output(["restorecon", "-F", *(path for path in changed if os.path.lexists(path))])
    return changed


def _apply_restored(before: Request, changed: list[str], failures: Failures) -> None:
    """Make the running services follow the files that were put back."""
    failures.run(["systemctl", "daemon-reload"])
    output(["systemctl", "reset-failed"])
    network.set_back(before["settings"], failures)
    if any(path.startswith(RESOLVER) for path in changed):
        network.reapply(before["connections"], failures)
    for name in ("ssh", "sshd"):
        if units.is_active(before, name) and any(path.startswith("/etc/ssh/") for path in changed):
            failures.run(["systemctl", "reload", name])
    units.start_missing(before, failures)
    units.restart_restarted(before, failures)
    rules.put_back(before["rules"], failures)
    if units.is_active(before, "nfs-server"):
        failures.run(["exportfs", "-ra"])
    network.mount_missing(before["mounts"], failures)


def _remove(path: str, failures: Failures) -> bool:
    return path not in network.mounts() and files.remove_tree(path, failures)


def _expand_homes(paths: Iterable[str]) -> list[str]:
    """Return the paths with a home for ~user, and for ~ that of the user who logged in.

    A user who does not exist yet will have the usual home.
    """
    login = os.environ.get("SUDO_USER", "root")
    own = (f"~{login}{path[1:]}" if path.startswith("~/") else path for path in paths)
    return [f"/home/{path[1:]}" if path[0] == "~" else path for path in map(os.path.expanduser, own)]


def _journal(unit: str) -> str:
    return output(["journalctl", "--no-pager", f"--lines={JOURNAL}", f"--unit={unit}"]) or ""


def _first_line(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def _system() -> str:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    names = [line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME=")]
    return names[0] if names else "Linux"


def _zone(card: str) -> str:
    """Return the firewall's zone of a card, else the default zone."""
    own = output(["firewall-cmd", f"--get-zone-of-interface={card}"])
    return (own or output(["firewall-cmd", "--get-default-zone"]) or "").strip()


def _has_module(module: str) -> bool:
    """Tell whether the machine has a kernel of its own, with that file system or the module for it."""
    if output(["systemd-detect-virt", "--quiet", "--container"]) is not None:
        return False
    known = Path("/proc/filesystems").read_text(encoding="ascii").split()
    return module in known or output(["modprobe", "--dry-run", "--quiet", module]) is not None
