#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the action `locate`, whose code runs on the controller: plugins/action/locate.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: locate
short_description: Note the addresses of the machines of a seat
description:
  - Registers the seat of a student, and notes interface and addresses of each machine of the play on the
    controller. The inventory plugin P(sharklab.lab.seat#inventory) reads them.
  - Takes the network card with the address C(lab_address), else with the address C(ansible_host), else the
    card of the default route, else the first.
  - Needs the facts of the subset C(network), and runs nothing on the machines. Use C(run_once), then
    C(meta=refresh_inventory).
options:
  lab:
    description: Name of the lab, or its folder.
    type: str
    required: true
  student:
    description: The student's id.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Notes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
requirements:
  - The Python package C(sharklab) in Ansible's Python. In a clone of sharklab the action finds it by itself.
author:
  - sharklab
"""

EXAMPLES = r"""
- name: Note the addresses of the machines
  sharklab.lab.locate:
    lab: tp4
    student: alice
  run_once: true

- name: Read the inventory again
  ansible.builtin.meta: refresh_inventory
"""

RETURN = r""" # """
