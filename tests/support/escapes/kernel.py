"""Attempts at the kernel: its devices, settings, memory, processes and limits."""

from __future__ import annotations

import fcntl
import os
import resource
import socket
import stat
import struct
import time
from contextlib import suppress
from pathlib import Path

from .attempt import LIBC, MS_BIND, MS_REMOUNT, attempt, call, mount, mounted, opened

NS_GET_USERNS, NS_GET_PARENT = 0xB701, 0xB702


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
