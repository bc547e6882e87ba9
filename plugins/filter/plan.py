"""A filter that gives plain Ansible the variables of a lab's hosts, without sharklab's command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCUMENTATION = """
name: sharklab_hostvars
short_description: The variables of each host of a lab
description: Derives a student's seat of a lab and returns the variables of each of its hosts.
options:
  _input:
    description: The lab's name.
    type: str
    required: true
  student:
    description: Whose seat.
    type: str
    required: true
  addresses:
    description: Addresses that the hosts have already, by host name, each with ipv4 and maybe ipv6.
    type: dict
"""


def sharklab_hostvars(
    lab: str, student: str, addresses: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, dict[str, Any]]:
    """Return {host: {variable: value}} for the lab's hosts, at `addresses` where these are given."""
    try:
        import sharklab  # noqa: F401
    except ImportError:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
    from ansible.errors import AnsibleFilterError

    from sharklab.errors import SharklabError
    from sharklab.lab import load, plan, seat

    try:
        loaded = load.named(lab)
        own = seat.register(loaded, student)
        return plan.hostvars(plan.plan(loaded, seat.placed(own, addresses or {})))
    except SharklabError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file, as Ansible loads them."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"sharklab_hostvars": sharklab_hostvars}
