"""The journal of the machine since a moment, as text: without the lines of other people, without secrets."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any

PEOPLE = range(1000, 60_001)
"""The numbers of people's accounts: login.defs(5), UID_MIN and UID_MAX."""

FIELDS = "__REALTIME_TIMESTAMP,_BOOT_ID,_UID,_PID,SYSLOG_IDENTIFIER,MESSAGE"
LINE = 1000
"""Characters of a line that are kept."""

SECONDS = 60
"""Seconds that reading may take; a student may have filled the journal."""

SECRET = re.compile(
    r"(?i)(\b[\w-]*(?:pass(?:word|wd|phrase)?|secret|token|psk|api[_-]?key)[\"']?\s*[=:]\s*"
    r"|--pass(?:word|wd|phrase)?\s+)(\"[^\"]*\"|'[^']*'|\S+)|(://[^\s/:@]+:)[^\s/@]+(?=@)"
)
"""A value after a word such as password, and the password in a URL."""

PRIVATE = "PRIVATE KEY"
HIDDEN = "***"


def text(ago: float, users: Collection[str], most: int) -> str:
    """Return the lines of the last `ago` seconds, about `most` characters: the first ones and the last ones.

    Of people, only the lines of `users` are told, and of the person who logged in.
    """
    own = {*users, os.environ.get("SUDO_USER", "root")}
    others = [each for each in pwd.getpwall() if each.pw_uid in PEOPLE and each.pw_name not in own]
    return _ends(_lines(_entries(time.time() - ago), _Filter(others)), most)


class _Filter:
    """Tells whether an entry is of one of the `others`, or names one."""

    def __init__(self, others: Collection[pwd.struct_passwd]) -> None:
        self.numbers = {str(each.pw_uid) for each in others}
        words = "|".join(re.escape(each.pw_name) for each in others)
        numbers = "|".join(self.numbers)
        self.named = re.compile(rf"\b(?:{words})\b|\b(?:user[@-]|uid=)(?:{numbers})\b" if others else r"(?!)")

    def keeps(self, entry: dict[str, Any], message: str) -> bool:
        return entry.get("_UID") not in self.numbers and not self.named.search(message)


def _entries(since: float) -> Iterator[dict[str, Any]]:
    """Yield the entries of the journal (systemd.journal-fields(7)) since epoch seconds, oldest first."""
    words = ["journalctl", "--quiet", "--no-pager", "--output=json", f"--output-fields={FIELDS}"]
    try:
        reader = subprocess.Popen(
            [*words, f"--since=@{int(since)}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return
    end = time.monotonic() + SECONDS
    with reader:
        for line in reader.stdout or ():
            if time.monotonic() > end:
                reader.kill()
                return
            yield json.loads(line)


def _lines(entries: Iterable[dict[str, Any]], wanted: _Filter) -> Iterator[str]:
    boot = ""
    for entry in entries:
        message = _message(entry.get("MESSAGE"))
        if not wanted.keeps(entry, message):
            continue
        if boot and entry.get("_BOOT_ID") != boot:
            yield "-- reboot --\n"
        boot = str(entry.get("_BOOT_ID", ""))
        moment = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) // 1_000_000, timezone.utc)
        name, number = _message(entry.get("SYSLOG_IDENTIFIER", "kernel")), entry.get("_PID")
        source = f"{name}[{number}]" if number else name
        for part in message.splitlines():
            yield f"{moment:%Y-%m-%dT%H:%M:%SZ} {source}: {_without_secrets(part)}"[:LINE] + "\n"


def _message(said: Any) -> str:
    """Return a message as text; journalctl gives bytes as numbers, and nothing for a long one."""
    if isinstance(said, list):
        return bytes(each for each in said if isinstance(each, int)).decode(errors="replace")
    return said if isinstance(said, str) else "..."


def _without_secrets(line: str) -> str:
    if PRIVATE in line:
        return HIDDEN
    return SECRET.sub(lambda found: f"{found[1] or found[3]}{HIDDEN}", line)


def _ends(lines: Iterable[str], most: int) -> str:
    """Return the first and the last lines, each about half of `most` characters, and what lies between."""
    first: list[str] = []
    last: deque[str] = deque()
    left, size, lost = most // 2, 0, 0
    for line in lines:
        if left >= len(line) and not last:
            first.append(line)
            left -= len(line)
            continue
        last.append(line)
        size += len(line)
        while size > most // 2:
            size -= len(last.popleft())
            lost += 1
    note = [f"... {lost} lines are left out ...\n"] if lost else []
    return "".join([*first, *note, *last])
