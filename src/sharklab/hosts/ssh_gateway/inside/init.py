"""The first program of the gateway's jail: init.py SSHD PYTHON

It accepts connections on the socket that the supervisor opened, and starts one sshd -i for each (sshd(8)).
It also relays forwarded ports: the firewall of the jail (nft(8)) leads each connection of an sshd to one
port here, the kernel tells the uid of the student who made it (/proc/net/tcp), and the door connects.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sharklab.hosts.door import protocol

LISTENER, SUPERVISOR = 3, 4
"""Descriptors: the listening socket, and a pipe that ends with the supervisor."""

DOOR = "/gateway/door/socket"
LISTS = Path("/gateway/lists")
PROGRAMS = Path("/gateway/programs")
PRIVATE = Path("/gateway/private")
OWN = Path("/etc/sharklab")
SOCKETS = Path("/proc/net/tcp")
RELAY = ("127.0.0.1", 1)
MOST, MOST_OF_ADDRESS = 512, 128
"""Connections at once: of all, and of one address, behind which a whole class may be."""

MOST_FORWARDED = 32
"""Forwarded connections of one student at once."""

CHUNK = 1 << 16
ORIGINAL_DESTINATION = 80
"""SO_ORIGINAL_DST (linux/netfilter_ipv4.h)."""

COUNTING = threading.Lock()
RULES = """\
table ip gateway {
  chain out {
    type nat hook output priority -100
    ip daddr 127.2.0.0/16 meta l4proto tcp redirect to :1
  }
}
"""


def prepare(python: str) -> None:
    """Make the files that sshd wants as its own, in the memory of the jail."""
    for folder in (OWN, Path("/run/sshd")):
        folder.mkdir(mode=0o755, parents=True)
    etc = Path("/etc")
    for name in ("passwd", "hosts"):
        (etc / name).symlink_to(LISTS / name)
    (etc / "shadow").symlink_to(PRIVATE / "shadow")
    write(etc / "group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n", 0o644)
    write(etc / "nsswitch.conf", "passwd: files\nshadow: files\ngroup: files\nhosts: files\n", 0o644)
    write(OWN / "host_key", (PRIVATE / "host_key").read_text(), 0o600)
    write(OWN / "list_keys", f"#!{python} -IS\n{(PROGRAMS / 'list_keys.py').read_text()}", 0o755)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)


def write(path: Path, content: str, mode: int) -> None:
    """Write a file with a mode (chmod(2)) that the umask does not change."""
    with path.open("w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)


def uid_of(peer: tuple[str, int], table: str) -> int:
    """Return the uid that made the connection whose own end is `peer`, by /proc/net/tcp; -1 if unknown."""
    packed = struct.unpack("=I", socket.inet_aton(peer[0]))[0]
    wanted = f"{packed:08X}:{peer[1]:04X}"
    for line in table.splitlines()[1:]:
        words = line.split()
        if words[1] == wanted:
            return int(words[7])
    return -1


def relay(connection: socket.socket, peer: tuple[str, int], forwarded: Counter[int]) -> None:
    """Lead a forwarded connection to its host, or end it; `forwarded` counts those of each uid."""
    uid = uid_of(peer, SOCKETS.read_text())
    with COUNTING:
        forwarded[uid] += 1
    try:
        with connection:
            if forwarded[uid] <= MOST_FORWARDED:
                lead(connection, uid)
            else:
                reset(connection)
    finally:
        with COUNTING:
            forwarded[uid] -= 1


def reset(connection: socket.socket) -> None:
    """Let a connection end with a RST, as one that nobody accepts."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def lead(connection: socket.socket, uid: int) -> None:
    """Ask the door for the host that a connection of a student is for, and copy both ways."""
    raw = connection.getsockopt(socket.SOL_IP, ORIGINAL_DESTINATION, 16)
    port, address = struct.unpack("!2xH4s8x", raw)
    content = json.loads((LISTS / "relay.json").read_text())
    student = content["students"].get(str(uid), "")
    lab, host = content["hosts"].get(socket.inet_ntoa(address), ("", ""))
    request = {"want": "forward", "student": student, "lab": lab, "host": host, "port": port}
    try:
        answer, handles = protocol.ask(DOOR, request)
    except protocol.BrokenTalk as error:
        answer, handles = {"error": str(error)}, []
    if not handles:
        print(f"forward: {student} {host}:{port}: {answer.get('error')}", file=sys.stderr, flush=True)
        reset(connection)
        return
    with socket.socket(fileno=handles[0]) as there:
        back = threading.Thread(target=copy, args=(there, connection), daemon=True)
        back.start()
        copy(connection, there)
        back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes one way until the source ends, and tell the target so."""
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def relay_all() -> None:
    """Relay forwarded connections for ever."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(RELAY)
    listener.listen(128)
    forwarded: Counter[int] = Counter()
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=relay, args=(connection, peer, forwarded), daemon=True).start()


class Running:
    """The sshd processes that run, with the address that each serves."""

    def __init__(self) -> None:
        self._all: list[tuple[Any, str]] = []

    def room(self, address: str) -> bool:
        """Forget those that ended, and tell whether one more may start for an address."""
        self._all = [(child, own) for child, own in self._all if child.poll() is None]
        counts = Counter(own for _, own in self._all)
        return len(self._all) < MOST and counts[address] < MOST_OF_ADDRESS

    def add(self, child: Any, address: str) -> None:
        """Note a new one."""
        self._all.append((child, address))


def accept_all(listener: socket.socket, sshd: str) -> None:
    """Start an sshd for each connection, for ever."""
    running = Running()
    while True:
        try:
            connection, peer = listener.accept()
        except OSError:
            time.sleep(0.1)  # too many open files, for example: later there are fewer
            continue
        with connection:
            if not running.room(peer[0]):
                print(f"refused: too many connections from {peer[0]}", file=sys.stderr, flush=True)
                continue
            words = [sshd, "-i", "-e", "-f", str(LISTS / "sshd_config")]
            own = connection.fileno()
            running.add(subprocess.Popen(words, stdin=own, stdout=own), peer[0])


def end_with_supervisor() -> None:
    """End the jail, with all that runs in it, when the supervisor has ended in whatever way."""
    os.set_inheritable(SUPERVISOR, False)
    os.read(SUPERVISOR, 1)
    os._exit(1)


def main() -> int:
    """Prepare the jail, and work in it until it ends."""
    sshd, python = sys.argv[1:]
    listener = socket.socket(fileno=LISTENER)
    listener.set_inheritable(False)
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    prepare(python)
    threading.Thread(target=end_with_supervisor, daemon=True).start()
    threading.Thread(target=relay_all, daemon=True).start()
    print("ready", file=sys.stderr, flush=True)
    accept_all(listener, sshd)
    return 1


if __name__ == "__main__":
    sys.exit(main())
