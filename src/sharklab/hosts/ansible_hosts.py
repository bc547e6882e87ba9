"""Print the hosts of an inventory with their variables, as Ansible understands them: `ansible_hosts.py FILE`.

A program of its own: Ansible takes a second to import, and its settings come from the environment. Ansible's
own classes read the file, so that groups, group_vars/, plugins and templates mean the same as in a playbook.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

PREFIXES = ("ansible_", "lab_")
"""The beginnings of the variables that sharklab looks at."""


class UnclearVariable(Exception):
    """A variable of a host whose template has no value."""


def main(file: str) -> int:
    """Print {"hosts": {name: {variable: value}}, "pythons": [...]}, or why there is none."""
    from ansible.errors import AnsibleError
    from ansible.plugins.loader import init_plugin_loader

    try:
        init_plugin_loader()
        print(json.dumps({"hosts": _hosts(file), "pythons": _pythons()}, default=str))
    except (AnsibleError, UnclearVariable) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


def _hosts(file: str) -> dict[str, dict[str, Any]]:
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.vars.manager import VariableManager

    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[file])
    manager = VariableManager(loader=loader, inventory=inventory)
    magic = {*manager.get_vars(), "ansible_facts", "ansible_local"}
    return {
        host.name: _values(host.name, loader, manager.get_vars(host=host), magic)
        for host in inventory.get_hosts()
    }


def _values(host: str, loader: Any, variables: Mapping[str, Any], magic: set[str]) -> dict[str, Any]:
    """Return the variables that sharklab looks at, with their templates filled."""
    from ansible.errors import AnsibleError
    from ansible.template import Templar

    templar, values = Templar(loader=loader, variables=variables), {}
    for name in variables:
        if name.startswith(PREFIXES) and name not in magic:
            try:
                values[name] = templar.template(variables[name])
            except AnsibleError as error:
                raise UnclearVariable(f"{host}: {name}: {error}") from error
    return values


def _pythons() -> list[str]:
    """Return the interpreters that Ansible looks for on a machine, in its order."""
    from ansible import constants

    return [str(name) for name in constants.config.get_config_value("INTERPRETER_PYTHON_FALLBACK")]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
