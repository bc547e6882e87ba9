"""The names of several files of one capture."""

from __future__ import annotations

from pathlib import Path

from sharklab.grading.submission import parts


def test_names_are_those_of_one_capture_in_their_order() -> None:
    """Of another capture, or beyond the most files, none."""
    known = ["web.2", "ssh.10", "ssh.3", "ssh.2", "ssh", "ssh.9"]
    assert ["ssh", "ssh.2", "ssh.3"] == parts.names("ssh", known)


def test_numbered_names_the_files_after_the_first() -> None:
    """As many as are taken."""
    named = dict(parts.number_files("ssh", [Path(str(number)) for number in range(20)]))
    assert ["ssh.2", "ssh.8"] == [*named][:1] + [*named][-1:]
    assert list(named) == parts.names("ssh", named)


def test_is_part_of_a_capture() -> None:
    """The first file has the id of the capture."""
    assert [False, True, False] == [parts.is_part(name) for name in ("ssh", "ssh.2", "ssh.pcap")]
