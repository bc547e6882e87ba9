"""The programs on this machine, and its free space."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sharklab import i18n, privilege, state, system_packages
from sharklab.cli.doctor.diagnosis import Diagnosis, missing, ok, warning
from sharklab.message import (
    N_,
    Message,
)

GIGABYTE = 10**9
DISK_NEEDED = 2 * GIGABYTE
"""Bytes for a base image, the layers of a lab and some runs."""

DISK_AMPLE = 5 * GIGABYTE

MEMORY_PER_HOST = 31 * 10**6
"""Bytes of memory that a host alone accounts for (measured, PSS)."""

HOSTS_PER_SEAT = 3

VERSION_OPTIONS: Mapping[str, str] = {"ip": "-V", "ssh": "-V"}
"""Tools that do not tell their version by --version."""

REGISTRY_SECONDS = 30

_MACHINES = N_("no {tools}; only virtual machines need it, and sharklab cannot install it here")
_SPECIAL: Mapping[str, str] = {
    "machines": _MACHINES,
    "seeds": _MACHINES,
    "internet": N_("no {tools}; only labs with Internet access need it, and sharklab cannot install it here"),
}
"""The sentences about tools that only some labs need, by the work of the tool."""


def examine(network: bool) -> Iterator[Diagnosis]:
    """Yield one diagnosis for each thing; `network` asks the package registries too."""
    yield python()
    yield environment(Path(sys.prefix), state.root())
    for package in system_packages.by_name():
        yield tools(package)
    yield rights()
    yield disk(state.root())
    yield memory(Path("/proc/meminfo").read_text())
    yield locale(os.environ)
    yield images(state.images_folder())
    if network:
        yield python_registry()
        yield system_registry()


def python() -> Diagnosis:
    """The version that runs this."""
    return ok(
        N_("Python"),
        N_("{version}, {place}"),
        version=".".join(map(str, sys.version_info[:3])),
        place=sys.executable,
    )


def environment(prefix: Path, folder: Path) -> Diagnosis:
    """`prefix` is where Python's packages are; the launcher keeps them in the state folder."""
    name = N_("Python packages")
    if prefix.is_relative_to(folder):
        return ok(name, N_("as pinned, in {place}"), place=str(prefix))
    return warning(
        name,
        N_("not those that sharklab pins: {place}"),
        N_("start sharklab by ./sharklab"),
        place=str(prefix),
    )


def tools(package: Sequence[system_packages.Package]) -> Diagnosis:
    """`package` is all that one system package gives; the first tool tells its version."""
    first = package[0]
    name = first.dnf if system_packages.manager() == "dnf" else first.apt
    if all(tool.is_there for tool in package):
        return ok(name, N_("{version}"), version=_version(first) or Message(N_("present")))
    return _absent(name, [tool for tool in package if not tool.is_there])


def _absent(name: str, tools: Sequence[system_packages.Package]) -> Diagnosis:
    values = {"tools": tuple(tool.gives for tool in tools), "command": system_packages.command(tools)}
    by_hand = N_("as root: {command}")
    if system_packages.manager() and privilege.can_be_root():
        return warning(name, N_("no {tools} yet; sharklab installs it when it is needed"), by_hand, **values)
    sentences = {_SPECIAL.get(tool.work, "") for tool in tools}
    if len(sentences) == 1 and (sentence := sentences.pop()):
        return warning(name, sentence, by_hand, **values)
    return missing(name, N_("no {tools}, and sharklab cannot install it here"), by_hand, **values)


def _version(tool: system_packages.Package) -> str:
    """Return the first line that has a digit of what the tool says of itself, or "" when none does."""
    if "/" in tool.gives:
        return ""
    argv = [tool.file, VERSION_OPTIONS.get(tool.gives, "--version")]
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout + done.stderr).splitlines()
    return next((line.strip().rstrip(".") for line in lines if any(sign.isdigit() for sign in line)), "")


def rights() -> Diagnosis:
    """Root, sudo, or neither."""
    name = N_("root's rights")
    if privilege.is_root():
        return ok(name, N_("you are root"))
    if privilege.can_be_root():
        return ok(name, N_("through sudo, which is asked when a step needs it"))
    return missing(
        name,
        N_("you are not root and there is no sudo; hosts cannot be started"),
        N_("become root first, or have sudo installed"),
    )


