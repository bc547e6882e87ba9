"""QMP, by which a running QEMU is asked and told things (QEMU's docs/interop/qmp-spec)."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from sharklab.errors import MachineryError
from sharklab.message import N_

LIMIT = 60.0
"""Seconds that QEMU may take for an answer."""

PAUSE = 0.02


class Monitor:
    """A conversation with one QEMU, by the socket of its monitor."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LIMIT)
        try:
            self._socket.connect(str(file))
        except OSError as error:
            self._socket.close()
            raise self._failure(error) from error
        self._lines = self._socket.makefile("r", encoding="utf-8")
        try:
            self._next()  # its greeting
            self.ask("qmp_capabilities")
        except MachineryError:
            self._close()
            raise

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, command: str, **arguments: Any) -> Any:
        """Return QEMU's answer to `command`. Raises MachineryError when it refuses, or is gone."""
        return self._ask(command, arguments)

    def _ask(self, command: str, arguments: Mapping[str, Any], files: Sequence[int] = ()) -> Any:
        """Send a command, and open files along with it (SCM_RIGHTS, unix(7)); return the answer."""
        words = {name.replace("_", "-"): value for name, value in arguments.items()}
        line = (json.dumps({"execute": command, "arguments": words}) + "\n").encode()
        try:
            if files:
                socket.send_fds(self._socket, [line], files)
            else:
                self._socket.sendall(line)
        except OSError as error:
            raise self._failure(error) from error
        while True:
            said = self._next()
            if "error" in said:
                raise MachineryError(
                    N_("QEMU refuses {command}: {reason}"),
                    place=str(self._file),
                    command=command,
                    reason=said["error"]["desc"],
                )
            if "return" in said:
                return said["return"]

    @property
    def process(self) -> int:
        """The number of QEMU's process (SO_PEERCRED, unix(7))."""
        return int(struct.unpack("3i", self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])

    def save(self, file: Path) -> None:
        """Save the state of the machine's devices; its memory stays in its own file.

        Raises MachineryError when that fails.
        """
        file.touch(mode=0o600)
        with file.open("wb") as target:
            self._migrate("migrate", target.fileno())

    def restore(self, file: Path) -> None:
        """Give the machine the state that was saved to `file`. Raises MachineryError when that fails."""
        with file.open("rb") as source:
            self._migrate("migrate-incoming", source.fileno())

    def _migrate(self, command: str, file: int) -> None:
        shared = [{"capability": "x-ignore-shared", "state": True}]
        self.ask("migrate-set-capabilities", capabilities=shared)
        self._ask("getfd", {"fdname": "state"}, [file])  # QEMU itself has no right to open it
        self.ask(command, uri="fd:state")
        deadline = time.monotonic() + LIMIT
        while (status := self.ask("query-migrate").get("status")) != "completed":
            if status in ("failed", "cancelled") or time.monotonic() > deadline:
                raise MachineryError(
                    N_("QEMU cannot save or restore a machine ({status})"),
                    place=str(self._file),
                    status=status,
                )
            time.sleep(PAUSE)

    def _next(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except OSError as error:
            raise self._failure(error) from error
        if not line:
            raise self._failure(None)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _failure(self, error: OSError | None) -> MachineryError:
        reason = (error.strerror or str(error)) if error else "EOF"
        return MachineryError(N_("QEMU does not answer ({reason})"), place=str(self._file), reason=reason)
