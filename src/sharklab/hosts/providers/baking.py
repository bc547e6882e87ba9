"""Bake a lab: apply the tasks that are the same for all seats once, and keep one layer per host."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharklab import paths, process, state
from sharklab.hosts.image import build, systems
from sharklab.hosts.image.model import Image, Layers, RootSource
from sharklab.hosts.providers import disk, network
from sharklab.hosts.providers.provider import Provider
from sharklab.lab import needs, roles, start
from sharklab.lab.model import Host, Plan
from sharklab.message import N_, Message
from sharklab.process import Say

# Raise it when the cleaning of layers changes: older layers are then baked again.
CLEANING = 1

# Files that must differ between seats, or that the bake left, by glob pattern in the upper folder.
TRACES = (
    "etc/hostname",
    "etc/hosts",
    "etc/machine-id",
    "etc/ssh/ssh_host_*",
    "home/*/.*_history",
    "root/.*_history",
    "root/.ansible/**/*",
    "root/.cache/**/*",
    "root/.ssh/authorized_keys",
    "run/**/*",
    "tmp/**/*",
    "var/lib/NetworkManager/*",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/timers/*",
    "var/log/**/*",
    "var/tmp/**/*",
)

# Files of roles that Ansible does not read.
PROSE = ("*.md", "*.pyc", "*/meta/changes.yml", "*/meta/limits.yml")


def layers(
    golden: Plan,
    os_name: str,
    bake: Callable[[Plan], None],
    containers: Provider,
    progress: Say,
    machine: bool = False,
    source: RootSource | None = None,
) -> Layers:
    """Return the baked layers of the golden plan's lab, made now if they are not there yet.

    `golden` is the lab for a seat that is only there to be baked; `bake` applies playbooks/bake.yml
    to the plan that it is given: `golden` with a folder of its own, where no file of the plan is yet.
    `containers` boots the hosts for that. `machine` says that the layers are those of virtual machines. The
    base image begins at `source`, if there is one.
    Raises what `bake` raises, and InputError and MachineryError as `build.base` does.
    """
    wanted = {*build.RUN_ROLES, *(role for host in golden.hosts for role in host.roles)}
    family = systems.find(os_name).family
    kernel = needs.ROLES if machine else ()
    packages = build.packages_of(wanted, family, kernel, golden.lab.path)
    offered = build.packages_of(start.find_absent_roles(golden.lab), family, kernel, golden.lab.path)
    image = build.base(os_name, packages, progress, machine, offered, source)
    return on_image(image, golden, bake, containers, progress)


def on_image(
    image: Image, golden: Plan, bake: Callable[[Plan], None], containers: Provider, progress: Say
) -> Layers:
    """Return the layers of the golden plan's lab on `image`, made as `layers` does."""
    folder = image.folder / f"{golden.lab.name}-{build.fingerprint(_content(golden, image))}"
    building = folder.with_name(f"{folder.name}{disk.BUILDING}")
    if not folder.is_dir():
        what = Message(N_("image of lab {lab}"), {"lab": golden.lab.name})
        with state.lock(building / "lock", what, build.PATIENCE, progress):
            try:
                if not folder.is_dir():
                    _make_layers(golden, image, folder, bake, containers, progress)
            finally:
                state.remove(building)
    return Layers(image, folder)


def _make_layers(
    golden: Plan,
    image: Image,
    folder: Path,
    bake: Callable[[Plan], None],
    containers: Provider,
    progress: Say,
) -> None:
    """Boot the hosts on the bare image, without Internet access, bake them, and keep the changed files."""
    building = folder.with_name(f"{folder.name}{disk.BUILDING}")
    own_id = build.fingerprint(str(building))[:8]  # so that two bakes of a lab never meet on the machine
    closed = tuple(replace(network, internet=False) for network in golden.lab.networks)
    plan = replace(
        golden,
        lab=replace(golden.lab, networks=closed),
        seat=replace(golden.seat, id=own_id, folder=building / "seat"),
    )
    containers.down(plan.seat)
    try:
        progress(Message(N_("booting the hosts to bake: {count}"), {"count": len(plan.hosts)}))
        containers.up(plan, Layers(image, image.folder), progress)
        progress(Message(N_("baking: applying the tasks that are the same for all seats")))
        bake(plan)
        containers.stop(plan)
        _keep_layers(plan, building / "layers")
        (building / "layers").rename(folder)
    finally:
        containers.down(plan.seat)


def _keep_layers(plan: Plan, target: Path) -> None:
    """Move each host's upper folder to `target`, without the files that must differ between seats.

    It is moved and never copied: overlayfs keeps notes on its files in extended attributes.
    """
    state.remove(target)
    state.folder(target)
    for host in plan.hosts:
        upper = disk.folder(plan, host.name) / "upper"
        for path in traces(upper, host):
            path.unlink()
        upper.rename(target / host.name)
    process.run(["sync", "--file-system", target])


def traces(upper: Path, host: Host) -> Iterator[Path]:
    """Yield the files of the upper folder to take off; folders stay, services may count on them."""
    connections = [
        f"etc/NetworkManager/system-connections/{name}.nmconnection"
        for name in (network.MANAGEMENT, *host.networks)
    ]
    for pattern in (*TRACES, *disk.EASED, *connections):
        for path in sorted(upper.glob(pattern)):
            if path.is_symlink() or path.is_file() or path.is_socket():
                yield path


def _content(golden: Plan, image: Image) -> dict[str, Any]:
    """Return all that goes into the layers, as plain data."""
    missing = {role for host in golden.hosts for role in start.find_absent_roles_of_host(golden.lab, host)}
    applied = {role for host in golden.hosts for role in host.roles} | missing
    folders = [roles.folder(role, golden.lab.path) for role in sorted(applied)]
    return {
        "image": image.folder.name,
        "hosts": [[host.name, host.networks, host.roles, dict(host.vars)] for host in golden.hosts],
        "missing": sorted(missing),
        "files": dict(_digests([*folders, paths.PLAYBOOKS / "bake.yml"])),
        "cleaning": CLEANING,
    }


def _digests(paths_read: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield path and SHA-256 of every file that Ansible may read in `paths_read`.

    The path starts at the folder that holds `roles` and `playbooks`: a lab may lie anywhere.
    """
    for path in paths_read:
        for file in [path, *sorted(path.rglob("*"))]:
            if file.is_file() and not any(file.match(pattern) for pattern in PROSE):
                yield str(file.relative_to(path.parents[1])), hashlib.sha256(file.read_bytes()).hexdigest()
