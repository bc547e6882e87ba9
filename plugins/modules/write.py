#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Write folders and small files on a host, and run one command when that changed something, in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: write
short_description: Write several folders and small files in one task
description:
  - Ensures that folders and files exist with just these contents, owners and modes.
  - All of them are one task, because a task costs far more than a file.
  - A new content is written beside the file and renamed over it; nobody sees half a file, or one that
    is more open than its mode says.
options:
  folders:
    description: Folders, each before those within it. They are there before the files.
    type: list
    elements: dict
    default: []
    suboptions: &place
      path:
        description: Where it is, absolute; C(~user) is that user's home.
        type: path
        required: true
      owner:
        description: Name of the owner.
        type: str
        default: root
      group:
        description: Name of the group.
        type: str
        default: root
      mode:
        description: Permissions, as a string of octal digits.
        type: raw
        required: true
  files:
    description: Files, in the order in which they are written.
    type: list
    elements: dict
    default: []
    suboptions:
      <<: *place
      content:
        description:
          - All of the file. C(lookup('ansible.builtin.template', ...)) fills in a template.
          - Use the task's C(no_log) for what is secret.
        type: str
        required: true
      validate:
        description: Command that refuses a wrong file before it gets its name; C(%s) is the file.
        type: list
        elements: str
        default: []
  then:
    description:
      - Command, as a list, that is run once at the end when something changed, to make that take effect.
      - It spares a handler, thus a task, where nothing else notifies that handler.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Says what would change; neither O(then) nor O(files[].validate) is run.
  diff_mode:
    support: full
notes:
  - Needs Python 3.8 or later on the host.
  - A symbolic link where a file should be is replaced.
author:
  - sharklab
"""

EXAMPLES = r"""
- name: Ensure the zone is served
  write:
    files:
      - path: /etc/unbound/unbound.conf.d/zone.conf
        content: "{{ lookup('ansible.builtin.template', 'zone.conf.j2') }}"
        mode: "0644"
        validate: [unbound-checkconf, "%s"]
    then: [systemctl, restart, unbound]
"""

RETURN = r"""
paths:
  description: What was changed, in the order of the options.
  returned: always
  type: list
  elements: str
  sample: [/etc/unbound/unbound.conf.d/zone.conf]
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.basic import AnsibleModule

PLACE: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "raw", "required": True},
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


def ensure_folder(module: AnsibleModule, spec: dict[str, Any]) -> bool:
    """Make the folder of `spec` when it is missing, and its owner and mode right; tell what that changed."""
    path = spec["path"]
    missing = not os.path.isdir(path)
    if missing and not module.check_mode:
        os.makedirs(path)
    return set_attributes(module, spec, path) or missing


def ensure_file(module: AnsibleModule, spec: dict[str, Any], diffs: list[dict[str, str]]) -> bool:
    """Make the file of `spec` as it should be; tell what that changed, its content also in `diffs`."""
    path, content = spec["path"], spec["content"].encode()
    before = read(path)
    if before != content:
        names = {"before_header": path, "after_header": path}
        old = (before or b"").decode(errors="replace")
        diffs.append({**names, "before": old, "after": spec["content"]})
        if not module.check_mode:
            replace(module, spec, content)
    return set_attributes(module, spec, path) or before != content


def read(path: str) -> bytes | None:
    """Return what is in the file, None when there is none or it is a link to one."""
    if os.path.islink(path) or not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def replace(module: AnsibleModule, spec: dict[str, Any], content: bytes) -> None:
    """Write `content` to a file beside the one of `spec`, let it be validated, and give it its name."""
    folder, name = os.path.split(spec["path"])
    with draft(folder, name) as path:
        with open(path, "wb") as file:
            file.write(content)
        set_attributes(module, spec, path)
        if spec["validate"]:
            run(
                module,
                [path if word == "%s" else word for word in spec["validate"]],
                f"{spec['path']} is wrong",
            )
        os.rename(path, spec["path"])
    module.set_default_selinux_context(spec["path"], False)


@contextlib.contextmanager
def draft(folder: str, name: str) -> Iterator[str]:
    """Give the path of an empty file in `folder`, open to its owner alone; it is gone afterwards."""
    number, path = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    os.close(number)
    try:
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def set_attributes(module: AnsibleModule, spec: dict[str, Any], path: str) -> bool:
    """Make owner, group, mode and SELinux context of `path` right; tell whether they were not.

    A dry run on a new host finds no such file, maybe not even its owner: then there is nothing to compare.
    """
    if module.check_mode and not os.path.lexists(path):
        return False
    attributes = module.load_file_common_arguments(spec, path=path)
    return bool(module.set_fs_attributes_if_different(attributes, False))


def run(module: AnsibleModule, argv: list[str], trouble: str) -> None:
    """Run a command; end the module with `trouble` and what the command said when it fails."""
    status, output, error = module.run_command(argv)
    if status:
        module.fail_json(msg=f"{trouble}: {argv[0]} said: {(error or output).strip()}", argv=argv, rc=status)


def ensure(module: AnsibleModule) -> dict[str, Any]:
    """Do what the options say and return the module's answer."""
    wanted = module.params
    diffs: list[dict[str, str]] = []
    paths = [spec["path"] for spec in wanted["folders"] if ensure_folder(module, spec)]
    paths += [spec["path"] for spec in wanted["files"] if ensure_file(module, spec, diffs)]
    if paths and wanted["then"] and not module.check_mode:
        run(module, wanted["then"], f"{', '.join(paths)} changed, but what follows failed")
    return {"changed": bool(paths), "paths": paths, "diff": diffs}


def main() -> None:
    """Check the options, write, and say what changed."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        answer = ensure(module)
    except OSError as error:
        module.fail_json(msg=f"Cannot write {error.filename}: {error.strerror}")
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
