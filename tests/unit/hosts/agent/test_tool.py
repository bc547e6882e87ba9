"""Commands of the machine, and the steps that failed."""

from __future__ import annotations

import errno
import os

from sharklab.hosts.agent.tool import Failures, output


def test_output_of_a_command_that_fails_is_none() -> None:
    """Missing commands too; bytes that are no text are replaced."""
    assert "a\ufffd\n" == output(["printf", "a\\377\\n"])
    assert [None, None] == [output(["false"]), output(["no-such-command"])]


def test_failures_have_the_command_and_the_reason() -> None:
    """A command that ends well is no failure."""
    failures = Failures()
    commands = (["true"], ["sh", "-c", "echo no >&2; exit 3"], ["no-such-command", "-x"])
    assert [True, False, False] == [failures.run(argv) for argv in commands]
    assert [
        ("sh -c echo no >&2; exit 3", "no"),
        ("no-such-command -x", os.strerror(errno.ENOENT)),
    ] == failures.entries
