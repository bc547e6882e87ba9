"""Make the mounts of a host in a namespace of their own, and become the command that boots it.

    boot.py NETWORK_NAMESPACE FIRST_USER LOWERDIR COMMAND...

host.sh runs it in the folder of the host. The command finds the interfaces of NETWORK_NAMESPACE ("-": none)
around it. FIRST_USER is the user of this machine that stands for root of the
host, and the next 65535 stand for its other users (user_namespaces(7)); "-" is a host without users of its
own. On disk a file has the owner that the host shows, whichever users the host has at the moment: the layers
are mounted with shifted owners (mount_setattr(2), MOUNT_ATTR_IDMAP), and the overlay lies above them.

mount(8) shifts owners since util-linux 2.39 only, which is newer than Debian 12. The kernel does it since
Linux 5.12, and below an overlay since 5.19.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import time

# This program starts once for each host: pathlib and typing would take half of its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 65536
"""The users of a host."""

AT = "/run/systemd/nspawn"
"""Hidden by a file system of the host's own, so that the locks of systemd-nspawn end with the host."""

STORE = "/run/systemd/nspawn/own"
"""The place of the folder that has the upper folder of the overlay."""

DISK_FILE = "disk.ext4"
MOUNT_DISK = ("mount", "-t", "ext4", "-o", "loop,noatime,discard,nodev,nosuid")
"""A file system in the folder of the host for that, and the command that mounts it."""

EXPORTED = "index=on,nfs_export=on,xino=on"
"""The options of an overlay that NFS servers can export: files have handles, and each is on the device of its
folder, whichever layer they come from."""

BUSY_TRIES, BUSY_PAUSE = 25, 0.2
FUSE_DEVICE = os.makedev(10, 229)

# From the kernel's headers. These calls have one number on every architecture.
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
OPEN_TREE_CLONE, AT_FDCWD, AT_EMPTY_PATH, MOVE_MOUNT_F_EMPTY_PATH, MOUNT_ATTR_IDMAP = (
    1,
    -100,
    0x1000,
    4,
    0x100000,
)
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_RDONLY, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x1000, 0x4000, 0x40000

ABIS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""By machine, the number of its own system calls' kind (linux/audit.h), and that of socket(2) among them."""

AF_VSOCK = 40
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ALLOW, REFUSE = 22, 2, 0x7FFF0000, 0x00050000

LIBC = ctypes.CDLL(None, use_errno=True)


class MountAttributes(ctypes.Structure):
    """The struct mount_attr of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns_fd")]


def make_mounts(name: str, first: int | None, lowers: list[str]) -> None:
    """Mount the root of the host at `root`, and all that systemd-nspawn(1) needs for it.

    `name` is that of the host's network namespace. `first` is the first user of the host, or None for a host
    without users of its own. Paths are relative to the folder of the host. Raises OSError with the name of
    the call that failed.
    """
    _check(LIBC.unshare(CLONE_NEWNS), "unshare")
    mount("", "/", "", MS_REC | MS_PRIVATE)
    os.makedirs(AT, exist_ok=True)
    mount("tmpfs", AT, "tmpfs", options="mode=755")
    _make_fuse()
    users = None if first is None else open_user_namespace(first)
    layers = [f"{AT}/lower{number}" for number in range(len(lowers))]
    own = _mount_disk_file(name) if os.path.exists(DISK_FILE) else "."
    for source, target in zip([*lowers, own], [*layers, STORE], strict=True):
        os.mkdir(target)
        bind(source, target, users)
    options = f"lowerdir={':'.join(layers)},upperdir={STORE}/upper,workdir={STORE}/work"
    mount_overlay(f"{options},{EXPORTED}")
    _show_own_interfaces()


def _mount_disk_file(name: str) -> str:
    """Mount the file system of the host, with the files of its first boot, and return its place.

    Every host can read the path of each such file (/sys/block/loop0/loop/backing_file). So the folder of the
    host, whose path has the name of the student, is mounted at a place that has the name `name` alone.
    """
    place, folder = f"{AT}/disk", f"{AT}/{name}"
    for made in (place, folder):
        os.mkdir(made)
    mount(".", folder, "", MS_BIND)
    _patiently(lambda: _run(*MOUNT_DISK, f"{folder}/{DISK_FILE}", place))
    upper, draft = f"{place}/upper", f"{place}/upper.new"
    if not os.path.exists(upper):
        os.makedirs(f"{place}/work", mode=0o755, exist_ok=True)
        if os.path.exists(draft):  # the machine went down meanwhile
            _run("rm", "-rf", draft)
        _run("cp", "--archive", "upper", draft)
        os.rename(draft, upper)
    if os.path.exists("upper"):
        _run("rm", "-rf", "upper")
    return place


def _run(*command: str) -> None:
    """Run a command. Raises OSError when it fails; it says itself why."""
    if os.spawnvp(os.P_WAIT, command[0], command):
        raise OSError(errno.EBUSY, f"failed: {' '.join(command)}")


def mount_overlay(options: str) -> None:
    """Mount the root of the host. Raises OSError."""
    _patiently(lambda: mount("overlay", "root", "overlay", options=options))


def _patiently(mount_disk: Callable[[], None]) -> None:
    """Mount a disk. Its last boot, or a set-up of it that was killed, lets go of it a moment later."""
    for tries in range(BUSY_TRIES, -1, -1):
        try:
            mount_disk()
            return
        except OSError as error:
            if error.errno != errno.EBUSY or not tries:
                raise
            time.sleep(BUSY_PAUSE)


def open_user_namespace(first: int) -> int:
    """Return a descriptor of a user namespace in which `first` is 0. Raises OSError.

    Root is `COUNT` there: the mount of an overlay makes files in `work`, as the user that mounts it.
    """
    ready, done = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(done[1])
        os.write(ready[1], bytes([LIBC.unshare(CLONE_NEWUSER) and ctypes.get_errno()]))
        os.read(done[0], 1)
        os._exit(0)
    try:
        if code := os.read(ready[0], 1)[0]:
            raise OSError(code, f"{os.strerror(code)} (user namespace)")
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{pid}/{name}", "w") as file:
                file.write(f"0 {first} {COUNT}\n{COUNT} 0 1\n")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(done[1])
        os.waitpid(pid, 0)


def bind(source: str, target: str, users: int | None) -> None:
    """Mount the folder `source` at `target` also, with owners shifted by the namespace `users`.

    Raises OSError.
    """
    if users is None:
        mount(source, target, "", MS_BIND)
        return
    tree = _call(OPEN_TREE, "open_tree", AT_FDCWD, os.fsencode(source), OPEN_TREE_CLONE | os.O_CLOEXEC)
    wanted = MountAttributes(set=MOUNT_ATTR_IDMAP, userns_fd=users)
    size = ctypes.sizeof(wanted)
    _call(MOUNT_SETATTR, "mount_setattr", tree, b"", AT_EMPTY_PATH, ctypes.byref(wanted), size)
    _call(MOVE_MOUNT, "move_mount", tree, b"", AT_FDCWD, os.fsencode(target), MOVE_MOUNT_F_EMPTY_PATH)
    os.close(tree)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Call mount(2). Raises OSError."""
    words = [os.fsencode(word) for word in (source, target, kind)]
    _check(LIBC.mount(*words, ctypes.c_ulong(flags), os.fsencode(options)), f"mount {target}")


