"""Run an Ansible module of this project as a process of its own, as Ansible does on a host."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
sys.path.append(str(ROOT / "collections"))  # the modules import from ansible_collections.sharklab.lab

PROGRAM = """
import json, runpy, sys
from ansible.module_utils.testing import patch_module_args
sys.path.insert(0, sys.argv[1])
import tests.support.module_process
with patch_module_args(json.load(sys.stdin)):
    runpy.run_path(sys.argv[2], run_name="__main__")
"""


def start(name: str, *within: str, **options: Any) -> subprocess.Popen[str]:
    """Start the module `name` with its options, by the command `within` that runs another one."""
    file = PLUGINS / "modules" / f"{name}.py"
    command = [*within, sys.executable, "-c", PROGRAM, str(ROOT), str(file)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    with process.stdin:
        json.dump(options, process.stdin)
    process.stdin = None  # for communicate()
    return process


def call(name: str, *within: str, **options: Any) -> dict[str, Any]:
    """Run the module `name` as `start` does and return its answer."""
    process = start(name, *within, **options)
    answer, _ = process.communicate(timeout=120)
    result: dict[str, Any] = json.loads(answer)
    return result


def load(path: str) -> ModuleType:
    """Return a file of `plugins/` as a module, for tests of its functions."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, PLUGINS / path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
