"""Root of a host tries to get out of it, or to reach its neighbours; nothing here does harm if it works.

    escape_program.py INTERFACES NEIGHBOURS STUDENT

A test sends this program to a host. INTERFACES are those of the host, NEIGHBOURS the management addresses of
the other hosts, both with commas. STUDENT is the student of the seat. It prints {name of a function: result}:
"" when the attempt was refused, else the sign of success. The docstrings of the functions are the table in
docs/providers.md.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import platform
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CONTROLLER = "169.254.77.1"
MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096
LOOP = 7
"""The first number of a loop device."""

CLONE_NEWNS, CLONE_NEWCGROUP = 0x20000, 0x2000000
NS_GET_USERNS, NS_GET_PARENT = 0xB701, 0xB702
CALLS = {
    "x86_64": {"init_module": 175, "kexec_load": 246, "keyctl": 250, "add_key": 248, "iopl": 172},
    "aarch64": {"init_module": 105, "kexec_load": 104, "keyctl": 219, "add_key": 217},
}[platform.machine()]
REFUSED = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS)

ATTEMPTS: dict[str, Callable[[], str]] = {}


def attempt(function: Callable[[], str]) -> Callable[[], str]:
    """Add a function to the list of attempts."""
    ATTEMPTS[function.__name__] = function
    return function


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> bool:
    """Tell whether the mount came about."""
    words = [os.fsencode(word) for word in (source, target, kind)]
    return bool(LIBC.mount(*words, ctypes.c_ulong(flags), os.fsencode(options)) == 0)


@contextmanager
def mounted(kind: str, options: str = "") -> Iterator[str]:
    """Mount a file system of a kind for a moment, and give its folder; "" when that is refused."""
    folder = tempfile.mkdtemp()
    done = mount(kind, folder, kind, options=options)
    try:
        yield folder if done else ""
    finally:
        if done:
            LIBC.umount2(os.fsencode(folder), 2)
        os.rmdir(folder)


def opened(*files: str) -> str:
    """Return the first of the files that opens for writing; nothing is written."""
    for file in files:
        with suppress(OSError):
            os.close(os.open(file, os.O_WRONLY))
            return file
    return ""


def call(name: str, *arguments: object) -> str:
    """Return a sign of success unless the kernel refuses the system call for lack of rights."""
    if name not in CALLS:
        return ""
    result = LIBC.syscall(CALLS[name], *arguments)
    return "" if result < 0 and ctypes.get_errno() in REFUSED else f"{name}: {result}, {ctypes.get_errno()}"


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
def device_of_the_machine() -> str:
    """make, or find, other devices: `/dev/kmsg`, `/dev/kvm`, `/dev/mem`, `/dev/loop-control`"""
    for name, major, minor in (("kmsg", 1, 11), ("mem", 1, 1), ("kvm", 10, 232), ("loop-control", 10, 237)):
        if Path(f"/dev/{name}").exists() and opened(f"/dev/{name}"):
            return name
        with suppress(OSError):
            os.mknod("/tmp/escape", stat.S_IFCHR | 0o600, os.makedev(major, minor))
            os.unlink("/tmp/escape")
            return f"made {name}"
    return ""


@attempt
def file_systems_of_the_kernel() -> str:
    """mount debugfs, tracefs, securityfs, configfs, pstore, devtmpfs or efivarfs"""
    for kind in ("debugfs", "tracefs", "securityfs", "configfs", "pstore", "devtmpfs", "efivarfs"):
        with mounted(kind) as folder:
            if folder:
                return kind
    return ""


@attempt
def settings_of_the_kernel() -> str:
    """write settings of the kernel in `/proc/sys`, also after a new mount of `/proc`"""
    names = (
        "kernel/core_pattern",
        "kernel/printk",
        "kernel/modprobe",
        "vm/drop_caches",
        "vm/overcommit_memory",
        "fs/inotify/max_user_instances",
        "fs/file-max",
        "kernel/pty/max",
    )
    mount("", "/proc/sys", "", MS_REMOUNT | MS_BIND)
    with mounted("proc") as folder:
        places = ["/proc/sys", *([f"{folder}/sys"] if folder else [])]
        return opened(*(f"{place}/{name}" for place in places for name in names))


@attempt
def settings_of_devices() -> str:
    """write settings of devices and of power in `/sys`, also after a remount"""
    mount("", "/sys", "", MS_REMOUNT | MS_BIND)
    names = (
        "power/state",
        "kernel/mm/transparent_hugepage/enabled",
        "kernel/uevent_helper",
        "kernel/kexec_loaded",
    )
    queues = [str(file) for file in Path("/sys/block").glob("*/queue/*")]
    return opened(*(f"/sys/{name}" for name in names), *queues)


@attempt
def magic_key() -> str:
    """send a magic key to the kernel (`/proc/sysrq-trigger`)"""
    with mounted("proc") as folder:
        return opened("/proc/sysrq-trigger", f"{folder}/sysrq-trigger")


@attempt
def kernel_modules() -> str:
    """load a module or another kernel (`init_module`, `kexec_load`), or reach the hardware (`iopl`)"""
    found = [call("init_module", b"nothing", 7, b""), call("kexec_load", 0, 0, 0, 0), call("iopl", 3)]
    return " ".join(filter(None, found))


@attempt
def clock_and_name() -> str:
    """set the server's clock"""
    now = struct.pack("=qq", *divmod(time.time_ns(), 10**9))
    return "set" if LIBC.clock_settime(0, now) == 0 else ""


