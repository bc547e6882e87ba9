# SPDX-License-Identifier: MIT
"""Record what this host sends, receives and has open, until told to stop: `recorder.py FOLDER`.

A program of its own, because it outlives the module that starts it; hence nothing but the standard
library. It holds FOLDER/lock all the time, and so does every tcpdump that it starts. It reads
request.json, says in started.json that every tcpdump listens (or why not), and at SIGTERM, or when its
time is over, leaves captures.json and sockets.json.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOCK_DIAG = "4"
"""The netlink family through which the kernel reports closed sockets (NETLINK_SOCK_DIAG)."""
TICK = 0.05
"""Seconds between two looks at the socket counters and the files."""
START_LIMIT = 60.0
"""Seconds. Programs that no host has read from a busy disk yet take long to begin."""
SETTLE_LIMIT = 4.0
IDLE_REST = 10
"""While no counter moves, `ss` rests ten times as long as a look took. After a move it rests once as long."""
QUIET = 1.5
"""Seconds. A packet is at most one second in tcpdump's ring before tcpdump sees it (tcpdump's `to_ms`)."""
STOP_LIMIT = 15.0
LINE_LIMIT = 20_000
"""Distinct socket lines kept: about 4 MB."""
STDERR_LIMIT = 64 * 1024
STATISTICS = re.compile(
    r"(\d+) packets? captured[,\n] ?(\d+) packets? received by filter[,\n] ?(\d+) packets? dropped by kernel"
)


class RecordingError(Exception):
    """The recording cannot be started; the message says why."""


class Tcpdump:
    """One running tcpdump, and what it has said so far."""

    def __init__(self, spec: dict[str, Any], folder: Path, lock: int) -> None:
        self.id = spec["id"]
        self.file = f"captures/{self.id}.pcap"
        self.path = folder / self.file
        self.argv = tcpdump_argv(spec)
        self.said = ""
        self.note = ""
        self.started = self.ended = time.time()
        self.answered, self.moved = 0, 0.0
        self.hears, stderr = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # In the folder itself and with a bare name: tcpdump opens its file after it has given up root.
        self.process = subprocess.Popen(
            self.argv,
            cwd=self.path.parent,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            pass_fds=[lock],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
        os.close(stderr)

    def read(self) -> None:
        """Read the new output of tcpdump."""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self.hears, STDERR_LIMIT - len(self.said))
            self.said += data.decode("utf-8", errors="backslashreplace")

    def is_running(self) -> bool:
        """Whether the process lives; notes when it ended."""
        if self.process.returncode is None and self.process.poll() is not None:
            self.ended = time.time()
        return self.process.returncode is None

    def listens(self) -> bool:
        """Whether it says that it captures. Raises RecordingError when it has ended instead."""
        self.read()
        if "listening on" in self.said:
            self.started = time.time()
            return True
        if not self.is_running():
            self.read()
            why = " ".join(self.said.split()) or "tcpdump ended at once"
            raise RecordingError(f"capture {self.id}: {why}")
        return False

    def statistics(self) -> list[tuple[int, int, int]]:
        """Return the counters printed so far: packets captured, received by its filter, dropped."""
        return [(int(a), int(b), int(c)) for a, b, c in STATISTICS.findall(self.said)]

    def ask(self) -> None:
        """Ask for its statistics; `is_settled` takes the answers."""
        self.answered = len(self.statistics())
        self.moved = time.monotonic()
        self.process.send_signal(signal.SIGUSR1)

    def is_settled(self) -> bool:
        """Whether it has written all packets, or has stood still for as long as one can be on its way."""
        self.read()
        told = self.statistics()
        if not self.is_running() or len(told) <= self.answered:
            return not self.is_running()
        captured, received, dropped = told[-1]
        if len(told) > 1 and told[-1] != told[-2]:
            self.moved = time.monotonic()
        if captured + dropped >= received or time.monotonic() - self.moved > QUIET:
            return True
        self.answered = len(told)
        self.process.send_signal(signal.SIGUSR1)
        return False

    def guard(self, limit: int) -> None:
        """End it when its file has reached `limit` bytes, so that the disk is not filled."""
        if self.is_running() and not self.note and self.path.stat().st_size >= limit:
            self.note = f"sharklab: ended because the file has reached {limit} bytes\n"
            self.process.terminate()

    def result(self) -> dict[str, Any]:
        """Return the entry of captures.json."""
        captured, _received, dropped = [(0, 0, 0), *self.statistics()][-1]
        lines = self.said.splitlines(keepends=True)
        answers = [line for line in lines if line.startswith("tcpdump: ") and STATISTICS.search(line)]
        return {
            "id": self.id,
            "file": self.file,
            "argv": self.argv,
            "started": self.started,
            "ended": self.ended,
            "packets_captured": captured,
            "packets_dropped": dropped,
            "exit_code": self.process.returncode,
            "stderr": "".join(line for line in lines if line not in answers) + self.note,
        }


class Sockets:
    """Every distinct line of `ss -Htunap`, with the times when it was first and last seen.

    `ss` walks all sockets of the machine and all files of all processes. So it is asked only when the
    kernel's counters of this network namespace have moved, shortly after that, and every second. One look
    costs 10 ms on a computer, and a second of the only processor of an emulated machine. After a look
    `ss` rests, so that the programs on a slow host get the processor.
    """

    def __init__(self) -> None:
        self.seen: dict[str, list[float]] = {}
        self.current: list[str] = []
        self.counters: list[bytes] = []
        self.due: list[float] = [0.0]
        self.ended = self.cost = 0.0
        self.notes: set[str] = set()

    def look(self) -> None:
        """Take a sample if one is due; otherwise the sockets are unchanged."""
        now = time.monotonic()
        counters = socket_counters()
        if counters != self.counters:
            self.counters = counters
            self.due = [now, now + 0.2]  # again when a new socket has been handed to its process
        if now < self.due[0]:
            self.extend()
            return
        if now < self.ended + self.cost:
            return
        self.due = self.due[1:]
        self.sample()
        self.due = self.due or [max(now + 1.0, self.ended + IDLE_REST * self.cost)]

    def sample(self) -> None:
        """Ask `ss` now; note it when `ss` gives no answer."""
        began = time.monotonic()
        try:
            self.current = socket_lines()
        except (OSError, subprocess.SubprocessError) as error:
            self.notes.add(f"A sample of the sockets is missing: {error}")
        self.ended = time.monotonic()
        self.cost = self.ended - began
        self.extend()

    def extend(self) -> None:
        """Note that the current lines are there at this moment."""
        for line in self.current:
            self.note(line)

    def note(self, line: str) -> None:
        """Note that a line is there at this moment."""
        now = time.time()
        if line in self.seen:
            self.seen[line][1] = now
        elif len(self.seen) < LINE_LIMIT:
            self.seen[line] = [now, now]
        else:
            self.notes.add(f"There were over {LINE_LIMIT} different sockets: later ones are left out.")

    def close(self, lines: list[str]) -> None:
        """Note the lines of sockets that closed, if no sample has shown their ends."""
        known = {tuple(line.split()[4:6]) for line in self.seen} if lines else set()
        for line in lines:
            if tuple(line.split()[4:6]) not in known:
                self.note(line)

    def result(self) -> list[dict[str, Any]]:
        """Return the content of sockets.json."""
        return [{"line": line, "first": times[0], "last": times[1]} for line, times in self.seen.items()]


class Closings:
    """The connected sockets that the kernel reports when they close: `ss -HtunE` (ss(8), `--events`).

    A sample misses a socket that lives for less time than a look takes on a busy host. The kernel reports
    each socket at its end, however short it lived. It names no process then.
    """

    def __init__(self, lock: int) -> None:
        self.output, printed = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(printed, True)
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "ss", "-HtunE"],  # else ss keeps what it has printed until it is much
            pass_fds=[lock],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.DEVNULL,
        )
        os.close(printed)
        self.rest = ""

    def listens(self) -> bool:
        """Whether the kernel reports to it, or it has ended."""
        return self.has_ended() or self.count_waiting_bytes() is not None

    def count_waiting_bytes(self) -> int | None:
        """Return how many bytes of reports `ss` has not read yet (proc(5)), None before it listens."""
        table = read_bytes("/proc/net/netlink").decode().splitlines()[1:]
        for _, family, owner, groups, waiting, *_ in map(str.split, table):
            if (family, owner) == (SOCK_DIAG, str(self.process.pid)) and int(groups, 16):
                return int(waiting)
        return None

    def idle(self) -> bool:
        """Whether it has read every report and sleeps, or has ended. Its output is whole then."""
        if self.has_ended():
            return True
        status = read_bytes(f"/proc/{self.process.pid}/stat") if self.count_waiting_bytes() == 0 else b""
        return status.rpartition(b") ")[2].startswith(b"S")

    def has_ended(self) -> bool:
        """Whether `ss` has ended, which it does where the kernel does not report."""
        return self.process.poll() is not None

    def lines(self) -> list[str]:
        """Return the new lines, with single spaces, of sockets that had a peer."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.output, 1 << 16):
                self.rest += data.decode("utf-8", errors="backslashreplace")
        *whole, self.rest = self.rest.split("\n")
        lines = [" ".join(line.split()) for line in whole]
        return [line for line in lines if line and not line.endswith(":*")]

    def end(self) -> None:
        """End `ss`, which has no end of its own."""
        self.process.kill()
        self.process.wait()


