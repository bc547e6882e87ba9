# SPDX-License-Identifier: MIT
"""Inventory of a student's seat of a lab, on machines that the user has."""

from __future__ import annotations

DOCUMENTATION = r"""
name: seat
short_description: The hosts of a student's seat of a lab, on your machines
description:
  - Gives each host of a lab to one of your machines, with all variables that the roles of the lab need.
  - The inventory file ends in C(.sharklab.yml) or C(.sharklab.yaml).
  - Each role of the lab has a group with its hosts, such as C(role_ssh_server).
  - Reading the inventory changes nothing. The playbook C(sharklab.lab.site) asks the machines for their
    addresses and notes them (M(sharklab.lab.locate)). Before that, hosts have the addresses that the seat
    would have in sharklab's own containers.
  - Variables of O(machines), C(host_vars) and C(group_vars) override those of the lab.
  - The variables contain the seat's password for hosts whose roles need it, and for no other host.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [sharklab.lab.seat]
  lab:
    description:
      - Name of a lab, or its folder. A relative folder, such as V(./mylab), starts at the inventory file.
    type: str
    required: true
  student:
    description: The student's id. Addresses, names and passwords of the seat derive from it.
    type: str
    required: true
  machines:
    description:
      - A machine for each host of the lab, by the host's name, with the variables by which Ansible reaches
        it. Or the path of another inventory, which starts at the inventory file; its other machines are left
        out.
      - Set C(lab_address) to one of the machine's addresses if the network of the lab is not the one by which
        Ansible reaches the machine.
    type: raw
    required: true
requirements:
  - The Python package C(sharklab) in Ansible's Python. In a clone of sharklab the plugin finds it by itself.
author:
  - sharklab
"""

EXAMPLES = r"""
# alice.sharklab.yml
plugin: sharklab.lab.seat
lab: tp4
student: alice
machines:
  server: {ansible_host: 192.0.2.10, ansible_user: root}
  client: {ansible_host: 192.0.2.11, ansible_user: root}
  desktop: {ansible_host: 192.0.2.12, ansible_user: root}

# With machines of an inventory that you have already, it would end in:
# machines: hosts.ini
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.helpers import get_group_vars
from ansible.inventory.manager import InventoryManager
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.utils.vars import combine_vars
from ansible_collections.sharklab.lab.plugins.plugin_utils.program import call

ENDINGS = (".sharklab.yml", ".sharklab.yaml")


class InventoryModule(BaseInventoryPlugin):
    """Read a file such as alice.sharklab.yml."""

    NAME = "sharklab.lab.seat"

    def verify_file(self, path: str) -> bool:
        """Return True if the name of the file says that it is for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts of the seat to `inventory`. Raises AnsibleParserError with place and remedy."""
        super().parse(inventory, loader, path, cache)
        try:
            check_keys(self._read_config_data(path), self._list_keys())
            lab = folder_or_name(self.get_option("lab"), path)
            hosts = call("variables", lab, self.get_option("student"))
            machines = self._machines(path, list(hosts))
        except AnsibleError as error:
            raise AnsibleParserError(f"{path}: {error}") from error
        for host, variables in hosts.items():
            self._add(host, {**variables, **machines[host]})

    def _list_keys(self) -> list[str]:
        return list(constants.config.get_configuration_definitions("inventory", self._load_name))

    def _machines(self, path: str, hosts: list[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return the variables of the machine of each of `hosts`."""
        given = self.get_option("machines")
        if isinstance(given, str):
            file = Path(path).parent / Path(given).expanduser()
            if not file.exists():
                raise AnsibleParserError(f"machines: there is no inventory {file}")
            machines, place = read_inventory(self.loader, file), f"machines: {file}"
        elif isinstance(given, Mapping):
            machines, place = {host: variables or {} for host, variables in given.items()}, "machines"
            check_names(machines, hosts)
        else:
            raise AnsibleParserError("machines: must map hosts to variables, or be the path of an inventory")
        if missing := [host for host in hosts if host not in machines]:
            raise AnsibleParserError(
                f"{place}: there is no machine for {', '.join(missing)}. Add one with the variables by which "
                f"Ansible reaches it, such as ansible_host. The lab has the hosts {', '.join(hosts)}"
            )
        return machines

    def _add(self, host: str, variables: Mapping[str, Any]) -> None:
        self.inventory.add_host(host)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        for role in variables["lab_roles"]:
            self.inventory.add_host(host, group=self.inventory.add_group(f"role_{role}"))


def check_keys(content: Mapping[str, Any], known: list[str]) -> None:
    """Raise AnsibleParserError for a key that is no option of the plugin."""
    for key in content:
        if key not in known:
            raise AnsibleParserError(f"{key}: there is no such key. {suggest(key, known)}")


def check_names(machines: Mapping[str, Any], hosts: list[str]) -> None:
    """Raise AnsibleParserError for a machine that is no host of the lab, or that has no variables."""
    for name, variables in machines.items():
        if name not in hosts:
            raise AnsibleParserError(f"machines.{name}: the lab has no such host. {suggest(name, hosts)}")
        if not isinstance(variables, Mapping):
            raise AnsibleParserError(f"machines.{name}: must be variables, as {{ansible_host: 192.0.2.10}}")


def suggest(name: str, known: list[str]) -> str:
    """Return a sentence with the name that was probably meant, else with all names."""
    near = difflib.get_close_matches(str(name), known, 1)
    return f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(known)}"


def folder_or_name(lab: str, path: str) -> str:
    """Return a lab's name as it is, and a lab's folder relative to the folder of the inventory file."""
    return str(Path(path).parent.absolute() / Path(lab).expanduser()) if "/" in lab else lab


def read_inventory(loader: Any, file: Path) -> dict[str, dict[str, Any]]:
    """Return the variables of each host of another inventory, those of its groups included."""
    try:
        manager = InventoryManager(loader=loader, sources=[str(file)])
    except AnsibleError as error:
        raise AnsibleParserError(f"machines: {file}: {error}") from error
    return {
        host.name: combine_vars(get_group_vars(host.get_groups()), host.vars) for host in manager.get_hosts()
    }
