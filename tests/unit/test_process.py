"""Tools of the machine: what they say when they work, fail, hang or are not there."""

from __future__ import annotations

import threading

import pytest

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.message import N_
from tests.support.errors import error_of


def test_run_returns_standard_output() -> None:
    """What the tool wrote to standard output comes back; its input is what was given."""
    assert "HELLO" == process.run(["tr", "a-z", "A-Z"], stdin="hello")


def test_run_of_a_failing_tool() -> None:
    """The command, its exit code and its last lines are in the message, with the caller's hint."""
    script = "for n in 1 2 3 4 5 6 7; do echo line $n >&2; done; exit 3"
    error = error_of(MachineryError, process.run, ["sh", "-c", script], hint="try again")
    assert {"code": 3, "said": "line 3\nline 4\nline 5\nline 6\nline 7"} == error.values
    assert (f"sh -c '{script}'", "try again") == (error.place, error.hint_id)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 3", N_("the command failed with exit code {code} and no message")),
        ("echo no; exit 3", N_("the command failed with exit code {code}: {said}")),
        ("kill -9 $$", N_("the command was ended by signal {code} without a message")),
        ("echo no; kill -9 $$", N_("the command was ended by signal {code}: {said}")),
    ],
)
def test_run_of_a_failing_tool_that_says_something_or_nothing(script: str, expected: str) -> None:
    """There is a sentence for each: no colon has nothing after it."""
    assert expected == error_of(MachineryError, process.run, ["sh", "-c", script]).message_id


def test_run_of_a_killed_tool() -> None:
    """A tool that was killed is told by its signal."""
    error = error_of(MachineryError, process.run, ["sh", "-c", "kill -9 $$"])
    assert {"code": 9, "said": ""} == error.values


def test_run_of_a_missing_tool() -> None:
    """A tool that is not installed is told as such, not as a failure of ours."""
    assert {"tools": "sharklab-no-such-tool"} == error_of(
        MachineryError, process.run, ["sharklab-no-such-tool"]
    ).values


def test_run_beyond_its_time_limit() -> None:
    """A tool that takes too long is ended and told."""
    assert {"seconds": 0.1} == error_of(MachineryError, process.run, ["sleep", "60"], timeout=0.1).values


def test_require_names_packages_of_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing tools are named at once, with what to install on Debian's and Red Hat's family."""
    monkeypatch.setenv("PATH", "/nowhere")
    error = error_of(MachineryError, process.require, "ip", "ssh")
    expected = "apt-get install iproute2 openssh-client (dnf install iproute openssh-clients)"
    assert ({"tools": "ip, ssh"}, expected) == (error.values, error.hint_id)


def test_watched_looks_until_it_returns_none_or_the_block_ends() -> None:
    """Each look says when the next one is."""
    looks: list[int] = []
    enough = threading.Event()

    def look() -> float | None:
        looks.append(len(looks))
        if len(looks) < 3:
            return 0.001
        enough.set()
        return None

    with process.watch_during(look, 0.0):
        assert enough.wait(60)
    with process.watch_during(lambda: looks.clear(), 600.0):
        pass
    assert [0, 1, 2] == looks
