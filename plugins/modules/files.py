#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the action `files`, which sends plugins/programs/files.py to the host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Write several small files in one round trip, then run one command
description:
  - Like M(ansible.builtin.copy) with O(ansible.builtin.copy#module:content), for several files and folders in
    one round trip, followed by one command if anything changed.
  - Use it where the cost of each task counts, such as the tasks that set up every student's host. It runs no
    module on the host but one small Python program, and takes a tenth of the processor time of a module.
  - Use M(ansible.builtin.template), M(ansible.builtin.copy) and a handler everywhere else. They have more
    options, and readers know them.
  - A new content is written to a temporary file, which is then renamed. Other programs never read half a
    file, and the file is never more open than its mode.
options:
  folders:
    description: Folders, each before those within it. They are there before the files.
    type: list
    elements: dict
    default: []
    suboptions: &place
      path:
        description: Where it is, absolute; C(~user) is that user's home.
        type: str
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
        type: str
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
      - When it fails, or the task is cut short before it, the next run does it in any case.
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
  sharklab.lab.files:
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
