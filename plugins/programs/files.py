# SPDX-License-Identifier: MIT
"""Write folders and small files, then run one command when that changed something.

The action `files` sends this file to a host's Python on standard input: it needs nothing but Python 3.8.
Ansible's own way takes four times the processor time, most of it to compile what every module brings along.
"""

from __future__ import annotations

import grp
import json
import os
import pwd

# Loading subprocess, tempfile, pathlib and typing takes three times as long as all the rest of this program.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Refused(Exception):
    """The work could not be done; the message is one sentence."""


def folder(spec: dict[str, Any], check: bool) -> bool:
    """Make the folder of `spec` when it is missing, and its owner and mode right; tell what that changed."""
    path = spec["path"]
    missing = not os.path.isdir(path)
    if missing and not check:
        os.makedirs(path)
        label(path)
    return attributes(spec, path, check) or missing


def file(spec: dict[str, Any], check: bool, diffs: list[dict[str, str]]) -> bool:
    """Make the file of `spec` as it should be; tell what that changed, its content also in `diffs`."""
    path, content = spec["path"], spec["content"].encode()
    before = read(path)
    if before != content:
        old = (before or b"").decode(errors="replace")
        diffs.append({"before_header": path, "after_header": path, "before": old, "after": spec["content"]})
        if not check:
            replace(spec, content)
    return attributes(spec, path, check) or before != content


def read(path: str) -> bytes | None:
    """Return the content of the file, None if it is missing or a link."""
    if os.path.islink(path) or not os.path.exists(path):
        return None
    with open(path, "rb") as stream:
        return stream.read()


def replace(spec: dict[str, Any], content: bytes) -> None:
    """Write `content` to a file beside the one of `spec`, let it be validated, and give it its name."""
    place, name = os.path.split(spec["path"])
    draft = os.path.join(place, f".{name}.{os.urandom(8).hex()}")
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(number, "wb") as stream:
            stream.write(content)
        attributes(spec, draft, check=False)
        if spec["validate"]:
            run([draft if word == "%s" else word for word in spec["validate"]], f"{spec['path']} is wrong")
        os.rename(draft, spec["path"])
    except BaseException:
        os.unlink(draft)
        raise
    label(spec["path"])


def attributes(spec: dict[str, Any], path: str, check: bool) -> bool:
    """Make owner, group and mode of `path` right; tell whether they were not.

    A dry run on a new host may find neither the file nor its owner. Then it compares nothing.
    """
    if check and not os.path.lexists(path):
        return False
    try:
        owner, group = pwd.getpwnam(spec["owner"]).pw_uid, grp.getgrnam(spec["group"]).gr_gid
    except KeyError as error:
        raise Refused(f"{spec['path']}: {error.args[0]}") from error
    mode, found = int(spec["mode"], 8), os.stat(path, follow_symlinks=False)
    right = (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (owner, group, mode)
    if not right and not check:
        os.chown(path, owner, group, follow_symlinks=False)
        os.chmod(path, mode)
    return not right


def label(path: str) -> None:
    """Give the file the SELinux context that the policy has for its path, where SELinux is on."""
    if os.path.exists("/sys/fs/selinux/enforce") and os.path.exists("/usr/sbin/restorecon"):
        run(["/usr/sbin/restorecon", path], f"{path} cannot get its SELinux context")


def run(argv: list[str], trouble: str) -> None:
    """Run a command; end with `trouble` and what the command said when it fails."""
    import subprocess

    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise Refused(f"{trouble}: {argv[0]}: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise Refused(f"{trouble}: {argv[0]} said: {said}")


def changes(wanted: dict[str, Any], check: bool) -> dict[str, Any]:
    """Make folders and files as they are wanted, or only look (`check`); return the task's answer."""
    diffs: list[dict[str, str]] = []
    paths = [spec["path"] for spec in wanted["folders"] if folder(spec, check)]
    paths += [spec["path"] for spec in wanted["files"] if file(spec, check, diffs)]
    return {"changed": bool(paths), "paths": paths, "diff": diffs}


def ensure(wanted: dict[str, Any]) -> dict[str, Any]:
    """Do what the options say and return the task's answer. Raises Refused and OSError.

    The file `mark` says that the command after a change is due. A task that was cut short, or whose command
    failed, runs it the next time.
    """
    for spec in (*wanted["folders"], *wanted["files"]):
        spec["path"] = os.path.expanduser(spec["path"])
    mark = wanted["mark"]
    due = changes(wanted, check=True)
    if wanted["check"] or not (due["changed"] or os.path.exists(mark)):
        return due
    if not wanted["then"]:
        return changes(wanted, check=False)
    os.makedirs(os.path.dirname(mark), mode=0o700, exist_ok=True)
    os.close(os.open(mark, os.O_WRONLY | os.O_CREAT, 0o600))
    done = changes(wanted, check=False)
    run(wanted["then"], f"{', '.join(done['paths']) or 'nothing'} changed, but what follows failed")
    os.unlink(mark)
    return {**done, "changed": True}


def answer(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the result of `ensure`, or its failure."""
    try:
        return ensure(wanted)
    except Refused as error:
        return {"failed": True, "msg": str(error)}
    except OSError as error:
        return {"failed": True, "msg": f"Cannot write {error.filename}: {error.strerror}"}


def main(start: str, wanted: str) -> None:
    """Print a line of `start` and the answer to the options in the JSON text `wanted`."""
    print(start + json.dumps(answer(json.loads(wanted))))