class Recorder:
    """All tcpdumps and the socket sampler of one host."""

    def __init__(self, folder: Path, request: dict[str, Any], lock: int) -> None:
        self.folder = folder
        self.request = request
        self.lock = lock
        self.tcpdumps: list[Tcpdump] = []
        self.sockets = Sockets() if request["sockets"] else None
        self.closings: Closings | None = None
        self.end = time.monotonic() + request["max_seconds"]
        self.alarm = signal_pipe()
        self.told = False

    def run(self) -> None:
        """Start, say so, record until told to stop or the time is over, and leave the results."""
        try:
            self.start()
        except Exception as error:
            self.stop()
            self.tell("started.json", {"error": reason(error)})
            sys.exit(reason(error))
        self.tell("started.json", {"error": None})
        try:
            while not self.told and time.monotonic() < self.end:
                self.tick()
            self.settle()
        finally:
            self.stop()
        self.write()

    def start(self) -> None:
        """Start every tcpdump and return when each one listens. Raises RecordingError or OSError."""
        for spec in self.request["captures"]:
            self.tcpdumps.append(Tcpdump(spec, self.folder, self.lock))
        if self.sockets:
            socket_lines()  # tells at once when `ss` cannot be run
            self.closings = Closings(self.lock)
        if not self.wait_for_all(Tcpdump.listens, START_LIMIT):
            raise RecordingError(f"tcpdump has not started to listen after {START_LIMIT:.0f} s")
        self.wait_for_closings()

    def tick(self) -> None:
        """Look once at everything, then sleep a little."""
        for tcpdump in self.tcpdumps:
            tcpdump.read()
            tcpdump.guard(self.request["max_bytes"])
        if self.sockets:
            self.sockets.look()
            self.take_closings()
        self.sleep(TICK)

    def wait_for_closings(self) -> None:
        """Return when the kernel reports closed sockets; note it where it does not."""
        end = time.monotonic() + START_LIMIT
        while self.closings and not self.closings.listens() and time.monotonic() < end:
            self.sleep(0.02)
        if self.sockets and self.closings and (self.closings.has_ended() or not self.closings.listens()):
            self.sockets.notes.add("Sockets of a short life may be missing: ss --events does not work.")

    def take_closings(self) -> bool:
        """Note the sockets that have closed since the last call; tell whether there were any."""
        lines = self.closings.lines() if self.closings else []
        if self.sockets:
            self.sockets.close(lines)
        return bool(lines)

    def settle_closings(self) -> None:
        """Wait until `ss` has printed every report that the kernel holds for it."""
        end = time.monotonic() + SETTLE_LIMIT
        while self.closings and time.monotonic() < end:
            idle = self.closings.idle()
            if not self.take_closings() and idle:
                return
            self.sleep(0.02)

    def settle(self) -> None:
        """Wait until every tcpdump has written the packets that the kernel holds for it.

        At SIGTERM tcpdump leaves what is still in its ring unread. SIGUSR1 makes it tell its statistics
        (tcpdump(1)): all is written when it has captured as many as were received. On a busy interface
        packets from before its filter was set stay in the count, so a standstill ends the wait as well.
        """
        for tcpdump in self.tcpdumps:
            tcpdump.ask()
        self.wait_for_all(Tcpdump.is_settled, SETTLE_LIMIT)
        self.settle_closings()

    def stop(self) -> None:
        """End every tcpdump, by force if it does not listen to reason."""
        for tcpdump in self.tcpdumps:
            if tcpdump.is_running():
                tcpdump.process.terminate()
        self.wait_for_all(lambda tcpdump: not tcpdump.is_running(), STOP_LIMIT)
        for tcpdump in self.tcpdumps:
            if tcpdump.is_running():
                tcpdump.process.kill()
                tcpdump.process.wait()
            tcpdump.read()
        if self.closings:
            self.closings.end()

    def write(self) -> None:
        """Leave what was recorded."""
        if self.sockets:
            self.sockets.sample()
        self.tell("captures.json", [tcpdump.result() for tcpdump in self.tcpdumps])
        self.tell("sockets.json", self.sockets.result() if self.sockets else [])
        self.tell("notes.json", sorted(self.sockets.notes) if self.sockets else [])

    def tell(self, name: str, value: Any) -> None:
        """Write a file that the module reads."""
        write_json(self.folder / name, value)

    def wait_for_all(self, condition: Callable[[Tcpdump], bool], limit: float) -> bool:
        """Return whether `condition` came true for every tcpdump within `limit` seconds."""
        end = time.monotonic() + limit
        pending = list(self.tcpdumps)
        while True:
            pending = [tcpdump for tcpdump in pending if not condition(tcpdump)]
            if not pending or time.monotonic() > end:
                return not pending
            self.sleep(0.02)

    def sleep(self, seconds: float) -> None:
        """Sleep until `seconds` are over or SIGTERM tells us to stop."""
        if select.select([self.alarm], [], [], seconds)[0]:
            os.read(self.alarm, 64)
            self.told = True


