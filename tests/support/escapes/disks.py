"""Attempts at the server's disks and files."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from .attempt import LIBC, MS_BIND, MS_RDONLY, MS_REMOUNT, attempt, mount, mounted, opened

LOOP = 7
"""The first number of a loop device."""


@attempt
def disks_of_the_server() -> str:
    """make a device of one of the server's disks (`mknod`, on several file systems), read it, or mount it"""
    places = ["/tmp", "/run", "/dev", "/dev/shm", "/root"]
    with mounted("tmpfs") as own, mounted("ramfs") as other:
        for place in filter(None, [*places, own, other]):
            for number in disks():
                with suppress(OSError):
                    os.mknod(f"{place}/escape", stat.S_IFBLK | 0o600, number)
                    return f"made in {place}; {used(f'{place}/escape')}"
    found = [file.path for file in os.scandir("/dev") if stat.S_ISBLK(file.stat().st_mode)]
    return " ".join([*found, *(f"mounted {kind}" for kind in ("ext4", "xfs", "btrfs") if mounts_disk(kind))])


def disks() -> list[int]:
    """Return the numbers of the server's disks; those of its loop devices are the last."""
    lines = [line.split() for line in Path("/proc/partitions").read_text().splitlines()[2:]]
    lines += [line.split()[2].split(":") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    pairs = {(int(line[0]), int(line[1])) for line in lines}
    return [os.makedev(*pair) for pair in sorted(pairs, key=lambda pair: (pair[0] == LOOP, pair)) if pair[0]]


def used(device: str) -> str:
    """Return what can be done with a device of a disk, and remove it."""
    done = [kind for kind in ("ext4", "xfs", "btrfs", "fuseblk") if mounts_disk(kind, device)]
    with suppress(OSError), open(device, "rb") as file:
        done += [f"read {len(file.read(512))}"]
    os.unlink(device)
    return ", ".join(done)


def mounts_disk(kind: str, device: str = "/dev/vda") -> bool:
    """Tell whether a disk can be mounted, or could be if the server did not use it at the moment."""
    folder = tempfile.mkdtemp()
    done = mount(device, folder, kind, MS_RDONLY)
    is_busy = not done and ctypes.get_errno() == errno.EBUSY
    if done:
        LIBC.umount2(os.fsencode(folder), 2)
    os.rmdir(folder)
    return done or is_busy


@attempt
def loop_devices() -> str:
    """make a disk of a file of the host (`/dev/loop-control`, `/dev/loop0`), to mount it"""
    for number in range(8):
        with suppress(OSError):
            os.mknod("/run/escape", stat.S_IFBLK | 0o600, os.makedev(LOOP, number))
            os.unlink("/run/escape")
            return f"made loop{number}"
    return opened("/dev/loop-control", *(f"/dev/loop{number}" for number in range(64)))


@attempt
def disks_by_fuse() -> str:
    """open a device of the server's disk that an own file system shows (FUSE)"""
    wire = os.open("/dev/fuse", os.O_RDWR)
    folder = tempfile.mkdtemp()
    options = f"fd={wire},rootmode=40000,user_id=0,group_id=0,allow_other"
    if not mount("escape", folder, "fuse", options=options):
        os.close(wire)
        return ""
    if not (server := os.fork()):
        with suppress(OSError):
            while True:
                answer_fuse(wire, os.read(wire, 1 << 17))
        os._exit(0)
    os.close(wire)
    found = ""
    try:
        if not stat.S_ISBLK(os.lstat(f"{folder}/disk").st_mode):
            raise RuntimeError("the file system does not show its device")
        with suppress(OSError), open(f"{folder}/disk", "rb") as file:
            found = f"read {len(file.read(512))}"
        return found or ("mounted" if mounts_disk("ext4", f"{folder}/disk") else "")
    finally:
        LIBC.umount2(os.fsencode(folder), 2)
        os.waitpid(server, 0)


def answer_fuse(wire: int, request: bytes) -> None:
    """Show a folder (node 1) with a device of the first disk in it (node 2): linux/fuse.h."""
    _, code, unique, node = struct.unpack_from("=IIQQ", request)
    lookup, getattr_, init = 1, 3, 26
    mode = stat.S_IFDIR | 0o755 if node == 1 and code != lookup else stat.S_IFBLK | 0o666
    shown = 1 if mode & stat.S_IFDIR == stat.S_IFDIR and node == 1 and code != lookup else 2
    attributes = struct.pack("=QQQQQQ10I", shown, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, disks()[0], 512, 0)
    answers = {
        init: struct.pack("=IIIIHHIIHHI7I", 7, 31, 65536, 0, 12, 10, 65536, 1, 0, 0, *[0] * 8),
        getattr_: struct.pack("=QII", 60, 0, 0) + attributes,
        lookup: struct.pack("=QQQQII", 2, 0, 60, 60, 0, 0) + attributes,
    }
    if code in answers:
        os.write(wire, struct.pack("=IiQ", 16 + len(answers[code]), 0, unique) + answers[code])
    elif code not in (2, 42):  # FORGET and BATCH_FORGET have no answer
        os.write(wire, struct.pack("=IiQ", 16, -errno.ENOSYS, unique))


@attempt
def root_of_the_server() -> str:
    """reach the server's files by `/proc/1/root`, by an overlay of it, or by folders that processes use"""
    own = set(os.listdir("/"))
    if not os.path.samefile("/proc/1/root", "/"):
        return "another root"
    with tempfile.TemporaryDirectory(dir="/run") as place:
        for name in ("upper", "work", "all"):
            os.mkdir(f"{place}/{name}")
        lower = f"lowerdir=/proc/1/root,upperdir={place}/upper,workdir={place}/work"
        if mount("overlay", f"{place}/all", "overlay", options=lower):
            more = set(os.listdir(f"{place}/all")) - own
            LIBC.umount2(os.fsencode(f"{place}/all"), 2)
            if more:
                return " ".join(more)
    for pattern in ("cwd", "root", "fd/*"):
        for link in Path("/proc").glob(f"[0-9]*/{pattern}"):
            with suppress(OSError):  # the process has ended
                if os.path.isdir(link) and leads_out(str(link)):
                    return str(link)
    return ""


def leads_out(folder: str) -> bool:
    """Tell whether the way up from a folder ends at another root than the own one."""
    handle = os.open(folder, os.O_PATH)
    try:
        for _ in range(64):
            above = os.open("..", os.O_PATH, dir_fd=handle)
            same = os.path.sameopenfile(above, handle)
            os.close(handle)
            handle = above
            if same:
                return not os.path.samefile(f"/proc/self/fd/{handle}", "/")
        return False
    finally:
        os.close(handle)


@attempt
def files_lent_by_the_server() -> str:
    """write to the files and folders that the server shows to the host (`/run/host`)"""
    for place in ("/run/host", "/run/host/incoming", "/run/host/inaccessible"):
        mount("", place, "", MS_REMOUNT | MS_BIND)
    return opened(*(str(file) for file in Path("/run/host").glob("*") if file.is_file()))


@attempt
def names_of_others() -> str:
    """read in the kernel's tables which students have seats (`/sys/block`, `/proc/self/mountinfo`)"""
    tables = [*Path("/sys/block").glob("*/loop/backing_file")]
    tables += [Path("/proc/self/mountinfo"), Path("/proc/swaps")]
    return " ".join(str(table) for table in tables if sys.argv[3] in table.read_text())


@attempt
def handles_of_files() -> str:
    """open the root of the server's disk by its handle (`open_by_handle_at`)"""
    for place in ("/", "/run/host/os-release", "/dev/fuse", "/etc/hostname"):
        with suppress(OSError):
            file = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
            for flags in (os.O_RDONLY, os.O_RDONLY | os.O_DIRECTORY):
                handle = struct.pack("=IiIi", 8, 1, 2, 0) + bytes(120)  # inode 2 of ext4
                found = LIBC.open_by_handle_at(file, handle, flags)
                if found >= 0:
                    return place
            os.close(file)
    return ""
