"""QEMU as a program: where it is found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import system_packages
from sharklab.errors import MachineryError
from sharklab.hosts.providers.qemu import accelerator
from tests.support.errors import error_of
from tests.support.programs import script


def test_program_outside_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red Hat's QEMU is found where it is, asked its version and made the machine's command."""
    script(tmp_path, "qemu-kvm", "echo QEMU emulator version 9.1.0")
    [qemu] = [package for package in system_packages.table() if package.gives == accelerator.QEMU]
    monkeypatch.setattr(system_packages, "table", lambda: (replace(qemu, alias=str(tmp_path / "qemu-kvm")),))
    monkeypatch.setattr(shutil, "which", lambda name: name if "/" in name else None)
    assert str(tmp_path / "qemu-kvm") == accelerator.program()
    assert "QEMU emulator version 9.1.0" == accelerator.version()


def test_program_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any QEMU the error says what to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    error = error_of(MachineryError, accelerator.program)
    assert (accelerator.QEMU, True) == (error.values["tools"], "qemu-kvm" in error.hint)
