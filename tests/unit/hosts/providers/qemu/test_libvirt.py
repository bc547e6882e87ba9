"""Virtual machines through libvirt without starting one: which libvirt, what it is told, how it forgets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sharklab.cli.doctor import DiagnosisStatus, kernel
from sharklab.errors import MachineryError
from sharklab.hosts.providers import claims
from sharklab.hosts.providers.qemu import accelerator, libvirt, rights
from sharklab.lab.model import Plan
from sharklab.message import N_
from tests.support.errors import error_of
from tests.support.vm_sample import ADDRESS


def test_connection_to_one_that_answers(virsh: Callable[..., Path]) -> None:
    """It is asked once for each command, at the place where libvirt is by itself."""
    log = virsh("exit 0")
    assert [ADDRESS, ADDRESS] == [libvirt.find_address(), libvirt.find_address()]
    assert [f"--quiet --connect {ADDRESS} uri"] == log.read_text().splitlines()


@pytest.mark.parametrize("answer", ["exit 1", "exec sleep 600"], ids=["refuses", "hangs"])
def test_connection_to_one_that_does_not(
    virsh: Callable[..., Path], answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A libvirt that is not there, or does not answer in time, is none."""
    monkeypatch.setattr(libvirt, "PROBE_SECONDS", 0.5)
    virsh(answer)
    assert "" == libvirt.find_address()


def test_connection_without_virsh(virsh: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its client there is none either."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "" == libvirt.find_address()


@pytest.mark.parametrize(
    ("named", "taken"),
    [
        ("qemu:///system?socket=/run/own/sock", True),
        ("qemu+unix:///system", True),
        ("qemu:///session", False),
        ("qemu+ssh://elsewhere/system", False),
        ("test:///default", False),
    ],
)
def test_connection_that_the_user_names(
    virsh: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, named: str, taken: bool
) -> None:
    """The user's own choice is taken where it is this machine's libvirt with root's rights."""
    virsh("exit 0")
    monkeypatch.setenv(libvirt.VARIABLE, named)
    assert (named if taken else "") == libvirt.find_address()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o660, 4711), (0o666, rights.GROUP), (0o600, None), (0o640, None)],
    ids=["a group's", "everybody's", "root's alone", "not to be written to"],
)
def test_find_needs_kvm_open_to_whom_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, expected: int | None
) -> None:
    """Libvirt's QEMU opens /dev/kvm itself: as one of its group, or as anybody; else there is no libvirt."""
    device = tmp_path / "kvm"
    device.touch()
    os.chown(device, 0, 4711)
    device.chmod(mode)
    monkeypatch.setattr(accelerator, "DEVICE", device)
    monkeypatch.setattr(libvirt, "find_address", lambda: ADDRESS)
    assert (expected, rights.GROUP) == (rights.group(accelerator.KVM), rights.group(accelerator.TCG))
    assert (ADDRESS if expected else "", ADDRESS) == (
        libvirt.address_for(accelerator.KVM),
        libvirt.address_for(accelerator.TCG),
    )


def test_find_leaves_roots_group_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A QEMU in root's group would have rights of root's."""
    device = tmp_path / "kvm"
    device.touch()
    os.chown(device, 0, 0)
    device.chmod(0o660)
    monkeypatch.setattr(accelerator, "DEVICE", device)
    assert None is rights.group(accelerator.KVM)


def marked(plan: Plan) -> Path:
    """Return the record of a host that is a domain."""
    record = claims.folder(plan.seat.id) / "server.domain"
    record.parent.mkdir(parents=True)
    record.write_text(f"{ADDRESS}\nsharklab-own\n")
    return record


def test_forget_ends_domains(
    seat_plan: Plan, virsh: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A domain is ended by the libvirt that has it, and asked for until it is known no more; its logs go."""
    monkeypatch.setattr(libvirt, "LOGS", tmp_path)
    for name in ("sharklab-own.log", "sharklab-own.log.0", "sharklab-own-2.log"):
        (tmp_path / name).touch()
    record, gone = marked(seat_plan), tmp_path / "gone"
    log = virsh(
        f"case $* in *list*) [ -e {gone} ] || echo sharklab-own ;; *destroy*) touch {gone} ;; esac",
    )
    libvirt.end_domains(seat_plan.seat.id, "client")
    assert not log.exists()
    libvirt.end_domains(seat_plan.seat.id)
    asked = [line.removeprefix(f"--quiet --connect {ADDRESS} ") for line in log.read_text().splitlines()]
    assert ["list --all --name", "destroy sharklab-own", "list --all --name"] == asked
    assert (False, ["sharklab-own-2.log"]) == (record.exists(), [p.name for p in tmp_path.glob("*.log*")])


def test_forget_of_a_domain_that_stays(
    seat_plan: Plan, virsh: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that libvirt goes on to know is an error that says what to do, and stays on record."""
    monkeypatch.setattr(libvirt, "FORGET_LIMIT", 0.2)
    record = marked(seat_plan)
    virsh("case $* in *list*) echo sharklab-own ;; *) exit 1 ;; esac")
    error = error_of(MachineryError, libvirt.end_domains, seat_plan.seat.id)
    assert {"name": "sharklab-own"} == error.values
    assert record.exists()


def test_forget_without_libvirt(seat_plan: Plan, virsh: Callable[..., Path]) -> None:
    """A libvirt that has ended knows no domain."""
    record = marked(seat_plan)
    virsh("exit 1")
    libvirt.end_domains(seat_plan.seat.id)
    assert not record.exists()


def test_errors_of_virsh_are_one(virsh: Callable[..., Path]) -> None:
    """What it says is told with the command, and how to do without it."""
    virsh("echo 'error: no such thing' >&2", "exit 1")
    error = error_of(MachineryError, libvirt.version, ADDRESS)
    assert f"virsh --quiet --connect {ADDRESS} version --daemon" == error.place
    assert ("error: no such thing", "LIBVIRT_DEFAULT_URI") == (error.values["said"], error.values["variable"])


def test_doctor_says_what_starts_machines(virsh: Callable[..., Path]) -> None:
    """One line, by the same question that is asked before machines are started."""
    virsh("exit 0")
    found = kernel.libvirt_finding()
    assert (DiagnosisStatus.OK, ADDRESS) == (found.status, found.meaning.values["address"])
    virsh("exit 1")
    libvirt.find_address.cache_clear()
    assert N_("not used here: QEMU starts virtual machines by itself") == (
        kernel.libvirt_finding().meaning.msgid
    )
