#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Write the report of a run of a lab."""

from __future__ import annotations

DOCUMENTATION = r"""
module: render_report
short_description: Write the report of a run of a lab
description:
  - Reads what a run left in its folder and writes C(report.<language>.html) and C(report.<language>.md).
  - The same run gives the same bytes, so that a second time nothing changes.
  - It is the function that C(sharklab report) calls.
options:
  run_folder:
    description: Folder that the run left, with its C(manifest.json).
    type: path
    required: true
  language:
    description: Code of the report's language, such as V(fr) or V(en).
    type: str
    default: en
  dest:
    description: Folder for the report. The run's own without it.
    type: path
  source:
    description: Folder that holds the Python package C(sharklab), for an interpreter that does not have it.
    type: path
attributes:
  check_mode:
    support: full
    description: Says whether a file would change, and writes none.
  diff_mode:
    support: none
    description: A report is made anew, not edited.
requirements:
  - tshark
  - the Python packages that sharklab needs, in the interpreter that runs the module
notes:
  - Runs where the run's folder is, that is on the controller, by the interpreter C(ansible_playbook_python).
author:
  - sharklab
"""

EXAMPLES = r"""
- name: Write the report in French
  sharklab.lab.render_report:
    run_folder: /srv/runs/20261120T231802Z-5ef1
    language: fr
"""

RETURN = r"""
files:
  description: The report's files.
  returned: success
  type: list
  elements: str
"""

import sys
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Do what the task asks for."""
    module = AnsibleModule(
        argument_spec={
            "run_folder": {"type": "path", "required": True},
            "language": {"type": "str", "default": "en"},
            "dest": {"type": "path"},
            "source": {"type": "path"},
        },
        supports_check_mode=True,
    )
    if module.params["source"]:
        sys.path.append(module.params["source"])
    try:
        from sharklab.errors import SharklabError
        from sharklab.report.render import contents, is_new, write
    except ImportError as error:
        hint = "run Ansible from the environment that ./sharklab sets up, or give the option source"
        module.fail_json(msg=f"sharklab cannot be used by {sys.executable} ({error}): {hint}")
    run_folder, dest = Path(module.params["run_folder"]), module.params["dest"]
    try:
        files = contents(run_folder, module.params["language"], Path(dest) if dest else None)
        new = {file: is_new(file, text) for file, text in files.items()}
        if not module.check_mode:
            write(files)
    except SharklabError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=any(new.values()), files=[str(file) for file in files])


if __name__ == "__main__":
    main()
