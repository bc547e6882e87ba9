"""Features of the kernel, tried: nothing is left, and a failure has its reason."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from sharklab.cli.doctor import trials
from sharklab.message import NOTHING


def test_try_overlay_tells_why_it_failed(tmp_path: Path) -> None:
    """A folder that does not exist cannot hold an upper layer."""
    assert os.strerror(errno.ENOENT) == trials.try_overlay(tmp_path / "absent").msgid


def test_try_bridge_works_here() -> None:
    """A bridge and a veth pair are made in a namespace of their own, which ends with the trial."""
    assert NOTHING == trials.try_bridge()
    assert not {"bridge0", "one", "two"} & {path.name for path in Path("/sys/class/net").iterdir()}


def test_trial_says_what_a_tool_said() -> None:
    """The last line of a tool is the reason."""
    assert "second" == trials._run(["sh", "-c", "echo first >&2; echo second >&2; exit 3"]).msgid


def test_trial_of_a_silent_tool_has_its_code() -> None:
    """A tool that says nothing is told by its exit code."""
    found = trials._run(["sh", "-c", "exit 3"])
    assert ("the command failed with exit code {code} and no message", 3) == (
        found.msgid,
        found.values["code"],
    )


def test_trial_of_a_missing_tool_names_it() -> None:
    """Without the tool there is no trial."""
    found = trials._run(["no-such-tool"])
    assert ("{tool} is not installed", "no-such-tool") == (found.msgid, found.values["tool"])