@attempt
def namespaces_of_the_server() -> str:
    """enter a namespace outside (`setns`): the parent of the host's own, or that of another process"""
    own = os.open("/proc/self/ns/user", os.O_RDONLY)
    for request in (NS_GET_PARENT, NS_GET_USERNS):
        with suppress(OSError):
            return f"parent {fcntl.ioctl(own, request)}"
    with suppress(OSError):
        outer = fcntl.ioctl(os.open("/proc/1/ns/net", os.O_RDONLY), NS_GET_USERNS)
        if not os.path.sameopenfile(outer, own):
            return "owner of the network"
    return ""


@attempt
def processes_of_the_server() -> str:
    """see, trace (`ptrace`) or signal a process outside"""
    seen = {int(name) for name in os.listdir("/proc") if name.isdecimal()}
    for pid in range(1, 5000):
        if pid not in seen and not os.path.exists(f"/proc/{pid}"):  # threads are not listed
            with suppress(OSError):
                os.kill(pid, 0)
                return str(pid)
            if LIBC.ptrace(16, pid, None, None) == 0:
                return f"traced {pid}"
    return ""


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
def memory_of_the_kernel() -> str:
    """read the memory of the kernel (`/proc/kcore`, `/dev/mem`, `/dev/port`), or its place (`/proc/iomem`)"""
    for file in ("/proc/kcore", "/dev/mem", "/dev/port", "/proc/kmsg"):
        with suppress(OSError):
            handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
            try:
                if os.read(handle, 64):
                    return file
            finally:
                os.close(handle)
    addresses = [line.split("-")[0].strip() for line in Path("/proc/iomem").read_text().splitlines()]
    return "addresses" if any(address.strip("0") for address in addresses) else ""


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


@attempt
def end_of_a_control_group() -> str:
    """have the kernel run a program at the end of a control group (`release_agent`)"""
    for controller in ("memory", "devices", "freezer", "cpuset", "pids", "cpu"):
        with mounted("cgroup", controller) as folder:
            if folder and (found := opened(f"{folder}/release_agent")):
                return found
    return opened("/sys/fs/cgroup/release_agent")


@attempt
def own_limits() -> str:
    """raise the own limits of memory, processes and files, or the own priority"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard + 1))
        return "open files"
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        return "priority"
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        return "real time"
    for controller in ("memory", "pids"):
        with mounted("cgroup", controller) as folder:
            if folder and (found := opened(f"{folder}/memory.limit_in_bytes", f"{folder}/pids.max")):
                return found
    return opened(*(f"/sys/fs/cgroup/{name}" for name in ("memory.max", "pids.max", "cpu.max", "cpu.weight")))


@attempt
def keys_of_the_kernel() -> str:
    """read or add keys in the kernel's keyrings"""
    found = [call("keyctl", 0, -4, 0), call("add_key", b"user", b"escape", b"x", 1, -4)]
    return " ".join(filter(None, found))


