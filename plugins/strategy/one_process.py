# SPDX-License-Identifier: MIT
"""Run the tasks of a play in Ansible's own process, one after another: for tasks that wait for nothing."""

from __future__ import annotations

from typing import Any

from ansible._internal import _task
from ansible.executor.task_executor import TaskExecutor
from ansible.executor.task_result import _RawTaskResult
from ansible.plugins import loader
from ansible.plugins.strategy.free import StrategyModule as Free
from ansible_collections.sharklab.lab.plugins.plugin_utils.once import CODES, Facts

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


class Direct:
    """The queue of a worker's results, for a worker that is this process."""

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    def send_callback(self, method_name: str, task_result: _RawTaskResult) -> None:
        """Tell the callbacks about an item of a loop."""
        self._strategy._tqm.send_callback(method_name, task_result)

    def send_task_result(self, task_result: _RawTaskResult) -> None:
        """Put a result where the thread that reads the queue puts those of workers."""
        with self._strategy._results_lock:
            self._strategy._results.append(task_result)


class StrategyModule(Free):  # type: ignore[misc]
    """The strategy `one_process`, for the ansible-core that requirements.txt pins: it uses its internals.

    Ansible plans to end the support of strategies that are not its own. `free` does the same, slower.
    """

    def __init__(self, tqm: Any) -> None:
        super().__init__(tqm)
        self._direct = Direct(self)
        CODES.install()
        if not isinstance(self._variable_manager._fact_cache, Facts):
            self._variable_manager._fact_cache = Facts()

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
                self._direct,
                self._variable_manager,
            ).run()
        fields = own.dump_attrs()
        self._direct.send_task_result(
            _RawTaskResult(host=host, task=own, return_data=data, task_fields=fields)
        )
