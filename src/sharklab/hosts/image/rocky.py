"""Root file systems of Rocky Linux, by dnf --installroot(8) from its own repositories, signatures checked."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.error import URLError

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.image.root_folder import OFFERED, RootFolder
from sharklab.message import N_, Message

MIRROR = "SHARKLAB_ROCKY_MIRROR"
"""The environment variable that names another mirror than Rocky's own, with the same folders below it."""

OWN_MIRROR = "https://dl.rockylinux.org/pub/rocky"
PATIENCE = 3.0
"""Seconds in which a mirror has to answer."""

REPOSITORIES = ("BaseOS", "AppStream", "CRB", "extras")
FIRST = ("rocky-release", "epel-release")

REPOSITORY = """\
[{name}]
name=Rocky Linux {release} {name}
baseurl={mirror}/{release}/{name}/{arch}/os/
enabled=1
gpgcheck=1
gpgkey=file://{key}
"""


@dataclass(frozen=True)
class Release:
    """A release of Rocky: its number, the fingerprint of its key, and where its rpm keeps its database.

    `first` are packages that bring repositories, which other packages come from. The fingerprints
    are those of rockylinux.org, "GPG key info". `processor` and `irreplaceable` are those of its
    `OperatingSystem`.
    """

    number: str
    fingerprint: str
    database: str
    first: tuple[str, ...]
    processor: tuple[str, ...] = ()
    irreplaceable: tuple[str, ...] = ()


V3 = ("abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave")
"""x86-64-v3, as the psABI of x86-64 defines it, beside what every such processor has; abm is its LZCNT."""

RELEASES = {
    "rocky9": Release(
        "9",
        "21CB256AE16FC54C6E652949702D426D350D275D",
        "/var/lib/rpm",
        (*FIRST, "centos-release-nfs-ganesha5"),
    ),
    "rocky10": Release(
        "10",
        "FC226859C0860BF0DDB95B085B106C736FEDFC85",
        "/usr/lib/sysimage/rpm",
        FIRST,
        V3,
        irreplaceable=("kernel_nfs",),  # nobody has packages of nfs-ganesha for it
    ),
}


INDEXER = "createrepo_c"
"""The program that makes a repository of a folder of packages."""

REPOSITORY_FILE = """\
[lab]
name=Packages of the lab
baseurl=file:///{folder}
gpgcheck=0
"""


def mirror() -> str:
    """Return the address of the mirror that is used."""
    return os.environ.get(MIRROR, OWN_MIRROR).rstrip("/")


def build(
    release: Release,
    target: RootFolder,
    packages: Sequence[str],
    offered: Sequence[str],
    cache_folder: Path,
) -> None:
    """Install `packages` into `target`, and make a repository of the packages `offered` there if any are.

    Raises MachineryError as `process.run`, and for a wrong key.
    """
    process.require("dnf", "rpm", "gpg", *([INDEXER] if offered else []))
    with tempfile.TemporaryDirectory(prefix="sharklab-dnf-") as folder:
        work = Path(folder)
        key = _fetch_key(release, work)
        repositories = work / "repos"
        for name in REPOSITORIES:
            text = REPOSITORY.format(
                name=name, release=release.number, mirror=mirror(), arch=platform.machine(), key=key
            )
            state.write(state.folder(repositories) / f"{name}.repo", text)
        # Debian's rpm would keep its database where Rocky's does not look.
        macros = (
            f"%_dbpath {release.database}\n%_db_backend sqlite\n%_keyringpath {release.database}/pubkeys\n"
        )
        state.write(work / ".rpmmacros", macros)
        state.write(work / "dnf.conf", "[main]\n")
        (work / "cache").symlink_to(cache_folder.absolute())
        if not target.below:
            _install(release, target, release.first, work)
        _add_repositories(target, repositories)
        _install(release, target, packages, work)
        if offered:
            _offer(release, target, offered, work)
        # dnf keeps a note on its cache inside the root as well.
        shutil.rmtree(target.folder / work.relative_to("/"), ignore_errors=True)


