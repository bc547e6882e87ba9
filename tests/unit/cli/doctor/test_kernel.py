"""Features of the kernel: what the doctor concludes from what it reads and tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import privilege, system_packages
from sharklab.cli.doctor import DiagnosisStatus, kernel
from sharklab.hosts.providers import cgroups, disk_file, user_namespace
from tests.support.programs import TOOL

UNIFIED = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
HYBRID = "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
LEGACY = "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [(UNIFIED, DiagnosisStatus.OK), (HYBRID, DiagnosisStatus.OK), (LEGACY, DiagnosisStatus.MISSING)],
    ids=["unified", "hybrid", "legacy"],
)
def test_cgroups_needs_version_2(mounts: str, expected: DiagnosisStatus) -> None:
    """Systemd in hosts runs on the unified hierarchy, wherever it is mounted."""
    assert expected == kernel.cgroups(mounts).status


def test_inotify_counts_the_hosts_that_fit() -> None:
    """The kernel's default of 128 instances was seen to carry twenty hosts, not twenty-one."""
    finding = kernel.inotify(128)
    assert (DiagnosisStatus.WARNING, 20) == (finding.status, finding.meaning.values["count"])


def test_inotify_is_content_with_1024() -> None:
    """A class of thirty hosts was seen to run with 1024."""
    assert DiagnosisStatus.OK == kernel.inotify(1024).status


def test_nfs_names_what_the_kernel_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without NFS, built in or as a module, labs still run: a warning that names both sides."""
    monkeypatch.setenv("PATH", "/nonexistent")
    finding = kernel.nfs("nodev\tproc\n\text4\n")
    assert (DiagnosisStatus.OPTIONAL, ("nfs4", "nfsd")) == (finding.status, finding.meaning.values["kinds"])


def test_nfs_finds_it_built_in() -> None:
    """Both file systems are registered with the kernel."""
    assert DiagnosisStatus.OK == kernel.nfs("nodev\tnfs\nnodev\tnfs4\nnodev\tnfsd\n").status


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a device that is there, and a kernel to try it with."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(privilege, "is_root", lambda: True)
    kernel_file = tmp_path / "images/debian12-vm-1/root/boot/vmlinuz-6"
    kernel_file.parent.mkdir(parents=True)
    kernel_file.touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "kvm").touch()
    return tmp_path / "kvm"


@pytest.mark.parametrize(
    ("reason", "status"), [("", DiagnosisStatus.OK), ("too old", DiagnosisStatus.WARNING)]
)
def test_users_are_tried_on_an_image(
    reason: str, status: DiagnosisStatus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an image, systemd-nspawn, or root's rights, nothing is tried: the result would be kept."""
    tried: list[object] = []

    def measure(roots: list[Path]) -> str:
        tried.extend(roots)
        return reason

    monkeypatch.setattr(user_namespace, "measure", measure)
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    assert (DiagnosisStatus.WARNING, []) == (kernel.users(tmp_path).status, tried)
    monkeypatch.setattr(privilege, "is_root", lambda: True)
    assert (DiagnosisStatus.OK, []) == (kernel.users(tmp_path).status, tried)
    (tmp_path / "debian12-1/root/bin").mkdir(parents=True)
    (tmp_path / "debian12-1/root/bin/sh").touch()
    with monkeypatch.context() as lacking:
        lacking.setattr(kernel, "NSPAWN", "shark-tool")
        lacking.setattr(system_packages, "table", lambda: (TOOL,))
        for installs, untried in ((True, DiagnosisStatus.OPTIONAL), (False, DiagnosisStatus.WARNING)):
            lacking.setattr(privilege, "can_be_root", lambda installs=installs: installs)
            assert (untried, []) == (kernel.users(tmp_path).status, tried)
    assert (status, [tmp_path / "debian12-1/root"]) == (kernel.users(tmp_path).status, tried)


@pytest.mark.parametrize(
    ("controllers", "disk", "lacking"),
    [({"memory": True}, True, None), ({"memory": True, "pids": False}, False, ["processes", "disk"])],
)
def test_limits_that_lack_are_named(
    controllers: dict[str, bool], disk: bool, lacking: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container is started without them."""
    monkeypatch.setattr(privilege, "is_root", lambda: True)
    monkeypatch.setattr(cgroups, "controllers", lambda: controllers)
    monkeypatch.setattr(disk_file, "measure", lambda: disk)
    values = kernel.limits().meaning.values
    assert lacking == ([message.msgid for message in values["lacking"]] if values else None)


def test_kvm_is_never_promised(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that exists is called unproven where there is nothing to prove it with."""
    monkeypatch.setenv("PATH", "/nonexistent")
    finding = kernel.kvm(device)
    assert (DiagnosisStatus.OK, str(device)) == (finding.status, finding.meaning.values["device"])


@pytest.mark.parametrize(
    ("guest", "status"),
    [("echo Unable to mount root fs", DiagnosisStatus.OK), ("exit 134", DiagnosisStatus.OPTIONAL)],
    ids=["a guest that boots", "a guest that dies"],
)
def test_kvm_is_tried(guest: str, status: DiagnosisStatus, device: Path) -> None:
    """What a kernel does under it counts, not that the device is there."""
    qemu = device.with_name("qemu-system-x86_64")
    qemu.write_text(f"#!/bin/sh\n{guest}\n")
    qemu.chmod(0o755)
    assert status == kernel.kvm(device).status


def test_tap_of_a_kernel_without_it(tmp_path: Path) -> None:
    """Containers do without; who needs it reads which module to load."""
    finding = kernel.tap(tmp_path / "tun")
    assert (DiagnosisStatus.WARNING, "load the module: modprobe tun") == (
        finding.status,
        finding.remedy.msgid,
    )


def test_examine_says_what_it_could_not_try_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that takes root is called missing, nor well."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    tried = [kernel.overlay(), kernel.network(), kernel.nf_tables()]
    assert [(DiagnosisStatus.WARNING, kernel.NEEDS_ROOT)] * 3 == [
        (each.status, each.meaning.msgid) for each in tried
    ]


def test_nf_tables_names_the_package_of_a_missing_nft(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program that tries it, nothing is said of the kernel."""
    monkeypatch.setenv("PATH", "/nonexistent")
    finding = kernel.nf_tables()
    assert (DiagnosisStatus.WARNING, "nft") == (finding.status, finding.meaning.values["tool"])
    packages = [each for each in system_packages.table() if each.gives == "nft"]
    assert system_packages.command(packages) == finding.remedy.values["command"]


def test_nf_tables_works_here() -> None:
    """A table is added to a namespace, by this machine's kernel."""
    assert DiagnosisStatus.OK == kernel.nf_tables().status
