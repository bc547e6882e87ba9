#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Run many timed commands side by side on a host, in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Run many timed commands side by side
description:
  - Runs every probe of a list at once, each in its own session and with its own time limit,
    and returns what each one wrote, how long it took and how it ended.
  - A whole matrix of probes is one task, because a task costs far more than a probe.
  - A probe that fails, is missing or exceeds its time is a result, not a failure of the task.
  - Nothing is left running, neither when the probes end, nor when the connection to the host is cut,
    nor when this module is killed.
options:
  probes:
    description: The commands to run. They start in this order, without waiting for one another.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Name of the probe, unique in the list.
        type: str
        required: true
      argv:
        description: The command and its arguments. No shell is involved.
        type: list
        elements: str
        required: true
      user:
        description:
          - Who runs the command, with that user's groups and home.
          - Another user than one's own needs root.
        type: str
        default: root
      timeout:
        description:
          - Seconds until the command is told to end (C(SIGTERM)); two seconds later it is killed.
        type: float
        default: 30.0
      exit:
        description: Exit codes that are expected.
        type: list
        elements: int
        default: [0]
      retries:
        description:
          - How often a command that ends with another exit code is run again. The result is of the last run.
          - For commands that ask a service which may answer late on a busy host.
        type: int
        default: 0
      after:
        description: Ids of probes of this list that must have ended, in whatever way, before this one starts.
        type: list
        elements: str
        default: []
      stdin:
        description: What the command reads from its standard input, which is then closed.
        type: str
        default: ""
      env:
        description:
          - Variables that are added to a small, fixed environment (C(PATH), C(HOME), C(USER), C(LOGNAME),
            C(SHELL), C(TERM=dumb) and C(LC_ALL=C.UTF-8)).
        type: dict
        default: {}
  sysctls:
    description:
      - Settings of the kernel's network (C(net.)) by name, as long as the probes run.
      - What they were is put back, also after this module was killed. Needs root.
      - A name that begins with C(-) is left out where the kernel has no such setting.
    type: dict
    default: {}
  dest:
    description:
      - File on the host that takes the list of results as JSON, readable by its owner only.
      - The RV(probes) that the task returns then have neither C(stdout) nor C(stderr).
    type: path
attributes:
  check_mode:
    support: full
    description: Runs nothing in check mode and returns no results.
  diff_mode:
    support: none
    description: There is nothing to compare.
notes:
  - Needs Linux and Python 3.8 or later on the host.
author:
  - sharklab
"""

EXAMPLES = r"""
- name: Ask two servers at once, then look at the sockets
  sharklab.lab.probe:
    probes:
      - {id: web, argv: [curl, --silent, "https://www.example.org/"], user: student, timeout: 10}
      - {id: name, argv: [dig, +short, www.example.org]}
      - {id: sockets, argv: [ss, -tunap], after: [web, name]}
"""

RETURN = r"""
probes:
  description: One result for each probe, in the order of the option.
  returned: always
  type: list
  elements: dict
  contains:
    id: {description: Name of the probe., type: str, returned: always}
    argv: {description: The command., type: list, elements: str, returned: always}
    user: {description: Who ran it., type: str, returned: always}
    started: {description: Start in seconds since the epoch., type: float, returned: always}
    duration: {description: Seconds from start to end by a monotonic clock., type: float, returned: always}
    exit_code: {description: Exit status; null when killed or not started., type: int, returned: always}
    timed_out: {description: Whether the time limit ended it., type: bool, returned: always}
    missing: {description: Whether the tool is not installed., type: bool, returned: always}
    stdout: {description: Its output., type: str, returned: without O(dest)}
    stderr: {description: Its error output., type: str, returned: without O(dest)}
    truncated: {description: Whether an output was cut at 64 KiB., type: bool, returned: always}
  sample:
    - {id: name, argv: [dig, +short, www.example.org], user: root, started: 1700000000.5, duration: 0.02,
       exit_code: 0, timed_out: false, missing: false, stdout: "192.0.2.1\n", stderr: "", truncated: false}
"""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sharklab.lab.plugins.module_utils import sysctls
from ansible_collections.sharklab.lab.plugins.module_utils.batch import run_supervised
from ansible_collections.sharklab.lab.plugins.module_utils.recorder import write_json

ARGUMENTS = {
    "probes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "id": {"type": "str", "required": True},
            "argv": {"type": "list", "elements": "str", "required": True},
            "user": {"type": "str", "default": "root"},
            "timeout": {"type": "float", "default": 30.0},
            "exit": {"type": "list", "elements": "int", "default": [0]},
            "retries": {"type": "int", "default": 0},
            "after": {"type": "list", "elements": "str", "default": []},
            "stdin": {"type": "str", "default": ""},
            "env": {"type": "dict", "default": {}},
        },
    },
    "sysctls": {"type": "dict", "default": {}},
    "dest": {"type": "path"},
}


def problems(specs: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the faults of the list of probes."""
    ids = [spec["id"] for spec in specs]
    for spec in specs:
        place = f"probe {spec['id']}"
        if ids.count(spec["id"]) > 1:
            yield f"{place}: this id is used more than once"
        if not spec["argv"]:
            yield f"{place}: argv is empty"
        if spec["timeout"] <= 0:
            yield f"{place}: timeout must be more than 0 seconds"
        for name in set(spec["after"]) - set(ids):
            yield f"{place}: after names {name}, which is not a probe of this host"
        yield from user_problems(place, spec["user"])
    if not set(ids) <= startable(specs):
        yield f"these probes wait for one another: {', '.join(sorted(set(ids) - startable(specs)))}"


def user_problems(place: str, name: str) -> Iterator[str]:
    """Yield why commands cannot be run as user `name`."""
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError:
        yield f"{place}: the host has no user {name}"
        return
    if os.geteuid() not in (0, uid):
        yield f"{place}: running as {name} needs root"


def startable(specs: list[dict[str, Any]]) -> set[str]:
    """Return the ids that are reached when each probe starts after those that it waits for."""
    done: set[str] = set()
    known = {spec["id"] for spec in specs}
    while True:
        more = {spec["id"] for spec in specs if set(spec["after"]) & known <= done}
        if more == done:
            return done
        done = more


def main() -> None:
    """Check the options, run the probes, return their results."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    specs, settings = module.params["probes"], module.params["sysctls"]
    mistakes = list(dict.fromkeys((*problems(specs), *sysctls.problems(settings))))
    if mistakes:
        module.fail_json(msg="; ".join(mistakes))
    if module.check_mode:
        module.exit_json(changed=False, probes=[])
    try:
        results = run_supervised(specs, settings) if specs else []
    except OSError as error:
        module.fail_json(msg=f"Cannot change the kernel's settings: {error}")
    if results is None:
        module.fail_json(msg="The process that watches the probes was killed; the probes were ended.")
    if module.params["dest"]:
        try:
            write_json(Path(module.params["dest"]), results)
        except OSError as error:
            module.fail_json(msg=f"Cannot write the results: {error}")
        results = [{k: v for k, v in result.items() if k not in ("stdout", "stderr")} for result in results]
    module.exit_json(changed=False, probes=results)


if __name__ == "__main__":
    main()
