"""Run an NFS server that opens files by their handles, on a host that has users of its own.

    nfs_handles COMMAND ARGUMENT...

In a user namespace the kernel lets open_by_handle_at(2) open folders at most. So the calls of the server
come here (seccomp_unotify(2), Linux 5.14): name_to_handle_at(2) tells which file has a handle, and an open by
this handle becomes an open of that file, whose descriptor the server gets. All this takes the rights of root
of the host, and no more. Where the kernel opens files by handle, the command runs alone.

The process stays as long as the server, on each server of a class. So it loads few modules.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import stat
import struct
from collections import OrderedDict
from contextlib import suppress

# Numbers of system calls: those of the x86 kernel, and those that all newer architectures have.
NAME_TO_HANDLE, OPEN_BY_HANDLE, READLINKAT, FSTATAT, FSTAT, SECCOMP = (
    (303, 304, 267, 262, 5, 317) if os.uname().machine == "x86_64" else (264, 265, 78, 79, 80, 277)
)
STAT_SIZE = 144 if os.uname().machine == "x86_64" else 128
AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW = -100, 0x1000, 0x400

# linux/seccomp.h: requests of ioctl(2), results of a filter, flags.
RECEIVE, ANSWER, ADD_FD = 0xC0502100, 0xC0182101, 0x40182103
NOTIFY, ALLOW, CONTINUE, ADDFD_SETFD, ADDFD_SEND = 0x7FC00000, 0x7FFF0000, 1, 1, 2
CALL = struct.Struct("=QIIiIQ6Q")
RESPONSE = struct.Struct("=QqiI")

FEWEST_DESCRIPTORS = 1024
KNOWN_FILES = 200_000
"""Handles whose files are remembered: about 40 MB."""

STAND_IN = "nfs-handles"
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
LIBC = ctypes.CDLL(None, use_errno=True)


class FileHandle(ctypes.Structure):
    """The struct file_handle of open_by_handle_at(2)."""

    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]


def handle_of(folder: int, name: str) -> bytes:
    """Return the handle of the file `name` in `folder`, or of `folder` itself for "". Raises OSError."""
    found, mount = FileHandle(size=128), ctypes.c_int()
    flags = 0 if name else AT_EMPTY_PATH
    if LIBC.name_to_handle_at(folder, os.fsencode(name), ctypes.byref(found), ctypes.byref(mount), flags):
        raise OSError(ctypes.get_errno(), "name_to_handle_at")
    return bytes(found)[: 8 + found.size]


class Files:
    """The files whose handles were seen: where each was, and which handles have no file any more."""

    def __init__(self) -> None:
        self._paths: OrderedDict[bytes, str] = OrderedDict()
        self._gone: dict[bytes, None] = {}

    def learn(self, handle: bytes, path: str) -> None:
        """Remember where the file of a handle is."""
        self._paths[handle] = path
        self._paths.move_to_end(handle)
        self._gone.pop(handle, None)
        if len(self._paths) > KNOWN_FILES:
            self._paths.popitem(last=False)

    def open(self, handle: bytes, mount: int) -> int:
        """Return an O_PATH descriptor of the handle's file, on the file system of `mount`.

        Raises OSError, with ESTALE when no file has the handle.
        """
        found = self._try(handle)
        if found is None and handle not in self._gone:
            self._walk(mount)
            found = self._try(handle)
        if found is None:
            if len(self._gone) > KNOWN_FILES:
                self._gone.clear()
            self._gone[handle] = None
            raise OSError(errno.ESTALE, "no file has this handle")
        return found

    def _try(self, handle: bytes) -> int | None:
        """Return a descriptor of the file where it was, or None when another file, or none, is there now."""
        path = self._paths.pop(handle, None)
        if path is None:
            return None
        with suppress(OSError):
            file = os.open(path, os.O_PATH | os.O_NOFOLLOW)
            with suppress(OSError):
                if handle_of(file, "") == handle:
                    self.learn(handle, path)
                    return file
            os.close(file)
        return None

    def _walk(self, mount: int) -> None:
        """Learn where every file of a file system is: one that was renamed, or seen before a restart."""
        device = os.fstat(mount).st_dev
        for folder, names, files, at in os.fwalk(os.readlink(f"/proc/self/fd/{mount}")):
            if os.fstat(at).st_dev != device:
                names.clear()
                continue
            for name in ("", *names, *files):
                with suppress(OSError):
                    self.learn(handle_of(at, name), os.path.join(folder, name) if name else folder)


class Caller:
    """The process that made a call: its memory and its descriptors (proc(5))."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def read(self, address: int, size: int) -> bytes:
        """Return bytes of its memory. Raises OSError."""
        with open(f"/proc/{self._pid}/mem", "rb", 0) as memory:
            return os.pread(memory.fileno(), size, address)

    def write(self, address: int, content: bytes) -> None:
        """Put bytes into its memory. Raises OSError."""
        with open(f"/proc/{self._pid}/mem", "r+b", 0) as memory:
            os.pwrite(memory.fileno(), content, address)

    def text(self, address: int) -> str:
        """Return a string of its memory, which ends with a zero byte. Raises OSError."""
        found = b""
        while address and b"\0" not in found and len(found) < 4096:
            at = address + len(found)
            found += self.read(at, 4096 - at % 4096)  # up to the end of a page: the next may be absent
        return os.fsdecode(found.split(b"\0")[0])

    def file(self, descriptor: int) -> str:
        """Return the path through /proc of what a descriptor, or AT_FDCWD, means to it."""
        number = ctypes.c_int(descriptor & 0xFFFFFFFF).value
        return f"/proc/{self._pid}/cwd" if number == AT_FDCWD else f"/proc/{self._pid}/fd/{number}"


