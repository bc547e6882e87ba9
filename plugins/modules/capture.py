#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Record a host's packets and sockets while something else happens."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capture
short_description: Record a host's packets and sockets
description:
  - Starts one C(tcpdump) for each capture and a recorder of the host's sockets, and returns when all of
    them listen. Stops them again without losing a packet, and packs what they recorded into one file.
  - They run in a transient systemd unit where systemd runs, otherwise as a detached process, so they
    outlive the task. Whatever a killed run left is ended by the next start. No other tcpdump is touched.
options:
  state:
    description:
      - V(started) ends what is left of an earlier recording in O(folder), clears it and starts.
      - V(stopped) ends the recording and packs it into C(evidence.tar) in O(folder), together with
        C(probes.json) if the M(sharklab.lab.probe) module left one there.
      - V(absent) ends the recording and removes O(folder).
    type: str
    choices: [started, stopped, absent]
    default: started
  folder:
    description: Folder on the host that belongs to the recording. It is made, and cleared, by this module.
    type: path
    default: /var/lib/sharklab/evidence
  captures:
    description: One tcpdump each.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Name of the capture, unique in the list; its file is C(captures/<id>.pcap).
        type: str
        required: true
      interface:
        description: Interface to listen on.
        type: str
        required: true
      filter:
        description: Which packets, as in C(pcap-filter(7)); all when empty.
        type: str
        default: ""
      snaplen:
        description: Bytes kept of each packet; 0 for whole packets.
        type: int
        default: 0
  sockets:
    description: Whether to record every line that C(ss -Htunap) shows meanwhile.
    type: bool
    default: true
  max_seconds:
    description: Seconds after which the recording ends by itself.
    type: int
    default: 3600
  max_bytes:
    description: Size of a capture file at which its tcpdump is ended.
    type: int
    default: 67108864
attributes:
  check_mode:
    support: full
    description: Says whether something would be done, and does nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
notes:
  - Needs root, Linux, C(tcpdump) and C(ss) on the host.
author:
  - sharklab
"""

EXAMPLES = r"""
- name: Capture the SSH traffic
  sharklab.lab.capture:
    captures:
      - {id: ssh, interface: eth0, filter: tcp port 22}

- name: Stop capturing and pack the evidence
  sharklab.lab.capture:
    state: stopped
"""

RETURN = r"""
evidence:
  description: The packed evidence on the host; empty when there was no recording.
  returned: with O(state=stopped)
  type: str
  sample: /var/lib/sharklab/evidence/evidence.tar
captures:
  description: What each tcpdump did.
  returned: with O(state=stopped)
  type: list
  elements: dict
  contains:
    id: {description: Name of the capture., type: str, returned: always}
    file: {description: The capture file in the folder., type: str, returned: always}
    argv: {description: The command., type: list, elements: str, returned: always}
    started: {description: When it listened in seconds since the epoch., type: float, returned: always}
    ended: {description: When it ended in seconds since the epoch., type: float, returned: always}
    packets_captured: {description: Packets in the file., type: int, returned: always}
    packets_dropped: {description: Packets lost for want of buffers., type: int, returned: always}
    exit_code: {description: Exit status of tcpdump., type: int, returned: always}
    stderr: {description: What tcpdump said., type: str, returned: always}
"""

import inspect
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sharklab.lab.plugins.module_utils import recorder
from ansible_collections.sharklab.lab.plugins.module_utils.processes import holders, signal_process

START_LIMIT = 90.0
STOP_LIMIT = 90.0
KILL_LIMIT = 5.0
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
PARTS = ("probes.json", "captures.json", "sockets.json")

ARGUMENTS = {
    "state": {"type": "str", "choices": ["started", "stopped", "absent"], "default": "started"},
    "folder": {"type": "path", "default": "/var/lib/sharklab/evidence"},
    "captures": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "id": {"type": "str", "required": True},
            "interface": {"type": "str", "required": True},
            "filter": {"type": "str", "default": ""},
            "snaplen": {"type": "int", "default": 0},
        },
    },
    "sockets": {"type": "bool", "default": True},
    "max_seconds": {"type": "int", "default": 3600},
    "max_bytes": {"type": "int", "default": 67108864},
}


class RecordingError(Exception):
    """The recording could not be started or stopped; the message says why."""


def problems(params: dict[str, Any]) -> Iterator[str]:
    """Yield the faults of the options."""
    ids = [spec["id"] for spec in params["captures"]]
    for spec in params["captures"]:
        if not NAME.fullmatch(spec["id"]):
            yield f"capture {spec['id']!r}: an id has letters, digits, '.', '_' and '-' only"
        if ids.count(spec["id"]) > 1:
            yield f"capture {spec['id']}: this id is used more than once"
        if spec["snaplen"] < 0:
            yield f"capture {spec['id']}: snaplen must not be negative"
    for name in ("max_seconds", "max_bytes"):
        if params[name] <= 0:
            yield f"{name} must be more than 0"


def start(folder: Path, params: dict[str, Any]) -> None:
    """Start a new recording in `folder`; return when every tcpdump listens. Raises RecordingError."""
    halt(folder)
    prepare(folder)
    wanted = {name: params[name] for name in ("captures", "sockets", "max_seconds", "max_bytes")}
    recorder.write_json(folder / "request.json", wanted)
    program = folder / "recorder.py"
    program.write_text(inspect.getsource(recorder), encoding="utf-8")
    launch([sys.executable, "-I", str(program), str(folder)], folder)
    answer = folder / "started.json"
    if not wait_until(answer.exists, START_LIMIT):
        raise RecordingError(
            f"the recorder gave no answer within {START_LIMIT:.0f} s; see its log on the host"
        )
    error = read_json(answer, {})["error"]
    if error:
        shutil.rmtree(folder)
        raise RecordingError(error)


def prepare(folder: Path) -> None:
    """Make the folder empty. Raises RecordingError when it holds what is not ours."""
    if folder.exists() and not (folder / "lock").exists() and any(folder.iterdir()):
        raise RecordingError(f"{folder} is not a folder of this module: give it one of its own")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    (folder / "lock").touch(mode=0o600)
    (folder / "captures").mkdir(mode=0o700)
    shutil.chown(folder / "captures", tcpdump_user())


def tcpdump_user() -> int:
    """Return the user that tcpdump becomes before it opens its file, by the distributions' custom."""
    try:
        return pwd.getpwnam("tcpdump").pw_uid
    except KeyError:
        return os.geteuid()


