"""The program that tries effects on a host: it connects, resolves names, logs in, writes, reads.

It is sent to the Python of the host on standard input, and leaves nothing there. It needs the standard
library only. Each attempt runs in a process of its own: one that hangs is left behind after `LIMIT`
seconds, and the others go on. On a dead NFS server it cannot even be killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import encodings.idna  # noqa: F401 (socket needs it for a name, when the rights to load it may be gone)
import errno
import json
import os
import pwd
import re
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PlainEffect = dict[str, Any]
"""The result of an attempt: see `sharklab.evidence.effects.Effect`."""

LIMIT = 20.0
"""Seconds that an attempt may take: a login or a write on an emulated machine that is busy takes some."""
ANSWER = 5.0
"""Seconds after which the answer to a question for a name comes too late."""
PATIENCE = 4.5
"""Seconds that a packet may take to be answered: the kernel sends a SYN after 0, 1 and 3 s (RFC 6298)."""
REPEATS = (0.0, 1.0, 3.0)
"""Seconds after which a question over UDP is sent, again and again."""
REMOVAL = 60
"""Seconds after which a process that cannot remove its file ends without that."""
READ = 65_536
"""Bytes of a file that are read."""
MOST = 300
"""Characters of a sentence of another program, and entries of a list."""
NOBODY = 65534
"""The user and group without any right."""

IP_RECVERR, IPV6_RECVERR = 11, 25
ICMP_ORIGINS = (2, 3)
"""SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6 of linux/errqueue.h."""
NO_NEIGHBOUR = ([3, 1], [1, 3])
"""Host unreachable (ICMP) and address unreachable (ICMPv6): the kernel tells so where nobody answers ARP."""
CLOSED = ([3, 3], [1, 4])
"""Port unreachable (ICMP, ICMPv6): the answer of a closed port of UDP."""
ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
PACKET_HOST, ARPHRD_LOOPBACK = 0, 772
"""A packet to this host, and the kind of the card `lo`, in the address of a packet (packet(7))."""
SO_ATTACH_FILTER, INSTRUCTION = 26, "=HBBI"
"""The option of socket(7) that takes a filter, and the layout of one instruction of it."""


def reaches(to: str, address: str, port: str) -> PlainEffect:
    """Return the verdict of packets on `port` at `address`: open, other, refused, rejected or silent.

    `other` is a program that does not speak the protocol of the port, which is known for those of `CALLS`.
    `refused` is a RST, or for UDP the ICMP message of a closed port. `rejected` is any other ICMP error, with
    type, code and sender. The kernel keeps that message in the error queue of the socket (ip(7), ipv6(7)).
    `own` is True when this host has the address itself: then the packets have not left it. `unheard` is True
    when there is an answer, but none came from that address to a card: then a rule of this host has made it.
    """
    number, _, transport = port.partition("/")
    is_ipv6 = ":" in address
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    with contextlib.ExitStack() as sockets:
        cards = _listen(sockets, is_ipv6, transport, int(number))
        tried = sockets.enter_context(socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, kind))
        level = (socket.IPPROTO_IPV6, IPV6_RECVERR) if is_ipv6 else (socket.IPPROTO_IP, IP_RECVERR)
        tried.setsockopt(*level, 1)
        tried.setblocking(False)
        code = tried.connect_ex((address, int(number)))
        if code not in (0, errno.EINPROGRESS):
            return {"verdict": "silent", "said": os.strerror(code)}
        own = tried.getsockname()[0]
        found = (
            _connect(tried, own, int(number))
            if transport == "tcp"
            else _ask(tried, own, *QUESTIONS[int(number)]())
        )
        if own == address:
            return {**found, "own": True}
        is_answered = found["verdict"] in ("open", "other", "refused") and "icmp" not in found
        is_heard = not cards or address in _senders(cards, is_ipv6)
        return found if is_heard or not is_answered else {**found, "unheard": True}


def _listen(sockets: contextlib.ExitStack, is_ipv6: bool, transport: str, port: int) -> socket.socket | None:
    """Return a socket, one of `sockets`, that gets what comes from that port of any host (packet(7)).

    Without the right to it, return None.
    """
    network = socket.htons(ETH_P_IPV6 if is_ipv6 else ETH_P_IP)
    try:
        cards = sockets.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, network))
    except OSError:
        return None
    code = _filter(is_ipv6, socket.IPPROTO_TCP if transport == "tcp" else socket.IPPROTO_UDP, port)
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(code) // struct.calcsize(INSTRUCTION), ctypes.addressof(kept))
    cards.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    cards.setblocking(False)
    _senders(cards, is_ipv6)  # what came before the filter
    return cards


def _filter(is_ipv6: bool, protocol: int, port: int) -> bytes:
    """Return the program that passes packets of a protocol from a port (struct sock_filter of Linux)."""
    load_protocol, load_port = (
        ((0x30, 0, 0, 6), [(0x28, 0, 0, 40)])
        if is_ipv6
        else ((0x30, 0, 0, 9), [(0xB1, 0, 0, 0), (0x48, 0, 0, 0)])  # behind a header of any length
    )
    instructions = [
        *(load_protocol, (0x15, 0, len(load_port) + 2, protocol)),
        *(*load_port, (0x15, 0, 1, port)),
        *((0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)),  # take it all, take nothing
    ]
    return b"".join(struct.pack(INSTRUCTION, *each) for each in instructions)


def _senders(cards: socket.socket, is_ipv6: bool) -> set[str]:
    """Return the addresses of the packets to this host that came to its cards; `lo` is none."""
    senders = set()
    with contextlib.suppress(BlockingIOError):
        while True:
            packet, (_, _, kind, hardware, _) = cards.recvfrom(512)
            source = packet[8:24] if is_ipv6 else packet[12:16]
            if kind == PACKET_HOST and hardware != ARPHRD_LOOPBACK:
                senders.add(socket.inet_ntop(socket.AF_INET6 if is_ipv6 else socket.AF_INET, source))
    return senders


def _connect(tried: socket.socket, own: str, port: int) -> PlainEffect:
    waiting = select.poll()
    waiting.register(tried, select.POLLOUT)
    if not waiting.poll(PATIENCE * 1000):
        return {"verdict": "silent"}
    code = tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # first: to read the queue clears it
    told = _icmp(tried)
    if code or told:
        return _error(code, told, own)
    return _call(tried, *CALLS[port]()) if port in CALLS else {"verdict": "open"}


def _call(tried: socket.socket, question: bytes, is_answer: Callable[[bytes], bool]) -> PlainEffect:
    """Return the effect of a question over a connection: another program may hold the port."""
    tried.settimeout(PATIENCE)
    try:
        tried.sendall(question)
        return {"verdict": "open" if is_answer(tried.recv(512)) else "other"}
    except OSError as error:
        return {"verdict": "other", "said": error.strerror or str(error)}


def _ask(tried: socket.socket, own: str, question: bytes, is_answer: Callable[[bytes], bool]) -> PlainEffect:
    """Return the effect of a question over UDP, which is sent at each of `REPEATS`."""
    start = time.monotonic()
    waiting = select.poll()
    waiting.register(tried, select.POLLIN)
    for until in (*REPEATS[1:], PATIENCE):
        with contextlib.suppress(OSError):  # the error of the packet before: it is in the queue
            tried.send(question)
        while (left := start + until - time.monotonic()) > 0:
            waiting.poll(left * 1000)
            told = _icmp(tried)
            try:
                if is_answer(tried.recv(65535)):
                    return {"verdict": "open"}
            except BlockingIOError:
                pass
            except OSError as error:
                return _close(_error(error.errno or 0, told or _icmp(tried), own))
            if told:
                return _close(_error(errno.ECONNREFUSED, told, own))
    return {"verdict": "silent"}


def _close(effect: PlainEffect) -> PlainEffect:
    """Return the effect of a question over UDP: a closed port refuses it."""
    return {**effect, "verdict": "refused"} if effect.get("icmp") in CLOSED else effect


def _error(code: int, told: PlainEffect, own: str) -> PlainEffect:
    """Return the verdict of an error of the socket, with the ICMP message that made it, if one did."""
    said = {"said": os.strerror(code)}
    if not told:
        return {"verdict": "refused" if code == errno.ECONNREFUSED else "silent", **said}
    if told["origin"] == own and told["icmp"] in NO_NEIGHBOUR:
        return {"verdict": "silent", **said}
    return {"verdict": "rejected", **told}


def _icmp(tried: socket.socket) -> PlainEffect:
    """Return type, code and sender of the ICMP message in the error queue, or {} (sock_extended_err)."""
    try:
        _, ancillary, _, _ = tried.recvmsg(512, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return {}
    for level, kind, content in ancillary:
        if (level, kind) in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
            _, origin, icmp, code = struct.unpack_from("=IBBB", content)
            if origin in ICMP_ORIGINS:
                return {"icmp": [icmp, code], "origin": _address(content[16:])}
    return {}


def _address(name: bytes) -> str:
    """Return the address in a struct sockaddr_in or sockaddr_in6."""
    [family] = struct.unpack_from("=H", name)
    if family == socket.AF_INET6:
        return socket.inet_ntop(family, name[8:24])
    return socket.inet_ntop(socket.AF_INET, name[4:8]) if family == socket.AF_INET else ""


def _dns() -> tuple[bytes, Callable[[bytes], bool]]:
    """Return a question for the version of a DNS server (RFC 1035, RFC 4892): it asks nobody else for it."""
    id = secrets.token_bytes(2)
    name = b"\x07version\x04bind\x00"
    return id + struct.pack("!5H", 0, 1, 0, 0, 0) + name + struct.pack(
        "!2H", 16, 3
    ), lambda answer: answer[:2] == id and len(answer) >= 12 and answer[2] >= 0x80


def _ntp() -> tuple[bytes, Callable[[bytes], bool]]:
    """Return a question for the time (RFC 5905): version 4, client; its answer repeats the sending time."""
    sent = secrets.token_bytes(8)
    return b"\x23" + bytes(39) + sent, lambda answer: len(answer) >= 48 and answer[24:32] == sent


def _stun() -> tuple[bytes, Callable[[bytes], bool]]:
    """Return a Binding request of STUN (RFC 8489): its answer has the same transaction."""
    transaction = b"\x21\x12\xa4\x42" + secrets.token_bytes(12)
    return b"\x00\x01\x00\x00" + transaction, lambda answer: answer[4:20] == transaction


def _nfs() -> tuple[bytes, Callable[[bytes], bool]]:
    """Return a call of NFS version 4 that does nothing (RFC 5531, RFC 7530): each server answers it."""
    id = secrets.token_bytes(4)
    call = struct.pack("!9I", 0, 2, 100003, 4, 0, 0, 0, 0, 0)
    return struct.pack(
        "!I", 0x80000000 | len(id + call)
    ) + id + call, lambda answer: answer[4:8] == id and answer[8:12] == struct.pack("!I", 1)


CALLS: Mapping[int, Callable[[], tuple[bytes, Callable[[bytes], bool]]]] = {2049: _nfs}
"""A question for a port of TCP, and the function that knows its answer."""

QUESTIONS: Mapping[int, Callable[[], tuple[bytes, Callable[[bytes], bool]]]] = {
    53: _dns,
    123: _ntp,
    3478: _stun,
}
"""A question for each port of UDP, and the function that knows its answer."""


def resolves(name: str, by: str = "") -> PlainEffect:
    """Return the addresses that programs get for `name`: those of getent(1), as a user without rights.

    With `by` they come from this source alone, such as `dns` (nsswitch.conf(5)). An answer after `ANSWER`
    seconds is late.
    """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    asked = time.monotonic()
    try:
        found = _from_source(name, by) if by else _from_all(name)
    except (OSError, UnicodeError) as error:
        return {"verdict": "unknown", "said": getattr(error, "strerror", "") or str(error)}
    if time.monotonic() - asked > ANSWER:
        return {"verdict": "late"}
    return {"verdict": "found", "addresses": list(dict.fromkeys(found))[:MOST]}


def _from_all(name: str) -> list[str]:
    return [str(each[4][0]) for each in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]


def _from_source(name: str, by: str) -> list[str]:
    """Return the addresses that one source has. Raises OSError if it has none."""
    words = ["getent", "-s", by, "ahosts", name]
    said = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if not said.stdout:
        raise OSError(errno.ENOENT, f"{by}: no address")
    return [line.split()[0] for line in said.stdout.splitlines() if line.strip()]


SSH = (
    *("ssh", "-n", "-T", "-x", "-a", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"),
    *("-o", "ConnectionAttempts=1", "-o", "LogLevel=VERBOSE", "-o", "ControlMaster=no"),
    *("-o", "ControlPath=none", "-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no"),
    *("-o", "StrictHostKeyChecking=accept-new", "-o", "UpdateHostKeys=no"),
)
"""ssh(1) without any question, and without a trace in the home of its user."""
EMPTY = 'using "none"'
"""The words of ssh about a login for which the account needs no key and no password."""
BOOT_ID = "/proc/sys/kernel/random/boot_id"
"""The file that tells a host from every other one (random(4))."""


def logs_in(user: str, login: str, to: str, address: str) -> PlainEffect:
    """Return whether `user` logs in as `login` at `to`, which is at `address`, without a password.

    A new host key is taken and forgotten: ssh adds it to the first file of known hosts, which keeps nothing.
    A changed key is refused, and so is an account without a password. `boot_id` is that of the host on which
    the login ends: settings of the user may lead to another one than `to`.
    """
    home = _become(user)
    known = "/dev/null " + " ".join(f'"{home}/.ssh/known_hosts{end}"' for end in ("", "2"))
    target = ["-o", f"UserKnownHostsFile={known}", "-o", f"HostName={address}", "-l", login, "--", to]
    words = [*SSH, *target, "cat", BOOT_ID]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    if any(EMPTY in line for line in lines):
        return {"verdict": "refused", "said": f"{login} has no password at {to}"}
    if done.returncode:
        return {"verdict": "refused", "said": "".join(lines[-1:])}
    printed = done.stdout.decode(errors="replace").split()  # a shell may greet its user before
    return {"verdict": "done", "boot_id": "".join(printed[-1:])[:MOST]}


def writes(user: str, path: str) -> PlainEffect:
    """Return whether `user` writes a new file in the folder `path`, and the disk has it; it is removed.

    `device` and `type` are those of the file system that has the file.

    If that is late, the file is removed as soon as the folder answers, at most a minute later.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.alarm(REMOVAL)
    _become(user)
    name = os.path.join(path, "." + secrets.token_hex(16))
    try:
        file = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except OSError:  # an NFS server may have made the file before it refused (RFC 7530, EXCLUSIVE4)
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    try:
        os.write(file, name.encode())
        os.fsync(file)
        place = _file_system(file)
    finally:  # closed first: NFS renames a file that is removed while it is open
        os.close(file)
        os.unlink(name)
    return {"verdict": "done", **place}


