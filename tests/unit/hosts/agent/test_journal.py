"""The journal of a machine as text; journalctl is a script that prints entries."""

from __future__ import annotations

import json
import pwd
from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts.agent import journal
from tests.support.programs import script


def entry(message: Any, uid: int = 0, boot: str = "a", **other: Any) -> dict[str, Any]:
    """Return an entry as journalctl prints it, of the second 1,764,000,000."""
    return {
        "__REALTIME_TIMESTAMP": "1764000000500000",
        "_BOOT_ID": boot,
        "_UID": str(uid),
        "_PID": "7",
        "SYSLOG_IDENTIFIER": "sshd",
        "MESSAGE": message,
        **other,
    }


def person(name: str, uid: int) -> pwd.struct_passwd:
    """Return the account of a person."""
    return pwd.struct_passwd((name, "x", uid, uid, "", f"/home/{name}", "/bin/sh"))


def told(fakes: Path, entries: list[dict[str, Any]], most: int = 10_000) -> list[str]:
    """Return the lines that the machine tells of these entries, without the date."""
    lines = "".join(json.dumps(each) + "\n" for each in entries)
    (fakes / "entries").write_text(lines)
    script(fakes, "journalctl", f'cat "{fakes}/entries"')
    return [
        line.removeprefix("2025-11-24T16:00:00Z ")
        for line in journal.text(60, ["student"], most).splitlines()
    ]


@pytest.fixture(autouse=True)
def _people(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [person("root", 0), person("student", 1000), person("ada", 1001), person("bob", 1002)]
    monkeypatch.setattr(pwd, "getpwall", lambda: accounts)
    monkeypatch.setenv("SUDO_USER", "ada")


def test_lines_of_other_people_are_left_out(fakes: Path) -> None:
    """Also lines of the system that name them; the student and the user who logged in are told."""
    entries = [
        entry("own", 1000),
        entry("login", 1001),
        entry("not mine", 1002),
        entry("Accepted publickey for bob from 10.0.0.1"),
        entry("Started user@1002.service"),
        entry("bobbin"),
    ]
    assert [f"sshd[7]: {text}" for text in ("own", "login", "bobbin")] == told(fakes, entries)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("db_password=hunter2 port=1", "db_password=*** port=1"),
        ('"token": "a b" c', '"token": *** c'),
        ("COMMAND=mysql --password hunter2 x", "COMMAND=mysql --password *** x"),
        ("GET http://ada:hunter2@10.0.0.1/", "GET http://ada:***@10.0.0.1/"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "***"),
        ("Failed password for root", "Failed password for root"),
    ],
)
def test_secrets_are_left_out(fakes: Path, message: str, line: str) -> None:
    """The rest of the line stays."""
    assert [f"sshd[7]: {line}"] == told(fakes, [entry(message)])


def test_a_reboot_is_a_line_of_its_own(fakes: Path) -> None:
    """A message of several lines has the source before each; bytes and missing texts have signs."""
    entries = [
        entry("one\ntwo"),
        entry([104, 105, 255], boot="b"),
        entry(None, boot="b", _PID=None, SYSLOG_IDENTIFIER="kernel"),
    ]
    assert ["sshd[7]: one", "sshd[7]: two", "-- reboot --", "sshd[7]: hi\ufffd", "kernel: ..."] == told(
        fakes, entries
    )


def test_a_long_journal_keeps_its_beginning_and_its_end(fakes: Path) -> None:
    """A line says how many are left out, and each line has its own limit."""
    lines = told(fakes, [entry(f"{number:04d}") for number in range(1000)], most=400)
    kept = [line for line in lines if line.startswith("sshd")]
    assert ("sshd[7]: 0000", "sshd[7]: 0999") == (lines[0], lines[-1])
    assert [f"... {1000 - len(kept)} lines are left out ..."] == [line for line in lines if line not in kept]
    assert sum(map(len, lines)) <= 440
    assert journal.LINE >= len(told(fakes, [entry("x" * 5000)])[0])


def test_a_journal_that_takes_too_long_is_cut(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told of a machine without a journal."""
    monkeypatch.setattr(journal, "SECONDS", -1)
    assert [] == told(fakes, [entry("late")])
    (fakes / "journalctl").unlink()
    monkeypatch.setenv("PATH", str(fakes))
    assert "" == journal.text(60, [], 100)
