"""The configuration of the machine as texts: /etc, firewalld, mounts, packages, and digests of programs."""

from __future__ import annotations

import fnmatch
import os
import shutil
import stat

from sharklab.hosts.agent import files, packages, rules
from sharklab.hosts.agent.tool import output

ROOT = "/etc"
"""The folder of the files that are read."""

LEFT_OUT = ("*shadow*", "ssh_host_*_key", "*.key", "*.pem", "opasswd", "*.old", "*-", "*~")
"""Names of files that hold secrets, and of copies that programs make before a change."""

GENERATED = (
    *("/etc/ld.so.cache", "/etc/ssl/certs", "/etc/pki/ca-trust/extracted", "/etc/selinux/targeted"),
    *(f"/etc/rc{level}.d/" for level in "0123456S"),
)
"""Files that programs make from other files; systemd reads no links of runlevels (update-rc.d(8))."""

SIZE = 65_536
"""Bytes of a file that is read."""

COMMANDS = (
    ("firewall-cmd", "--list-all-zones"),
    ("firewall-cmd", "--permanent", "--list-all-zones"),
    (
        "findmnt",
        "--noheadings",
        "--list",
        "--output",
        "TARGET,SOURCE,FSTYPE",
        "--types",
        "nfs,nfs4,fuse.nfs4",
    ),
)
"""Commands whose output belongs to the configuration."""


PROGRAMS = (
    *("busctl", "cat", "exportfs", "firewall-cmd", "getent", "nft", "nmcli", "python3", "sh", "ss", "ssh"),
    *("sshd", "systemctl", "timeout"),
)
"""Programs that show the state of the machine: whoever replaces one can make the machine look right."""

PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"


def texts() -> dict[str, str]:
    """Return the text of each file of /etc by its path, and the output of each of `COMMANDS`.

    A symbolic link is the text "-> target". Files that are large, secret or no text are left out. Each of
    `PROGRAMS` has its digest. "packages" has the name of each installed package on a line.
    """
    commands = {" ".join(words): _in_order(output(list(words)) or "") for words in COMMANDS}
    by_path = {path: text for path in files.below(ROOT) if (text := _text(path)) is not None}
    installed = "".join(f"{name}\n" for name in packages.list_installed())
    return {**by_path, **commands, **_digests(), "packages": installed}


def list_unchanged() -> list[str]:
    """Return the files of /etc that are as their packages brought them, sorted."""
    algorithm, digests = packages.digests()
    inside = f"{ROOT}/"
    return sorted(
        path
        for path, digest in digests.items()
        if path.startswith(inside) and files.digest(path, algorithm) == digest
    )


def _digests() -> dict[str, str]:
    """Return the digest of each of `PROGRAMS`; a link counts as the program that it leads to."""
    places = [place for name in PROGRAMS if (place := shutil.which(name, path=PLACES))]
    return {f"sha256 {place}": f"{files.digest(os.path.realpath(place), 'sha256')}\n" for place in places}


def _in_order(printed: str) -> str:
    """Return zones with a line for each entry, sorted, since firewalld has no order; else the text."""
    zones = rules.zones(printed)
    if not any("target" in zone for zone in zones.values()):
        return printed
    entries = [(name, kind, each) for name, zone in zones.items() for kind in zone for each in zone[kind]]
    return "".join(f"{name} {kind}: {entry}\n" for name, kind, entry in sorted(entries))


def _text(path: str) -> str | None:
    name = os.path.basename(path)
    if path.startswith(GENERATED) or any(fnmatch.fnmatch(name, pattern) for pattern in LEFT_OUT):
        return None
    now = files.status(path)
    if now is None:
        return None
    if stat.S_ISLNK(now.st_mode):
        return f"-> {os.readlink(path)}\n"
    if not stat.S_ISREG(now.st_mode) or now.st_size > SIZE:
        return None
    with open(path, "rb") as file:
        content = file.read(SIZE)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or "PRIVATE KEY" in text else text
