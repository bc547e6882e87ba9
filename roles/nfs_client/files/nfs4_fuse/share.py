"""The mounted folder: the calls of libfuse, put to the server."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from itertools import count
from typing import Any, TypeVar, cast

from nfs4_fuse.session import Caller, Session, StateLost

MOST_WRITTEN = 3072  # bytes in one WRITE: libnfs 4.0 encodes a call in a buffer of 4 KiB
FILE_SYSTEM = ("fsid", "flag", "namemax")
SIZES = ("bsize", "frsize", "blocks", "bfree", "bavail", "files", "ffree", "favail", *FILE_SYSTEM)
ATTRIBUTES = ("dev", "ino", "mode", "nlink", "uid", "gid", "rdev", "size", "blksize", "blocks")
MOMENTS = ("atime", "mtime", "ctime")


class Stat(ctypes.Structure):
    """libnfs's `struct nfs_stat_64`."""

    _fields_ = [
        *((name, ctypes.c_uint64) for name in (*ATTRIBUTES, *MOMENTS)),
        *((f"{name}_nsec", ctypes.c_uint64) for name in MOMENTS),
        ("used", ctypes.c_uint64),
    ]


class StatVfs(ctypes.Structure):
    """libnfs's `struct nfs_statvfs_64`."""

    _fields_ = [(f"f_{name}", ctypes.c_uint64) for name in SIZES]


class TimeVal(ctypes.Structure):
    """`struct timeval`."""

    _fields_ = [("sec", ctypes.c_long), ("usec", ctypes.c_long)]


@dataclass
class OpenFile:
    """A file that programs have open: one state on the server, however often it is opened.

    libnfs has a single open-owner, so all OPENs of a file share a stateid (RFC 7530, 9.1.4) and
    only the last release may CLOSE it. `session` is where `handle` is valid, None when it is not.
    """

    caller: Caller
    mode: int
    session: Session | None
    handle: ctypes.c_void_p
    users: int = 0
    is_dirty: bool = False


Operation = TypeVar("Operation", bound=Callable[..., Any])


def operation(method: Operation) -> Operation:
    """Make a method of Share an operation: it is done once more when the server has lost the session."""

    @wraps(method)
    def do(share: Share, *arguments: Any) -> Any:
        try:
            if share.session.is_hung_up():
                share.renew()
            return method(share, *arguments)
        except StateLost:
            share.renew()
            return method(share, *arguments)

    return cast(Operation, do)


