# SPDX-License-Identifier: MIT
"""Write folders and files on a host: checks the options here and sends programs/files.py to its Python.

Like `ansible.builtin.raw` it needs no module on the host, and so costs a quarter of what a module does.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess  # noqa: F401 - for the program, which loads it late
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

PLACE: dict[str, dict[str, Any]] = {
    "path": {"type": "str", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "required": True},
}
FILE = {
    **PLACE,
    "content": {"type": "str", "required": True},
    "validate": {"type": "list", "elements": "str", "default": []},
}
ARGUMENTS = {
    "folders": {"type": "list", "elements": "dict", "default": [], "options": PLACE},
    "files": {"type": "list", "elements": "dict", "default": [], "options": FILE},
    "then": {"type": "list", "elements": "str", "default": []},
}


PROGRAM = Path(__file__).resolve().parents[1] / "programs" / "files.py"
ANSWER = "sharklab-files: "
"""The start of the line with the program's answer; a login may have printed other lines."""

PARTS: dict[str, type] = {"changed": bool, "failed": bool, "msg": str, "paths": list, "diff": list}
"""The parts of an answer, with their kinds."""

MARKS = "/var/lib/sharklab/unfinished"
"""Folder on the host for marks of tasks whose O(then) has not been done."""


class ActionModule(ActionBase):
    """The task `files`; its options are documented in plugins/modules/files.py."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the files of the options on the host; their content is standard input, never in argv."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENTS)
        for spec in (*options["folders"], *options["files"]):
            check_place(spec)
        wanted = {**options, "check": self._task.check_mode, "mark": f"{MARKS}/{digest(options)}"}
        if hasattr(self._connection, "call"):  # sharklab.lab.disk
            written = load_program()
            return {**result, **self._connection.call(lambda: written.answer(wanted))}
        done = self._low_level_execute_command(
            f"{interpreter(task_vars or {})} -I -S -", in_data=program(wanted)
        )
        return {**result, **read(done)}


@cache
def load_program() -> ModuleType:
    """Return the program as a module of this process, for hosts that are only disks.

    All that it needs is loaded with it: the file system of a host has no part of it.
    """
    found = importlib.util.spec_from_file_location("sharklab_files", PROGRAM)
    if found is None or found.loader is None:
        raise AnsibleActionFail(f"{PROGRAM} is missing")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def check_place(spec: dict[str, Any]) -> None:
    """Refuse a path that is not absolute and a mode that is not octal digits."""
    if not spec["path"].startswith(("/", "~")):
        raise AnsibleActionFail(f"{spec['path']}: the path must be absolute")
    if not spec["mode"] or spec["mode"].strip("01234567"):
        raise AnsibleActionFail(f"{spec['path']}: the mode {spec['mode']!r} must be octal digits in quotes")


def digest(options: dict[str, Any]) -> str:
    """Return a name for this task on a host, from its paths and commands, not from the contents."""
    paths = [spec["path"] for spec in (*options["folders"], *options["files"])]
    return hashlib.sha256("\0".join([*paths, *options["then"]]).encode()).hexdigest()[:32]


def interpreter(variables: dict[str, Any]) -> str:
    """Return the host's Python, as the inventory names it."""
    return str(variables.get("ansible_python_interpreter", "/usr/bin/python3"))


def program(wanted: dict[str, Any]) -> bytes:
    """Return the Python program that does what is `wanted`."""
    source = PROGRAM.read_text(encoding="utf-8")
    return f"{source}\n\nmain({ANSWER!r}, {json.dumps(json.dumps(wanted))})\n".encode()


def read(done: dict[str, Any]) -> dict[str, Any]:
    """Return the answer that the program printed. Raises AnsibleActionFail when it did not run."""
    for line in reversed(done["stdout_lines"]):
        if line.startswith(ANSWER):
            return check_answer(line.removeprefix(ANSWER))
    said = (done["stderr"] or done["stdout"]).strip()
    raise AnsibleActionFail(f"Python did not run on the host (exit code {done['rc']}): {said}")


def check_answer(text: str) -> dict[str, Any]:
    """Return the parts that an answer has, without any other: the host may belong to a student.

    Ansible obeys some keys of a result, such as C(add_host). Of the result of a module it takes them out, but
    not of that of an action. Raises AnsibleActionFail when a part is of another kind.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnsibleActionFail(f"The host gave no answer: {error}") from error
    if not isinstance(found, dict):
        raise AnsibleActionFail("The host gave no answer")
    answer = {name: found[name] for name in PARTS if name in found}
    for name, value in answer.items():
        if not isinstance(value, PARTS[name]):
            raise AnsibleActionFail(f"The host gave a wrong answer: {name} is of another kind")
    return answer
