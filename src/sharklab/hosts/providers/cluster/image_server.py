"""The base image of Rocky from the image server of the engine, which fetches it where it reaches the server.

The image lies in the project of the course then. This computer takes its root file system from there, adds
the packages of the labs, and bakes, as with a base image of its own. Where a base image was made here, and
where the server cannot be reached, it is one of our own.

    images/rocky9.source.json      the image that was taken: all labs have the same one
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Mapping
from email.message import Message as Headers
from functools import partial
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.image import build
from sharklab.hosts.image.model import RootSource
from sharklab.hosts.providers.cluster.course import Course
from sharklab.message import N_, Message
from sharklab.process import Say

VARIABLE = "SHARKLAB_IMAGE_SERVER"
"""The environment variable that names another image server; if it is empty, none is asked."""

SERVERS: Mapping[str, str] = {
    "incus": "https://images.linuxcontainers.org",
    "lxd": "https://images.lxd.canonical.com",
}
"""The image server of each engine: that of its remote `images`."""

ALIASES: Mapping[str, str] = {"rocky9": "rockylinux/9", "rocky10": "rockylinux/10"}

SQUASHFS = b"hsqs"
"""The first bytes of a file system of squashfs."""

TAR = ("tar", "--extract", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--file")


def find(own: Course, os_name: str, progress: Say) -> RootSource | None:
    """Return the source of the base image of a system, None where the base image is one of our own."""
    if os_name not in ALIASES or build.is_built(os_name):
        return None
    note = state.folder(state.images_folder()) / f"{os_name}.source.json"
    known: Mapping[str, str] = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    server = known.get("server") or os.environ.get(VARIABLE, SERVERS.get(own.client.server().engine, ""))
    if not server:
        return None
    if not known:
        fingerprint = _pull(own, server, os_name, progress)
        if not fingerprint:
            return None
        known = {"server": server, "fingerprint": fingerprint}
        state.write(note, json.dumps(known))
    return RootSource(known["fingerprint"], partial(_unpack_image, own, known, os_name))


def _pull(own: Course, server: str, os_name: str, progress: Say) -> str:
    """Return the fingerprint of the image that the engine fetched, "" where it does not reach the server."""
    values = {"name": os_name, "server": server}
    try:
        fingerprint = own.client.images.pull(server, ALIASES[os_name])
    except MachineryError as error:
        text = N_("no image of {name} from {server} ({reason}); the base image is made here")
        progress(Message(text, {**values, "reason": error.sentence}))
        return ""
    progress(Message(N_("the engine took the image of {name} from {server}"), values))
    return fingerprint


def _unpack_image(own: Course, known: Mapping[str, str], os_name: str, target: Path) -> None:
    """Put the root file system of the image into a folder. Raises MachineryError."""
    file = target.with_name("image")
    if all(one.fingerprint != known["fingerprint"] for one in own.client.images.all()):
        own.client.images.pull(known["server"], ALIASES[os_name])
    try:
        kind = own.client.images.export(known["fingerprint"], file)
        if kind.startswith("multipart/"):
            keep_last_part(file, kind)
            unpack(file, target)
        else:  # one archive with the description
            process.run([*TAR, file, "--directory", target, "--strip-components=1", "rootfs"])
    finally:
        file.unlink(missing_ok=True)


def unpack(file: Path, target: Path) -> None:
    """Unpack a root file system, squashfs or an archive of tar(1), into a folder. Raises MachineryError."""
    with file.open("rb") as opened:
        is_squashfs = opened.read(len(SQUASHFS)) == SQUASHFS
    if is_squashfs:
        process.require("unsquashfs")
        process.run(["unsquashfs", "-quiet", "-no-progress", "-force", "-dest", target, file])
    else:
        process.run([*TAR, file, "--directory", target])


def keep_last_part(file: Path, kind: str) -> None:
    """Shorten a form of several parts (RFC 7578) to the content of its last part: the root file system.

    The engines end their forms twice.
    """
    headers = Headers()
    headers["Content-Type"] = kind
    boundary = f"--{headers.get_boundary()}".encode()
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as content:
        end = content.find(b"\r\n" + boundary + b"--")
        begin = content.find(b"\r\n\r\n", content.rfind(boundary, 0, end)) + 4
        content.move(0, begin, end - begin)
        content.flush()
    os.truncate(file, end - begin)
