"""The module `write`: contents, owners and modes of what it writes, and when it runs what follows."""

from __future__ import annotations

import getpass
import grp
import os
from pathlib import Path
from typing import Any

import pytest

from tests import module_process

OWN = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}


def folder(path: Path, mode: str = "0755") -> dict[str, Any]:
    """Return the option for one folder of the user who runs the tests."""
    return {"path": str(path), "mode": mode, **OWN}


def file(path: Path, content: str, mode: str = "0644", **more: Any) -> dict[str, Any]:
    """Return the option for one file of the user who runs the tests."""
    return {"path": str(path), "content": content, "mode": mode, **OWN, **more}


def write(**options: Any) -> dict[str, Any]:
    """Run the module and return its answer."""
    return module_process.call("write", **options)


def mode(path: Path) -> int:
    """Return the permissions of what is at `path`."""
    return path.stat().st_mode & 0o7777


def test_write_makes_folders_and_files(tmp_path: Path) -> None:
    """Folders come first, so that files find them; both have the mode that was asked for."""
    share, text = tmp_path / "a" / "share", tmp_path / "a" / "share" / "readme.txt"
    answer = write(folders=[folder(share, "1777")], files=[file(text, "é\n", "0600")])
    assert (True, [str(share), str(text)]) == (answer["changed"], answer["paths"])
    assert (0o1777, 0o600, "é\n") == (mode(share), mode(text), text.read_text(encoding="utf-8"))


def test_write_again_changes_nothing(tmp_path: Path) -> None:
    """What is as it should be stays as it is, also by its inode."""
    options = {"folders": [folder(tmp_path / "a")], "files": [file(tmp_path / "a" / "b", "text")]}
    write(**options)
    before = (tmp_path / "a" / "b").stat().st_ino
    answer = write(**options, then=["touch", str(tmp_path / "ran")])
    assert (False, []) == (answer["changed"], answer["paths"])
    assert (before, False) == ((tmp_path / "a" / "b").stat().st_ino, (tmp_path / "ran").exists())


def test_write_mends_a_mode(tmp_path: Path) -> None:
    """A file with the right content and the wrong mode is a change."""
    text = tmp_path / "a"
    text.write_text("text")
    text.chmod(0o666)
    answer = write(files=[file(text, "text", "0640")])
    assert (True, 0o640) == (answer["changed"], mode(text))


def test_write_then_runs_once_after_changes(tmp_path: Path) -> None:
    """However many files changed, the command runs once and sees them all."""
    script = f"cat {tmp_path}/a {tmp_path}/b >> {tmp_path}/ran"
    write(files=[file(tmp_path / "a", "1"), file(tmp_path / "b", "2")], then=["sh", "-c", script])
    assert "12" == (tmp_path / "ran").read_text()


def test_write_then_fails(tmp_path: Path) -> None:
    """A command that fails ends the task with what changed and what it said."""
    answer = write(files=[file(tmp_path / "a", "1")], then=["sh", "-c", "echo no such unit >&2; exit 5"])
    assert f"{tmp_path}/a changed, but what follows failed: sh said: no such unit" == answer["msg"]


def test_write_refuses_what_is_not_valid(tmp_path: Path) -> None:
    """The old file stays when the new content is wrong, and no draft is left beside it."""
    text = tmp_path / "a"
    text.write_text("good")
    answer = write(files=[file(text, "bad", validate=["grep", "--quiet", "good", "%s"])])
    assert (True, "good", [text]) == (answer["failed"], text.read_text(), list(tmp_path.iterdir()))


def test_write_replaces_a_link(tmp_path: Path) -> None:
    """A link is replaced by the file, even when it leads to the right content."""
    (tmp_path / "other").write_text("text")
    (tmp_path / "a").symlink_to("other")
    write(files=[file(tmp_path / "a", "text")])
    assert ("text", "text") == ((tmp_path / "a").read_text(), (tmp_path / "other").read_text())
    assert not (tmp_path / "a").is_symlink()


def test_write_check_mode_writes_nothing(tmp_path: Path) -> None:
    """On a new host a dry run says what would change, though there is neither folder nor owner."""
    text = file(tmp_path / "a" / "b", "text") | {"owner": "nobody-here"}
    answer = write(
        folders=[folder(tmp_path / "a")],
        files=[text],
        then=["touch", str(tmp_path / "ran")],
        _ansible_check_mode=True,
    )
    assert (True, []) == (answer["changed"], list(tmp_path.iterdir()))
    assert [f"{tmp_path}/a", f"{tmp_path}/a/b"] == answer["paths"]


def test_write_shows_what_differs(tmp_path: Path) -> None:
    """Diff mode has each file's content before and after."""
    text = tmp_path / "a"
    text.write_text("old")
    (diff,) = write(files=[file(text, "new")])["diff"]
    assert {"before": "old", "after": "new", "before_header": str(text), "after_header": str(text)} == diff


@pytest.mark.parametrize("place", ["missing/a", "folder"], ids=["no-folder", "is-folder"])
def test_write_says_what_it_cannot_write(tmp_path: Path, place: str) -> None:
    """One sentence names the place and the reason, and is no traceback."""
    (tmp_path / "folder").mkdir()
    answer = write(files=[file(tmp_path / place, "text")])
    assert (True, True) == (answer["failed"], answer["msg"].startswith(f"Cannot write {tmp_path}/"))
