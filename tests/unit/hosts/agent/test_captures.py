"""Captures on a machine: found by their first bytes, wherever a student keeps files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts.agent import captures, files

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


def _noting(call: Callable[..., Any], looked: list[str]) -> Callable[..., Any]:
    """Return a call of the system that notes the path first."""

    def noted(path: object, *more: object, **words: object) -> Any:
        looked.append(str(path))
        return call(path, *more, **words)

    return noted


def test_find_never_looks_at_a_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a dead server hangs; neither a link to it nor a mounted place is followed."""
    dead, home, place = tmp_path / "dead", tmp_path / "home", tmp_path / "srv"
    for folder in (dead, home / "mounted", home / "labs", place):
        folder.mkdir(parents=True)
        (folder / "a.pcap").write_bytes(PCAP)
    (home / "link").symlink_to(dead)
    (home / "mounted.pcap").write_bytes(PCAP)
    mounts = {str(home / "mounted"): ("tmpfs", ""), str(home / "mounted.pcap"): ("ext4", "")}
    monkeypatch.setattr(files, "mounts", lambda: {**mounts, str(place): ("fuse.nfs4", "a:/"), "/": ("x", "")})
    looked: list[str] = []
    for name in ("lstat", "stat", "scandir"):
        monkeypatch.setattr(os, name, _noting(getattr(os, name), looked))
    found = captures.find((str(home), str(place)))
    assert [str(home / "labs/a.pcap")] == [each["path"] for each in found]
    assert [] == [each for each in looked if each.startswith((str(home / "mounted"), str(place), str(dead)))]


def test_find_archives_goes_by_the_name(tmp_path: Path) -> None:
    """In any case of letters; an empty one, a link and another format are none."""
    for name in ("b.ZIP", "a.tar.gz", "c.tgz", "d.7z", "web.pcap.gz"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty.zip").touch()
    (tmp_path / "link.zip").symlink_to("b.ZIP")
    found = captures.find_archives((str(tmp_path),))
    assert ["a.tar.gz", "b.ZIP", "c.tgz"] == [Path(each["path"]).name for each in found]
