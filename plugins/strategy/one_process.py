# SPDX-License-Identifier: MIT
"""Run the tasks of a play in Ansible's own process, one after another: for tasks that wait for nothing."""

from __future__ import annotations

from typing import Any

from ansible._internal import _task
from ansible.executor.task_executor import TaskExecutor
from ansible.executor.task_result import _RawTaskResult
from ansible.plugins import loader
from ansible.plugins.strategy.free import StrategyModule as Free

DOCUMENTATION = r"""
name: one_process
short_description: Run tasks without a process for each of them
description:
  - Like P(ansible.builtin.free#strategy), but no task has a process of its own. A process for each task loads
    its plugins and compiles its templates again. That costs more processor time than a small task itself.
  - Use it with the connection P(sharklab.lab.disk#connection), whose hosts are files on this computer. Over
    a network, every host would wait for all others.
author:
  - sharklab
"""


class StrategyModule(Free):  # type: ignore[misc]
    """The strategy `one_process`, for the ansible-core that requirements.txt pins: it uses its internals.

    Ansible plans to end the support of strategies that are not its own. `free` does the same, slower.
    """

    def _queue_task(self, host: Any, task: Any, task_vars: dict[str, Any], play_context: Any) -> None:
        """Run the task now, and put its result where a worker's result is expected."""
        key, entry = (host.name, task._uuid), {"host": host, "task": task}
        self._queued_task_cache[key] = {**entry, "task_vars": task_vars, "play_context": play_context}
        self._tqm.send_callback("v2_runner_on_start", host, task)
        self._pending_results += 1
        own = task.copy()  # all hosts share the task, and running it fills in its fields
        with _task.TaskContext(own):
            data = TaskExecutor(
                host,
                own,
                task_vars,
                play_context,
                self._loader,
                loader.get_plugin_loader_namespace(),
                self._final_q,
                self._variable_manager,
            ).run()
        fields = own.dump_attrs()
        result = _RawTaskResult(host=host, task=own, return_data=data, task_fields=fields)
        self._final_q.send_task_result(result)
