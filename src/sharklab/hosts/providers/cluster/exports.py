"""The golden image of a lab on the cluster: the image that its hosts share, imported once.

Its name has a digest of the sources. Each member unpacks it once, into its storage, and a host is a copy of
that. The image has a first program of its own: init.sh, or machine_init.sh for virtual machines. It does what
systemd-nspawn does for a host from outside. Before systemd starts, it also puts the layer of the host and the
values of the seat there, which are a hundredth of the image.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sharklab import privilege, state
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.hosts.providers.cluster import course, kinds, machine_image
from sharklab.hosts.providers.cluster.course import Course
from sharklab.hosts.providers.cluster.model import InstanceKind
from sharklab.message import N_, Message
from sharklab.process import Say

VERSION = 1
"""Raise it when the content of an image changes for the same layers: images are then imported again."""

HERE = Path(__file__).parent
INIT = "usr/sbin/init"
"""The first program of an instance; /sbin is a link to /usr/sbin (lxc.container.conf(5), lxc.init.cmd)."""

CONTAINER_FILES = {INIT: HERE / "init.sh", "usr/lib/sharklab/unpack.py": HERE / "unpack.py"}
MACHINE_FILES = {
    INIT: HERE / "machine_init.sh",
    "usr/lib/sharklab/unpack.py": HERE / "unpack.py",
    "usr/lib/sharklab/share.sh": HERE / "share.sh",
    "usr/lib/sharklab/agent.sh": HERE / "agent.sh",
    "etc/systemd/system/sharklab-agent.service": HERE / "agent.service",
    "etc/udev/rules.d/99-sharklab-engine.rules": HERE / "agent.rules",
}
FILES = {InstanceKind.CONTAINER: CONTAINER_FILES, InstanceKind.VIRTUAL_MACHINE: MACHINE_FILES}
"""The files that are added to an image, by the kind of its hosts."""

VALUES = "values.tpl"
"""The template of a virtual machine that has the values of its seat. It takes no file before its start."""

TEMPLATES = {"/dev/null": {"when": ["start"], "template": VALUES}}
"""The agent writes the text of a template to its place. machine_init.sh has read it before."""

PACK = (
    *("sh", "-c", '"$@" || [ $? -eq 1 ]', "sh"),  # 1: overlayfs notes on a folder that it was read
    *("tar", "--create", "--numeric-owner", "--one-file-system", "--sort=name"),
    *("--xattrs", "--xattrs-include=security.*", "--xattrs-include=user.*"),
    "--warning=no-file-ignored",
)
"""tar(1) ends with 1 when files changed meanwhile, and with 2 when it failed."""


def roots(lowers: Sequence[Path]) -> tuple[Path, ...]:
    """Return those of the lower folders of a host's disk that are the image, the uppermost first."""
    return tuple(path for path in lowers if path.parents[1] == state.images_folder())


def layers(lowers: Sequence[Path]) -> tuple[Path, ...]:
    """Return those of the lower folders of a host's disk that are its own, the uppermost first."""
    return tuple(path for path in lowers if path not in roots(lowers))


def alias(image: Sequence[Path]) -> str:
    """Return the name of the image that is made from these folders, the uppermost first."""
    names = [str(path.relative_to(state.images_folder())) for path in image]
    kind = kinds.of_image(image)
    added = [file.read_text(encoding="utf-8") for file in FILES[kind].values()]
    content = json.dumps([VERSION, added, names, *_machine_parts(kind)])
    return f"sharklab-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _machine_parts(kind: InstanceKind) -> list[str]:
    """Return the texts that decide about the image of virtual machines, beside its files."""
    if kind is InstanceKind.CONTAINER:
        return []
    return [machine_image.MAKE, machine_image.ENTRY, machine_image.SIZE, json.dumps(TEMPLATES)]


_known: set[tuple[str, str]] = set()
"""Images (project, name) that this process has seen on the cluster."""


def ensure(own: Course, image: Sequence[Path], progress: Say) -> str:
    """Return the name of the image of these folders; it is imported now if the cluster lacks it.

    Raises MachineryError.
    """
    name = alias(image)
    if (own.project, name) in _known:
        return name
    lock = state.images_folder() / f"{name}.lock"
    with state.lock(lock, Message(N_("image {name}"), {"name": name}), course.PATIENCE, progress):
        if own.client.images.find(name) is None:
            progress(Message(N_("sending the image to the cluster")))
            _send(own, name, image)
    _known.add((own.project, name))
    return name


def _send(own: Course, name: str, image: Sequence[Path]) -> None:
    """Make one file of the folders, with the first program, and import it."""
    privilege.require_root(N_("sending an image to a cluster needs root"))
    kind = kinds.of_image(image)
    building = state.images_folder() / f"{name}.building"
    state.remove(building)
    root = RootFolder(state.folder(building) / "root", tuple(image))
    metadata, packed = building / "metadata.tar", building / "rootfs"
    try:
        root.folder.mkdir(mode=0o755)
        _add_files(root.folder, FILES[kind])
        state.write(building / "metadata.yaml", json.dumps(_metadata(name, kind)))
        root.run(["tar", "--create", "--file", metadata, "--directory", building, "metadata.yaml"])
        if kind is InstanceKind.CONTAINER:
            root.run([*PACK, "--file", packed, "--directory", root.path, "."])
        else:
            machine_image.make(root, packed)
        own.client.images.add(name, metadata, packed, kind=kind, properties={"description": name})
    finally:
        state.remove(building)


def _add_files(upper: Path, files: Mapping[str, Path]) -> None:
    for path, file in files.items():
        target = upper / path
        for missing in reversed([part for part in target.parents if not part.exists()]):
            missing.mkdir(mode=0o755)
        state.write(target, file.read_text(encoding="utf-8"), 0o644 if path.startswith("etc/") else 0o755)


def _metadata(name: str, kind: InstanceKind) -> dict[str, object]:
    """Return the description that an image brings (the engine's document "Image format"). JSON is YAML."""
    return {
        "architecture": platform.machine(),
        "creation_date": int(time.time()),
        "properties": {"description": name},
        **({"templates": TEMPLATES} if kind is InstanceKind.VIRTUAL_MACHINE else {}),
    }
