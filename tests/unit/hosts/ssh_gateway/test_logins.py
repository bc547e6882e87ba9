"""The record of logins."""

from __future__ import annotations

import pytest

from sharklab.hosts.ssh_gateway import logins

pytestmark = pytest.mark.usefixtures("own_state")


def test_logins_are_kept_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the instructor's user alone; a cut line, and a file that grew too large, lose no other login."""
    assert [] == logins.read()
    logins.note("alice", "tp4", "client", "192.0.2.7", "shell")
    logins.note("bob", "tp4", "server", "192.0.2.8", "sftp")
    assert ["alice", "bob"] == [each["student"] for each in logins.read()]
    [own] = logins.read("bob")
    assert ("tp4", "server", "192.0.2.8", "sftp") == (own["lab"], own["host"], own["from"], own["what"])
    assert 0o600 == logins.file().stat().st_mode & 0o777
    with logins.file().open("a") as file:
        file.write('{"student": "al\n')
    monkeypatch.setattr(logins, "LARGEST", 10)
    logins.note("carol", "tp4", "client", "", "shell")
    assert ["alice", "bob", "carol"] == [each["student"] for each in logins.read()]
