"""System packages: which are missing for a piece of work, and how to install them."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sharklab import privilege
from sharklab.errors import MachineryError
from sharklab.i18n import Translator
from sharklab.message import N_, Message

TABLE = Path(__file__).with_name("system_packages.toml")

INSTALLER = Path(__file__).with_name("install_packages.sh")

EPEL = "dnf install epel-release && crb enable"
"""The command that enables EPEL, as root, once; some of its packages need Rocky's CRB."""

REPOSITORIES = Path("/etc/yum.repos.d")


@dataclass(frozen=True)
class Package:
    """A tool (a command, or a file) that a piece of work needs, and the package that brings it.

    `epel`: Rocky and its kin have it in EPEL alone. `alias` is another name of the tool, or its file.
    """

    gives: str
    work: str
    apt: str
    dnf: str
    epel: bool = False
    alias: str = ""

    @property
    def file(self) -> str:
        """The tool's file on this machine, wherever it came from, or "" when it has none."""
        if "/" in self.gives:
            return self.gives if Path(self.gives).exists() else ""
        return next((file for name in (self.gives, self.alias) if name and (file := shutil.which(name))), "")

    @property
    def is_there(self) -> bool:
        """True when this machine has the tool."""
        return bool(self.file)


@cache
def table() -> tuple[Package, ...]:
    """Return system_packages.toml, in its order."""
    content = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        Package(gives, work, **names) for work, tools in content.items() for gives, names in tools.items()
    )


def find(tool: str) -> str:
    """Return the file of a tool of the table on this machine, or "" when it has none."""
    return next((package.file for package in table() if package.gives == tool), "")


def list_missing(works: Iterable[str]) -> tuple[Package, ...]:
    """Return the packages that `works` (groups of the table) need, and that this system lacks and knows."""
    wanted, kind = set(works), manager()
    return tuple(
        package
        for package in table()
        if package.work in wanted and not package.is_there and (not kind or names([package], kind))
    )


def manager() -> str:
    """Return this system's package manager, "apt" or "dnf", or "" when it is another.

    Either family packages the other's, and mmdebstrap brings it along: os-release(5) says which is its own.
    """
    tools = [("apt", "apt-get"), ("dnf", "dnf")]
    if _family() & {"fedora", "rhel"}:
        tools.reverse()
    return next((name for name, tool in tools if shutil.which(tool)), "")


def _family() -> set[str]:
    """Return the names of this system and of its family (os-release(5), ID and ID_LIKE)."""
    try:
        said = platform.freedesktop_os_release()
    except OSError:
        return set()
    return {said.get("ID", ""), *said.get("ID_LIKE", "").split()}


def command(packages: Iterable[Package]) -> str:
    """Return the command with which root installs `packages`; on an unknown system, one for each family."""
    chosen = list(packages)
    both = {
        name: f"{tool} install {' '.join(names(chosen, name))}"
        for name, tool in (("apt", "apt-get"), ("dnf", "dnf"))
    }
    if manager() == "dnf" and _lacks_epel(chosen):
        return f"{EPEL} && {both['dnf']}"
    return both.get(manager()) or f"{both['apt']} ({both['dnf']})"


def _lacks_epel(packages: Iterable[Package]) -> bool:
    """Tell whether some of `packages` are in EPEL, which this system could have and does not know."""
    known = any(REPOSITORIES.glob("epel*.repo"))
    return not known and "rhel" in _family() and any(package.epel for package in packages)


def names(packages: Iterable[Package], kind: str) -> list[str]:
    """Return the packages' names for the manager `kind`, each once; a family may lack one."""
    named = dict.fromkeys(package.apt if kind == "apt" else package.dnf for package in packages)
    return [name for name in named if name]


def need(works: Sequence[str], words: Translator) -> None:
    """Install the missing packages that `works` need.

    Raises MachineryError, with the command to run by hand, when that is not possible.
    """
    absent = list_missing(works)
    if not absent:
        return
    kind = manager()
    if not kind:
        raise _failure(N_("this system has neither apt-get nor dnf"), absent)
    _install(names(absent, kind), kind, absent, words)
    if still := list_missing(works):
        gone = [package.gives for package in still]
        raise _failure(N_("still missing after the installation: {tools}"), still, tools=gone)


def _install(wanted: list[str], kind: str, absent: Sequence[Package], words: Translator) -> None:
    from sharklab.progress import Progress

    argv = privilege.through_sudo(["sh", str(INSTALLER), kind, *wanted], command(absent), words)
    with Progress(words.gettext).step(N_("system packages: {names}"), names=" ".join(wanted)):
        done = subprocess.run(
            argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
            raise _failure(N_("the installation failed:\n{said}"), absent, said=said)


def _failure(reason: str, absent: Iterable[Package], **values: Any) -> MachineryError:
    place, hint = Message(N_("system packages")), N_("as root, run: {command}")
    return MachineryError(reason, place=place, hint=hint, command=command(absent), **values)
