# SPDX-License-Identifier: MIT
"""Note the addresses of the machines of a seat on the controller."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.sharklab.lab.plugins.plugin_utils.program import call

ARGUMENTS = {"lab": {"type": "str", "required": True}, "student": {"type": "str", "required": True}}


class ActionModule(ActionBase):
    """The task `sharklab.lab.locate`; plugins/modules/locate.py documents its options."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Note interface and addresses of each machine of the play that has facts."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENTS)
        if self._task.check_mode:
            return {**result, "changed": False}
        variables = task_vars or {}
        machines = {host: variables["hostvars"][host] for host in variables["ansible_play_hosts_all"]}
        asked = {host: found for host, found in machines.items() if "interfaces" in found["ansible_facts"]}
        changed = call(
            "locate",
            options["lab"],
            options["student"],
            {host: found["ansible_facts"] for host, found in asked.items()},
            {host: address_of(found) for host, found in asked.items()},
        )
        return {**result, "changed": changed}


def address_of(variables: Any) -> str:
    """Return the address by which a machine is known: the user's `lab_address`, else Ansible's."""
    return str(variables.get("lab_address", variables.get("ansible_host", "")))
