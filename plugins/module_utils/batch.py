# SPDX-License-Identifier: MIT
"""Run many commands side by side on this host, each within its own time, and leave nothing running.

Three processes: the module, below it a supervisor, below that one the probes. The supervisor does the
work in one thread: a poll(2) loop over the probes' pipes, ended children and the nearest deadline.
"""

from __future__ import annotations

import json
import os
import pwd
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ansible_collections.sharklab.lab.plugins.module_utils import sysctls
from ansible_collections.sharklab.lab.plugins.module_utils.processes import (
    adopt_orphans,
    find_ended_children,
    kill_descendants,
    signal_group,
)

OUTPUT_LIMIT = 64 * 1024
"""Bytes kept of each output stream."""
GRACE = 2.0
"""Seconds between asking a probe to end, killing it, and giving up on one that the kernel holds."""
PIPES = 3
"""Pipes between the supervisor and one probe."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Stream:
    """One output of a probe: the first 64 KiB are kept, the rest is read and dropped."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self.fd = unblock_pipe(pipe)
        self.kept = bytearray()
        self.truncated = False

    def read(self) -> bool:
        """Read the available bytes; return False at the end of the output."""
        try:
            data = os.read(self.fd, OUTPUT_LIMIT)
        except BlockingIOError:
            return True
        room = OUTPUT_LIMIT - len(self.kept)
        self.kept += data[:room]
        self.truncated = self.truncated or len(data) > room
        return bool(data)

    def drain(self) -> None:
        """Read the rest that an ended process left in the pipe (1 MiB at most, pipe(7)).

        Bounded, because a child of it that detached itself may go on writing.
        """
        for _read in range(16):
            if not self.read():
                return

    def text(self) -> str:
        """Return the kept bytes as text. Bytes that are not UTF-8 are written as \\xNN."""
        return self.kept.decode("utf-8", errors="backslashreplace")


