"""Stand-ins for the programs that start virtual machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharklab.hosts.providers.qemu import accelerator, libvirt
from tests.support.programs import script


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that writes the program that is started in QEMU's place."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    knows = 'case "$*" in -help) exit ;; esac'
    return lambda *lines, knows=knows: script(tmp_path / "bin", accelerator.QEMU, knows, *lines)


@pytest.fixture
def virsh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Return a function that writes the program that is called in virsh's place, and returns its log."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv(libvirt.VARIABLE, raising=False)
    libvirt.find_address.cache_clear()

    def write(*lines: str) -> Path:
        script(folder, "virsh", f'echo "$*" >>{tmp_path}/log', *lines)
        return tmp_path / "log"

    yield write
    libvirt.find_address.cache_clear()
