"""The state folder: where everything is kept, files written whole or not at all, and locks."""

from __future__ import annotations

import errno
import fcntl
import glob
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sharklab.errors import FREE_SPACE, Busy, InputError, MachineryError
from sharklab.message import N_, Message, refusal

PLAIN_NAME = re.compile(r"[\w@+-][\w@.+-]{0,63}")
FULL = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a disk that is full, and of a user who has no room left on it."""

POLL = 0.2
"""Seconds between two looks at a lock that another process holds."""


def root() -> Path:
    """Return the state folder: $SHARKLAB_STATE, else $XDG_STATE_HOME/sharklab, else in the home folder.

    The order after our own variable is that of the XDG Base Directory Specification.
    """
    if own := os.environ.get("SHARKLAB_STATE"):
        return Path(own).absolute()
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base).absolute() / "sharklab"


def images_folder() -> Path:
    """Return where base images and baked layers are kept."""
    return root() / "images"


def seats_folder() -> Path:
    """Return where all seats are kept, as `<lab>/<student>/`."""
    return root() / "seats"


def seat_folder(lab: str, student: str) -> Path:
    """Return the folder of one student's seat. Raises InputError when a name cannot be a folder's."""
    return seats_folder() / _check_name(N_("lab"), lab) / _check_name(N_("student"), student)


def seat_lock(folder: Path) -> Path:
    """Return the lock file of the seat in `folder`; it lies outside the folder, which `down` removes."""
    return root() / "locks" / f"{folder.parent.name}-{folder.name}"


def find(folder: Path, pattern: str) -> list[Path]:
    """Return the files below `folder` that match `pattern`, sorted, without hidden ones.

    A folder that another process removes meanwhile is left out; Path.glob raises FileNotFoundError then.
    """
    names = glob.glob(pattern, root_dir=folder)  # noqa: PTH207 (see above)
    return sorted(folder / name for name in names)


def runs_folder(lab: str, student: str) -> Path:
    """Return where the evidence of one student's runs is kept. Raises InputError as `seat_folder`."""
    return root() / "runs" / _check_name(N_("lab"), lab) / _check_name(N_("student"), student)


def folder(path: Path) -> Path:
    """Make `path` and its parents if they are missing, for the owner only (0700), and return it.

    Raises MachineryError when the disk is full or the folder cannot be made.
    """
    with _disk_errors(path):
        while not path.is_dir():
            try:
                path.mkdir(mode=0o700)
            except FileNotFoundError:  # as often as another process removes the empty parent
                folder(path.parent)
            except FileExistsError:
                if not path.is_dir():
                    raise
    return path


def write(path: Path, content: str | bytes, mode: int = 0o600, durable: bool = False) -> None:
    """Write `content` to `path` by a temporary file and a rename: whole, or not at all.

    A durable file is there after a power cut, too; another one may be empty then. Raises MachineryError when
    the disk is full or the folder cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with _disk_errors(path.parent):
        try:
            temporary.write_bytes(b"")
            temporary.chmod(mode)
            temporary.write_bytes(data)
            if durable:
                settle(temporary)
            temporary.replace(path)
            if durable:
                settle(path.parent)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def settle(path: Path) -> None:
    """Have a file, or the names in a folder, on disk (fsync(2)): a power cut leaves them as they are now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def has_room(size: int) -> bool:
    """Tell whether the file system of the state folder has `size` bytes free."""
    found = os.statvfs(folder(root()))
    return found.f_bavail * found.f_frsize >= size


