"""The supervisor: where it listens, and lists that follow the files."""

from __future__ import annotations

import socket
import subprocess
import threading

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.door.server import Caller
from sharklab.hosts.ssh_gateway import jail, names, students, supervisor
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


@pytest.mark.parametrize(("program", "code"), [("exit 7", 7), ("cat", None)])
def test_a_first_cell_that_ends_is_an_error_at_once(program: str, code: int | None) -> None:
    """Nobody accepts the connection that waits for the greeting; an sshd that greets is good."""

    def greet() -> None:
        with listener.accept()[0] as connection:
            connection.sendall(b"SSH-2.0")

    with supervisor.listen(Where("127.0.0.1", 0)) as listener:
        where = Where("127.0.0.1", listener.getsockname()[1])
        with subprocess.Popen(["sh", "-c", program], stdin=subprocess.PIPE) as child:
            if code is None:
                greeter = threading.Thread(target=greet)
                greeter.start()
                supervisor.wait_for_greeting(where, child)
                greeter.join()
            else:
                error = error_of(MachineryError, supervisor.wait_for_greeting, where, child)
                assert code == error.values["code"]
            assert code == child.poll() and child.stdin
            child.stdin.close()


@pytest.mark.parametrize(
    ("address", "here"), [(supervisor.EVERY_ADDRESS, "127.0.0.1"), ("::", "::1"), ("192.0.2.1", "192.0.2.1")]
)
def test_a_program_of_this_computer_reaches_it(address: str, here: str) -> None:
    """A gateway that listens on every address is reached by loopback."""
    assert (here, 2222) == Where(address, 2222).here


@pytest.mark.usefixtures("own_state")
def test_the_lists_follow_the_students(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a change nothing is written; the root of the jail speaks for every student."""
    monkeypatch.setattr(names, "hosts_of_labs", lambda: {"tp4": ("client",)})
    for name in ("lists", "private"):
        (jail.folder() / name).mkdir(parents=True)
    lists = supervisor.Lists()
    lists.look()
    assert {jail.BASE: Caller(is_front=True)} == lists.callers
    own = students.enter([Student("alice", "Alice", "a@uni.example")], {})["alice"]
    lists.look()
    assert Caller("alice") == lists.callers[jail.BASE + own.uid] and "alice+client" in lists.targets
    before, shadow = lists.targets, jail.folder() / "private" / jail.SHADOW
    assert shadow.read_text().startswith("alice:")
    lists.look()
    assert before is lists.targets
    students.store("alice", ED25519)
    lists.look()
    assert "" == shadow.read_text()
