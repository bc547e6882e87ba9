"""Hosts that stand in for Rocky 9: its names, real dnf and rpm, and Debian's daemons underneath."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sharklab import paths
from sharklab.hosts import image
from sharklab.hosts.image import Image, Layers
from tests.support.rocky import repository

ROLES = tuple(sorted(place.name for place in paths.ROLES.iterdir() if (place / "tasks").is_dir()))
TOOLS = ("dnf", "rpm")

OS_RELEASE = """\
NAME="Rocky Linux"
VERSION="9.6 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.6"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.6 (Blue Onyx)"
"""
REPOSITORY = """\
[stand-in]
name=Stands in for Rocky's repositories
baseurl=file:///srv/rpms
gpgcheck=1
gpgkey=file:///srv/rpms/{key}
"""
SSHD = "/usr/lib/systemd/system/sshd.service"

FILES = {
    "etc/os-release": OS_RELEASE,
    "usr/lib/os-release": OS_RELEASE,
    "etc/redhat-release": "Rocky Linux release 9.6 (Blue Onyx)\n",
    "etc/rocky-release": "Rocky Linux release 9.6 (Blue Onyx)\n",
    "etc/dnf/dnf.conf": "[main]\ngpgcheck=1\nplugins=0\n",
    "etc/dnf/vars/releasever": "9\n",
    # Debian's rpm would keep its database in the home of whoever calls it.
    "etc/rpm/macros": "%_dbpath /var/lib/rpm\n%_db_backend sqlite\n",
    "etc/yum.repos.d/stand-in.repo": REPOSITORY.format(key=repository.KEY),
    # An installed Rocky has it, and without it nobody could come in.
    SSHD[1:]: repository.files_of("openssh-server", repository.packages()["openssh-server"])[SSHD],
}
GONE = (
    "etc/debian_version",
    "etc/chrony",
    "etc/init.d",
    "etc/unbound",
    "etc/systemd/system/multi-user.target.wants/ssh.service",
    "etc/systemd/system/sshd.service",
    "usr/lib/systemd/system/chrony.service",
    "usr/lib/systemd/system/ssh.service",
    "usr/lib/systemd/system/ssh.socket",
)
"""Debian's own names for what Rocky has under others."""


def layers(folder: Path, rpms: Path, hosts: tuple[str, ...]) -> Layers:
    """Return what hosts are made from: Debian's image with all that roles need, Rocky's names over it."""
    base = image.base("debian12", [*image.packages_of(ROLES, "Debian"), *TOOLS], print)
    return dress(folder, base, rpms, hosts)


def dress(folder: Path, base: Image, rpms: Path, hosts: tuple[str, ...]) -> Layers:
    """Return layers in `folder` by which `hosts` on an image of Debian have Rocky's names, and `rpms`."""
    for host in hosts:
        _layer(folder / host, rpms)
    return Layers(base, folder)


def plant(target: Path, debian: Path) -> None:
    """Make `target` a copy of the root file system `debian` with Rocky's names.

    What packages are to bring is not on it, the kernel and repositories among that, and nothing is masked.
    """
    subprocess.run(["cp", "--archive", "--reflink=auto", f"{debian}/.", target], check=True)
    brought = [place for package in repository.packages().values() for place in _carried(package, debian)]
    gone = [*GONE, *brought, "boot", "usr/lib/modules", "usr/share/keyrings"]
    gone += [str(path.relative_to(target)) for path in (target / "etc/systemd").glob("*/*") if _is_mask(path)]
    for name in (*gone, *FILES):
        path = target / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    for name, text in FILES.items():
        if "repos.d" not in name:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(text)


def _is_mask(path: Path) -> bool:
    return path.is_symlink() and path.readlink() == Path("/dev/null")


def _carried(package: Mapping[str, Any], debian: Path) -> Iterator[str]:
    for source in repository.carried(package, debian).values():
        yield str(source.relative_to(debian))


def packages(roles: tuple[str, ...]) -> list[str]:
    """Return what the roles name for Rocky; the hosts are containers, without a kernel of their own."""
    return image.packages_of(roles, "RedHat")


def _layer(target: Path, rpms: Path) -> None:
    for name, text in FILES.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in GONE:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))  # a whiteout of overlayfs: nothing is there
    wants = target / "etc/systemd/system/multi-user.target.wants/sshd.service"
    wants.symlink_to(SSHD)
    shutil.copytree(rpms, target / "srv/rpms", ignore=shutil.ignore_patterns("work"))
    for path in [target, *target.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