class Supervisor:
    """Answers the calls of one server, until its last process has ended."""

    def __init__(self, listener: int, first_stand_in: int) -> None:
        self._listener = listener
        self._files = Files()
        self._stand_ins = range(first_stand_in, 2 * first_stand_in)

    def serve(self) -> None:
        """Answer one call after another."""
        while True:
            call = bytearray(CALL.size)
            try:
                fcntl.ioctl(self._listener, RECEIVE, call)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):  # the caller was killed meanwhile
                    continue
                return
            call_id, pid, _, number, _, _, *arguments = CALL.unpack(call)
            with suppress(OSError):  # as above
                self._answer(call_id, Caller(pid), number, arguments)

    def _answer(self, call_id: int, caller: Caller, number: int, arguments: list[int]) -> None:
        try:
            if number == OPEN_BY_HANDLE:
                self._open(call_id, caller, arguments)
                return
            if number == NAME_TO_HANDLE:
                with suppress(OSError):  # the kernel tells the caller
                    self._learn(caller, arguments)
                result = None
            else:
                result = describe(caller, number, arguments)
            response = (call_id, 0, 0, CONTINUE) if result is None else (call_id, result, 0, 0)
        except OSError as error:
            response = (call_id, 0, -(error.errno or errno.EIO), 0)
        fcntl.ioctl(self._listener, ANSWER, RESPONSE.pack(*response))

    def _learn(self, caller: Caller, arguments: list[int]) -> None:
        """Remember the file whose handle the server asks for."""
        folder, name, flags = caller.file(arguments[0]), caller.text(arguments[1]), arguments[4]
        follow = 0 if not name or flags & AT_SYMLINK_FOLLOW else os.O_NOFOLLOW
        file = os.open(os.path.join(folder, name) if name else folder, os.O_PATH | follow)
        try:
            self._files.learn(handle_of(file, ""), os.readlink(f"/proc/self/fd/{file}"))
        finally:
            os.close(file)

    def _open(self, call_id: int, caller: Caller, arguments: list[int]) -> None:
        """Give the server a descriptor of the file that it opens. Raises OSError."""
        size = struct.unpack("=I", caller.read(arguments[1], 4))[0]
        handle = caller.read(arguments[1], 8 + min(size, 128))
        mount = os.open(caller.file(arguments[0]), os.O_PATH)
        try:
            file = self._files.open(handle, mount)
        finally:
            os.close(mount)
        try:
            self._hand_over(call_id, caller, file, arguments[2])
        finally:
            os.close(file)

    def _hand_over(self, call_id: int, caller: Caller, file: int, flags: int) -> None:
        """Open `file` as `flags` say, and end the call with the descriptor. Raises OSError.

        A descriptor made with O_PATH cannot be handed over. One for reading serves as well, but for links and
        the like, which nobody can open: for them stands a file in memory with their path.
        """
        path, kind = f"/proc/self/fd/{file}", os.fstat(file).st_mode
        if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
            wanted = os.O_RDONLY if flags & os.O_PATH else flags
            opened, number, how = os.open(path, wanted & ~(os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL)), 0, 0
        else:
            opened, number, how = os.memfd_create(STAND_IN), self._free_number(caller), ADDFD_SETFD
            os.write(opened, os.fsencode(os.readlink(path)))
        try:
            close_on_exec = flags & os.O_CLOEXEC
            request = struct.pack("=QIIII", call_id, ADDFD_SEND | how, opened, number, close_on_exec)
            fcntl.ioctl(self._listener, ADD_FD, request)
        finally:
            os.close(opened)

    def _free_number(self, caller: Caller) -> int:
        """Return a number of a descriptor that the caller has not, among those whose use comes here."""
        for number in self._stand_ins:
            if not os.path.lexists(caller.file(number)):
                return number
        raise OSError(errno.EMFILE, "too many links are open")


