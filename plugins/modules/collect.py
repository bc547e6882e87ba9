#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the action `collect`, whose code runs on the controller: plugins/action/collect.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collect
short_description: Bring a host's packed evidence to the controller
description:
  - Copies the archive that M(sharklab.lab.capture) packed to the controller and unpacks it there as a folder.
  - Runs nothing on the host, so it costs next to nothing.
  - The archive is not trusted. Only regular files with the names of evidence are unpacked, up to a limit;
    anything else fails the task and leaves no file.
options:
  src:
    description: The archive on the host.
    type: path
    required: true
  dest:
    description: The folder on the controller. Its former content is replaced.
    type: path
    required: true
  max_bytes:
    description: Size of all files together that is accepted.
    type: int
    default: 1073741824
attributes:
  check_mode:
    support: full
    description: Fetches nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
author:
  - sharklab
"""

EXAMPLES = r"""
- name: Bring the evidence home
  sharklab.lab.collect:
    src: /var/lib/sharklab/evidence/evidence.tar
    dest: "run/hosts/{{ inventory_hostname }}"
"""

RETURN = r"""
dest:
  description: The folder on the controller.
  returned: success
  type: str
files:
  description: Names of the files in it.
  returned: success
  type: list
  elements: str
  sample: [probes.json, captures.json, sockets.json, captures/ssh.pcap]
"""
