"""Modules that a service loads when it uses them: `sitecustomize` in a container."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts.providers import disk, late_import

find_spec: Any = late_import.Late.find_spec


def test_late_module_is_loaded_when_it_is_used(tmp_path: Path) -> None:
    """The Python of a service knows the module, and loads no TLS before somebody asks."""
    (tmp_path / "sitecustomize.py").write_text(disk.EASED["usr/local/lib/sharklab/sitecustomize.py"])
    assert ("urllib.request",) == late_import.LATE
    program = (
        "import sys, xml.sax.saxutils\n"
        "print('urllib.request' in sys.modules, 'http.client' in sys.modules)\n"
        "import urllib.request\n"
        "print(urllib.request.Request('http://a/b').host, 'http.client' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "True False\na True\n" == done.stdout


def test_every_other_module_is_loaded_as_always() -> None:
    """The finder leaves them to the next one: modules below a late one, and modules that are none."""
    assert all(find_spec(name) is None for name in ("json", "urllib", "urllib.request.x"))


def test_late_module_that_is_missing_is_an_ordinary_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that has no such module says so itself."""
    monkeypatch.setattr(late_import, "LATE", ("no_such_module",))
    assert find_spec("no_such_module") is None


def test_late_module_waits_for_its_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader of the next finder is kept behind the one that waits."""
    (tmp_path / "own_late.py").write_text("print('loaded')\nvalue = 3\n")
    monkeypatch.setattr(late_import, "LATE", ("own_late",))
    spec = find_spec("own_late", [str(tmp_path)])
    assert spec and isinstance(spec.loader, importlib.util.LazyLoader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "importlib.util._LazyModule" == f"{type(module).__module__}.{type(module).__qualname__}"
    assert 3 == module.value
