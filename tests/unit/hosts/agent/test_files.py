"""Files of a machine: kept, changed, and put back as they were."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from sharklab.hosts.agent import files
from sharklab.hosts.agent.tool import Failures


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a folder with something of each kind."""
    root = tmp_path / "etc"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "file").write_text("old\n")
    (root / "twin").hardlink_to(root / "file")
    (root / "link").symlink_to("file")
    (root / "secret").write_text("s\n")
    (root / "secret").chmod(0o600)
    (root / "deep" / "er" / "file").write_text("deep\n")
    return root


def kept(root: Path) -> bytes:
    """Return the archive of what is in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        files.keep(archive, [str(root)])
    return buffer.getvalue()


def put_back(
    root: Path, archive: bytes, left: frozenset[str] = frozenset()
) -> tuple[list[str], list[object]]:
    """Put a folder back; return what changed, by its name in the folder, and what could not be done."""
    failures = Failures()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        changed = files.Kept(opened, [str(root)]).put_back(left, failures)
    return sorted(os.path.relpath(path, root) for path in changed), list(failures.entries)


def listing(root: Path) -> list[tuple[str, int, str]]:
    """Return name, mode and content of everything in a folder."""
    found = []
    for path in sorted(root.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else ""
        found.append((str(path.relative_to(root)), path.lstat().st_mode, content))
    return found


def test_put_back_undoes_every_kind_of_change(tree: Path) -> None:
    """Content, mode, target, kind, new and lost files and folders: all are as before, and named."""
    before, archive = listing(tree), kept(tree)
    (tree / "file").unlink()
    (tree / "file").write_text("new\n")
    (tree / "secret").chmod(0o644)
    (tree / "link").unlink()
    (tree / "link").mkdir()
    (tree / "link" / "inside").write_text("")
    (tree / "deep" / "er" / "file").unlink()
    (tree / "deep" / "er").rmdir()
    (tree / "deep" / "er").symlink_to("/")
    (tree / "new").mkdir()
    (tree / "new" / "file").write_text("")
    changed = ["deep/er", "deep/er/file", "file", "link", "link/inside", "new", "new/file", "secret"]
    assert (changed, []) == put_back(tree, archive)
    assert before == listing(tree)


def test_put_back_of_what_is_the_same_changes_nothing(tree: Path) -> None:
    """Done twice, the second time has nothing to do; a file's time stays what it was."""
    archive, time = kept(tree), (tree / "file").stat().st_mtime_ns
    assert ([], []) == put_back(tree, archive)
    assert time == (tree / "file").stat().st_mtime_ns


def test_put_back_leaves_what_belongs_to_packages(tree: Path) -> None:
    """Files of packages that came later stay, with the folders that hold them."""
    archive = kept(tree)
    (tree / "package").mkdir()
    (tree / "package" / "conf").write_text("x")
    (tree / "package" / "own").write_text("x")
    left = frozenset({str(tree / "package" / "conf")})
    assert (["package/own"], []) == put_back(tree, archive, left)


def test_put_back_says_what_it_cannot(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the system refuses to write is named with the reason; the others are put back."""
    archive = kept(tree)
    (tree / "file").write_text("new\n")
    (tree / "secret").write_text("new\n")
    real = os.rename

    def rename(source: str, target: str) -> None:
        if target.endswith("/secret"):
            raise PermissionError(1, "Operation not permitted")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    assert (["file", "twin"], [(str(tree / "secret"), "Operation not permitted")]) == put_back(tree, archive)


def test_remove_tree_leaves_nothing(tree: Path) -> None:
    """A folder that was made goes with all in it; one that is not there is no failure."""
    failures = Failures()
    assert (True, False) == (files.remove_tree(str(tree), failures), files.remove_tree(str(tree), failures))
    assert ([], False) == (failures.entries, tree.exists())


def test_digest_and_text_are_those_of_regular_files(tmp_path: Path) -> None:
    """A student may put a pipe in the place of a file: nobody waits for its writer."""
    (file := tmp_path / "file").write_bytes(b"caf\xe9")
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    assert hashlib.sha256(b"caf\xe9").hexdigest() == files.digest(str(file), "sha256")
    assert "caf\ufffd" == files.text(str(file))
    for name in ("link", "pipe", "gone"):
        assert ("", "") == (files.digest(str(tmp_path / name), "md5"), files.text(str(tmp_path / name)))


def test_served_are_the_mounts_that_may_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of another computer, or of a program."""
    kinds = ("nfs4", "fuse.nfs4", "fuse", "ext4", "fuseblk", "autofs")
    monkeypatch.setattr(files, "mounts", lambda: {f"/{kind}": (kind, "") for kind in kinds})
    assert {"/nfs4", "/fuse.nfs4", "/fuse", "/autofs"} == files.list_served()


def test_below_never_looks_at_a_served_mount(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even to learn that it is another file system."""
    monkeypatch.setattr(files, "list_served", lambda: frozenset({str(tree / "deep")}))
    seen: list[str] = []

    def look(path: str) -> os.stat_result:
        seen.append(path)
        return os.lstat(path)

    monkeypatch.setattr(files, "status", look)
    found = set(files.below(str(tree)))
    assert str(tree / "file") in found and str(tree / "deep") not in {*found, *seen}
