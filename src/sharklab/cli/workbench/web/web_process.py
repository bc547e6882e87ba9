"""The process that answers browsers. It gives up all rights before it reads the first request.

After that it may not even read the files of the program, so everything that it needs is loaded before.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import uvicorn
import uvicorn.lifespan.off
import uvicorn.loops.asyncio
import uvicorn.protocols.http.h11_impl
import uvicorn.protocols.websockets.websockets_sansio_impl

from sharklab import i18n, process
from sharklab.cli.workbench import client, identity
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import app, pages, static_files
from sharklab.hosts.door import pace

PR_SET_NO_NEW_PRIVS = 38
"""prctl(2): no program that this process starts has more rights than it has."""

LARGEST_MESSAGE = 1 << 20
"""Bytes of a message of a WebSocket."""


def serve(settings: Mapping[str, Any], listener: socket.socket, ask: client.Ask) -> None:
    """Answer browsers on `listener` until a signal comes."""
    run(make(settings, ask), listener)


def make(settings: Mapping[str, Any], ask: client.Ask) -> uvicorn.Server:
    """Return the server with everything loaded."""
    links = identity.Links()
    for token, reader in settings["links"].items():
        links.add(token, identity.from_plain(reader))
    pages.load(i18n.languages())
    application = app.make(
        Site(**settings["site"]),
        client.Seats(ask),
        links,
        identity.Cookies(bytes.fromhex(settings["key"])),
        static_files.read({name: Path(path) for name, path in settings["files"].items()}),
        settings.get("keeper", ""),
        settings["class_lab"],
    )
    config = uvicorn.Config(
        application,
        http="h11",
        ws="websockets-sansio",
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,  # the path of a link has its token
        server_header=False,
        proxy_headers=False,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,  # it costs more time than it saves, and 300 KiB for each terminal
        ssl_certfile=settings.get("certificate") or None,
        ssl_keyfile=settings.get("key_file") or None,
        timeout_graceful_shutdown=2,
    )
    config.load()
    anyio.run(anyio.sleep, 0)  # it loads the part for this event loop at its first use
    return uvicorn.Server(config)


def run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run the server; Ctrl-C ends it without an error."""
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def drop(uid: int, parent: int) -> None:
    """Become a user without any right, for good, and end when the process `parent` ends."""
    os.chdir("/")
    os.umask(0o077)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    process.end_with_parent(parent)  # last: a change of the user takes it back


def main() -> None:
    """Read the settings from standard input; the arguments are socket and process id of the parent."""
    settings = json.loads(sys.stdin.buffer.read())
    listener = socket.socket(fileno=int(sys.argv[1]))
    pace.go_first()
    server = make(settings, client.through_door(settings["door"]))
    drop(settings["uid"], int(sys.argv[2]))
    run(server, listener)


if __name__ == "__main__":
    main()