def reads(user: str, path: str, text: str) -> PlainEffect:
    """Return whether `user` reads the file `path`, and whether `text` is in its first `READ` bytes.

    `device` and `type` are those of the file system that has the file.
    """
    _become(user)
    with open(path, "rb") as file:
        content = file.read(READ)
        place = _file_system(file.fileno())
    return {"verdict": "done" if text.encode() in content else "other", **place}


def _file_system(file: int) -> PlainEffect:
    """Return source and type of the mount that has an open file, {} if the kernel does not say (proc(5))."""
    with open(f"/proc/self/fdinfo/{file}") as told:
        mount = next((line.split()[1] for line in told if line.startswith("mnt_id:")), "")
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            place, _, system = line.partition(" - ")
            if place.split(" ", 1)[0] == mount:
                type, source, *_ = system.split(" ")
                return {"type": type, "device": _OCTAL.sub(lambda code: chr(int(code[1], 8)), source)}
    return {}


_OCTAL = re.compile(r"\\([0-7]{3})")
"""A blank and its like in a line of /proc/self/mountinfo."""


def _become(user: str) -> str:
    """Give this process the rights of `user`, and return the user's home. Raises KeyError for none."""
    entry = pwd.getpwnam(user)
    if entry.pw_uid != os.geteuid():
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    os.environ.update({"HOME": entry.pw_dir, "USER": user, "LOGNAME": user, "LC_ALL": "C"})
    os.umask(0o077)
    return entry.pw_dir