def check_room(size: int) -> None:
    """Raise MachineryError, as for a full disk, without `size` free bytes for the state folder."""
    with _disk_errors(root()):
        if not has_room(size):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_object(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file of the state folder, {} without a file. Raises MachineryError."""
    try:
        return dict(json.loads(file.read_text()))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise explain_damage(file, error) from error


def explain_damage(file: Path, fault: object) -> MachineryError:
    """Return the error for a file of the state folder that cannot be read, and that sharklab makes again."""
    return MachineryError(
        N_("the file is damaged: {fault}"), place=str(file), hint=N_("remove it"), fault=fault
    )


def remove(path: Path) -> None:
    """Delete a folder with all it holds; a missing one is fine.

    Raises MachineryError when a file system is mounted in it (its files must not be deleted)
    or when a file cannot be deleted.
    """
    if mounted := _mounts_below(path):
        raise MachineryError(
            N_("{mounted} is mounted in this folder"),
            place=str(path),
            hint=N_("unmount it: umount {mounted}"),
            mounted=mounted[0],
        )
    with _disk_errors(path):
        while path.exists():
            with suppress(FileNotFoundError):  # another process deletes it as well
                shutil.rmtree(path)


@contextmanager
def temporary(parent: Path, prefix: str = "") -> Iterator[Path]:
    """Make a folder in `parent`, for the owner only, that goes at the end of the block.

    Folders of this prefix that killed processes left go first: a folder in use is locked (flock(2)). Raises
    MachineryError when the disk is full or the folder cannot be made.
    """
    remove_left(folder(parent), prefix)
    with _disk_errors(parent):
        own, handle = _make_locked(parent, prefix)
    try:
        yield own
    finally:
        with suppress(MachineryError):  # the next one here tries again
            remove(own)
        os.close(handle)


def remove_left(parent: Path, prefix: str = "") -> None:
    """Remove the folders of `temporary` in `parent` whose processes were killed."""
    for path in parent.glob(f"{prefix}*"):
        with suppress(OSError):  # it went meanwhile, is no folder, or its file system has no locks
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if _lock_file(handle):
                    with suppress(MachineryError):
                        remove(path)
            finally:
                os.close(handle)


def _make_locked(parent: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder and lock it; another process may have removed it before it was locked."""
    while True:
        own = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with suppress(FileNotFoundError):
            handle = os.open(own, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(OSError):  # where there are no locks, nothing is removed
                _lock_file(handle)
            if _is_at(handle, own):
                return own, handle
            os.close(handle)


@contextmanager
def lock(
    path: Path, what: Message, patience: float = 0.0, progress: Callable[[Message], None] = lambda text: None
) -> Iterator[None]:
    """Hold the lock file `path` while `what` ("seat tp4/alice") is in use; wait `patience` seconds for it.

    The kernel lets it go when this process ends, however it ends (flock(2)). `progress` hears that
    it waits. Raises Busy, which names the process that holds it.
    """
    handle = _try_lock(path) or _wait(path, what, patience, progress)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()} {_command()}\n".encode())
        yield
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Tell whether a process holds the lock file `path`."""
    handle = _try_lock(path)
    if handle is not None:
        os.close(handle)
    return handle is None


def _wait(path: Path, what: Message, patience: float, progress: Callable[[Message], None]) -> int:
    deadline = time.monotonic() + patience
    if patience:
        progress(Message(N_("waiting: {reason}"), {"reason": _busy_error(path, what).sentence}))
    while time.monotonic() < deadline:
        if handle := _try_lock(path):
            return handle
        time.sleep(POLL)
    raise _busy_error(path, what)


def _try_lock(path: Path) -> int | None:
    """Return the lock file, open and locked, or None; its folder may be deleted at any time."""
    with suppress(FileNotFoundError):
        handle = os.open(folder(path.parent) / path.name, os.O_RDWR | os.O_CREAT, 0o600)
        if _lock_file(handle) and _is_at(handle, path):
            return handle
        os.close(handle)
    return None


def _lock_file(handle: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _is_at(handle: int, path: Path) -> bool:
    """Tell whether the open file is the one at `path`."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False


def _busy_error(path: Path, what: Message) -> Busy:
    pid, command = "", ""
    with suppress(FileNotFoundError):
        pid, _, command = path.read_text(errors="replace").strip().partition(" ")
    if not pid:
        return Busy(N_("{what} is in use by another process"), hint=N_("wait until it ends"), what=what)
    return Busy(
        N_("{what} is in use by process {pid} ({command})"),
        hint=N_("wait until it ends, or end it: kill {pid}"),
        what=what,
        pid=pid,
        command=command,
    )


def _command() -> str:
    """Return this process's command line, short enough to be read in a message."""
    line = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv else "python"
    return line if len(line) <= 120 else line[:117] + "..."


def _check_name(what: str, name: str) -> str:
    if not PLAIN_NAME.fullmatch(name):
        raise InputError(
            N_("{name!r} cannot be the name of a {what}"),
            place=Message(what),
            hint=N_("use up to 64 letters, digits and the signs _ - . @ +, without a dot in front"),
            name=name,
            what=Message(what),
        )
    return name


def _mounts_below(path: Path) -> list[str]:
    """Return the mount points at `path` or below it, from proc(5)'s mountinfo."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split(" ")[4].replace("\\040", " ") for line in lines]
    return [point for point in points if Path(point).is_relative_to(path)]


@contextmanager
def _disk_errors(place: Path) -> Iterator[None]:
    """Turn an error of the file system into a message that names the folder."""
    try:
        yield
    except OSError as error:
        hint = N_("check the folder's owner and mode, or set SHARKLAB_STATE to another folder")
        if error.errno in FULL:
            raise explain(error, place) from error
        raise MachineryError(
            N_("the folder cannot be written ({reason})"), place=str(place), hint=hint, reason=refusal(error)
        ) from error


def explain(error: OSError, place: Path | None = None) -> MachineryError:
    """Return an error of the system for a person: at `place`, else at the file that it names, if any."""
    at = str(place or error.filename or "") or Message(N_("system"))
    if error.errno in FULL:
        return MachineryError(N_("the disk is full"), place=at, hint=FREE_SPACE)
    return MachineryError("{said}", place=at, said=error.strerror or str(error))
