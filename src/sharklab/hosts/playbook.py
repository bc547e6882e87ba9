"""Run one playbook on a seat: the only file that knows ansible-runner.

ansible-runner is not thread-safe, a slow event handler kills its run (ansible-runner #1343), and
cancelling leaves processes behind (#973). So each run has a child process of its own in its own
session, whose handler only writes one line per event to a pipe, and which ends with all below it.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from sharklab import paths, process, state
from sharklab.errors import MachineryError
from sharklab.hosts.providers.disk import Overlay
from sharklab.lab import roles
from sharklab.message import N_, Message
from sharklab.process import Say

END_SECONDS = 10.0
"""Seconds that an interrupted playbook may take to end before it is killed."""

SETTINGS = {"pexpect_timeout": 1}
"""ansible-runner's own: seconds between two looks at whether it is cancelled."""

WATCH_SECONDS = 1.0
"""Seconds between two questions whether a playbook should stop."""

PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): this process becomes the parent of orphans below it, so that it can end them."""

MEMORY = 2 << 30
"""Bytes of address space of each process of a playbook: Ansible keeps all that a host prints, and a host of a
student may print without end. Measured: 0.4 GB with tp4."""

FREE_SECONDS, FREE_PAUSE = 30.0, 0.1
"""Seconds until a disk is free, and between two tries: the processes of a killed command end late."""

BUSY = ("busy", "already mounted")
"""In the sentences of mount(8) about a disk that another process has mounted."""

_ready: list[subprocess.Popen[str]] = []
"""The child process that waits for its order, if there is one."""

IN_ONE_PROCESS = "sharklab.lab.one_process"
"""Ansible's strategy for hosts that are only disks: there, a process costs more than a task."""

CLONE_NEWNS = 0x20000
"""unshare(2): a mount namespace of the process's own."""

SHARED_ROLES = "roles"
"""sharklab's roles, from the folder in which Ansible runs: that folder may have a colon in its name."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
ORIGIN = re.compile(r"^Origin: (\S.*?:\d+)(?::\d+)?\s*$", re.MULTILINE)
"""How Ansible names the file and line, and the column, of a mistake."""

WATCHED = {"runner_on_start", "runner_on_ok", "runner_on_failed", "runner_on_unreachable", "verbose"}


class PlaybookFailed(MachineryError):
    """A playbook did not end well. `failures` has the failed task of each host, with its message."""

    failures: Mapping[str, str] = {}


def get_ready() -> subprocess.Popen[str]:
    """Start the process of the next `run` now, unless it has started, and return it.

    It imports what a playbook needs, and waits for its order. Without an order it is ended with this process.
    """
    if not _ready:
        _ready.append(start_child())
    return _ready[0]


@atexit.register
def _end_ready() -> None:
    while _ready:
        _end_child(_ready.pop())


def run(
    name: str,
    inventory: Path,
    variables: Mapping[str, Any] | None = None,
    *,
    lab: Path | None = None,
    tags: str = "",
    disks: Collection[Overlay] = (),
    progress: Say = lambda text: None,
    should_stop: Callable[[], object] = bool,
) -> None:
    """Run `playbooks/<name>.yml` on `inventory`. It may use the roles of the lab in the folder `lab`.

    `disks` are those of hosts that have not booted. They are mounted while the playbook runs, and no other
    process sees that; the inventory says where. `progress` hears at which role each host is.

    The playbook is ended when `should_stop` says so, which is asked every second. Raises PlaybookFailed then,
    or when a task failed, which the error names.
    """
    with state.temporary(inventory.parent, "ansible-") as folder:
        (folder / "env").mkdir()
        (folder / "env" / "settings").write_text(json.dumps(SETTINGS))
        order = {
            "private_data_dir": str(folder),
            "project_dir": str(paths.ROOT),
            "playbook": str(paths.PLAYBOOKS / f"{name}.yml"),
            "inventory": str(inventory),
            "extravars": {**(variables or {}), **({"lab_strategy": IN_ONE_PROCESS} if disks else {})},
            "tags": tags,
            "roles": [SHARED_ROLES, str(lab / roles.FOLDER)] if lab and roles.of_lab(lab) else None,
            "disks": [[str(disk.folder), disk.options] for disk in disks],
        }
        try:
            _run_child(name, order, progress, should_stop)
        except PlaybookFailed as error:
            if lab and str(error.place).startswith(f"{lab / roles.FOLDER}/"):
                error.hint_id = N_("mend the role, and run the command again")
            raise


def start_child() -> subprocess.Popen[str]:
    """Start a process that waits for one order on its standard input, and ends if none comes."""
    return subprocess.Popen(
        [sys.executable, "-m", "sharklab.hosts.playbook", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=_environment(),
    )


def _run_child(name: str, order: Mapping[str, Any], progress: Say, should_stop: Callable[[], object]) -> None:
    child = _ready.pop() if _ready else start_child()
    failures: dict[str, FailedTask] = {}

    def stop() -> float | None:
        if not should_stop():
            return WATCH_SECONDS
        _kill(child)
        return None

    try:
        _send_order(child, order)
        with process.watch_during(stop, WATCH_SECONDS):
            for line in child.stdout or ():
                _handle_event(json.loads(line), progress, failures)
        status = child.wait()
    finally:
        _end_child(child)
    if status:
        lines = [f"{host}: {failed.text}" if host else failed.text for host, failed in failures.items()]
        said = "\n".join(lines[:5])
        places = [failed.place for failed in failures.values() if failed.place]
        error = PlaybookFailed(
            "{said}" if said else N_("ansible-runner ended with status {status}, but no task failed"),
            place=places[0] if places else f"playbooks/{name}.yml",
            hint=N_("run sharklab up again: it finishes the seat"),
            said=said,
            status=status,
        )
        error.failures = {host: failed.text for host, failed in failures.items()}
        raise error


def _send_order(child: subprocess.Popen[str], order: Mapping[str, Any]) -> None:
    """Send the order, on standard input because it may hold secrets."""
    pipe: Any = child.stdin
    with suppress(BrokenPipeError), pipe:  # a child that has ended says why by its exit status
        json.dump(order, pipe)


def _end_child(child: subprocess.Popen[str]) -> None:
    """End the child with everything that it started, and close its pipes."""
    _kill(child)
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def _kill(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _environment() -> dict[str, str]:
    """Return the environment of a run: our ansible.cfg and tools, none of the user's Ansible settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    scripts = str(Path(sys.executable).parent)
    return kept | {
        "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"),
        "PATH": f"{scripts}:{kept.get('PATH', os.defpath)}",
        "LC_ALL": "C.UTF-8",
    }