class Share:
    """One method per operation, named and called as in libfuse's fuse.h; errors are OSError."""

    use_ns = True  # mfusepy: times are whole nanoseconds

    def __init__(
        self, session: Session, connect: Callable[[], Session], who_asks: Callable[[], Caller]
    ) -> None:
        self.session = session
        self.connect = connect
        self.who_asks = who_asks
        self.files: dict[str, OpenFile] = {}
        self.paths: dict[int, str] = {}
        self.numbers = count(1)

    def renew(self) -> None:
        """Start a new session. Raises OSError when the server cannot be reached."""
        session = self.connect()
        self.session.hang_up()
        self.session = session

    def ask(self, function: str, *arguments: Any) -> int:
        """Call libnfs on behalf of the process that asks."""
        return self.session.call(self.who_asks(), function, *arguments)

    def ask_about(self, path: str, function: str, *arguments: Any) -> int:
        """Call libnfs about an open file, on behalf of the process that opened it."""
        file = self.files[path]
        if file.session is not self.session:
            file.handle = self.open_handle(file.caller, path, file.mode)
            file.session = self.session
        return self.session.call(file.caller, function, file.handle, *arguments)

    def open_handle(self, caller: Caller, path: str, flags: int, mode: int = 0) -> ctypes.c_void_p:
        """Send OPEN and return libnfs's handle."""
        handle = ctypes.c_void_p()
        try:
            self.session.call(caller, "nfs_open2", path, flags, mode, ctypes.byref(handle))
        except OSError as error:
            if error.errno == errno.EINVAL:  # libnfs's word for a folder that the caller may not change
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from error
            raise
        return handle

    def remember(self, path: str, caller: Caller, flags: int, handle: ctypes.c_void_p) -> int:
        """Keep an open file and return the number by which libfuse names this use of it."""
        wanted = flags & os.O_ACCMODE
        file = self.files.setdefault(path, OpenFile(caller, wanted, self.session, handle))
        if file.mode != wanted:  # the server joins the access of all OPENs
            file.mode = os.O_RDWR
        if wanted != os.O_RDONLY:  # the one who may write also writes later
            file.caller = caller
        file.session, file.handle, file.users = self.session, handle, file.users + 1
        number = next(self.numbers)
        self.paths[number] = path
        return number

    def destroy(self, path: str) -> None:
        """Unmounted: close the connection."""
        self.session.hang_up()

    @operation
    def getattr(self, path: str, number: int | None = None) -> dict[str, int]:
        """GETATTR."""
        found = Stat()
        self.ask("nfs_lstat64", path, ctypes.byref(found))
        attributes = {f"st_{name}": int(getattr(found, name)) for name in ATTRIBUTES}
        attributes["st_blocks"] = -(-found.used // 512)
        for moment in MOMENTS:
            seconds, rest = getattr(found, moment), getattr(found, f"{moment}_nsec")
            attributes[f"st_{moment}"] = seconds * 10**9 + rest
        return attributes

    @operation
    def statfs(self, path: str) -> dict[str, int]:
        """GETATTR of the file system's sizes, for df."""
        found = StatVfs()
        self.ask("nfs_statvfs64", path, ctypes.byref(found))
        return {f"f_{name}": int(getattr(found, f"f_{name}")) for name in SIZES}

    @operation
    def readdir(self, path: str, number: int) -> list[tuple[str, None, int]]:
        """READDIR. Without attributes: for a mere name mfusepy would say inode 0, and ls leaves that out."""
        names = sorted({".", "..", *self.session.entries(self.who_asks(), path)})
        return [(name, None, 0) for name in names]

    @operation
    def open(self, path: str, flags: int) -> int:
        """OPEN of a file that exists; the kernel cuts it by a truncate of its own."""
        caller, flags = self.who_asks(), flags & os.O_ACCMODE
        return self.remember(path, caller, flags, self.open_handle(caller, path, flags))

    @operation
    def create(self, path: str, mode: int) -> int:
        """OPEN of a new file (EXCLUSIVE4, the only way libnfs has), then SETATTR of its mode."""
        caller, flags = self.who_asks(), os.O_RDWR | os.O_CREAT | os.O_EXCL
        return self.remember(path, caller, flags, self.open_handle(caller, path, flags, stat.S_IMODE(mode)))

    @operation
    def read(self, path: str, size: int, offset: int, number: int) -> bytes:
        """READ."""
        buffer = ctypes.create_string_buffer(size)
        place = (ctypes.c_uint64(offset), ctypes.c_uint64(size))
        length = self.ask_about(self.paths[number], "nfs_pread", *place, buffer)
        return buffer.raw[:length]

    @operation
    def write(self, path: str, data: bytes, offset: int, number: int) -> int:
        """WRITE, unstable: `flush` sends COMMIT."""
        self.files[self.paths[number]].is_dirty = True
        for start in range(0, len(data), MOST_WRITTEN):
            part = data[start : start + MOST_WRITTEN]
            place = (ctypes.c_uint64(offset + start), ctypes.c_uint64(len(part)))
            self.ask_about(self.paths[number], "nfs_pwrite", *place, part)
        return len(data)

    @operation
    def flush(self, path: str, number: int) -> None:
        """COMMIT what was written, so that close(2) tells whether the server has it."""
        self.commit(self.paths[number])

    def commit(self, path: str) -> None:
        """COMMIT what was written to an open file, if anything was."""
        if path in self.files and self.files[path].is_dirty:
            self.ask_about(path, "nfs_fsync")
            self.files[path].is_dirty = False

    @operation
    def fsync(self, path: str, datasync: int, number: int) -> None:
        """COMMIT."""
        self.commit(self.paths[number])

    @operation
    def release(self, path: str, number: int) -> None:
        """CLOSE when nobody has the file open any more and the server still knows it as open."""
        name = self.paths.pop(number)
        file = self.files[name]
        file.users -= 1
        if not file.users:
            del self.files[name]
            if file.session is self.session:
                self.session.call(file.caller, "nfs_close", file.handle)

    @operation
    def truncate(self, path: str, length: int, number: int | None = None) -> None:
        """SETATTR of the size."""
        if path in self.files and self.files[path].mode != os.O_RDONLY:
            self.ask_about(path, "nfs_ftruncate", ctypes.c_uint64(length))
        else:
            self.set_attribute(path, "nfs_truncate", ctypes.c_uint64(length))

    @operation
    def chmod(self, path: str, mode: int) -> None:
        """SETATTR of the mode."""
        self.set_attribute(path, "nfs_chmod", stat.S_IMODE(mode))

    @operation
    def utimens(self, path: str, times: tuple[int, int] | None) -> None:
        """SETATTR of access and modification time."""
        moments = times or (time.time_ns(),) * 2
        values = (TimeVal(moment // 10**9, moment % 10**9 // 1000) for moment in moments)
        self.set_attribute(path, "nfs_utimes", (TimeVal * 2)(*values))

    def set_attribute(self, path: str, function: str, *arguments: Any) -> None:
        """SETATTR by path. libnfs does it between an OPEN and a CLOSE, which ends the file's state."""
        self.commit(path)
        if path in self.files:
            self.files[path].session = None
        self.ask(function, path, *arguments)

    @operation
    def access(self, path: str, mode: int) -> None:
        """ACCESS."""
        self.ask("nfs_access", path, mode)

    @operation
    def mkdir(self, path: str, mode: int) -> None:
        """CREATE of a folder."""
        self.ask("nfs_mkdir2", path, stat.S_IMODE(mode))

    @operation
    def rmdir(self, path: str) -> None:
        """REMOVE of a folder."""
        self.ask("nfs_rmdir", path)

    @operation
    def unlink(self, path: str) -> None:
        """REMOVE of a file; one that is open keeps its state, under a name that no file can have."""
        self.ask("nfs_unlink", path)
        if path in self.files:
            gone = f"{path}\0{id(self.files[path])}"
            self.files[gone] = self.files.pop(path)
            self.paths = {number: gone if name == path else name for number, name in self.paths.items()}

    @operation
    def rename(self, old: str, new: str) -> None:
        """RENAME; a file that is open keeps its state under the new name."""
        self.ask("nfs_rename", old, new)
        if old in self.files:
            self.files[new] = self.files.pop(old)
            self.paths = {number: new if path == old else path for number, path in self.paths.items()}

    @operation
    def symlink(self, path: str, target: str) -> None:
        """CREATE of a symbolic link."""
        self.ask("nfs_symlink", target, path)

    @operation
    def readlink(self, path: str) -> str:
        """READLINK."""
        buffer = ctypes.create_string_buffer(4096)
        self.ask("nfs_readlink", path, buffer, len(buffer))
        return buffer.value.decode(errors="replace")
