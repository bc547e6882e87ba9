"""Build images: the base image of an operating system, and above it the packages that a lab's roles need."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sharklab import paths, privilege, process, state, yaml_file
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.image import systems
from sharklab.hosts.image.model import Image, RootSource
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.lab import roles
from sharklab.message import N_, NN_, Message
from sharklab.process import Say

# Raise it when `_customise` changes: older images are then built again.
CUSTOMISATION = 2
# Two builds of the same image: the second waits this long (seconds) for the first.
PATIENCE = 900.0
# The roles of playbooks/run.yml; their packages are installed before, while there is a network.
RUN_ROLES = ("capture", "probe")
# Words of package managers that cannot reach their registry.
NO_NETWORK = ("failed to fetch", "could not connect", "could not resolve", "failure resolving", "timed out")
CPUINFO = Path("/proc/cpuinfo")
PRESET = "etc/systemd/system-preset/00-sharklab.preset"


def packages_of(
    names: Iterable[str], os_family: str, kernel: Sequence[str] = (), lab: Path = paths.ROOT
) -> list[str]:
    """Return the packages that the roles `names` need, sorted, from their `vars/<os_family>.yml`.

    Roles in `kernel` need what they name for hosts whose kernel does their work. Roles of the lab in folder
    `lab` count too. Raises InputError when a role does not exist or its file has another shape.
    """
    lists = {role: f"__{role}_kernel_packages" if role in kernel else f"__{role}_packages" for role in names}
    return _read_lists(lists, os_family, lab)


def repositories_of(names: Iterable[str], os_family: str, kernel: Sequence[str], lab: Path) -> list[str]:
    """Return the packages that bring repositories, which packages of the roles `names` come from.

    `kernel` and `lab` are as `packages_of` takes them; roles in `kernel` need none. Raises as it does.
    """
    lists = {role: f"__{role}_repositories" for role in names if role not in kernel}
    return _read_lists(lists, os_family, lab)


def base(
    os_name: str,
    packages: Sequence[str],
    progress: Say,
    machine: bool = False,
    offered: Sequence[str] = (),
    source: RootSource | None = None,
) -> Image:
    """Return an image of `os_name` with `packages`, built now if it is not there yet.

    The packages `offered` are in it as files, with their dependencies: hosts install them without a network.

    Its packages lie above the base image of the system, which all labs share. The base image of a virtual
    `machine` has a kernel and what a host with devices needs. With a `source`, the base image begins there.
    Raises InputError for an unknown system, and MachineryError when a tool is missing, the registry does not
    answer, the disk is full or the processor cannot run the system.
    """
    system = systems.machine(systems.find(os_name)) if machine else systems.find(os_name)
    check(system)
    bottom = _describe(system) | ({"source": source.fingerprint} if source else {})
    image = _build_once(system, bottom, None, progress, source)
    more, others = sorted({*packages} - {*system.packages}), sorted({*offered} - {*packages})
    if more or others:
        top = {"below": image.folder.name, "packages": more, "customisation": CUSTOMISATION}
        top |= {"offered": others} if others else {}
        image = _build_once(system, top, image, progress)
    return image


def is_built(os_name: str) -> bool:
    """Tell whether the base image of a system was made here already, without a source."""
    system = systems.find(os_name)
    return _folder(system, _describe(system)).is_dir()


def _describe(system: systems.OperatingSystem) -> dict[str, Any]:
    """Return the content of the base image of a system."""
    return {
        "os": system.description(),
        "packages": sorted(system.packages),
        "customisation": CUSTOMISATION,
    }


def _folder(system: systems.OperatingSystem, content: dict[str, Any]) -> Path:
    return state.images_folder() / f"{system.name}-{fingerprint(content)}"


def _build_once(
    system: systems.OperatingSystem,
    content: dict[str, Any],
    below: Image | None,
    progress: Say,
    source: RootSource | None = None,
) -> Image:
    """Return the image of that content, built now if it is not there yet."""
    folder = _folder(system, content)
    image = Image(system.name, system.family, folder, below)
    if not folder.is_dir():
        lock = state.images_folder() / f"{folder.name}.lock"
        with state.lock(lock, Message(N_("image {name}"), {"name": folder.name}), PATIENCE, progress):
            if not folder.is_dir():
                _build(system, content, image, progress, source)
    return image


def read(folder: Path) -> Image:
    """Return the image that `base` left in a folder. Raises MachineryError if it is gone."""
    record, system = folder / "image.json", systems.find(systems.name_of(folder) or "")
    try:
        below = json.loads(record.read_text(encoding="utf-8")).get("below")
    except FileNotFoundError:
        raise MachineryError(
            N_("the image of the seat no longer exists"),
            place=str(folder),
            hint=N_("create the seat again: sharklab down, then sharklab up"),
        ) from None
    return Image(system.name, system.family, folder, read(folder.with_name(below)) if below else None)


def check(system: systems.OperatingSystem) -> None:
    """Raise MachineryError where the processor of this machine cannot run the programs of `system`.

    Containers and virtual machines under KVM run on it, and emulated ones are baked on it.
    """
    lines = CPUINFO.read_text().splitlines()
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), None)
    if flags is not None and (lacking := sorted(set(system.processor) - set(flags))):
        raise MachineryError(
            N_("{name} needs a processor of the level x86-64-v3; this one lacks {features}"),
            place="--os",
            hint=N_("choose --os rocky9 or --os debian12, or use other machines: --provider existing"),
            name=system.name,
            features=" ".join(lacking),
        )


def fingerprint(content: Any) -> str:
    """Return 12 hexadecimal digits that stand for `content` (plain data)."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=list).encode()).hexdigest()[:12]