@dataclass(frozen=True)
class FailedTask:
    """The failed task of a host, with the reason, and the file and line of the task."""

    text: str
    place: str = ""


def _handle_event(event: Mapping[str, Any], progress: Say, failures: dict[str, FailedTask]) -> None:
    if event["kind"] == "runner_on_start" and event["role"]:
        progress(Message(N_("{host}: role {role}"), event))
    elif event["kind"] in ("runner_on_failed", "runner_on_unreachable"):
        failed = FailedTask(f"{event['task']}: {event['message']}", event["place"])
        failures.setdefault(event["host"], failed)
    elif event["kind"] == "error":
        failures.setdefault("", FailedTask(event["message"], event.get("place", "")))


def _child(parent: int, source: IO[str], target: IO[str]) -> int:
    """Do the run that comes as an order from `source` and write an event per line to `target`.

    It ends with `parent`, the process that gives the order, so that kill -9 leaves no playbook.
    """
    process.end_with_parent(parent)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import ansible_runner  # noqa: F401 - which takes a while, and the order may be a while in coming

    text = source.read()
    if not text:
        return 0
    order = json.loads(text)
    try:
        _mount(order["disks"])
        return _play(order, target)
    except (MachineryError, OSError) as error:  # such as a full disk
        said = str(getattr(error, "strerror", None) or error)
        target.write(json.dumps({"kind": "error", "message": said}) + "\n")
        return 1


def _play(order: Mapping[str, Any], target: IO[str]) -> int:
    """Do the run on mounted disks; return its exit code. Raises OSError when ansible-runner cannot write."""
    import ansible_runner

    cancelled: list[int] = []

    def stop(number: int, frame: object) -> None:
        cancelled.append(number)
        if order["disks"]:
            _leave(order["disks"])

    # ansible-runner's own handler waits for itself for ever when a second signal comes while it is at work,
    # and a parent with several threads that is killed sends one for each.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

    def handle(event: dict[str, Any]) -> bool:
        line = _summarise(event)
        if line:
            target.write(json.dumps(line) + "\n")
            target.flush()
        return False

    runner = ansible_runner.run(
        private_data_dir=order["private_data_dir"],
        project_dir=order["project_dir"],
        playbook=order["playbook"],
        inventory=order["inventory"],
        extravars=order["extravars"],
        tags=order["tags"] or None,
        roles_path=order.get("roles"),
        event_handler=handle,
        cancel_callback=lambda: bool(cancelled),
        quiet=True,
        suppress_env_files=True,
    )
    if runner.status == "canceled":
        _end_children()
    _unmount(order["disks"])
    return 0 if runner.rc == 0 else 1


