"""Note each login: gateway/logins.jsonl, one JSON object on a line. No report and no gradebook reads it."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.hosts.ssh_gateway import students

LARGEST = 8 << 20
"""Bytes of the file; then it becomes logins.1.jsonl, in place of an older one."""

_lock = threading.Lock()


def file() -> Path:
    """Return the file of the logins."""
    return students.folder() / "logins.jsonl"


def note(student: str, lab: str, host: str, source: str, what: str) -> None:
    """Add a login: the student, the lab and its host, the address, and a word for the purpose."""
    entry = {"time": round(time.time(), 1), "student": student, "lab": lab, "host": host}
    line = json.dumps({**entry, "from": source, "what": what}) + "\n"
    state.folder(students.folder())
    with _lock:
        if file().exists() and file().stat().st_size > LARGEST:
            file().replace(file().with_name("logins.1.jsonl"))
        handle = os.open(file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)


def read(student: str = "") -> list[dict[str, Any]]:
    """Return the logins, the oldest first; only those of `student`. A line that was cut is left out."""
    logins = []
    for place in (file().with_name("logins.1.jsonl"), file()):
        lines = place.read_text(errors="replace").splitlines() if place.exists() else []
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if student in ("", entry.get("student")):
                logins.append(entry)
    return logins