def describe(caller: Caller, number: int, arguments: list[int]) -> int | None:
    """Answer fstat(2) and readlinkat(2) of a file in memory for the file that it stands for.

    Return the result of the call, or None for any other file: the kernel does it. Raises OSError.
    """
    path = caller.file(arguments[0])
    if not os.readlink(path).startswith(f"/memfd:{STAND_IN}"):
        return None
    with open(path, "rb") as memory:
        file = os.open(os.pread(memory.fileno(), 4096, 0), os.O_PATH | os.O_NOFOLLOW)
    try:
        if number == READLINKAT:
            target = os.fsencode(os.readlink("", dir_fd=file))[: arguments[3]]
            caller.write(arguments[2], target)
            return len(target)
        found = ctypes.create_string_buffer(256)
        if LIBC.syscall(FSTATAT, file, b"", found, AT_EMPTY_PATH):
            raise OSError(ctypes.get_errno(), "fstatat")
        caller.write(arguments[1 if number == FSTAT else 2], found.raw[:STAT_SIZE])
        return 0
    finally:
        os.close(file)


def confine(first_stand_in: int) -> int:
    """Return a descriptor whose holder answers calls of this process, and of all that come from it.

    Calls for files are slowed down only where the descriptor may be that of a stand-in. Raises OSError.
    """
    load, equal, at_least, any_bit, end = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
    program = [
        (load, 0, 0, 0),  # the number of the call
        (equal, 9, 0, NAME_TO_HANDLE),
        (equal, 8, 0, OPEN_BY_HANDLE),
        (equal, 4, 0, READLINKAT),
        (equal, 3, 0, FSTAT),
        (equal, 0, 4, FSTATAT),
        (load, 0, 0, 16 + 3 * 8),  # its fourth argument
        (any_bit, 0, 2, AT_EMPTY_PATH),
        (load, 0, 0, 16),  # its first argument, a descriptor
        (at_least, 1, 0, first_stand_in),
        (end, 0, 0, ALLOW),
        (end, 0, 0, NOTIFY),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER
    listener = LIBC.syscall(SECCOMP, 1, 8, struct.pack("@HP", len(program), ctypes.addressof(code)))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(listener)


def kernel_opens_files() -> bool:
    """Tell whether the kernel opens files by handle for this process; this very file is tried."""
    folder = os.open(os.path.dirname(os.path.abspath(__file__)), os.O_RDONLY)
    try:
        handle = handle_of(folder, os.path.basename(__file__))
        file = int(LIBC.open_by_handle_at(folder, handle, os.O_RDONLY))
        if file >= 0:
            os.close(file)
        return file >= 0
    except OSError:
        return True  # there are no handles here: nothing can help
    finally:
        os.close(folder)


def supervise(command: list[str]) -> int:
    """Run the command, answer its calls, and return its exit code."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    first_stand_in = max(most, FEWEST_DESCRIPTORS) // 2
    ours, theirs = socket.socketpair()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # the command may end before the handlers are there
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        listener = confine(first_stand_in)
        socket.send_fds(theirs, [b"x"], [listener])
        os.close(listener)
        os.execvp(command[0], command)
    theirs.close()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: os.kill(pid, received))
    signal.signal(signal.SIGCHLD, lambda *_: os._exit(_code(os.waitpid(pid, 0)[1])))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    Supervisor(descriptors[0], first_stand_in).serve()
    signal.pause()  # until the server's end is told
    return 1


def _code(status: int) -> int:
    return os.waitstatus_to_exitcode(status) & 0xFF


def main(command: list[str]) -> int:
    """Do what the command line says."""
    if kernel_opens_files():
        os.execvp(command[0], command)
    return supervise(command)