def refuse_calls() -> None:
    """Let this process, and all that come from it, reach the kernel through fewer calls (seccomp(2)).

    No namespace holds a socket to the hypervisor of a virtual machine (vsock(7)), so none can be made. The
    calls of other machines' programs, as of 32 bits, are refused, too. Raises OSError.
    """
    if os.uname().machine not in ABIS:
        return
    kind, socket_call = ABIS[os.uname().machine]
    load, equal, at_least, end = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
    program = [
        (load, 0, 0, 4),  # the kind of the call
        (equal, 0, 6, kind),
        (load, 0, 0, 0),  # its number
        (at_least, 4, 0, 0x40000000),  # calls of x32
        (equal, 0, 2, socket_call),
        (load, 0, 0, 16),  # the family of the socket
        (equal, 2, 0, AF_VSOCK),
        (end, 0, 0, ALLOW),
        (end, 0, 0, REFUSE | errno.ENOSYS),
        (end, 0, 0, REFUSE | errno.EAFNOSUPPORT),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    rules = struct.pack("@HP", len(program), ctypes.addressof(code))
    _check(LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, rules), "prctl")


def _make_fuse() -> None:
    """Make a device that every user of the host may open: that of the machine may be root's alone."""
    if not os.path.exists("/dev/fuse"):
        return
    own = f"{AT}/fuse"
    try:
        os.mknod(own, 0o020666, FUSE_DEVICE)
    except PermissionError:  # in a container
        with open(own, "w"):
            mount("/dev/fuse", own, "", MS_BIND)
    else:
        os.chmod(own, 0o666)  # noqa: S103 - as udev does


def _show_own_interfaces() -> None:
    """Mount /sys with the interfaces of this network namespace: systemd-nspawn looks for them there."""
    groups = f"{AT}/cgroup"
    os.mkdir(groups)
    mount("/sys/fs/cgroup", groups, "", MS_BIND | MS_REC)
    mount("sysfs", "/sys", "sysfs", MS_RDONLY)
    mount(groups, "/sys/fs/cgroup", "", MS_BIND | MS_REC)


def _enter(namespace: str) -> None:
    """Go to a network namespace, as ip-netns(8) names them, or to a new one."""
    if namespace == "-":
        _check(LIBC.unshare(CLONE_NEWNET), "unshare")
        return
    with open(f"/run/netns/{namespace}") as file:
        _check(LIBC.setns(file.fileno(), CLONE_NEWNET), "setns")


def _call(number: int, name: str, *arguments: object) -> int:
    return _check(LIBC.syscall(number, *arguments), name)


def _check(result: int, name: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{os.strerror(code)} ({name})")
    return result


def main(namespace: str, first: str, lowers: str, *command: str) -> None:
    """Do what the command line says; this process becomes the command."""
    try:
        _enter(namespace)
        refuse_calls()
        make_mounts(namespace, None if first == "-" else int(first), lowers.split(":"))
    except OSError as error:
        sys.exit(f"boot.py: {error.strerror or error}")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
