"""Commands on a host of a seat, by testinfra over the seat's own ssh config, within a limit."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from testinfra.backend.base import CommandResult
from testinfra.backend.ssh import SshBackend
from testinfra.host import Host

from sharklab import process


class _LimitedLogin(SshBackend):  # type: ignore[misc]
    """Testinfra's ssh, which ends: a login waits for ever where the home of its user is a dead mount."""

    def __init__(self, host: str, seconds: int, **settings: Any) -> None:
        super().__init__(host, timeout=process.LOGIN_SECONDS, **settings)
        self._seconds = seconds

    def run_local(self, command: str, *args: str) -> CommandResult:
        line = self.encode(f"exec {self.quote(command, *args)}")
        try:
            # A shared connection holds the pipes of a session that hangs, so nobody waits for their end.
            done = subprocess.run(  # noqa: S602 (testinfra quotes)
                line,
                shell=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise RuntimeError(str(late)) from late
        return self.result(done.returncode, line, done.stdout, done.stderr)


def find(config: Path, host: str, seconds: int) -> Host:
    """Return a host of the seat whose ssh configuration is `config`; its commands run as root.

    Each command may take so many seconds. Raises RuntimeError, as do the commands, when it takes longer, or
    ssh cannot reach the host.
    """
    user = _open(host, process.LOGIN_SECONDS, ssh_config=str(config)).run("id -u")
    if user.rc != 0:
        raise RuntimeError(user)
    return _open(host, seconds, ssh_config=str(config), sudo=user.stdout.strip() != "0")


def _open(host: str, seconds: int, **settings: Any) -> Host:
    backend = _LimitedLogin(host, seconds, **settings)
    opened = Host(backend)
    backend.set_host(opened)
    return opened
