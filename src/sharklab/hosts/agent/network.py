"""The machine's place in the network: cards, their connections, mounts over the network, settings."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharklab.hosts.agent import files
from sharklab.hosts.agent.tool import Failures, output

NETWORKED = ("nfs", "nfs4", "fuse.nfs4")
"""Types of file systems that labs mount."""

PATIENCE = "20"
"""Seconds that umount(8) may take: a server may be dead."""

PAUSE = 0.2
"""Seconds between two questions to a port that refuses."""


def cards() -> dict[str, Any]:
    """Return the network cards as Ansible's facts have them (subset `network`)."""
    listed = json.loads(output(["ip", "-json", "address", "show"]) or "[]")
    routes = json.loads(output(["ip", "-json", "-4", "route", "show", "default"]) or "[]")
    facts: dict[str, Any] = {"interfaces": [card["ifname"] for card in listed]}
    for card in listed:
        facts[card["ifname"].translate(str.maketrans("-.:", "___"))] = _card(card)
    facts["default_ipv4"] = {"interface": routes[0].get("dev", "")} if routes else {}
    return facts


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"device": card["ifname"], "macaddress": card.get("address", ""), "ipv6": []}
    for at in card["addr_info"]:
        address = {"address": at["local"], "prefix": at["prefixlen"], "scope": at["scope"]}
        if at["family"] == "inet":
            facts.setdefault("ipv4", address)
        else:
            facts["ipv6"].append(address)
    return facts


def connections() -> dict[str, str]:
    """Return NetworkManager's connection for each card that has one."""
    listed = output(["nmcli", "--terse", "--escape", "no", "--fields", "DEVICE,CONNECTION", "device"])
    pairs = (line.partition(":") for line in (listed or "").splitlines())
    return {device: name for device, _, name in pairs if name}


def mounts() -> dict[str, list[str]]:
    """Return the mounts over the network: {mount point: [type, source]}."""
    return {at: [kind, source] for at, (kind, source) in files.mounts().items() if kind in NETWORKED}


def unmount_new(before: Mapping[str, list[str]], failures: Failures) -> list[str]:
    """Unmount the mounts that are new, even if a process still uses them."""
    new = [at for at, what in mounts().items() if before.get(at) != what]
    for at in reversed(new):
        if output(["timeout", PATIENCE, "umount", at]) is None:
            failures.run(["umount", "--lazy", at])
    return new


def mount_missing(before: Mapping[str, list[str]], failures: Failures) -> None:
    """Mount the places that were mounted before, by fstab(5), which is restored already."""
    for at in before:
        if at not in mounts():
            failures.run(["mount", at])


def reapply(before: Mapping[str, str], failures: Failures) -> None:
    """Make NetworkManager follow its files again, and each card the connection that it had."""
    if not before:
        return
    failures.run(["nmcli", "connection", "reload"])
    now = connections()
    for device, name in before.items():
        if now.get(device) != name:
            failures.run(["nmcli", "connection", "up", name, "ifname", device])
        elif device != "lo":
            failures.run(["nmcli", "device", "reapply", device])


def settings(names: list[str]) -> dict[str, str]:
    """Return the kernel's settings of these names (sysctl(8)), without those that it lacks."""
    files = {name: Path("/proc/sys", *name.split(".")) for name in names}
    return {name: file.read_text().strip() for name, file in files.items() if file.exists()}


def set_back(before: Mapping[str, str], failures: Failures) -> None:
    """Give the kernel's settings the values that they had."""
    for name, value in settings(list(before)).items():
        if value != before[name]:
            failures.run(["sysctl", "--quiet", "--write", f"{name}={before[name]}"])


def ssh_way() -> dict[str, str]:
    """Return the address and port by which this very connection came in, as sshd says it."""
    words = os.environ.get("SSH_CONNECTION", "").split()
    return {"address": words[2], "port": words[3]} if len(words) == 4 else {}


def knock(address: str, port: int, listens: bool, seconds: float) -> str:
    """Return the answer of a TCP port within `seconds`: "accepted", "refused", or "silent" for none.

    With `listens`, a refusal is asked again until the time is over: the service may start this very moment.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = _connect(address, port, max(deadline - time.monotonic(), PAUSE))
        if answer != "refused" or not listens or time.monotonic() > deadline:
            return answer
        time.sleep(PAUSE)


def _connect(address: str, port: int, seconds: float) -> str:
    try:
        with socket.create_connection((address, port), seconds) as connection:
            # Ended by a RST: no connection in TIME-WAIT is left for a record of sockets.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return "accepted"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"
