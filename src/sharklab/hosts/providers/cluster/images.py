"""Images in the store of the cluster: imported from files, published from an instance, or fetched."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from sharklab.errors import InputError
from sharklab.hosts.providers.cluster.errors import NotFound, TooLate
from sharklab.hosts.providers.cluster.instances import both
from sharklab.hosts.providers.cluster.model import InstanceKind, Plain, StoredImage
from sharklab.hosts.providers.cluster.transport import Transport, path
from sharklab.message import N_, refusal

IMPORT_SECONDS = 900.0

BEGIN_SECONDS, BEGIN_PAUSE = 15.0, 0.2
"""Seconds in which a download must begin, and between two looks at it."""

PROGRESS = "download_progress"
"""The engine's word about an operation that downloads."""


class Images:
    """The images of one project."""

    def __init__(self, transport: Transport, project: str) -> None:
        self._transport = transport
        self._project = project

    def all(self) -> Sequence[StoredImage]:
        """Return the images of the project."""
        return [_image(one) for one in self._transport.get("/1.0/images", recursion=1, project=self._project)]

    def find(self, alias: str) -> StoredImage | None:
        """Return the image of that alias, None if there is none."""
        try:
            named = self._transport.get(path("images", "aliases", alias), project=self._project)
            return _image(self._transport.get(path("images", named["target"]), project=self._project))
        except NotFound:
            return None

    def add(
        self,
        alias: str,
        metadata: Path,
        rootfs: Path | None = None,
        *,
        kind: InstanceKind = InstanceKind.CONTAINER,
        properties: Mapping[str, str] | None = None,
        limit: float = IMPORT_SECONDS,
    ) -> StoredImage:
        """Import an image from files and name it `alias`, which moves from an older image.

        `metadata` alone is a unified tarball; with `rootfs` it is a tarball of metadata.yaml, and `rootfs`
        is a squashfs or a tarball, or a disk in the format qcow2 for a virtual machine. Raises InputError for
        a file that cannot be read, and AlreadyThere for an image with the same content.
        """
        headers = both(
            {"properties": "&".join(f"{name}={value}" for name, value in (properties or {}).items())}
        )
        with ExitStack() as files:
            try:
                parts = {"metadata": files.enter_context(metadata.open("rb"))}
                if rootfs:
                    part = "rootfs" if kind is InstanceKind.CONTAINER else "rootfs.img"
                    parts[part] = files.enter_context(rootfs.open("rb"))
            except OSError as error:
                raise InputError(
                    N_("the file cannot be read: {reason}"), place=str(error.filename), reason=refusal(error)
                ) from None
            where = {"project": self._project}
            if rootfs:
                done = self._transport.upload_parts("/1.0/images", parts, headers, limit=limit, **where)
            else:
                done = self._transport.upload(
                    "POST", "/1.0/images", parts["metadata"], headers, limit=limit, **where
                )
        return self._name_image(alias, str(done["metadata"]["fingerprint"]))

    def pull(self, server: str, alias: str, *, limit: float = IMPORT_SECONDS) -> str:
        """Let the engine fetch the image of a container from an image server; return its fingerprint.

        Raises EngineRefusal when the server has no such image or cannot be reached, and TooLate when the
        download does not begin within `BEGIN_SECONDS`.
        """
        where, deadline = "/1.0/images", time.monotonic() + BEGIN_SECONDS
        source = {"type": "image", "mode": "pull", "protocol": "simplestreams", "image_type": "container"}
        body = {"source": {**source, "server": server, "alias": alias}}
        operation = path(
            "operations", self._transport.begin("POST", where, body, project=self._project)["id"]
        )
        while not self._has_begun(operation):
            if time.monotonic() > deadline:
                self._transport.cancel(operation)
                raise TooLate(
                    N_("the image server did not answer within {seconds:g} s"),
                    place=server,
                    seconds=BEGIN_SECONDS,
                )
            time.sleep(BEGIN_PAUSE)
        done = self._transport.finish("POST", where, operation, limit, limit)
        return str(done["metadata"]["fingerprint"])

    def _has_begun(self, operation: str) -> bool:
        """Tell whether a download has begun, or ended. One that fails at once is gone."""
        try:
            said = self._transport.get(operation)
        except NotFound:
            return True
        return said["status"] not in ("Running", "Pending") or PROGRESS in (said.get("metadata") or {})

    def export(self, fingerprint: str, target: Path, *, limit: float = IMPORT_SECONDS) -> str:
        """Write an image to a file, and return its Content-Type: an archive, or a form with two of them."""
        where = path("images", fingerprint, "export")
        return self._transport.download(where, target, limit=limit, project=self._project)

    def _name_image(self, alias: str, fingerprint: str) -> StoredImage:
        """Point `alias` to the image, whatever it pointed to before."""
        where = path("images", "aliases", alias)
        try:
            self._transport.change("PUT", where, {"target": fingerprint}, project=self._project)
        except NotFound:
            body = {"name": alias, "target": fingerprint}
            self._transport.change("POST", "/1.0/images/aliases", body, project=self._project)
        return _image(self._transport.get(path("images", fingerprint), project=self._project))

    def delete(self, fingerprint: str, *, limit: float = 60.0) -> None:
        """Remove an image and its aliases; one that is gone already is no error."""
        with suppress(NotFound):
            self._transport.change("DELETE", path("images", fingerprint), limit=limit, project=self._project)


def _image(said: Plain) -> StoredImage:
    return StoredImage(
        fingerprint=said["fingerprint"],
        kind=InstanceKind(said.get("type", "container")),
        size=int(said["size"]),
    )