def _read_lists(lists: Mapping[str, str], os_family: str, lab: Path) -> list[str]:
    """Return the packages, sorted, in the `lists` (by role, the name of its list)."""
    folders = {role: roles.folder(role, lab) for role in lists}
    return sorted(
        {package for role, name in lists.items() for package in _packages(folders[role], os_family, name)}
    )


def _packages(role: Path, os_family: str, name: str) -> list[str]:
    """Return the list `name` of the role in that folder."""
    file = role / "vars" / f"{os_family}.yml"
    if not role.is_dir():
        raise InputError(N_("there is no role named {role!r}"), place=str(paths.ROLES), role=role.name)
    values = (yaml_file.read_file(file).data if file.exists() else None) or {}
    packages = values.get(name, [])
    if not isinstance(packages, list) or not all(isinstance(package, str) for package in packages):
        raise InputError(N_("the value must be a list of package names"), place=f"{file}: {name}")
    return packages


def _build(
    system: systems.OperatingSystem,
    content: dict[str, Any],
    image: Image,
    progress: Say,
    source: RootSource | None = None,
) -> None:
    """Build in a folder beside the image's and rename it at the end: an image is whole or absent."""
    privilege.require_root(N_("building an image needs root"))
    building = image.folder.with_name(f"{image.folder.name}.building")
    state.remove(building)
    state.folder(building)
    started = time.monotonic()
    values = {"name": image.folder.name, "count": len(content["packages"])}
    text = (
        NN_(
            "adding {count} package and its dependencies to the base image: {name}",
            "adding {count} packages and their dependencies to the base image: {name}",
        )
        if image.below
        else NN_(
            "building the base image {name} with {count} package and its dependencies",
            "building the base image {name} with {count} packages and their dependencies",
        )
    )
    progress(Message(text, values))
    root = RootFolder(building / "root", image.below.roots if image.below else ())
    try:
        root.folder.mkdir(mode=0o755)  # that of the whole
        if source:
            source.unpack(root.folder)
        _install(system, content, root)
        progress(Message(N_("setting the image up")))
        _customise(system, root)
        for path in building.iterdir():
            if path != root.folder:
                shutil.rmtree(path)
        record = {"built": time.time(), "seconds": round(time.monotonic() - started, 1), **content}
        state.write(building / "image.json", json.dumps(record, indent=2, default=list), 0o644)
        process.run(["sync", "--file-system", building])
        building.rename(image.folder)
    finally:
        state.remove(building)


def _install(system: systems.OperatingSystem, content: dict[str, Any], root: RootFolder) -> None:
    cache = state.folder(state.images_folder() / "cache" / system.name.removesuffix("-vm"))
    try:
        system.build(root, content["packages"], content.get("offered", ()), cache)
    except MachineryError as error:
        place = Message(N_("packages of {system}"), {"system": system.name})
        hint = error.hint_id or _remedy(error)
        raise MachineryError(error.message_id, place=place, hint=hint, **error.values) from error


def _remedy(error: MachineryError) -> str:
    """Return the hint for a message of the package manager."""
    said = error.message.lower()
    if "no space left" in said:
        return N_("the disk is full: free about 2 GB, or set SHARKLAB_STATE to a folder with more space")
    if "unable to locate package" in said:
        return N_("a package name in a role's vars/ is wrong for this system")
    if any(sign in said for sign in NO_NETWORK):
        return N_("the package registry does not answer: check the network (and http_proxy), then try again")
    return N_("run the command again; if it fails the same way, see what the package manager says above")


def _customise(system: systems.OperatingSystem, root: RootFolder) -> None:
    """Make a fresh installation into the start of every host: nothing runs that a role did not ask for."""
    folder = root.folder
    for pattern in system.absent:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    preset = "".join(f"enable {unit}\n" for unit in system.units) + "disable *\n"
    for name, text in {**system.files, PRESET: preset}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        state.write(path, text, 0o644)
    for command in (["preset-all"], ["set-default", "multi-user.target"]):
        root.run(["systemctl", f"--root={root.path}", "--quiet", *command])
    for unit in system.masks:
        _mask(folder / "etc/systemd/system" / unit)
    for generator in system.generators:
        _mask(folder / "etc/systemd/system-generators" / generator)
    if system.finish and not root.below:
        root.run(["chroot", root.path, *system.finish], devices=True)


def _mask(path: Path) -> None:
    """Make systemd ignore a unit or a generator (systemctl(1), "mask")."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/null")
