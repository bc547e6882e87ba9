"""A session with an NFSv4.0 server (RFC 7530), by the C library libnfs, 4 to 7.

libnfs keeps one TCP connection. Every call carries the user, group and groups of the process that
asks (AUTH_SYS, RFC 5531), so it is the server that grants or refuses, as with the kernel's client.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import select
import socket
import struct
import subprocess
from dataclasses import dataclass
from typing import Any

CONNECT_SYNS = 2  # SYN segments sent again before a connection is given up: about 7 s
MOST_GROUPS = 16  # AUTH_SYS, RFC 5531 appendix A
TURNED = (16,)  # libnfs.so of libnfs 6
LDCONFIG = "/sbin/ldconfig"
PACKAGE = "libnfs is not installed: install its package (libnfs13 or a later one on Debian, libnfs on Rocky)"

STATE_LOST = {
    "NFS4ERR_EXPIRED",
    "NFS4ERR_STALE_CLIENTID",
    "NFS4ERR_STALE_STATEID",
    "NFS4ERR_BAD_STATEID",
    "NFS4ERR_OLD_STATEID",
    "NFS4ERR_BAD_SEQID",
}
NFS4_ERRNO = {
    "NFS4ERR_DQUOT": errno.EDQUOT,
    "NFS4ERR_GRACE": errno.EAGAIN,
    "NFS4ERR_SHARE_DENIED": errno.EACCES,
    "NFS4ERR_SYMLINK": errno.ELOOP,
    "NFS4ERR_WRONGSEC": errno.EPERM,
}


class StateLost(OSError):
    """The connection broke, or the server forgot our lease and open files (restart, long idle)."""


class DirEntry(ctypes.Structure):
    """The head of libnfs's `struct nfsdirent`: the rest is not read here."""

    _fields_ = [("next", ctypes.c_void_p), ("name", ctypes.c_char_p)]


class Libnfs(ctypes.CDLL):
    """The newest libnfs of this machine. Raises OSError, which names the package, when there is none."""

    def __init__(self) -> None:
        listed = subprocess.run([LDCONFIG, "-p"], stdout=subprocess.PIPE, text=True, check=True)
        self.version = newest(listed.stdout)
        super().__init__(".".join(("libnfs.so", *map(str, self.version))))
        self.nfs_init_context.restype = ctypes.c_void_p
        self.nfs_get_error.restype = ctypes.c_char_p
        self.nfs_readdir.restype = ctypes.POINTER(DirEntry)
        self.libnfs_authunix_create.restype = ctypes.c_void_p

    def order(self, function: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments that libnfs 4 and 5 take in the order of this version.

        From libnfs 6 on (LIBNFS_API_V2), data are read and written by handle, buffer, size and offset.
        """
        if self.version < TURNED or function not in ("nfs_pread", "nfs_pwrite"):
            return arguments
        return (arguments[0], *reversed(arguments[1:]))


def newest(listing: str) -> tuple[int, ...]:
    """Return the highest version of libnfs.so that `ldconfig -p` lists. Raises OSError when there is none."""
    numbers = re.findall(r"^\s*libnfs\.so\.([\d.]+) ", listing, re.MULTILINE)
    if not numbers:
        raise OSError(PACKAGE)
    return max(tuple(map(int, number.split("."))) for number in numbers)


@dataclass(frozen=True)
class Caller:
    """The user of a call: the content of its AUTH_SYS credential."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()


ROOT = Caller(0, 0)


def caller_of(uid: int, gid: int, pid: int) -> Caller:
    """Return the credential of process `pid`; its other groups are in proc(5)'s status file."""
    try:
        with open(f"/proc/{pid}/status") as file:
            status = file.read()
    except OSError:  # the process is gone, or the kernel itself asks
        return Caller(uid, gid)
    groups = re.search(r"^Groups:(.*)$", status, re.MULTILINE)
    return Caller(uid, gid, tuple(int(group) for group in groups[1].split()[:MOST_GROUPS]) if groups else ())


class Session:
    """A TCP connection to the server with a client id (SETCLIENTID) and the export's file handle.

    `name` tells the server which client this is (RFC 7530, 9.1.1); `timeout` of a call is in seconds.
    Raises StateLost when a new session is needed, OSError with the server's answer otherwise.
    """

    def __init__(self, libnfs: Libnfs, server: str, export: str, name: str, timeout: float) -> None:
        self.libnfs = libnfs
        self.context = ctypes.c_void_p(libnfs.nfs_init_context())
        libnfs.nfs_set_version(self.context, 4)
        libnfs.nfs_set_autoreconnect(self.context, 0)
        libnfs.nfs_set_tcp_syncnt(self.context, CONNECT_SYNS)
        libnfs.nfs_set_timeout(self.context, int(timeout * 1000))
        libnfs.nfs4_set_client_name(self.context, name.encode())
        libnfs.nfs4_set_verifier(self.context, os.urandom(8))
        try:
            self.call(ROOT, "nfs_mount", server, export)
        except OSError:
            libnfs.nfs_destroy_context(self.context)
            raise

    def call(self, caller: Caller, function: str, *arguments: Any) -> int:
        """Call a function of libnfs on behalf of `caller` and return its result; paths are text."""
        groups = (ctypes.c_uint32 * len(caller.groups))(*caller.groups)
        machine = socket.gethostname().encode()
        auth = self.libnfs.libnfs_authunix_create(machine, caller.uid, caller.gid, len(groups), groups)
        self.libnfs.nfs_set_auth(self.context, ctypes.c_void_p(auth))
        ordered = self.libnfs.order(function, arguments)
        encoded = (part.encode() if isinstance(part, str) else part for part in ordered)
        result: int = getattr(self.libnfs, function)(self.context, *encoded)
        if result < 0:
            raise fault(-result, (self.libnfs.nfs_get_error(self.context) or b"").decode(errors="replace"))
        return result

    def entries(self, caller: Caller, path: str) -> list[str]:
        """READDIR: the names in a folder."""
        folder = ctypes.c_void_p()
        self.call(caller, "nfs_opendir", path, ctypes.byref(folder))
        names = []
        while entry := self.libnfs.nfs_readdir(self.context, folder):
            names.append(entry.contents.name.decode(errors="replace"))
        self.libnfs.nfs_closedir(self.context, folder)
        return names

    def is_hung_up(self) -> bool:
        """Tell whether the server closed the connection while nothing was asked."""
        poll = select.poll()
        poll.register(self.libnfs.nfs_get_fd(self.context), select.POLLIN)
        return bool(poll.poll(0))

    def hang_up(self) -> None:
        """Close the connection by FIN. libnfs's memory stays: it still refers to calls that broke off."""
        with socket.socket(fileno=self.libnfs.nfs_get_fd(self.context)) as connection:
            # libnfs sets a linger time of zero, which would send RST (socket(7))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))


def fault(code: int, text: str) -> OSError:
    """Return the exception for an error number of libnfs and the text that it gave with it.

    libnfs says EINTR for a call without an answer in time; EFAULT, or text on a failed service or
    call, for a broken connection; ERANGE for an error that only NFSv4 has, with its name in the text.
    """
    if code == errno.EINTR:
        return StateLost(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    if code == errno.EFAULT or re.search(r"nfs_service failed|_async\w* failed", text):
        return StateLost(errno.EIO, text)
    name = re.search(r"failed with (NFS4ERR_\w+)\(", text)
    if code == errno.ERANGE and name:
        number = NFS4_ERRNO.get(name[1], errno.EIO)
        return (StateLost if name[1] in STATE_LOST else OSError)(number, name[1])
    return OSError(code, os.strerror(code))
