# SPDX-License-Identifier: MIT
"""Bring a host's evidence to the controller and unpack it there, without running anything on the host.

The host may belong to a student, so its archive may be hostile: only regular files with the expected names
are unpacked, up to a limit.
"""

from __future__ import annotations

import base64
import re
import resource
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

EXPECTED = re.compile(r"(probes|captures|sockets)\.json|captures/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.pcap")

ARGUMENTS = {
    "src": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
    "max_bytes": {"type": "int", "default": 1 << 30},
}


AROUND = 1 << 20
"""Bytes of an archive around the content of its files: their headers, and the end."""


class UnexpectedContent(ValueError):
    """The archive holds what no recording leaves; the message says what."""


class ActionModule(ActionBase):
    """The task `collect`; its options are documented in plugins/modules/collect.py."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fetch `src` of the host and unpack it as the folder `dest` of the controller."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENTS)
        dest = Path(options["dest"]).expanduser()
        if self._task.check_mode:
            return {**result, "changed": True, "dest": str(dest), "files": []}
        try:
            dest.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=dest.parent, prefix=".collect-") as temporary:
                archive = Path(temporary, "evidence.tar")
                with limit_files(options["max_bytes"] + AROUND):
                    self._fetch(check_path(options["src"]), archive)
                files = unpack(archive, Path(temporary, "evidence"), options["max_bytes"])
                replace(Path(temporary, "evidence"), dest)
        except (OSError, tarfile.TarError, UnexpectedContent) as error:
            raise AnsibleActionFail(f"{options['src']}: {error}") from error
        return {**result, "changed": True, "dest": str(dest), "files": files}

    def _fetch(self, source: str, target: Path) -> None:
        """Copy the file `source` of the host to `target`."""
        if not self._connection.become:
            self._connection.fetch_file(source, str(target))
            return
        # The login user may not read root's files, and file transfer knows no become.
        answer = self._execute_module(module_name="ansible.legacy.slurp", module_args={"src": source})
        if answer.get("failed"):
            raise AnsibleError(str(answer.get("msg")))
        target.write_bytes(base64.b64decode(answer["content"]))


def check_path(path: str) -> str:
    """Return the path on the host. Raises UnexpectedContent unless all its characters are visible.

    Ansible writes it into commands of sftp(1), a line each. A line such as C(!command) runs here.
    """
    if not path.isprintable():
        raise UnexpectedContent("is no path: it has characters that nobody sees")
    return path


@contextmanager
def limit_files(most: int) -> Iterator[None]:
    """Let this process, and those that it starts, write no file above `most` bytes (setrlimit(2)).

    The host says how long its file is, and may send another one that never ends.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    least = min(limit for limit in (most, soft, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (least, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def unpack(archive: Path, folder: Path, max_bytes: int) -> list[str]:
    """Unpack `archive` into the new `folder` and return the names of the files.

    Raises UnexpectedContent before anything that is not expected is written, tarfile.TarError when the
    archive is damaged.
    """
    names = []
    (folder / "captures").mkdir(parents=True)
    with tarfile.open(archive, "r:") as members:
        for member in members:
            max_bytes -= member.size
            if not EXPECTED.fullmatch(member.name) or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                raise UnexpectedContent(f"holds {member.name[:200]!r}, which is no evidence")
            if member.sparse is not None or max_bytes < 0:
                raise UnexpectedContent("holds more than is accepted")
            copy_member(members, member, folder / member.name)
            names.append(member.name)
    return names


def copy_member(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write a regular file of the archive to `target`, which must not be there yet."""
    source = archive.extractfile(member)
    if source is None:
        raise UnexpectedContent(f"{member.name} is not a regular file")
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file)


def replace(folder: Path, dest: Path) -> None:
    """Put `folder` in the place of `dest`, whose content, if any, is of an earlier run."""
    if dest.exists():
        shutil.rmtree(dest)
    folder.rename(dest)
