"""The choice between KVM and emulation: a kernel is booted once, and the answer is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sharklab.hosts.providers import trial_record
from sharklab.hosts.providers.qemu import accelerator, trial

KERNEL = Path("/boot/vmlinuz")


def test_boots_of_a_guest_that_hangs(emulator: Callable[..., None]) -> None:
    """An accelerator that opens and never gets anywhere does not count."""
    emulator("echo 'Linux version 6.1'", "exec sleep 600")
    assert not trial.boots(KERNEL, accelerator.KVM, 0.5)


def test_boots_of_a_guest_that_dies(emulator: Callable[..., None]) -> None:
    """Neither does one that fails at once."""
    emulator("echo 'failed to set MSR' >&2", "exit 134")
    assert not trial.boots(KERNEL, accelerator.KVM)


def test_boots_of_a_guest_that_gets_there(emulator: Callable[..., None]) -> None:
    """A kernel that looks for its root has proved the accelerator."""
    emulator("echo 'VFS: Unable to mount root fs on unknown-block(0,0)'")
    assert trial.boots(KERNEL, accelerator.KVM)


def test_find_tries_once_after_each_start(
    emulator: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The device is there; what a trial said holds until the computer starts anew."""
    boot = tmp_path / "boot_id"
    boot.write_text("first\n")
    monkeypatch.setattr(accelerator, "DEVICE", tmp_path)
    monkeypatch.setattr(trial_record, "BOOT_ID", boot)
    emulator("echo 'failed to set MSR' >&2", "exit 134")
    assert accelerator.TCG == trial.choose(KERNEL)
    emulator("echo 'Unable to mount root fs'")
    assert accelerator.TCG == trial.choose(KERNEL)
    boot.write_text("second\n")
    assert accelerator.KVM == trial.choose(KERNEL)


def test_find_without_the_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is tried where there is nothing to try."""
    monkeypatch.setattr(accelerator, "DEVICE", tmp_path / "kvm")
    assert accelerator.TCG == trial.choose(KERNEL)