def tcpdump_argv(spec: dict[str, Any]) -> list[str]:
    """Return the command of a capture: not promiscuous, every packet written as it comes (`-U`)."""
    argv = ["tcpdump", "-p", "-U", "-i", spec["interface"]]
    if spec["snaplen"]:
        argv += ["-s", str(spec["snaplen"])]
    argv += ["-w", f"{spec['id']}.pcap"]
    return argv + (["--", spec["filter"]] if spec["filter"] else [])


def socket_lines() -> list[str]:
    """Return the lines of `ss -Htunap` with single spaces. Raises OSError or SubprocessError."""
    listing = subprocess.run(["ss", "-Htunap"], stdout=subprocess.PIPE, check=True, timeout=START_LIMIT)
    lines = listing.stdout.decode("utf-8", errors="backslashreplace").splitlines()
    return [" ".join(line.split()) for line in lines]  # columns are as wide as the widest, so widths vary


def socket_counters() -> list[bytes]:
    """Return the counters that move when a socket of this network namespace opens, closes or connects.

    From /proc/net/sockstat, sockstat6 and snmp (proc(5)): sockets in use and in TIME-WAIT, TCP's opens,
    failures, resets and established connections.
    """
    table = read_bytes("/proc/net/sockstat") + read_bytes("/proc/net/sockstat6")
    counters = re.findall(rb"(?:TCP|UDP)6?: inuse \d+|tw \d+", table)
    lines = read_bytes("/proc/net/snmp").splitlines()
    names, values = (line.split() for line in lines if line.startswith(b"Tcp:"))
    wanted = (b"ActiveOpens", b"PassiveOpens", b"AttemptFails", b"EstabResets", b"CurrEstab")
    return counters + [values[names.index(name)] for name in wanted]


def read_bytes(path: str) -> bytes:
    """Return a file's content; nothing when there is no such file (sockstat6 without IPv6)."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return b""


def reason(error: Exception) -> str:
    """Return a sentence for what made the start fail."""
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is not installed on the host"
    return str(error)


def signal_pipe() -> int:
    """Return a descriptor that becomes readable when SIGTERM comes."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def take_lock(folder: Path) -> int:
    """Hold FOLDER/lock, and write there who holds it. Raises OSError when another recorder does."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.truncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path`, for its owner only, so that a reader sees the whole of it or nothing."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600, exist_ok=False)
    temporary.write_text(json.dumps(value), encoding="utf-8")
    temporary.replace(path)


def main(folder: Path) -> None:
    """Record as FOLDER/request.json says."""
    lock = take_lock(folder)
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    Recorder(folder, request, lock).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
