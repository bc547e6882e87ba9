# SPDX-License-Identifier: MIT
"""The Python package sharklab, for plugins that run on the controller."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError

SOURCE = Path(__file__).resolve().parents[2] / "src"
"""The package's folder, if this file is in a clone of sharklab."""


def call(function: str, *values: Any) -> Any:
    """Call a function of sharklab.hosts.own_machines, installed or else in the clone around this file.

    Raises AnsibleError if the function raises SharklabError, or if the package cannot be imported.
    """
    if SOURCE.is_dir() and str(SOURCE) not in sys.path:
        sys.path.append(str(SOURCE))
    try:
        from sharklab.errors import SharklabError
        from sharklab.hosts import own_machines
    except ImportError as error:
        raise AnsibleError(
            f"Ansible's Python, {sys.executable}, cannot import the package sharklab ({error}). "
            "Install it there from a clone of sharklab: pip install --editable CLONE"
        ) from error
    try:
        return getattr(own_machines, function)(*values)
    except SharklabError as error:
        raise AnsibleError(str(error)) from error
