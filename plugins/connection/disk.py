# SPDX-License-Identifier: MIT
"""Reach a host that has not booted yet: run commands in its file system, with chroot(2)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = r"""
name: disk
short_description: Run commands in the file system of a host that has not booted yet
description:
  - Runs every command on the controller, by chroot(1), in the mounted root file system of a host.
  - C(systemctl) knows from the variable E(SYSTEMD_OFFLINE) that no systemd runs. It enables units and ignores
    commands that need a running system. The units start when the host boots.
  - A task that talks to a service looks for the folder C(/run/systemd/system) first, see C(sd_booted(3)).
options:
  root:
    description: The folder on the controller at which the root file system of the host is mounted.
    type: path
    required: true
    vars:
      - name: lab_disk
author:
  - sharklab
"""

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "SYSTEMD_OFFLINE": "1",
}


class Connection(ConnectionBase):
    """The connection `disk`; its options are documented above."""

    transport = "sharklab.lab.disk"
    has_pipelining = True
    has_tty = False

    def _connect(self) -> Connection:
        if not Path(self.get_option("root"), "usr").is_dir():
            raise AnsibleConnectionFailure(f"{self.get_option('root')}: no root file system is mounted here")
        self._connected = True
        return self

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        """Run a command of the shell as root, and return its exit code, standard output and error."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = self._run(["/bin/sh", "-c", cmd], input=in_data or b"")
        return done.returncode, done.stdout, done.stderr

    def call(self, work: Callable[[], Any]) -> Any:
        """Return the result of `work`, which this process does in the file system of the host.

        The host's own Python would take twenty times as long to start, and a child of Ansible costs more than
        the work itself. No other thread may use files meanwhile.
        """
        self._connect()
        outside, before = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), dict(os.environ)
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.environ.clear()
            os.environ.update(ENVIRONMENT)
            os.chroot(self.get_option("root"))
            os.chdir("/")
            return work()
        except Exception as error:
            raise AnsibleConnectionFailure(f"{self.get_option('root')}: {error!r}") from error
        finally:
            os.fchdir(outside)
            os.chroot(".")
            os.fchdir(here)
            os.close(outside)
            os.close(here)
            os.environ.clear()
            os.environ.update(before)

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file of the controller to the host."""
        done = self._run(["dd", f"of={out_path}"], input=Path(in_path).read_bytes())
        self._require(done, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file of the host to the controller."""
        done = self._run(["cat", in_path], input=b"")
        self._require(done, in_path)
        Path(out_path).write_bytes(done.stdout)

    def close(self) -> None:
        """End the connection, which holds nothing."""
        self._connected = False

    def _run(self, argv: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        command = ["chroot", self.get_option("root"), *argv]
        return subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT, cwd="/", **options)

    def _require(self, done: subprocess.CompletedProcess[bytes], path: str) -> None:
        if done.returncode:
            raise AnsibleConnectionFailure(f"{path}: {done.stderr.decode(errors='replace').strip()}")
