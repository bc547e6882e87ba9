"""Captures on a machine: found by their first bytes, wherever a student keeps files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab.hosts.agent import captures

PCAP = bytes.fromhex("d4c3b2a1") + bytes(20)


def test_find_tells_captures_from_other_files(tmp_path: Path) -> None:
    """Not by their names; links, pipes, hidden folders and empty files are left out."""
    for name, content in (("a.pcap", PCAP), ("b", b"\n\r\r\n"), ("text.pcap", b"hello"), ("empty.pcap", b"")):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "link.pcap").symlink_to("a.pcap")
    os.mkfifo(tmp_path / "pipe.pcap")
    for folder in (".cache", "labs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "c.pcap").write_bytes(PCAP)
    os.utime(tmp_path / "b", (5, 7))
    found = captures.find((str(tmp_path), str(tmp_path / "no such folder")))
    assert ["a.pcap", "b", "labs/c.pcap"] == [os.path.relpath(each["path"], tmp_path) for each in found]
    assert (4, 7.0, (tmp_path / "b").owner()) == tuple(found[1][key] for key in ("size", "modified", "owner"))


def test_find_ends_in_a_folder_with_very_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many files are looked at, and no more."""
    monkeypatch.setattr(captures, "FILES", 2)
    for name in "abc":
        (tmp_path / name).write_bytes(PCAP)
    assert 2 == len(captures.find((str(tmp_path),)))


def test_an_owner_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Such as that of an account that is gone."""

    def forget(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(captures, "getpwuid", forget)
    (tmp_path / "a").write_bytes(PCAP)
    assert [str(os.getuid())] == [each["owner"] for each in captures.find((str(tmp_path),))]
