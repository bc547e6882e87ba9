"""Mount an NFSv4 export where the kernel has no NFS client: mount(8)'s helper for type fuse.nfs4.

    mount.fuse.nfs4 SERVER:/PATH DIRECTORY [-sfnv] [-t TYPE] [-o OPTIONS]

Options, as in nfs(5): `timeo` (time limit of one call, tenths of a second, 100) and `retry` (how
long to try to reach the server when mounting, minutes, 2). Those of mount(8) for any file system
(ro, noexec ...) are handed on; an option that is not known is an error.

The process stays as long as the mount, on each client of a class. So it loads few modules.

Limits, all of libnfs: chmod and touch work on files that the caller may write, not on folders;
a file in a folder that the caller may not change cannot be opened for writing; no locks, no chown.
"""

from __future__ import annotations

import errno
import importlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from nfs4_fuse.session import Libnfs, Session, StateLost, caller_of
from nfs4_fuse.share import Share

USAGE, MOUNT_FAILED = 1, 32  # exit codes, mount(8)
NFS_PORT = 2049
GENERIC_FLAGS = {"ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "atime", "sync"}
IGNORED_FLAGS = {"defaults", "auto", "noauto", "nofail", "_netdev", "soft", "vers=4", "nfsvers=4", "vers=4.0"}


@dataclass(frozen=True)
class Request:
    """The request of mount(8). `timeout` and `retry` are seconds, `flags` go on to libfuse."""

    source: str
    directory: str
    timeout: float = 10.0
    retry: float = 120.0
    flags: tuple[str, ...] = ()

    @property
    def server(self) -> str:
        """The server's name or address, without the brackets of IPv6."""
        return self.source.rpartition(":/")[0].strip("[]")

    @property
    def export(self) -> str:
        """The path on the server."""
        return "/" + self.source.rpartition(":/")[2]


def parse_request(arguments: list[str]) -> Request:
    """Read the command line that mount(8) gives to its helpers. Raises ValueError with a sentence."""
    plain: list[str] = []
    options: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in ("-o", "-t", "-N"):
            value = next(words, "")
            options += value.split(",") if word == "-o" else []
        elif not word.startswith("-"):
            plain.append(word)
    if len(plain) != 2 or ":/" not in plain[0]:
        raise ValueError("usage: mount.fuse.nfs4 SERVER:/PATH DIRECTORY [-o OPTIONS]")
    return Request(plain[0], plain[1], **parse_options(options))


def parse_options(options: list[str]) -> dict[str, Any]:
    """Turn mount options into fields of a Request. Raises ValueError naming the one that is wrong."""
    fields: dict[str, Any] = {"flags": tuple(option for option in options if option in GENERIC_FLAGS)}
    for option in options:
        key, _, value = option.partition("=")
        if key in ("timeo", "retry"):
            if not value.isdecimal():
                raise ValueError(f"option {key} needs a whole number, not {value!r}")
            fields |= {"timeout": int(value) / 10} if key == "timeo" else {"retry": int(value) * 60.0}
        elif not is_known(option):
            raise ValueError(f"unknown option {option!r}")
    return fields


def is_known(option: str) -> bool:
    """Tell whether an option is one that any mount may have."""
    return option in {"", *GENERIC_FLAGS, *IGNORED_FLAGS} or option.startswith(("x-", "comment="))


def connect_within(connect: Callable[[], Session], reach: Callable[[], None], limit: float) -> Session:
    """Connect; while the server cannot be reached, as when it is starting, try for `limit` seconds.

    libnfs does not tell why a connection failed; `reach` raises the OSError that does.
    """
    deadline = time.monotonic() + limit
    while True:
        try:
            return connect()
        except StateLost:
            if time.monotonic() > deadline:
                reach()
                raise
        time.sleep(0.2)


def mount(request: Request) -> None:
    """Mount, go to the background and serve until unmounted. Raises OSError when mounting fails."""
    os.environ.setdefault("FUSE_LIBRARY_NAME", "fuse3")  # else an older one is taken where there are both
    fuse: Any = importlib.import_module("mfusepy")
    libnfs = Libnfs()
    # RFC 7530, 9.1.1: an id that no other client uses, and the same for as long as we live
    name = f"{socket.gethostname()} {request.directory} {os.urandom(4).hex()}"

    def connect() -> Session:
        return Session(libnfs, request.server, request.export, name, request.timeout)

    def reach() -> None:
        socket.create_connection((request.server, NFS_PORT), request.timeout).close()

    session = connect_within(connect, reach, request.retry)
    share = Share(session, connect, lambda: caller_of(*fuse.fuse_get_context()))
    # hard_remove: without it, libfuse hides a file that is removed while it is open, and removes it later as
    # root. The server refuses that (root_squash, sticky folders).
    options = dict.fromkeys(("allow_other", "use_ino", "nothreads", "hard_remove", *request.flags), True)
    try:
        fuse.FUSE(share, request.directory, fsname=request.source, subtype="nfs4", **options)
    except RuntimeError as error:
        raise OSError(errno.EIO, "FUSE could not mount, for the reason above") from error


def is_apart() -> bool:
    """Tell whether this process is one that systemd started, or there is no systemd to start it.

    A process is told by its control group's name, cgroups(7): a login session's ends in .scope.
    """
    with open("/proc/self/cgroup") as file:
        groups = file.read()
    return not os.path.isdir("/run/systemd/system") or bool(re.search(r"\.(mount|service)$", groups, re.M))


def mount_apart(arguments: list[str]) -> NoReturn:
    """Have systemd run this program as a service, wait until it has mounted, and exit as it did.

    Otherwise the mount would die with whatever called mount(8), unlike one of the kernel's.
    """
    import tempfile  # here, because the process that serves the mount needs its memory for nothing else

    service = ("--quiet", "--collect", "--service-type=forking", f"--description=NFS mount {arguments[0]}")
    with tempfile.NamedTemporaryFile("r", prefix="nfs4-", dir="/run") as said:
        settings = ("DefaultDependencies=no", "TimeoutStartSec=infinity", f"StandardError=append:{said.name}")
        properties = [f"--property={setting}" for setting in settings]
        literal = (argument.replace("$", "$$") for argument in arguments)  # systemd expands variables
        command = ["systemd-run", *service, *properties, "--", sys.argv[0], *literal]
        done = subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        sys.stderr.write(said.read())
    raise SystemExit(MOUNT_FAILED if done.returncode else 0)


def fail(code: int, message: str) -> NoReturn:
    """Say what is wrong, as mount(8)'s helpers do, and exit."""
    print(f"mount.fuse.nfs4: {message}", file=sys.stderr)
    raise SystemExit(code)


def main() -> None:
    """Run as a mount helper. Exits 1 for a wrong command line, 32 when mounting failed (mount(8))."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while the server is silent
    try:
        request = parse_request(sys.argv[1:])
    except ValueError as error:
        fail(USAGE, str(error))
    if not is_apart():
        mount_apart(sys.argv[1:])
    try:
        mount(request)
    except (OSError, ImportError) as error:
        reason = getattr(error, "strerror", None) or error
        fail(MOUNT_FAILED, f"{request.source} on {request.directory}: {reason}")
