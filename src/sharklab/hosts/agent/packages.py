"""Packages of the machine, by dpkg(1) or rpm(8)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from sharklab.hosts.agent import files
from sharklab.hosts.agent.tool import Failures, output

UCF = "/var/lib/ucf/hashfile"
"""Where ucf(1) keeps the digests of the files that packages of Debian brought by it."""


def list_installed() -> list[str]:
    """Return the names of all packages, sorted."""
    if _is_debian():
        listed = output(["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\n"])
        pairs = (line.split() for line in (listed or "").splitlines())
        return sorted({name for status, name in pairs if status == "installed"})
    return sorted(set((output(["rpm", "--query", "--all", "--queryformat", "%{NAME}\n"]) or "").split()))


def list_missing(wanted: Iterable[str]) -> list[str]:
    """Return those of `wanted` that are not there."""
    there = set(list_installed())
    absent = sorted(set(wanted) - there)
    if _is_debian():
        return absent
    return [name for name in absent if output(["rpm", "--query", "--whatprovides", name]) is None]


def files_of(packages: Iterable[str]) -> frozenset[str]:
    """Return the files that belong to `packages`."""
    names = sorted(packages)
    if not names:
        return frozenset()
    if _is_debian():
        return frozenset((output(["dpkg-query", "--listfiles", *names]) or "").splitlines())
    return frozenset((output(["rpm", "--query", "--list", *names]) or "").splitlines())


def digests() -> tuple[str, dict[str, str]]:
    """Return hashlib's name of the digests of packages, and the digest of each configuration file by path."""
    if _is_debian():
        return "md5", dict(_list_conffiles_of_dpkg())
    return "sha256", dict(_list_config_files_of_rpm())


def _list_conffiles_of_dpkg() -> Iterator[tuple[str, str]]:
    """Yield each file with its digest: " path digest" from dpkg-query(1), "digest  path" from ucf(1)."""
    asked = output(["dpkg-query", "--show", "--showformat", "${Conffiles}\n"]) or ""
    for words in map(str.split, asked.splitlines()):
        if len(words) > 1:
            yield words[0], words[1]
    for words in map(str.split, files.text(UCF).splitlines()):
        if len(words) > 1:
            yield words[1], words[0]


def _list_config_files_of_rpm() -> Iterator[tuple[str, str]]:
    """Yield each file with its digest: the first and the fourth of eleven fields (rpm(8), --dump)."""
    for line in (output(["rpm", "--query", "--all", "--configfiles", "--dump"]) or "").splitlines():
        fields = line.rsplit(maxsplit=10)
        if len(fields) == 11:
            yield fields[0], fields[3]


def install(names: list[str], first: list[str], installer: str, failures: Failures) -> None:
    """Install packages, `first` before the others; none of their services starts, now or with the machine.

    A firewall that begins to filter before SSH is let in would be the last that is heard of the machine.
    `installer` is the text of install_packages.sh.
    """
    for chosen in (first, names):
        if wanted := list_missing(chosen):
            _install(wanted, installer, failures)


def _install(wanted: list[str], installer: str, failures: Failures) -> None:
    done = subprocess.run(
        ["sh", "-c", installer, "sh", "apt" if _is_debian() else "dnf", *wanted],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
        failures.note(" ".join(wanted), "\n".join(said[-5:]))


def family() -> str:
    """Return "RedHat" or "Debian" as Ansible says it, or "" for another, by os-release(5)."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    kinds = {
        word
        for line in lines
        if line.startswith(("ID=", "ID_LIKE="))
        for word in line.partition("=")[2].strip("\"'").split()
    }
    return "RedHat" if kinds & {"rhel", "fedora"} else "Debian" if "debian" in kinds else ""


def _is_debian() -> bool:
    return family() == "Debian"
