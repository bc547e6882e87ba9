"""Run the workbench: in one process, or in two where it has root's rights.

As root, this process keeps the desk behind a door (unix(7), SO_PEERCRED). A second process without any right
answers browsers. It starts with an empty memory, so it holds no secret of the course.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharklab import privilege, state, untrusted
from sharklab.cli.workbench import client
from sharklab.cli.workbench.desk import door_process, packet_desk
from sharklab.cli.workbench.desk import student_desk as desk
from sharklab.cli.workbench.identity import Reader, to_plain
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import web_process
from sharklab.errors import MachineryError
from sharklab.hosts.door import control
from sharklab.hosts.door import server as door
from sharklab.hosts.door.server import Caller, Handler
from sharklab.message import N_, refusal

COMMAND = (sys.executable, "-P", "-m", "sharklab.cli.workbench.web.web_process")
UID = 0x6FFD0000
"""The user of the web process: of no person, and of no container (systemd leaves such ids to containers)."""

BACKLOG = 256


def listen(address: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises MachineryError when another has it, or it is not ours."""
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise MachineryError(
            N_("the workbench cannot listen there: {reason}"),
            place=f"{address}:{port}",
            hint=N_("choose another --port, or end the program that has the port"),
            reason=refusal(error) if isinstance(error, OSError) else error,
        ) from error
    return listener


class Workbench:
    """The workbench at `site`; `handlers` answer what needs rights. `class_lab` is the lab of a class."""

    def __init__(self, site: Site, handlers: Mapping[str, Handler], class_lab: str = "") -> None:
        self._site, self._handlers, self._class_lab = site, handlers, class_lab
        self._tokens: dict[str, Reader] = {}

    def link(self, reader: Reader) -> str:
        """Return a new link for a reader, which works once."""
        token = secrets.token_urlsafe(24)
        self._tokens[token] = reader
        return self._site.link(token)

    def settings(self, files: Mapping[str, Path]) -> dict[str, Any]:
        """Return the settings of the web process; `files` are those of other makers."""
        return {
            "site": vars(self._site),
            "class_lab": self._class_lab,
            "key": _key().hex(),
            "links": {token: to_plain(reader) for token, reader in self._tokens.items()},
            "files": {name: str(path) for name, path in files.items()},
        }

    def run(
        self, listener: socket.socket, files: Mapping[str, Path], certificate: str = "", key_file: str = ""
    ) -> None:
        """Answer browsers until a signal ends this process; with a certificate and its key by TLS."""
        settings = {**self.settings(files), "certificate": certificate, "key_file": key_file}
        if privilege.is_root():
            self._run_apart(listener, settings)
        else:
            web_process.serve(settings, listener, client.here(self._handlers, desk.explain))

    def _run_apart(self, listener: socket.socket, settings: Mapping[str, Any]) -> None:
        place = Path(tempfile.mkdtemp(prefix="sharklab-workbench-", dir="/run"))
        try:
            place.chmod(0o755)
            desk_of_packets = packet_desk.handlers(self._handlers["plan"], door_process.COMMAND, UID)
            handlers = {**self._handlers, **desk_of_packets}
            answering = door.Door(_caller, handlers, desk.explain, _note)
            at_door = door.listen(place / "door")
            threading.Thread(target=answering.serve, args=(at_door,), daemon=True).start()
            with control.keep_alive():
                keeper = control.start(door_process.COMMAND, UID)
                child = _start(
                    listener, {**settings, "door": str(place / "door"), "keeper": str(keeper), "uid": UID}
                )
                listener.close()
                _wait(child)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _caller(uid: int) -> Caller | None:
    return Caller(is_front=True) if uid == UID else None


def _note(line: str) -> None:
    print(f"sharklab: {untrusted.one_line(line)}", file=sys.stderr, flush=True)


def _start(listener: socket.socket, settings: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start the web process; its settings, which hold secrets, go through its standard input."""
    handle = listener.fileno()
    with tempfile.TemporaryFile() as content:
        content.write(json.dumps(settings).encode())
        content.seek(0)
        return subprocess.Popen(
            [*COMMAND, str(handle), str(os.getpid())],
            stdin=content,
            pass_fds=(handle,),
            start_new_session=True,
        )


def _wait(child: subprocess.Popen[bytes]) -> None:
    """Wait for the web process. Raises MachineryError when it ends by a fault."""
    try:
        code = child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGTERM)
        child.wait()
        return
    if code not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise MachineryError(N_("the web process of the workbench ended with code {code}"), code=code)


def _key() -> bytes:
    """Return the key of cookies, which is made once: a restarted server knows its readers again."""
    file = state.folder(state.root() / "workbench") / "key"
    with state.lock(file.with_suffix(".lock"), desk.KEY, 10.0):
        if not file.exists():
            state.write(file, secrets.token_bytes(32))
        return file.read_bytes()
