"""An image server of the engines (simplestreams) with one image: a root file system of its own files."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import platform
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""The names of architectures on an image server, by those of the kernel."""

KINDS = ("lxd.tar.xz", "incus.tar.xz")
"""The kinds of file that hold the description of an image: each engine takes its own."""


@contextmanager
def image_server(folder: Path, root: Path, address: str, alias: str) -> Iterator[str]:
    """Offer the files of `root` as the image of a container at `address` until the block ends.

    Yields the address of the server, whose files are in `folder`.
    """
    _offer(folder, root, alias)
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer((address, 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://{address}:{server.server_port}"
        finally:
            server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Gives files, and writes nothing about it."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _offer(folder: Path, root: Path, alias: str) -> None:
    """Write the image as an image server has it: a description, a squashfs, and the index of products."""
    meta, files = folder / "meta.tar.xz", folder / "rootfs.squashfs"
    about = folder / "metadata.yaml"
    about.write_text(json.dumps({"architecture": platform.machine(), "creation_date": 1}))
    with tarfile.open(meta, "w:xz") as packed:
        packed.add(about, "metadata.yaml")
    command: list[str | Path] = ["mksquashfs", root, files, "-quiet", "-no-progress", "-comp", "gzip"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    both = hashlib.sha256(meta.read_bytes() + files.read_bytes()).hexdigest()
    items = {"root": _item(files, "squashfs")}
    for kind in KINDS:
        items[kind] = {**_item(meta, kind), "combined_squashfs_sha256": both}
    product = {
        "aliases": alias,
        "arch": ARCHITECTURES[platform.machine()],
        "os": "Rocky",
        "release": "9",
        "release_title": "9",
        "versions": {"20261129_0000": {"items": items}},
    }
    streams = folder / "streams/v1"
    streams.mkdir(parents=True)
    products = {"content_id": "images", "datatype": "image-downloads", "format": "products:1.0"}
    (streams / "images.json").write_text(json.dumps({**products, "products": {"rocky:9": product}}))
    index = {"datatype": "image-downloads", "path": "streams/v1/images.json", "products": ["rocky:9"]}
    (streams / "index.json").write_text(json.dumps({"format": "index:1.0", "index": {"images": index}}))


def _item(file: Path, kind: str) -> dict[str, object]:
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"ftype": kind, "path": file.name, "size": len(content), "sha256": digest}