class Feed:
    """The standard input of a probe."""

    def __init__(self, pipe: IO[bytes], text: str) -> None:
        self.pipe = pipe
        self.fd = unblock_pipe(pipe)
        self.unsent = text.encode()

    def send(self) -> bool:
        """Write more of it; False, and closed, when all is written or nobody reads it any more."""
        try:
            self.unsent = self.unsent[os.write(self.fd, self.unsent) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            self.unsent = b""
        if not self.unsent:
            self.pipe.close()
        return bool(self.unsent)


class Running:
    """A probe that was started: its process, its streams and its next deadline (monotonic seconds)."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.result = blank_result(spec)
        self.began = time.monotonic()
        self.deadline = self.began + spec["timeout"]
        self.signals = [signal.SIGTERM, signal.SIGKILL]
        self.process = spawn(spec)
        self.stdout, self.stderr = Stream(self.process.stdout), Stream(self.process.stderr)
        self.stdin = Feed(self.process.stdin, spec["stdin"]) if self.process.stdin else None

    def pipes(self) -> list[IO[bytes]]:
        """Return the open pipes to and from this process."""
        pipes = (self.process.stdin, self.process.stdout, self.process.stderr)
        return [pipe for pipe in pipes if pipe and not pipe.closed]

    def expire(self) -> bool:
        """Send the next, stronger signal; False when the last one did not help either."""
        self.result["timed_out"] = True
        self.deadline += GRACE
        if not self.signals:
            return False
        signal_group(self.process.pid, self.signals.pop(0))
        return True

    def finish(self, exit_code: int | None) -> dict[str, Any]:
        """Return the result of a probe that has ended with `exit_code` (None: by a signal)."""
        self.result["duration"] = time.monotonic() - self.began
        self.result["exit_code"] = None if self.result["timed_out"] else exit_code
        self.stdout.drain()
        self.stderr.drain()
        self.result.update(stdout=self.stdout.text(), stderr=self.stderr.text())
        self.result["truncated"] = self.stdout.truncated or self.stderr.truncated
        self.process.returncode = 0  # it was reaped by `Batch.reap`: keep Popen from looking for it
        for pipe in self.pipes():
            pipe.close()
        return self.result


class Batch:
    """All probes of a list, run side by side until the last has ended or nobody wants the answer."""

    def __init__(self, specs: list[dict[str, Any]], listener: int) -> None:
        self.waiting = list(specs)
        self.running: dict[int, Running] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.actions: dict[int, Callable[[], object]] = {}
        self.poller = select.poll()
        self.wanted = True
        self.wakeup = wakeup_pipe()
        self.watch(self.wakeup, select.POLLIN, self.reap)
        self.watch(listener, 0, self.abandon)  # no event asked for: only "the reader is gone" is told

    def watch(self, fd: int, events: int, action: Callable[[], object]) -> None:
        """Call `action` when `fd` is ready."""
        self.poller.register(fd, events)
        self.actions[fd] = action

    def forget(self, fd: int) -> None:
        """Stop watching `fd`, if it is watched."""
        if self.actions.pop(fd, None):
            self.poller.unregister(fd)

    def abandon(self) -> None:
        """Give up: nobody will read the results."""
        self.wanted = False

    def run(self) -> dict[str, dict[str, Any]]:
        """Return the results by id once all probes have ended."""
        self.start_ready()
        while self.running and self.wanted:
            self.serve(self.patience())
            self.expire()
            self.start_ready()
        return self.results

    def serve(self, patience: float) -> None:
        """Serve every ready file, after waiting up to `patience` milliseconds for one."""
        for fd, _event in self.poller.poll(patience):
            if fd in self.actions:
                self.actions[fd]()

    def start_ready(self) -> None:
        """Start every probe that waits for none that has yet to end."""
        while True:  # one that cannot be started has ended, and may be what others wait for
            ready = [spec for spec in self.waiting if self.results.keys() >= set(spec["after"])]
            if not ready:
                return
            for spec in ready:
                self.waiting.remove(spec)
                self.start(spec)
                self.serve(0)  # starting a hundred takes seconds: one that ends meanwhile has ended now

    def start(self, spec: dict[str, Any]) -> None:
        """Start one probe. A probe that cannot be started has its result at once."""
        try:
            probe = Running(spec)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.results[spec["id"]] = make_refusal(spec, error)
            return
        self.running[probe.process.pid] = probe
        self.receive_from(probe.stdout)
        self.receive_from(probe.stderr)
        if probe.stdin:
            self.send_from(probe.stdin)

    def receive_from(self, stream: Stream) -> None:
        """Read `stream` whenever there is something, until its end."""
        self.watch(stream.fd, select.POLLIN, lambda: stream.read() or self.forget(stream.fd))

    def send_from(self, feed: Feed) -> None:
        """Write from `feed` whenever there is room, until its end."""
        self.watch(feed.fd, select.POLLOUT, lambda: feed.send() or self.forget(feed.fd))

    def reap(self) -> None:
        """Take the result of every probe whose process has ended, and end its background children."""
        os.read(self.wakeup, OUTPUT_LIMIT)
        for child in find_ended_children():
            probe = self.running.pop(child.si_pid, None)
            if probe:
                signal_group(child.si_pid, signal.SIGKILL)
                self.finish(probe, child.si_status if child.si_code == os.CLD_EXITED else None)
            os.waitpid(child.si_pid, 0)

    def expire(self) -> None:
        """End the probes whose time is over; leave those that even SIGKILL does not end."""
        for pid, probe in list(self.running.items()):
            if time.monotonic() >= probe.deadline and not probe.expire():
                self.finish(self.running.pop(pid), None)

    def finish(self, probe: Running, exit_code: int | None) -> None:
        """Stop watching a probe, and file its result or run it again."""
        for pipe in probe.pipes():
            self.forget(pipe.fileno())
        result, spec = probe.finish(exit_code), probe.spec
        if result["exit_code"] in (None, *spec["exit"]) or not spec["retries"]:
            self.results[spec["id"]] = result
        else:
            self.start({**spec, "retries": spec["retries"] - 1})

    def patience(self) -> float:
        """Return the milliseconds until the next deadline."""
        nearest = min(probe.deadline for probe in self.running.values())
        return max(0.0, nearest - time.monotonic()) * 1000 + 1


def blank_result(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a probe that starts now, before anything is known of it."""
    return {
        "id": spec["id"],
        "argv": spec["argv"],
        "user": spec["user"],
        "started": time.time(),
        "duration": 0.0,
        "exit_code": None,
        "timed_out": False,
        "missing": False,
        "stdout": "",
        "stderr": "",
        "truncated": False,
    }


def make_refusal(spec: dict[str, Any], error: Exception) -> dict[str, Any]:
    """Return the result of a probe that could not be started."""
    why = error.strerror if isinstance(error, OSError) else error
    missing = isinstance(error, FileNotFoundError)
    return {**blank_result(spec), "missing": missing, "stderr": f"{spec['argv'][0]}: {why}\n"}


def unblock_pipe(pipe: IO[bytes] | None) -> int:
    """Return the descriptor of a pipe, which from now on does not block."""
    if pipe is None:
        raise ValueError("the process was started without this pipe")
    os.set_blocking(pipe.fileno(), False)
    return pipe.fileno()


def spawn(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a probe's process in a session of its own. Raises OSError when that fails."""
    user = pwd.getpwnam(spec["user"])
    return subprocess.Popen(
        spec["argv"],
        stdin=subprocess.PIPE if spec["stdin"] else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=environment(user, spec["env"]),
        cwd=user.pw_dir if Path(user.pw_dir).is_dir() else "/",
        start_new_session=True,
        # Safe here: this process has one thread. Popen's own `user` needs Python 3.9.
        preexec_fn=None if user.pw_uid == os.geteuid() else lambda: become(user),
    )


def become(user: pwd.struct_passwd) -> None:
    """Turn this process into one of `user`, with the groups that the system's database lists."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def environment(user: pwd.struct_passwd, extra: dict[str, Any]) -> dict[str, str]:
    """Return a small environment that is the same on every host, so that outputs can be compared."""
    names = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name, "SHELL": user.pw_shell}
    fixed = {"PATH": PATH, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    return {**fixed, **names, **{name: str(value) for name, value in extra.items()}}


def wakeup_pipe() -> int:
    """Return a descriptor that becomes readable whenever a child ends."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def supervise(specs: list[dict[str, Any]], answer: int) -> None:
    """Run the probes and write their results as JSON to `answer`; leave no process behind."""
    os.setsid()  # what is meant for the module's group does not reach the one that cleans up after it
    adopt_orphans()
    allow_files(PIPES * len(specs))
    try:
        results = Batch(specs, answer).run()
    finally:
        kill_descendants(limit=GRACE)
        sysctls.restore()
    with os.fdopen(answer, "wb") as pipe:
        pipe.write(json.dumps([results[spec["id"]] for spec in specs]).encode())


def allow_files(count: int) -> None:
    """Let this process open `count` files more than a few, as far as the system allows it."""
    needed, (soft, hard) = count + 64, resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:  # left alone otherwise: the probes inherit it, and some tools go through all numbers
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))


