"""The action `files`: contents, owners and modes of what it writes, and when it runs what follows."""

from __future__ import annotations

import getpass
import grp
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.support import module_process

action = module_process.load("action/files.py")

OWN = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}


def folder(path: Path, mode: str = "0755") -> dict[str, Any]:
    """Return the option for one folder of the user who runs the tests."""
    return {"path": str(path), "mode": mode, **OWN}


def file(path: Path, content: str, mode: str = "0644", **more: Any) -> dict[str, Any]:
    """Return the option for one file of the user who runs the tests."""
    return {"path": str(path), "content": content, "mode": mode, **OWN, **more}


@pytest.fixture(autouse=True)
def marks(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give each test a folder of its own for the marks of unfinished tasks."""
    folder = tmp_path_factory.mktemp("marks")
    monkeypatch.setenv("MARKS", str(folder))
    return folder


def write(*, check: bool = False, **options: Any) -> dict[str, Any]:
    """Send the program to a Python of its own, as the action does to a host's, and return its answer."""
    checked = ArgumentSpecValidator(action.ARGUMENTS).validate(options)
    assert [] == checked.error_messages
    options = checked.validated_parameters
    mark = f"{os.environ['MARKS']}/{action.digest(options)}"
    program = action.program({**options, "mark": mark, "check": check})
    done = subprocess.run([sys.executable, "-I", "-"], input=program, capture_output=True, check=True)
    answer: dict[str, Any] = action.read({"stdout_lines": done.stdout.decode().splitlines()})
    return answer


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
    both = partial(write, folders=[folder(tmp_path / "a")], files=[file(tmp_path / "a" / "b", "text")])
    both()
    before = (tmp_path / "a" / "b").stat().st_ino
    answer = both(then=["touch", str(tmp_path / "ran")])
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


def test_write_then_is_done_the_next_time_when_it_failed(tmp_path: Path, marks: Path) -> None:
    """A command that failed is due until it succeeds once, though the file is right by then."""
    script = f"echo >> {tmp_path}/ran; test -e {tmp_path}/there"
    again = partial(write, files=[file(tmp_path / "a", "1")], then=["sh", "-c", script])
    assert again()["failed"]
    (tmp_path / "there").touch()
    answers = [again() for _ in range(2)]
    assert ([True, False], []) == ([answer["changed"] for answer in answers], list(marks.iterdir()))
    assert 2 == (tmp_path / "ran").read_text().count("\n")


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
        check=True,
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
    assert (True, True) == (answer["failed"], f"{tmp_path}/" in answer["msg"])


def test_write_says_that_an_owner_is_missing(tmp_path: Path) -> None:
    """An unknown owner is named, with the file that it should own."""
    answer = write(files=[file(tmp_path / "a", "text") | {"owner": "nobody-here"}])
    assert f"{tmp_path}/a: getpwnam(): name not found: 'nobody-here'" == answer["msg"]


@pytest.mark.parametrize(
    ("path", "mode", "fault"),
    [
        ("etc/motd", "0644", "etc/motd: the path must be absolute"),
        ("/etc/motd", "u+x", "/etc/motd: the mode 'u+x' must be octal digits in quotes"),
        ("/etc/motd", "420d", "/etc/motd: the mode '420d' must be octal digits in quotes"),
    ],
)
def test_check_place_refuses(path: str, mode: str, fault: str) -> None:
    """What would be written elsewhere, or with another mode than was meant, is refused."""
    with pytest.raises(AnsibleActionFail) as refused:
        action.check_place({"path": path, "mode": mode})
    assert fault == str(refused.value)


def test_read_takes_the_answer_among_other_lines() -> None:
    """What a login prints before it does not matter."""
    assert {"changed": False} == action.read(
        {"stdout_lines": ["Welcome", 'sharklab-files: {"changed": false}']}
    )


def test_read_says_why_python_did_not_run() -> None:
    """A host without Python gives one sentence with what its shell said."""
    with pytest.raises(AnsibleActionFail, match=r"exit code 127.*not found"):
        action.read({"stdout_lines": [], "stdout": "", "stderr": "python3: not found\n", "rc": 127})


HOSTILE = {
    "add_host": {"host_name": "server", "host_vars": {"ansible_connection": "local"}},
    "add_group": "all",
    "ansible_facts": {"os_family": "x"},
    "_ansible_notify": ["x"],
    "changed": True,
}
"""An answer with which the controller would become the host: the tasks that follow would run on it."""


def test_read_takes_no_orders_of_a_host() -> None:
    """Ansible obeys some keys of a result. A student's host can print any."""
    line = f"{action.ANSWER}{json.dumps(HOSTILE)}"
    assert {"changed": True} == action.read({"stdout_lines": [line]})


@pytest.mark.parametrize("text", ["[]", "7", "{", '{"changed": 1}', '{"paths": {}}', "[" * 100_000])
def test_read_refuses_an_answer_of_another_form(text: str) -> None:
    """It is no crash of the playbook."""
    with pytest.raises(AnsibleActionFail):
        action.read({"stdout_lines": [f"{action.ANSWER}{text}"]})