def _mount(disks: Sequence[tuple[str, str]]) -> None:
    """Mount disks (folder, options) where only this process and those below it see them.

    Raises MachineryError when one cannot be mounted, and OSError.
    """
    if not disks:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for folder, options in disks:
        _mount_disk(folder, options)


def _mount_disk(folder: str, options: str) -> None:
    """Mount a disk. When a command was killed that had mounted it, wait for the end of its processes.

    Raises MachineryError when that fails.
    """
    words = ["mount", "-t", "overlay", "overlay", "-o", options, "root"]
    deadline = time.monotonic() + FREE_SECONDS
    while (done := subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)).returncode:
        if not any(word in done.stderr for word in BUSY) or time.monotonic() > deadline:
            raise MachineryError("{said}", said=done.stderr.strip().partition("\n")[0])
        time.sleep(FREE_PAUSE)


def _unmount(disks: Sequence[tuple[str, str]]) -> None:
    """Unmount the disks, so that their hosts can mount them: a namespace that ends does that later."""
    for folder, _ in disks:
        subprocess.run(["umount", "root"], check=True, cwd=folder)


def _leave(disks: Sequence[tuple[str, str]]) -> NoReturn:
    """End at once with all that was started: the next command mounts the disks again, and begins anew."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    _end_children()
    with suppress(OSError, subprocess.CalledProcessError):  # a disk that was not mounted yet, or is removed
        _unmount(disks)
    os._exit(1)


def _end_children() -> None:
    """Kill the processes below this one: Ansible's workers, which have their own sessions."""
    with suppress(ChildProcessError):
        while True:
            for pid in Path("/proc/thread-self/children").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            os.waitpid(-1, 0)


def _summarise(event: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the little that the parent wants to know of an event, or None."""
    kind, data = event["event"], event.get("event_data", {})
    if kind == "error" or (kind == "verbose" and "ERROR" in event.get("stdout", "")):
        return _read_error(event["stdout"])
    if kind not in WATCHED or kind == "verbose" or data.get("ignore_errors"):
        return None
    result = data.get("res") or {}
    return {
        "kind": kind,
        "host": str(data.get("host", "")),
        "role": str(data.get("role") or ""),
        "task": str(data.get("task", "")),
        "place": _shorten(str(data.get("task_path") or "")),
        "message": _reason(result),
    }


def _read_error(text: str) -> dict[str, str]:
    """Return an error of Ansible itself, such as an unknown module: first line and place."""
    plain = COLOURS.sub("", text).strip()
    origin = ORIGIN.search(plain)
    message = plain.partition("\n")[0].strip().removeprefix("[ERROR]: ")
    return {"kind": "error", "message": message, "place": _shorten(origin[1]) if origin else ""}


def _shorten(place: str) -> str:
    """Return a file and line as our documentation names it, if it is sharklab's own."""
    return place.removeprefix(f"{paths.ROOT}/")


def _reason(result: Mapping[str, Any]) -> str:
    """Return the error of a failed task, in one line or two; of a loop, that of the first failed item.

    The cause is in the first line of a message, and in the last line of what a program prints.
    """
    items = [item for item in result.get("results") or () if isinstance(item, Mapping)]  # dnf's are texts
    failed = next((item for item in items if item.get("failed")), result)
    message = str(failed.get("msg", "")).strip().partition("\n")[0].rstrip()
    said = [str(failed.get(key, "")).strip() for key in ("stderr", "module_stderr")]
    if not any(said):  # `raw` has a terminal, so that its errors are among its output
        said = [str(failed.get("stdout", "")).strip()]
    parts = [message, *(part.splitlines()[-1] for part in said if part)]
    return "; ".join(dict.fromkeys(part for part in parts if part))[:600]


if __name__ == "__main__":
    raise SystemExit(_child(int(sys.argv[1]), sys.stdin, sys.stdout))