def _offer(release: Release, target: RootFolder, packages: Sequence[str], work: Path) -> None:
    """Make a repository of the packages and their dependencies that are not installed; dnf.conf(5)."""
    folder = f"{target.path}/{OFFERED}"
    _install(release, target, packages, work, "--downloadonly", f"--downloaddir={folder}")
    target.run([INDEXER, "--quiet", folder])
    text = REPOSITORY_FILE.format(folder=OFFERED)
    state.write(state.folder(target.folder / "etc/yum.repos.d") / "lab.repo", text, 0o644)


def _install(release: Release, target: RootFolder, packages: Sequence[str], work: Path, *more: str) -> None:
    settings = {
        "reposdir": work / "repos",
        "cachedir": work / "cache",
        "keepcache": "True",
        "install_weak_deps": "False",
        "tsflags": "nodocs",
        "plugins": "False",
        "timeout": 30,
    }
    options = [f"--setopt={name}={value}" for name, value in settings.items()]
    command: list[str | Path] = [
        *("env", f"HOME={work}", "dnf", "--assumeyes", "--quiet"),
        f"--config={work / 'dnf.conf'}",
        f"--installroot={target.path}",
        f"--releasever={release.number}",
        *options,
        *more,
    ]
    # Scripts of packages find what a running system has.
    target.run([*command, "install", *packages], devices=True)


def _fetch_key(release: Release, work: Path) -> Path:
    """Return the file of the release's key from the mirror. Raises MachineryError when it is another."""
    address, key = f"{mirror()}/RPM-GPG-KEY-Rocky-{release.number}", work / "key"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 (file: is a mirror as well)
            state.write(key, answer.read(1_000_000))
    except OSError as error:
        raise MachineryError(
            N_("failed to fetch Rocky's key: {reason}"), place=address, reason=_reason(error)
        ) from error
    shown = process.run(["gpg", "--batch", "--homedir", work, "--show-keys", "--with-colons", key])
    fingerprints = [line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:")]
    if fingerprints[:1] != [release.fingerprint]:
        raise MachineryError(
            N_("the key has the fingerprint {found}, but Rocky's key has {wanted}"),
            place=address,
            hint=N_("use another mirror: {variable}=https://..."),
            found=fingerprints[0] if fingerprints else "-",
            wanted=release.fingerprint,
            variable=MIRROR,
        )
    return key


def _add_repositories(target: RootFolder, repositories: Path) -> None:
    """Add the repositories that packages of the base image brought; their keys came in signed packages."""
    for file in ([*target.below, target.folder][0] / "etc/yum.repos.d").glob("*.repo"):
        if file.name.lower().startswith("rocky"):
            continue  # the repositories of `RELEASES`, by lists of mirrors
        text = file.read_text().replace("gpgkey=file:///", f"gpgkey=file://{target.path}/")
        state.write(repositories / file.name, text)


@cache
def refusal() -> Message | None:
    """Return why the mirror does not answer, or None when it does, within `PATIENCE` seconds.

    It is asked once in a process. The question is left behind when it takes longer: a name server may
    keep it waiting for much longer than a mirror would.
    """
    answers: list[Message | None] = []
    asking = threading.Thread(target=lambda: answers.append(_ask()), daemon=True)
    asking.start()
    asking.join(PATIENCE)
    late = Message(N_("no answer within {seconds:g} s"), {"seconds": PATIENCE})
    return answers[0] if answers else late


def _ask() -> Message | None:
    address = f"{mirror()}/9/BaseOS/{platform.machine()}/os/repodata/repomd.xml"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310
            answer.read(1)
    except OSError as error:
        return Message(_reason(error))
    return None


def _reason(error: OSError) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    return getattr(cause, "strerror", None) or str(cause)
