"""Tools of the machine: what they say when they work, fail, hang or are not there."""

from __future__ import annotations

import pytest

from sharklab import process
from sharklab.errors import MachineryError


def test_run_returns_standard_output() -> None:
    """What the tool wrote to standard output comes back; its input is what was given."""
    assert "HELLO" == process.run(["tr", "a-z", "A-Z"], stdin="hello")


def test_run_of_a_failing_tool() -> None:
    """The command, its exit code and its last lines are in the message, with the caller's hint."""
    script = "for n in 1 2 3 4 5 6 7; do echo line $n >&2; done; exit 3"
    with pytest.raises(MachineryError) as caught:
        process.run(["sh", "-c", script], hint="try again")
    expected = "the command failed with exit code 3: line 3\nline 4\nline 5\nline 6\nline 7"
    assert (expected, f"sh -c '{script}'", "try again") == (
        caught.value.message,
        caught.value.place,
        caught.value.hint,
    )


def test_run_of_a_killed_tool() -> None:
    """A tool that was killed is told by its signal."""
    with pytest.raises(MachineryError) as caught:
        process.run(["sh", "-c", "kill -9 $$"])
    assert "the command was ended by signal 9 without a message" == caught.value.message


def test_run_of_a_missing_tool() -> None:
    """A tool that is not installed is told as such, not as a failure of ours."""
    with pytest.raises(MachineryError) as caught:
        process.run(["sharklab-no-such-tool"])
    assert "not installed on this machine: sharklab-no-such-tool" == caught.value.message


def test_run_beyond_its_time_limit() -> None:
    """A tool that takes too long is ended and told."""
    with pytest.raises(MachineryError) as caught:
        process.run(["sleep", "60"], timeout=0.1)
    assert "the command did not end within 0.1 s" == caught.value.message


def test_require_names_packages_of_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing tools are named at once, with what to install on Debian's and Red Hat's family."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MachineryError) as caught:
        process.require("ip", "ssh")
    expected = "apt-get install iproute2 openssh-client (dnf install iproute openssh-clients)"
    assert ("not installed on this machine: ip, ssh", expected) == (caught.value.message, caught.value.hint)