ATTEMPTS: Mapping[str, Callable[..., PlainEffect]] = {
    "reaches": reaches,
    "resolves": resolves,
    "logs_in": logs_in,
    "writes": writes,
    "reads": reads,
}
"""The function of each attempt, by its first word; the other words are its arguments."""


def attempt(words: Sequence[str]) -> PlainEffect:
    """Return the effect of one attempt; a fault of the attempt is an effect too."""
    name, *arguments = words
    try:
        effect = ATTEMPTS[name](*arguments)
    except OSError as error:
        effect = {"verdict": "refused", "said": error.strerror or str(error)}
    except KeyError as error:
        effect = {"verdict": "refused", "said": str(error.args[0])}
    except Exception as error:
        effect = {"verdict": "error", "said": type(error).__name__ + ": " + str(error)}
    if "said" in effect:
        effect["said"] = str(effect["said"])[:MOST]
    return effect


def begin(words: Sequence[str]) -> tuple[int, int]:
    """Start the attempt in a process of its own; return its id, and a pipe from which its result comes."""
    result, end = os.pipe()
    if child := os.fork():
        with contextlib.suppress(OSError):  # the child did it first, and has ended or runs a program
            os.setpgid(child, child)
        os.close(end)
        return child, result
    try:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # the connection to this host must end, whatever hangs
            os.dup2(nothing, standard)
        os.write(end, json.dumps(attempt(words)).encode())
    finally:
        os._exit(0)


def results(attempts: Sequence[Sequence[str]], limit: float = LIMIT) -> list[PlainEffect]:
    """Return the effect of each attempt. All are tried at once; one without a result in time is `late`."""
    begun = [begin(words) for words in attempts]
    deadline = time.monotonic() + limit
    effects = [_result(pipe, deadline) for _, pipe in begun]
    for (child, _), effect in zip(begun, effects):
        if effect["verdict"] == "late":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGTERM)
        os.waitpid(child, os.WNOHANG if effect["verdict"] == "late" else 0)
    return effects


def _result(pipe: int, deadline: float) -> PlainEffect:
    received = b""
    with os.fdopen(pipe, "rb", buffering=0) as reader:
        while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
            part = reader.read(65536)
            if not part:
                break
            received += part
        else:
            return {"verdict": "late"}
    effect: PlainEffect = json.loads(received) if received else {"verdict": "error", "said": "no result"}
    return effect


def main(attempts: Sequence[Sequence[str]]) -> None:
    """Print the effects of the attempts, as JSON."""
    json.dump(results(attempts), sys.stdout)
