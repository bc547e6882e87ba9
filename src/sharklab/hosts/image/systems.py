"""The operating systems that hosts can run: everything that differs between them is in this table."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sharklab import process, state
from sharklab.errors import InputError
from sharklab.hosts.image import kernel, rocky
from sharklab.hosts.image.kernel import Kernel
from sharklab.hosts.image.root_folder import OFFERED, RootFolder
from sharklab.message import N_

MACHINE = "-vm"
"""The end of the name of a system for virtual machines."""

Build = Callable[[RootFolder, Sequence[str], Sequence[str], Path], None]
"""Installs packages in a root file system, a new one or one with others below, and offers others in it; keeps
downloads in a cache folder. `OFFERED` has those that are offered, as a repository that needs no network."""

# Started at boot in every host. All other units stay off until a role enables them, on every system.
COMMON_UNITS = ("dbus.socket", "dbus-broker.service", "NetworkManager.service")

# Makes no sense in a container, or costs time at boot and finds nothing to do there. root's own
# user manager among them: it would start at the controller's first login (0.2 CPU-seconds).
COMMON_MASKS = (
    "console-getty.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "fstrim.timer",
    "getty.target",
    "getty@tty1.service",
    "ldconfig.service",
    "modprobe@.service",
    "NetworkManager-dispatcher.service",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-firstboot.service",
    "systemd-hwdb-update.service",
    "systemd-journal-flush.service",
    "systemd-machine-id-commit.service",
    "systemd-modules-load.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-sysusers.service",
    "systemd-timesyncd.service",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-udev-settle.service",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
    "systemd-update-done.service",
    "systemd-update-utmp-runlevel.service",
    "user-runtime-dir@0.service",
    "user@0.service",
)

# Generators that look for disks and consoles at every boot (systemd.generator(7)).
COMMON_GENERATORS = (
    "rpc-pipefs-generator",
    "systemd-bless-boot-generator",
    "systemd-cryptsetup-generator",
    "systemd-debug-generator",
    "systemd-getty-generator",
    "systemd-gpt-auto-generator",
    "systemd-hibernate-resume-generator",
    "systemd-integritysetup-generator",
    "systemd-run-generator",
    "systemd-system-update-generator",
    "systemd-veritysetup-generator",
)

COMMON_FILES = {
    # Empty: hosts do not reach the Internet, and a dead name server costs ten seconds per look-up.
    "etc/resolv.conf": "",
    # Empty: the provider gives each host its own.
    "etc/machine-id": "",
    "etc/systemd/journald.conf.d/00-sharklab.conf": "[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n",
    "etc/systemd/system.conf.d/00-sharklab.conf": "[Manager]\nDefaultTimeoutStopSec=10s\n",
    # Addresses of a seat are known to be unique: no second of waiting before they can be used.
    "etc/sysctl.d/00-sharklab.conf": "net.ipv6.conf.*.accept_dad = 0\n",
    "etc/NetworkManager/conf.d/00-sharklab.conf": (
        "# Only the connections that are written down: no address is ever guessed.\n"
        "[main]\nno-auto-default=*\n\n[connectivity]\nenabled=false\n"
    ),
    "etc/ssh/sshd_config.d/00-sharklab.conf": "PermitRootLogin prohibit-password\nUseDNS no\n",
    "etc/firewalld/zones/management.xml": (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        "<zone>\n"
        "  <short>Management</short>\n"
        "  <description>The controller's own way in: SSH only.</description>\n"
        '  <interface name="mgmt"/>\n'
        '  <service name="ssh"/>\n'
        "</zone>\n"
    ),
}


@dataclass(frozen=True)
class OperatingSystem:
    """How to make a root file system of one operating system.

    `packages` are what every host needs, and `kernel` says what one with a kernel of its own needs beside
    them; `units` are started at boot, `masks` and `generators` never; `files` (path: content) are put in,
    and `absent` (glob patterns) taken out. `finish` is a command that is run in it at the end. `processor`
    are the features (flags of /proc/cpuinfo) without which its programs do not run, and `irreplaceable` the
    needs of hosts (`needs` in lab.yml) for which its containers have no substitute.
    """

    name: str
    family: str
    build: Build = field(repr=False)
    packages: tuple[str, ...]
    units: tuple[str, ...]
    masks: tuple[str, ...]
    generators: tuple[str, ...]
    files: Mapping[str, str]
    absent: tuple[str, ...]
    kernel: Kernel
    finish: tuple[str, ...] = ()
    processor: tuple[str, ...] = ()
    irreplaceable: tuple[str, ...] = ()

    def description(self) -> dict[str, Any]:
        """Return the values that distinguish an image of this system from another, as plain data."""
        apart = {"build", "kernel", "processor", "irreplaceable"} | (set() if self.finish else {"finish"})
        return {key: value for key, value in asdict(self).items() if key not in apart}


# Packages that were fetched once are not fetched again: the folder of downloads is filled from the cache
# by links, and new ones go back.
_FILL = """
set -eu
mkdir -p "$1/var/cache/apt/archives" {downloads}/partial
ln -f {cache}/*.deb {downloads} 2>/dev/null || :
mount --bind {downloads} "$1/var/cache/apt/archives"
"""
_KEEP = "ln {downloads}/*.deb {cache} 2>/dev/null || :"
_ADD = """
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get install --yes --no-install-recommends \
    -o DPkg::Chroot-Directory="$1" {packages}
"""
# A flat repository (sources.list(5)): the packages and their dependencies that are not installed. apt names
# the files that it would fetch into an empty cache.
_OFFER = """
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
repository="$1/{folder}"
mkdir -p "$repository" "$1/tmp/empty/partial"
files=$(apt-get install --yes --no-install-recommends --quiet=2 --print-uris \
    -o Dir::Cache::archives="$1/tmp/empty" {packages} | cut -d ' ' -f 2)
apt-get install --yes --no-install-recommends --download-only {packages}
rm -r "$1/tmp/empty"
cd "$repository"
for file in $files; do
    package="$1/var/cache/apt/archives/$file"
    name=$(dpkg-deb --show --showformat='${{Package}}_${{Architecture}}.deb' "$package")
    cp "$package" "$name"
    dpkg-deb --field "$name"
    printf 'Filename: ./%s\nSize: %s\n' "$name" "$(stat --format=%s "$name")"
    printf 'SHA256: %s\n\n' "$(sha256sum "$name" | cut -d ' ' -f 1)"
done >Packages
echo "deb [trusted=yes] file:/{folder} ./" >"$1/etc/apt/sources.list.d/lab.list"
"""
# apt finds the packages although nobody has asked the network for news.
_READ_OFFERED = (
    *("apt-get", "update", "-o", "Dir::Etc::sourcelist=/etc/apt/sources.list.d/lab.list"),
    *("-o", "Dir::Etc::sourceparts=-"),
)


NO_INITRAMFS = ("env", "INITRD=No")
"""The setting by which packages of kernels make no initramfs (/etc/kernel/postinst.d).

A container needs none. A virtual machine's is made once, at the end, with its own settings (`Kernel.finish`).
"""


def _mmdebstrap(suite: str) -> Build:
    """Return a function that builds or extends a Debian `suite` with mmdebstrap(1), from Debian's own mirror.

    A file system is extended as mmdebstrap(1) shows, "for further refinement".
    """

    def build(target: RootFolder, packages: Sequence[str], offered: Sequence[str], cache: Path) -> None:
        process.require("mmdebstrap")
        downloads = state.folder(target.folder.with_name("downloads"))
        words = {
            "cache": shlex.quote(str(cache)),
            "downloads": shlex.quote(str(downloads)),
            "packages": shlex.join(packages),
        }
        offer = _OFFER.format(packages=shlex.join(offered), folder=OFFERED)
        what = (
            ["--variant=custom", "--skip=check/empty", f"--customize-hook={_ADD.format(**words)}"]
            if target.below
            else ["--variant=minbase", f"--include={','.join(packages)}"]
        )
        command: list[str | Path] = [
            *NO_INITRAMFS,
            "mmdebstrap",
            "--mode=root",
            '--aptopt=Acquire::Languages "none"',
            "--dpkgopt=force-unsafe-io",  # an interrupted build is thrown away whole
            "--skip=essential/unlink,download/empty",
            *what,
            *([f"--customize-hook={offer}"] if offered else []),
            f"--setup-hook={_FILL.format(**words)}",
            f"--customize-hook={_KEEP.format(**words)}",
            suite,
            target.path,
        ]
        # It makes the devices itself, and refuses those of the folders below.
        target.run(["sh", "-c", 'rm -rf "$1"/dev/*; shift; exec "$@"', "sh", target.path, *command])
        if target.below:
            shutil.rmtree(target.folder / "dev")
        if offered:
            target.run(["chroot", target.path, *_READ_OFFERED], devices=True)

    return build


# As Rocky's own, but for the last line: hosts that are baked have no way to their repositories, and have
# all that roles name.
DNF = """\
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=True
"""


def _rocky(name: str) -> OperatingSystem:
    """Return the release of Rocky of that name; `rocky.RELEASES` has the differences between releases."""
    release = rocky.RELEASES[name]
    return OperatingSystem(
        name=name,
        family="RedHat",
        build=lambda target, packages, offered, cache: rocky.build(release, target, packages, offered, cache),
        packages=(
            "NetworkManager",
            "ca-certificates",
            "dbus-broker",
            "dnf",
            "epel-release",
            "iproute",
            "iputils",
            "less",
            "openssh-server",
            "procps-ng",
            "python3",
            "python3-dnf",
            "rocky-release",
            "sudo",
            "systemd",
        ),
        units=(*COMMON_UNITS, "sshd.service"),
        masks=(
            *COMMON_MASKS,
            "dnf-makecache.timer",
            "import-state.service",
            "loadmodules.service",
            "nis-domainname.service",
            "rpmdb-rebuild.service",
            "selinux-autorelabel-mark.service",
            "sshd-keygen.target",
        ),
        generators=(*COMMON_GENERATORS, "kdump-dep-generator.sh", "selinux-autorelabel-generator.sh"),
        files={**COMMON_FILES, "etc/locale.conf": "LANG=C.UTF-8\n", "etc/dnf/dnf.conf": DNF},
        absent=("etc/hostname", "etc/ssh/ssh_host_*", "var/log/*.log", "var/cache/dnf/*"),
        kernel=kernel.ROCKY,
        processor=release.processor,
        irreplaceable=release.irreplaceable,
    )


SYSTEMS: Mapping[str, OperatingSystem] = {
    system.name: system
    for system in (
        OperatingSystem(
            name="debian12",
            family="Debian",
            build=_mmdebstrap("bookworm"),
            packages=(
                "ca-certificates",
                "dbus",
                "iproute2",
                "iputils-ping",
                "less",
                "libpam-systemd",
                "network-manager",
                "openssh-server",
                "procps",
                "python3",
                "python3-apt",
                "sudo",
                "systemd",
                "systemd-sysv",
            ),
            units=(*COMMON_UNITS, "ssh.service"),
            masks=(
                *COMMON_MASKS,
                "apt-daily-upgrade.timer",
                "apt-daily.timer",
                "dpkg-db-backup.timer",
                "e2scrub_all.timer",
                "e2scrub_reap.service",
            ),
            generators=COMMON_GENERATORS,
            files={**COMMON_FILES, "etc/default/locale": "LANG=C.UTF-8\n"},
            absent=("etc/hostname", "etc/ssh/ssh_host_*", "var/log/*.log", "var/log/apt/*"),
            kernel=kernel.DEBIAN,
        ),
        _rocky("rocky9"),
        _rocky("rocky10"),
    )
}


def machine(system: OperatingSystem) -> OperatingSystem:
    """Return `system` as virtual machines run it, with its own kernel in /boot."""
    return replace(
        system,
        name=f"{system.name}{MACHINE}",
        packages=(*system.packages, *system.kernel.packages),
        masks=tuple(unit for unit in system.masks if unit not in kernel.UNITS),
        generators=tuple(name for name in system.generators if name not in kernel.GENERATORS),
        files={**system.files, **kernel.FILES, **system.kernel.files},
        finish=system.kernel.finish,
    )


def system_of(layers: Path) -> str | None:
    """Return the operating system of a folder of layers, by the name of the image above it.

    None for an image of no operating system in the table.
    """
    return name_of(layers.parent)


def name_of(image: Path) -> str | None:
    """Return the operating system of an image's folder; None for one that is not in the table."""
    name = image.name.rpartition("-")[0].removesuffix(MACHINE)
    return name if name in SYSTEMS else None


def is_machine(image: Path) -> bool:
    """Tell whether the image in this folder has a kernel: it is for virtual machines (`machine`)."""
    return image.name.rpartition("-")[0].endswith(MACHINE)


def find(name: str) -> OperatingSystem:
    """Return the operating system of that name. Raises InputError when it is not in the table."""
    if name not in SYSTEMS:
        raise InputError(
            N_("there is no image for {name!r}"),
            place="--os",
            hint=N_("the systems are: {known}"),
            name=name,
            known=", ".join(sorted(SYSTEMS)),
        )
    return SYSTEMS[name]
