"""The programs on this machine, and its free space."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharklab import i18n, privilege, state, system_packages
from sharklab.cli.doctor.diagnosis import SYSTEM, Diagnosis, make_error, make_warning, ok, optional, works
from sharklab.hosts import capacity
from sharklab.message import N_, NN_, Message

GIGABYTE = 10**9
DISK_NEEDED = 2 * GIGABYTE
"""Bytes for a base image, the layers of a lab and some runs."""

DISK_AMPLE = 5 * GIGABYTE

HOSTS_PER_SEAT = 3

PROGRAMS = N_("programs")
"""The group of programs that are installed, and of those that sharklab installs when a lab needs them."""

VERSION_OPTIONS: Mapping[str, str] = {"ip": "-V", "ssh": "-V", "mke2fs": "-V"}
"""Tools that do not tell their version by --version."""

VERSION = re.compile(r"\d+(\.\d+)+[a-z]?\d*|(?<= )\d{3}(?= )")
"""A version in the output of a tool: 1.3.5, 9.2p1, or the plain number of systemd."""

REFUSAL = re.compile(r"(invalid|illegal|unrecogni[sz]ed|unknown) option", re.IGNORECASE)
"""The refusal of an option that a tool does not know; some tools then end without an error."""

REGISTRY_SECONDS = 30

ESSENTIAL = frozenset({"hosts", "packets"})
"""The works without whose tools no lab runs. The others are for some labs, or have a substitute."""

WORKS: Mapping[str, tuple[str, str]] = {
    "hosts": (N_("containers"), N_("the first start of a host")),
    "packets": (N_("reading captures"), N_("the first report")),
    "image": (N_("images of Debian"), N_("the first image of Debian")),
    "rocky": (N_("images of Rocky"), N_("the first image of Rocky")),
    "internet": (N_("Internet for labs"), N_("a lab with Internet access")),
    "gateway": (N_("logins of students"), N_("the verb gateway start")),
    "machines": (N_("virtual machines"), N_("a lab with virtual machines")),
    "cluster": (N_("images of a cluster"), N_("virtual machines or images of Rocky from a cluster")),
    "seeds": (N_("machines of libvirt"), N_("the verb vms")),
    "test": (N_("tests of sharklab"), N_("the verb test")),
}
"""The works of system_packages.toml: a name for readers, and when sharklab installs the tools."""


def examine(network: bool) -> Iterator[Diagnosis]:
    """Yield one diagnosis for each thing; `network` asks the package registries too."""
    yield python()
    yield environment(Path(sys.prefix), state.root())
    for work in WORKS:
        yield tools(work)
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
        return works(PROGRAMS, name, N_("as pinned, in {place}"), place=str(prefix))
    return make_warning(
        name,
        N_("not those that sharklab pins: {place}"),
        N_("start sharklab by ./sharklab"),
        place=str(prefix),
    )


def tools(work: str) -> Diagnosis:
    """Return the tools of a work, each with its version if it tells one, or those that are absent."""
    name, moment = WORKS[work]
    needed = [tool for tool in system_packages.table() if tool.work == work]
    if absent := [tool for tool in needed if not tool.is_there]:
        return _absent(name, moment, absent)
    with ThreadPoolExecutor() as pool:
        return works(PROGRAMS, name, N_("{tools}"), tools=tuple(pool.map(_describe, needed)))


def _absent(name: str, moment: str, tools: Sequence[system_packages.Package]) -> Diagnosis:
    values: dict[str, Any] = {
        "tools": tuple(Path(tool.gives).name for tool in tools),
        "command": system_packages.command(tools),
        "moment": Message(moment),
    }
    by_hand = N_("as root: {command}")
    if system_packages.manager() and privilege.can_be_root():
        sentence = N_("not installed: {tools}; sharklab installs them for {moment}")
        return replace(optional(name, sentence, **values), group=Message(PROGRAMS))
    sentence = N_("not installed: {tools}; needed for {moment}, and sharklab cannot install them here")
    diagnosis = make_error if {tool.work for tool in tools} <= ESSENTIAL else optional
    return diagnosis(name, sentence, by_hand, **values)


def _describe(tool: system_packages.Package) -> str:
    """Return the tool's name, with the version that it tells."""
    return f"{Path(tool.gives).name} {_version(tool)}".rstrip()


def _version(tool: system_packages.Package) -> str:
    """Return the version that the tool tells of itself, or "" when it tells none, or fails."""
    if "/" in tool.gives:
        return ""
    argv = [tool.file, VERSION_OPTIONS.get(tool.gives, "--version")]
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = done.stdout + done.stderr
    version = VERSION.search(said)
    return version[0] if version and done.returncode == 0 and not REFUSAL.search(said) else ""


def rights() -> Diagnosis:
    """Root, sudo, or neither."""
    name = N_("root's rights")
    if privilege.is_root():
        return works(SYSTEM, name, N_("you are root"))
    if privilege.can_be_root():
        return ok(name, N_("through sudo, which is asked when a step needs it"))
    return make_error(
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
        "free": round(free / GIGABYTE, 1),
        "place": str(folder),
        "needed": f"{DISK_NEEDED / GIGABYTE:.0f}",
    }
    if free >= DISK_AMPLE:
        return ok(name, N_("{free} GB free for {place}"), **values)
    diagnosis = make_warning if free >= DISK_NEEDED else make_error
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
    seats = available // (HOSTS_PER_SEAT * capacity.MEMORY)
    values = {
        "free": round(available / GIGABYTE, 1),
        "seats": Message(NN_("{count} seat", "{count} seats"), {"count": seats}),
        "hosts": Message(NN_("{count} host", "{count} hosts"), {"count": HOSTS_PER_SEAT}),
    }
    if seats:
        return ok(name, N_("{free} GB available, enough for {seats}, each of {hosts}"), **values)
    return make_error(
        name,
        N_("{free} GB available, too little for a seat of {hosts}"),
        N_("end other programs, or take a machine with more memory"),
        **values,
    )


def locale(environ: Mapping[str, str]) -> Diagnosis:
    """The language that sharklab speaks by the environment's locale."""
    name = N_("language")
    values = {"language": i18n.choose(None, environ), "known": i18n.languages()}
    return ok(name, N_("{language} by your locale; --lang chooses another ({known})"), **values)


def images(folder: Path) -> Diagnosis:
    """Return how many images of each system have been built."""
    name = N_("built images")
    try:
        built = Counter(file.parent.name.rpartition("-")[0] for file in folder.glob("*/image.json"))
    except PermissionError:
        return make_warning(
            name, N_("{place} is not readable"), N_("sudo ./sharklab doctor tries it"), place=str(folder)
        )
    if built:
        return ok(name, N_("{names}"), names=tuple(f"{system}: {built[system]}" for system in sorted(built)))
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
    return make_error(
        name, N_("it does not answer: {said}"), N_("see your settings: {look}"), said=said, look=look
    )
