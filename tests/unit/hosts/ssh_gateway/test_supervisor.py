"""The supervisor: where it listens, and lists that follow the files."""

from __future__ import annotations

import socket

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.door.server import Caller
from sharklab.hosts.ssh_gateway import cell, names, students, supervisor
from sharklab.hosts.ssh_gateway.supervisor import Where
from sharklab.lab.roster import Student
from tests.support.errors import error_of
from tests.unit.hosts.ssh_gateway.test_keys import ED25519


def test_a_port_that_is_taken_is_named() -> None:
    """So is an address that is not ours; IPv6 has its brackets."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = Where("127.0.0.1", other.getsockname()[1])
        assert str(where) == error_of(MachineryError, supervisor.listen, where).place
    error_of(MachineryError, supervisor.listen, Where("192.0.2.1", 2222))
    assert "[::1]:2222" == str(Where("::1", 2222))
    with supervisor.listen(Where("127.0.0.1", 0)) as own:
        assert own.getsockname()[1]


@pytest.mark.usefixtures("own_state")
def test_the_lists_follow_the_students(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a change nothing is written; the root of the cell speaks for every student."""
    monkeypatch.setattr(names, "hosts_of_labs", lambda: {"tp4": ("client",)})
    for name in ("lists", "private"):
        (cell.folder() / name).mkdir(parents=True)
    lists = supervisor.Lists()
    lists.look()
    assert {cell.BASE: Caller(is_front=True)} == lists.callers
    own = students.enter([Student("alice", "Alice", "a@uni.example")], {})["alice"]
    lists.look()
    assert Caller("alice") == lists.callers[cell.BASE + own.uid] and "alice+client" in lists.targets
    before, shadow = lists.targets, cell.folder() / "private" / cell.SHADOW
    assert shadow.read_text().startswith("alice:")
    lists.look()
    assert before is lists.targets
    students.store("alice", ED25519)
    lists.look()
    assert "" == shadow.read_text()