@attempt
def hypervisor() -> str:
    """open a socket to the hypervisor of a server that is a virtual machine (`AF_VSOCK`)"""
    with suppress(OSError):
        socket.socket(40, socket.SOCK_STREAM).close()
        return "made"
    return ""


@attempt
def networks_of_others() -> str:
    """see an interface of the server or of another seat, to capture there or to send raw packets"""
    own = {"lo", *sys.argv[1].split(",")}
    return ", ".join(name for _, name in socket.if_nameindex() if name not in own)


@attempt
def addresses_of_others() -> str:
    """answer for, or find, another seat by ARP, or get an address by DHCP"""
    for name in sys.argv[1].split(","):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
            wire.bind((name, 0))
            own = wire.getsockname()[4]
            neighbours = sys.argv[2].split(",") if name == "mgmt" else []
            targets = [*neighbours, "10.250.1.10", "10.16.0.10", "10.0.2.3", "192.168.1.1"]
            for target in targets:
                arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + own + bytes(4) + bytes(6)
                wire.send(b"\xff" * 6 + own + b"\x08\x06" + arp + socket.inet_aton(target))
            wire.send(discover(own))
            wire.settimeout(0.5)
            with suppress(OSError):
                while True:
                    frame = wire.recv(2048)
                    is_arp = frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x02"
                    if is_arp and frame[:6] == own and socket.inet_ntoa(frame[28:32]) in targets:
                        return f"{name}: {socket.inet_ntoa(frame[28:32])}"
                    if (
                        frame[12:14] == b"\x08\x00"
                        and frame[23] == 17
                        and frame[34:38] == b"\x00\x43\x00\x44"
                    ):
                        return f"{name}: DHCP"
    return ""


def discover(own: bytes) -> bytes:
    """Return a DHCPDISCOVER (RFC 2131) as an Ethernet frame, without a checksum of UDP (RFC 768)."""
    dhcp = struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x5EA1, 0, 0x8000) + bytes(16) + own + bytes(10 + 192)
    dhcp += b"\x63\x82\x53\x63\x35\x01\x01\xff"
    udp = struct.pack("!HHHH", 68, 67, 8 + len(dhcp), 0) + dhcp
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    return b"\xff" * 6 + own + b"\x08\x00" + head + udp


@attempt
def management_of_others() -> str:
    """reach another host over the management network, directly or through the controller"""
    for neighbour in sys.argv[2].split(","):
        for way in ([], [f"{neighbour}/32", "via", CONTROLLER]):
            if way:
                subprocess.run(["ip", "route", "add", *way], check=True)
            answer = knock(neighbour, 22)
            if way:
                subprocess.run(["ip", "route", "del", *way], check=True)
            if answer:
                return f"{neighbour} {answer}"
    return ""


@attempt
def services_of_the_controller() -> str:
    """reach a service of the controller over the management network"""
    for port in (*range(1, 1025), 2049, 3000, 5000, 5900, 6010, 6379, 8000, 8080, 9090):
        if knock(CONTROLLER, port) == "open":
            return str(port)
    return ""


def knock(address: str, port: int) -> str:
    """Return "open" or "closed" if something answers, else ""."""
    with socket.socket() as probe:
        probe.settimeout(0.7)
        code = probe.connect_ex((address, port))
    return {0: "open", errno.ECONNREFUSED: "closed"}.get(code, "")


def main() -> None:
    """Try everything, and tell how it went."""
    signal.alarm(120)
    if LIBC.unshare(CLONE_NEWNS | CLONE_NEWCGROUP) or not mount("", "/", "", 1 << 18 | 1 << 14):
        raise OSError(ctypes.get_errno(), "unshare")
    print(json.dumps({name: function() for name, function in ATTEMPTS.items()}))


if __name__ == "__main__":
    main()