def disk(folder: Path) -> Diagnosis:
    """Free space where the state folder is, or will be."""
    name = N_("disk space")
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    values = {
        "free": f"{free / GIGABYTE:.1f}",
        "place": str(folder),
        "needed": f"{DISK_NEEDED / GIGABYTE:.0f}",
    }
    if free >= DISK_AMPLE:
        return ok(name, N_("{free} GB free for {place}"), **values)
    diagnosis = warning if free >= DISK_NEEDED else missing
    return diagnosis(
        name,
        N_("{free} GB free for {place}; a lab takes about {needed} GB"),
        N_("free some space, or keep the state elsewhere: SHARKLAB_STATE=/another/folder"),
        **values,
    )


def memory(meminfo: str) -> Diagnosis:
    """`meminfo` is what /proc/meminfo says."""
    name = N_("memory")
    fields = dict(line.split(":", 1) for line in meminfo.splitlines())
    available = int(fields["MemAvailable"].split()[0]) * 1024
    seats = available // (HOSTS_PER_SEAT * MEMORY_PER_HOST)
    values = {"free": f"{available / GIGABYTE:.1f}", "seats": seats, "hosts": HOSTS_PER_SEAT}
    if seats:
        return ok(name, N_("{free} GB available, enough for {seats} seats of {hosts} hosts"), **values)
    return missing(
        name,
        N_("{free} GB available, too little for a seat of {hosts} hosts"),
        N_("end other programs, or take a machine with more memory"),
        **values,
    )


def locale(environ: Mapping[str, str]) -> Diagnosis:
    """The language that sharklab speaks by the environment's locale."""
    name = N_("language")
    values = {"language": i18n.choose(None, environ), "known": i18n.languages()}
    return ok(name, N_("{language} by your locale; --lang chooses another ({known})"), **values)


def images(folder: Path) -> Diagnosis:
    """The base images that have been built, by the names of their folders."""
    name = N_("base images")
    try:
        built = sorted(file.parent.name for file in folder.glob("*/image.json"))
    except PermissionError:
        return warning(
            name, N_("{place} is not readable"), N_("sudo ./sharklab doctor tries it"), place=str(folder)
        )
    if built:
        return ok(name, N_("{names}"), names=tuple(built))
    return ok(name, N_("none yet; the first run of a lab builds one, in about two minutes"))


def python_registry() -> Diagnosis:
    """Asks pip, with the user's own settings, for a package that it would have to fetch."""
    argv = [
        "install",
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
        "--no-cache-dir",
        "--no-input",
        "mdurl",
    ]
    return _registry(N_("Python registry"), [sys.executable, "-m", "pip", *argv], "pip config debug")


def system_registry() -> Diagnosis:
    """Asks the system's package manager, with its own settings."""
    name = N_("system registry")
    if system_packages.manager() != "apt":
        return _registry(name, ["dnf", "-q", "makecache"], "dnf repolist -v")
    with tempfile.TemporaryDirectory(prefix="sharklab-doctor-") as folder:
        lists = ["-o", f"Dir::State::Lists={folder}", "-o", "Debug::NoLocking=1", "-o", "Acquire::Retries=0"]
        return _registry(
            name, ["apt-get", "-q", *lists, "-o", "APT::Update::Error-Mode=any", "update"], "apt-get update"
        )


def _registry(name: str, argv: Sequence[str], look: str) -> Diagnosis:
    try:
        done = subprocess.run(
            argv, check=False, capture_output=True, text=True, errors="replace", timeout=REGISTRY_SECONDS
        )
        said = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [argv[0]])[-1]
    except subprocess.TimeoutExpired:
        said = f"{REGISTRY_SECONDS} s"
    except FileNotFoundError as error:
        said = str(error)
    if not said:
        return ok(name, N_("it answers"))
    return missing(
        name, N_("it does not answer: {said}"), N_("see your settings: {look}"), said=said, look=look
    )