def run_supervised(
    specs: list[dict[str, Any]], settings: dict[str, Any] | None = None
) -> list[dict[str, Any]] | None:
    """Run the probes below a supervisor and return their results in order; None when it was killed.

    `settings` of the kernel hold meanwhile. Either of the two processes cleans up when the other one is
    killed: the supervisor notices that its answer has no reader, and this one inherits its children.
    Raises OSError when the settings cannot be changed.
    """
    try:
        sysctls.change(settings or {})
        return watch(specs)
    finally:
        sysctls.restore()


def watch(specs: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Do what `run_supervised` says, whatever the settings are."""
    adopt_orphans()
    reader, writer = os.pipe()
    if os.fork() == 0:
        status = 1
        try:
            os.close(reader)
            supervise(specs, writer)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    answer = receive_answer(reader)
    os.close(reader)
    kill_descendants(limit=2 * GRACE)
    return json.loads(answer) if answer else None


def receive_answer(reader: int) -> bytes:
    """Return the supervisor's answer; empty if the caller of this module has gone."""
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    poller.register(1, 0)  # when the connection is cut, standard output has no reader any more
    answer = bytearray()
    while reader in {fd for fd, _event in poller.poll()}:
        data = os.read(reader, 1 << 20)
        if not data:
            return bytes(answer)
        answer += data
    return b""
