"""QMP, by which a running QEMU is asked and told things (QEMU's docs/interop/qmp-spec)."""

from __future__ import annotations

import json
import socket
import time
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
            raise self._gone(error) from error
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._next()  # its greeting
        self.ask("qmp_capabilities")

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, command: str, **arguments: Any) -> Any:
        """Return QEMU's answer to `command`. Raises MachineryError when it refuses, or is gone."""
        words = {name.replace("_", "-"): value for name, value in arguments.items()}
        line = json.dumps({"execute": command, "arguments": words}) + "\n"
        try:
            self._socket.sendall(line.encode())
        except OSError as error:
            raise self._gone(error) from error
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

    def migrate(self, command: str, uri: str) -> None:
        """Save the machine's state to `uri` ("migrate") or take it from there ("migrate-incoming").

        The memory itself stays in its file. Raises MachineryError when that fails.
        """
        shared = [{"capability": "x-ignore-shared", "state": True}]
        self.ask("migrate-set-capabilities", capabilities=shared)
        self.ask(command, uri=uri)
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
            raise self._gone(error) from error
        if not line:
            raise self._gone(None)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _gone(self, error: OSError | None) -> MachineryError:
        reason = (error.strerror or str(error)) if error else "EOF"
        return MachineryError(N_("QEMU does not answer ({reason})"), place=str(self._file), reason=reason)
