"""The state folder: where it is, files that are whole or absent, and locks that a crash does not leave."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sharklab import i18n, state
from sharklab.errors import Busy, InputError, MachineryError
from sharklab.message import Message
from tests.support.errors import error_of

SEAT = Message("seat")
HOLD = """
import sys
from pathlib import Path
from sharklab import message, state

with state.lock(Path(sys.argv[1]), message.Message("seat")):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> subprocess.Popen[str]:
    """Start a process that holds the lock at `path` until its input ends."""
    source = Path(state.__file__).parents[1]
    command = [sys.executable, "-c", HOLD, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
    assert process.stdout is not None
    assert "held\n" == process.stdout.readline()
    return process


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SHARKLAB_STATE": "/a/b", "XDG_STATE_HOME": "/c"}, "/a/b"),
        ({"XDG_STATE_HOME": "/c"}, "/c/sharklab"),
        ({"XDG_STATE_HOME": ""}, "/h/.local/state/sharklab"),
    ],
)
def test_root_by_environment(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own variable comes first, then the XDG one, then the home folder."""
    monkeypatch.delenv("SHARKLAB_STATE", raising=False)
    for name, value in {"HOME": "/h", **environment}.items():
        monkeypatch.setenv(name, value)
    assert Path(expected) == state.root()


def test_seat_folder_names_lab_and_student(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seat's folder is made of its lab and its student."""
    monkeypatch.setenv("SHARKLAB_STATE", "/s")
    assert Path("/s/seats/tp4/ada@ecole.fr") == state.seat_folder("tp4", "ada@ecole.fr")


@pytest.mark.parametrize("student", ["", "..", "a/b", "a b", "a,b", "a:b", ".hidden", "x" * 65])
def test_seat_folder_refuses_a_name(student: str) -> None:
    """A name that would lead out of the folder, or that mount(8) would split, is bad input."""
    with pytest.raises(InputError) as caught:
        state.seat_folder("tp4", student)
    assert "student" == str(caught.value.place)


def test_write_replaces_content_and_mode(tmp_path: Path) -> None:
    """The new content is there whole, with the mode asked for, and no temporary file is left."""
    file = tmp_path / "key"
    state.write(file, "old", 0o644)
    state.write(file, b"new", 0o600)
    assert ("new", 0o600, ["key"]) == (
        file.read_text(),
        file.stat().st_mode & 0o777,
        [path.name for path in tmp_path.iterdir()],
    )


def test_write_on_a_full_disk(tmp_path: Path) -> None:
    """A full disk is one message that names the folder; the old file stays and nothing is left."""
    mount = tmp_path / "small"
    script = (
        "import sys; from pathlib import Path; from sharklab import state\n"
        "folder = Path(sys.argv[1]); state.write(folder / 'file', 'old')\n"
        "try: state.write(folder / 'file', 'x' * 1_000_000)\n"
        "except Exception as error: print(type(error).__name__, error.place, error.message_id)\n"
        "print(sorted(path.name for path in folder.iterdir()), (folder / 'file').read_text())\n"
    )
    mount.mkdir()
    # A small disk that nobody else sees: the mount ends with the process.
    command = 'mount -t tmpfs -o size=64k small "$1" && exec "$2" -c "$3" "$1"'
    words = ["unshare", "--mount", "sh", "-c", command, "sh", str(mount), sys.executable, script]
    environment = {**os.environ, "PYTHONPATH": str(Path(state.__file__).parents[1])}
    said = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout
    assert [f"MachineryError {mount} the disk is full", "['file'] old"] == said.splitlines()


def test_write_into_a_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is named, with what the system said."""
    error = error_of(MachineryError, state.write, tmp_path / "none" / "file", "text")
    assert (str(tmp_path / "none"), os.strerror(errno.ENOENT)) == (error.place, str(error.values["reason"]))


def test_folder_is_for_the_owner_alone(tmp_path: Path) -> None:
    """Every folder that is made has mode 0700; making it again is fine."""
    state.folder(tmp_path / "a" / "b")
    state.folder(tmp_path / "a" / "b")
    assert [0o700, 0o700] == [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")]


def test_lock_held_by_another_process(tmp_path: Path) -> None:
    """The message names the thing, the process that holds it and its command."""
    holder = hold(tmp_path / "lock")
    what = Message("seat {lab}/{student}", {"lab": "tp4", "student": "ada"})
    with pytest.raises(Busy) as caught, state.lock(tmp_path / "lock", what):
        pass
    holder.communicate("")
    assert {"what": what, "pid": str(holder.pid), "command": f"-c {tmp_path / 'lock'}"} == caught.value.values
    told = caught.value.say(i18n.translator("fr").gettext)
    assert f"poste tp4/ada\xa0: utilisé par le processus {holder.pid} (" in told


def test_lock_after_its_holder_was_killed(tmp_path: Path) -> None:
    """The kernel lets the lock of a killed process go."""
    holder = hold(tmp_path / "lock")
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with state.lock(tmp_path / "lock", SEAT):
        assert str(os.getpid()) == (tmp_path / "lock").read_text().split()[0]


def test_lock_waits_with_patience(tmp_path: Path) -> None:
    """With patience it says that it waits, and takes the lock when it is let go."""
    holder = hold(tmp_path / "lock")
    said: list[Message] = []

    def listen(sentence: Message) -> None:
        said.append(sentence)
        holder.communicate("")

    with state.lock(tmp_path / "lock", Message("image"), patience=60, progress=listen):
        assert [str(holder.pid)] == [each.values["reason"].values["pid"] for each in said]


def test_is_locked_while_it_is_held(tmp_path: Path) -> None:
    """A look leaves the name of its holder."""
    place = tmp_path / "lock"
    assert not state.is_locked(place)
    with state.lock(place, SEAT):
        assert state.is_locked(place) and str(os.getpid()) == place.read_text().split()[0]
    assert not state.is_locked(place) and place.read_text()


def test_lock_in_a_deleted_folder(tmp_path: Path) -> None:
    """A lock whose folder was deleted by its holder does not keep others from a new one."""
    place = tmp_path / "seat" / "lock"
    with state.lock(place, SEAT):
        state.remove(place.parent)
        with state.lock(place, SEAT):
            assert place.exists()


def test_remove_spares_what_is_mounted(tmp_path: Path) -> None:
    """What is mounted in a folder is not deleted with it."""
    (tmp_path / "with space").mkdir()
    script = (
        "import sys; from pathlib import Path; from sharklab import state\n"
        "Path(sys.argv[1], 'with space', 'file').write_text('')\n"
        "try: state.remove(Path(sys.argv[1]))\n"
        "except Exception as error: print(error.values['mounted'])\n"
        "print(Path(sys.argv[1], 'with space', 'file').exists())\n"
    )
    command = 'mount -t tmpfs small "$1/with space" && exec "$2" -c "$3" "$1"'
    words = ["unshare", "--mount", "sh", "-c", command, "sh", str(tmp_path), sys.executable, script]
    environment = {**os.environ, "PYTHONPATH": str(Path(state.__file__).parents[1])}
    said = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout
    assert f"{tmp_path}/with space\nTrue\n" == said


def test_room_is_that_of_the_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Too little of it is told as a full disk."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    state.check_room(1)
    assert state.has_room(1) and not state.has_room(1 << 62)
    assert str(tmp_path / "state") == error_of(MachineryError, state.check_room, 1 << 62).place


def test_read_object_of_a_note(tmp_path: Path) -> None:
    """A file that is not there is an empty note; any other content than an object names the file."""
    file = tmp_path / "note.json"
    assert {} == state.read_object(file)
    file.write_text('{"alice": 1}')
    assert {"alice": 1} == state.read_object(file)
    for content in ("[1]", "{", "3"):
        file.write_text(content)
        assert str(file) == error_of(MachineryError, state.read_object, file).place


def test_a_durable_file_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then its name is, too. Another file is left to the kernel."""
    seen: list[tuple[bool, bytes]] = []

    def note(handle: int) -> None:
        file = Path(f"/proc/self/fd/{handle}").readlink()
        seen.append(((tmp_path / "name").exists(), b"" if file.is_dir() else file.read_bytes()))

    monkeypatch.setattr(os, "fsync", note)
    state.write(tmp_path / "other", "content")
    state.write(tmp_path / "name", "content", durable=True)
    assert [(False, b"content"), (True, b"")] == seen


def test_find_leaves_out_what_is_removed_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process removes its folder between two looks."""
    for name in ("c", "b", "a"):
        (tmp_path / "seats" / name / "x").mkdir(parents=True)
    list_folder = os.scandir

    def remove_first(place: str) -> object:
        if Path(place).name == "b":
            (tmp_path / "seats" / "b").rename(tmp_path / "gone")
        return list_folder(place)

    monkeypatch.setattr(os, "scandir", remove_first)
    found = state.find(tmp_path / "seats", "*/*/")
    assert ["a/x", "c/x"] == [str(folder.relative_to(tmp_path / "seats")) for folder in found]


def test_explain_has_a_place_in_any_case(tmp_path: Path) -> None:
    """That of the caller, the file that the system names, or the system itself."""
    full, named = OSError(errno.ENOSPC, "full"), OSError(errno.EDQUOT, "quota", "/x/file")
    assert Message("system") == state.explain(full).place
    assert ("/x/file", str(tmp_path)) == (state.explain(named).place, state.explain(named, tmp_path).place)
    assert {"the disk is full"} == {state.explain(error).message for error in (full, named)}
    other = state.explain(PermissionError(errno.EACCES, "no {rights}"))
    assert ("no {rights}", Message("system")) == (other.message, other.place)


def test_temporary_goes_with_its_block(tmp_path: Path) -> None:
    """It is for the owner alone, and another one may be in use beside it."""
    with state.temporary(tmp_path / "a", ".x-") as first, state.temporary(tmp_path / "a", ".x-") as second:
        (first / "file").touch()
        assert 0o700 == stat.S_IMODE(first.stat().st_mode) and second.is_dir()
    assert [] == list((tmp_path / "a").iterdir())


def test_temporary_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    """Of its own prefix alone; a link is no folder."""
    source = "import sys, pathlib, time; from sharklab import state\n" + (
        "with state.temporary(pathlib.Path(sys.argv[1]), '.x-') as own:\n"
        " (own / 'file').touch(); print(own, flush=True); time.sleep(60)"
    )
    (tmp_path / ".y-other").mkdir()
    (tmp_path / ".x-link").symlink_to(tmp_path / ".y-other")
    left = []
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", source, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout
            left.append(Path(child.stdout.readline().strip()))
            with state.temporary(tmp_path, ".x-"):
                assert (left[-1] / "file").exists()
            child.kill()
    assert [False, True] == [each.exists() for each in left]
    state.remove_left(tmp_path, ".x-")
    assert {".y-other", ".x-link"} == {each.name for each in tmp_path.iterdir()}


def test_temporary_is_made_anew_when_another_process_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and its lock, it looks like one that was left."""
    names = iter(("first", "second"))

    def make(prefix: str, dir: Path) -> str:
        (own := dir / next(names)).mkdir()
        if own.name == "first":
            state.remove_left(dir)
        return str(own)

    monkeypatch.setattr(tempfile, "mkdtemp", make)
    with state.temporary(tmp_path) as own:
        assert (tmp_path / "second", True) == (own, own.is_dir())
