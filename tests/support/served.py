"""A workbench that real browsers reach: its pages on a port of this computer, its desk in this process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from sharklab.cli.workbench import javascript
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import static_files
from sharklab.progress import Silent
from tests.support.workbench import Bench


@contextmanager
def serving(lab: str, student: str, folder: Path, files: dict[str, Path], **more: Any) -> Iterator[Bench]:
    """Serve a workbench during the block; `files` are those that `files_of_others` returns."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}")
        bench = Bench(lab, student, folder, site, files=static_files.read(files), **more)
        config = uvicorn.Config(bench.app, lifespan="off", log_level="error", ws="websockets-sansio")
        server = uvicorn.Server(config)

        async def serve() -> None:
            await server.serve([listener])
            if hasattr(bench.app.state, "watching"):
                await bench.app.state.watching.close()

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        try:
            yield bench
        finally:
            server.should_exit = True
            thread.join()


def files_of_others() -> dict[str, Path]:
    """Return the JavaScript of other makers, from the state folder of this computer, where it is kept."""
    return javascript.install(Silent())
