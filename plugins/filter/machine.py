"""Filters for machines that exist: where one is on the network, and what that changes for a lab."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

DOCUMENTATION = """
name: machine_address
short_description: Where a machine is on the network
description: Picks the network card that Ansible reaches, else the one of the default route, else the first.
options:
  _input:
    description: Facts of the machine, with the subset C(network).
    type: dict
    required: true
  reached:
    description: An address of the machine, or a name, which says nothing.
    type: str
"""


def machine_address(facts: Mapping[str, Any], reached: str = "") -> dict[str, str]:
    """Return {"interface", "ipv4"} and, if known, "ipv6" and "mac"; addresses with their prefix length.

    Raises AnsibleFilterError when the machine has no IPv4 address.
    """
    place = _place()
    from ansible.errors import AnsibleFilterError

    from sharklab.errors import SharklabError

    try:
        found: dict[str, str] = place.find(facts, reached)
    except SharklabError as error:
        raise AnsibleFilterError(str(error)) from error
    return found


def machine_vars(variables: Mapping[str, Any], interface: str) -> dict[str, Any]:
    """Return a host's variables with its first network on the card `interface`."""
    moved: dict[str, Any] = _place().variables(variables, interface)
    return moved


def _place() -> ModuleType:
    """Return sharklab.place, of the checkout that this file is in where none is installed."""
    try:
        import sharklab  # noqa: F401
    except ImportError:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
    from sharklab.hosts import address as place

    return place


class FilterModule:
    """The filters of this file, as Ansible loads them."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"machine_address": machine_address, "machine_vars": machine_vars}
