"""The helper that opens files by handle for an NFS server: a program stands for the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharklab import paths

PROGRAM = paths.ROLES / "nfs_server" / "files" / "nfs_handles"

SERVER = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
mount = os.open(".", os.O_RDONLY)

def handle(path, flags=0):
    room, where = ctypes.create_string_buffer((128).to_bytes(4, "little"), 136), ctypes.c_int()
    assert libc.name_to_handle_at(mount, path.encode(), room, ctypes.byref(where), flags) == 0
    return room.raw

def open_(handle, flags=os.O_RDONLY):
    file = libc.open_by_handle_at(mount, handle, flags)
    return file if file >= 0 else -ctypes.get_errno()

found = {}
%s
print(json.dumps(found))
"""
"""A process with the calls of a server; the lines of a test are put into it."""

BUSY = """
import os, signal, sys
import nfs_handles
real = signal.signal

def late(number, handler):
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    return real(number, handler)

signal.signal = late
sys.exit(nfs_handles.main(["sh", "-c", "exit 7"]))
"""
"""The helper on a busy computer: its server has ended before it can listen to signals."""


def served(folder: Path, lines: str, own_users: bool = True) -> dict[str, Any]:
    """Return what the lines put into `found`, run in `folder` by a server in a user namespace."""
    enter = ["unshare", "--user", "--map-root-user", "--mount"] if own_users else []
    argv = [*enter, sys.executable, str(PROGRAM), sys.executable, "-c", SERVER % lines]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert (0, "") == (done.returncode, done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """Return a folder with a file, a folder and a link."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "file").write_text("content")
    (tmp_path / "inner" / "other").write_text("more")
    (tmp_path / "link").symlink_to("file")
    return tmp_path


def test_files_are_read_and_written(share: Path) -> None:
    """The flags of the call count."""
    found = served(
        share,
        """
own = handle("file")
found["read"] = os.read(open_(own), 20).decode()
os.write(open_(own, os.O_RDWR), b"C")
found["folder"] = sorted(os.listdir(open_(handle("inner"))))
""",
    )
    assert {"read": "content", "folder": ["other"]} == found
    assert "Content" == (share / "file").read_text()


def test_link_is_described_and_read(share: Path) -> None:
    """A descriptor of a link cannot be handed over; fstat and readlinkat tell of the link all the same."""
    found = served(
        share,
        """
link = open_(handle("link"), os.O_PATH | os.O_NOFOLLOW)
found["target"] = os.readlink("", dir_fd=link)
found["same"] = os.fstat(link).st_ino == os.lstat("link").st_ino
""",
    )
    assert {"target": "file", "same": True} == found


def test_file_is_found_where_it_went(share: Path) -> None:
    """A file that was renamed, or seen by a server before this one; one that is gone is stale (116)."""
    found = served(
        share,
        """
moved, gone = handle("inner/other"), handle("file")
os.rename("inner/other", "elsewhere")
os.unlink("file")
found["moved"] = os.read(open_(moved), 20).decode()
found["gone"] = [open_(gone), open_(gone)]
""",
    )
    assert {"moved": "more", "gone": [-116, -116]} == found


def test_server_runs_alone_where_the_kernel_opens_files(share: Path) -> None:
    """Without a user namespace no process stays between; the server takes the place of the helper."""
    assert {"parent": os.getpid()} == served(share, 'found["parent"] = os.getppid()', False)


@pytest.mark.parametrize("call", [[str(PROGRAM), "sh", "-c", "exit 7"], ["-c", BUSY]])
def test_exit_code_is_that_of_the_server(call: list[str]) -> None:
    """systemd sees how the server ended, also a server that ended at once."""
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    environment = os.environ | {"PYTHONPATH": str(PROGRAM.parent)}
    done = subprocess.run([*enter, sys.executable, *call], check=False, timeout=60, env=environment)
    assert 7 == done.returncode