def launch(argv: list[str], folder: Path) -> None:
    """Run a command apart from this task: as a transient unit, or detached where systemd does not run."""
    if Path("/run/systemd/system").is_dir():  # sd_booted(3)
        launch_unit(argv)
        return
    with (folder / "recorder.log").open("wb") as log:
        subprocess.Popen(argv, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def launch_unit(argv: list[str]) -> None:
    """Run a command as a transient unit. Raises RecordingError with what systemd-run says."""
    unit = f"--unit=sharklab-capture-{time.time_ns() // 1_000_000}"
    # mixed: the recorder alone is told to stop, so that it can wait for the last packets.
    options = ["--quiet", "--collect", "--property=KillMode=mixed", "--property=TimeoutStopSec=15"]
    options += ["--nice=-10"]  # else probes on a slow host keep it from looking at sockets that are soon gone
    done = subprocess.run(
        ["systemd-run", unit, *options, "--", *argv], stderr=subprocess.PIPE, errors="replace", check=False
    )
    if done.returncode:
        raise RecordingError(f"systemd-run: {done.stderr.strip()}")


def halt(folder: Path) -> bool:
    """End the recording in `folder`, if one runs; return whether one did. Raises RecordingError."""
    lock = folder / "lock"
    pids = holders(lock)
    if not pids:
        return False
    recording = [pid for pid in pids if str(pid) == lock.read_text(encoding="ascii", errors="replace")]
    for pid in recording:
        signal_process(pid, signal.SIGTERM)
    if recording and wait_until(lambda: not holders(lock), STOP_LIMIT):
        return True
    for pid in holders(lock):  # orphans of a recorder that was killed, or one that hangs
        signal_process(pid, signal.SIGKILL)
    if not wait_until(lambda: not holders(lock), KILL_LIMIT):
        raise RecordingError(f"these processes cannot be ended: {', '.join(map(str, holders(lock)))}")
    return True


def pack(folder: Path) -> str:
    """Pack what was recorded into evidence.tar and return its path; empty when there is nothing."""
    files = [folder / name for name in PARTS if (folder / name).exists()]
    files += sorted((folder / "captures").glob("*.pcap"))
    if not files:
        return ""
    path = folder / "evidence.tar"
    temporary = folder / "evidence.tar.new"
    with tarfile.open(temporary, "w") as archive:
        for file in files:
            archive.add(file, arcname=str(file.relative_to(folder)))
    temporary.replace(path)
    return str(path)


def stop(folder: Path) -> dict[str, Any]:
    """End the recording, pack it, and return what the task answers. Raises RecordingError."""
    started = (folder / "started.json").exists()
    changed = halt(folder)
    captures = read_json(folder / "captures.json", None)
    warnings = read_json(folder / "notes.json", [])
    if started and captures is None:
        warnings.append("The recorder was killed: what it recorded is incomplete.")
    elif started and not changed and not (folder / "evidence.tar").exists():
        warnings.append("The recording had ended by itself before it was stopped (see max_seconds).")
    return {
        "changed": changed,
        "evidence": pack(folder),
        "captures": captures or [],
        "warnings": warnings,
    }


def remove(folder: Path) -> dict[str, Any]:
    """End the recording and remove its folder; return the answer of the task. Raises RecordingError."""
    halt(folder)
    present = (folder / "lock").exists()
    if present:
        shutil.rmtree(folder)
    return {"changed": present}


def read_json(path: Path, default: Any) -> Any:
    """Return the content of a JSON file, or `default` when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default


def wait_until(condition: Callable[[], bool], limit: float) -> bool:
    """Return whether `condition` came true within `limit` seconds."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def would_change(state: str, folder: Path) -> bool:
    """Return the answer of check mode: whether the module would change the host."""
    if state == "started":
        return True
    return bool(holders(folder / "lock")) if state == "stopped" else (folder / "lock").exists()


def bring_about(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Bring about the state that is asked for; return the answer of the task. Raises RecordingError."""
    if params["state"] == "started":
        start(folder, params)
        return {"changed": True}
    return stop(folder) if params["state"] == "stopped" else remove(folder)


def main() -> None:
    """Check the options and bring about the state."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    folder = Path(module.params["folder"]).resolve()
    mistakes = list(dict.fromkeys(problems(module.params)))
    if mistakes:
        module.fail_json(msg="; ".join(mistakes))
    if module.check_mode:
        module.exit_json(changed=would_change(module.params["state"], folder))
    try:
        answer = bring_about(folder, module.params)
    except (RecordingError, OSError) as error:
        module.fail_json(msg=str(error))
    for warning in answer.pop("warnings", []):
        module.warn(warning)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
