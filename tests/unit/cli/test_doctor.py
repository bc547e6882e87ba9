"""What the doctor concludes from what it reads, and that it leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sharklab import i18n, privilege, system_packages
from sharklab.cli import doctor
from sharklab.cli.doctor import Diagnosis, DiagnosisStatus, computer, kernel, trials
from sharklab.message import Message

UNIFIED = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
HYBRID = "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
LEGACY = "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"


def said(finding: Diagnosis) -> str:
    """Return the meaning of a finding in English."""
    return i18n.translator("en").say(finding.meaning)


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
    assert (DiagnosisStatus.WARNING, 20) == (finding.status, finding.meaning.values["hosts"])


def test_inotify_is_content_with_1024() -> None:
    """A class of thirty hosts was seen to run with 1024."""
    assert DiagnosisStatus.OK == kernel.inotify(1024).status


def test_nfs_names_what_the_kernel_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without NFS, built in or as a module, labs still run: a warning that names both sides."""
    monkeypatch.setenv("PATH", "/nonexistent")
    finding = kernel.nfs("nodev\tproc\n\text4\n")
    assert (DiagnosisStatus.WARNING, ("nfs4", "nfsd")) == (finding.status, finding.meaning.values["kinds"])


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


def test_kvm_is_never_promised(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that exists is called unproven where there is nothing to prove it with."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert said(kernel.kvm(device)).startswith(f"{device} is there, unproven")


@pytest.mark.parametrize(
    ("guest", "status"),
    [("echo Unable to mount root fs", DiagnosisStatus.OK), ("exit 134", DiagnosisStatus.WARNING)],
    ids=["a guest that boots", "a guest that dies"],
)
def test_kvm_is_tried(guest: str, status: DiagnosisStatus, device: Path) -> None:
    """What a kernel does under it counts, not that the device is there."""
    qemu = device.with_name("qemu-system-x86_64")
    qemu.write_text(f"#!/bin/sh\n{guest}\n")
    qemu.chmod(0o755)
    assert status == kernel.kvm(device).status


@pytest.mark.parametrize(
    ("work", "status", "sentence"),
    [
        ("machines", DiagnosisStatus.WARNING, "no no-such-tool; only virtual machines need it, {end}"),
        (
            "internet",
            DiagnosisStatus.WARNING,
            "no no-such-tool; only labs with Internet access need it, {end}",
        ),
        ("hosts", DiagnosisStatus.MISSING, "no no-such-tool, {end}"),
    ],
)
def test_tools_that_not_everybody_needs(
    work: str, status: DiagnosisStatus, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wants containers only, and no way to the Internet, is not told that sharklab cannot run."""
    monkeypatch.setattr(privilege, "can_be_root", lambda: False)
    finding = computer.tools([system_packages.Package("no-such-tool", work, "a", "b")])
    assert (status, sentence.format(end="and sharklab cannot install it here")) == (
        finding.status,
        said(finding),
    )


def test_tap_of_a_kernel_without_it(tmp_path: Path) -> None:
    """Containers do without; who needs it reads which module to load."""
    finding = kernel.tap(tmp_path / "tun")
    assert (DiagnosisStatus.WARNING, "load the module: modprobe tun") == (finding.status, str(finding.remedy))


def test_memory_counts_seats_of_three_hosts() -> None:
    """One gigabyte is enough for ten seats of 93 MB and something left."""
    assert 10 == computer.memory("MemTotal: 2000000 kB\nMemAvailable:  976562 kB\n").meaning.values["seats"]


def test_memory_is_missing_without_room_for_a_seat() -> None:
    """Eighty megabytes do not hold three hosts."""
    assert DiagnosisStatus.MISSING == computer.memory("MemAvailable:  80000 kB\n").status


def test_disk_looks_at_the_nearest_folder_there_is(tmp_path: Path) -> None:
    """The state folder need not exist yet."""
    assert str(tmp_path / "a" / "b") == computer.disk(tmp_path / "a" / "b").meaning.values["place"]


def test_environment_warns_about_packages_that_are_not_pinned(tmp_path: Path) -> None:
    """Python packages outside the state folder are not the launcher's."""
    assert DiagnosisStatus.OK == computer.environment(tmp_path / "venv" / "x", tmp_path).status
    assert DiagnosisStatus.WARNING == computer.environment(Path("/usr"), tmp_path).status


def test_tools_tells_the_command_that_installs_them() -> None:
    """A tool that is not there comes with what to type."""
    absent = system_packages.Package("no-such-tool", "hosts", "some-package", "some-package")
    remedy = i18n.translator("en").say(computer.tools([absent]).remedy)
    assert f"as root: {system_packages.command([absent])}" == remedy


def test_images_lists_what_was_built(tmp_path: Path) -> None:
    """A folder without image.json is not finished and not listed."""
    for name in ("debian12-aa", "debian12-bb"):
        (tmp_path / name).mkdir()
    (tmp_path / "debian12-aa" / "image.json").write_text("{}")
    assert ("debian12-aa",) == computer.images(tmp_path).meaning.values["names"]


def test_examine_says_what_it_could_not_try_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that takes root is called missing, nor well."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    tried = [kernel.overlay(), kernel.network(), kernel.nf_tables()]
    assert [(DiagnosisStatus.WARNING, kernel.NEEDS_ROOT)] * 3 == [(each.status, said(each)) for each in tried]


def test_nf_tables_names_the_package_of_a_missing_nft(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program that tries it, nothing is said of the kernel."""
    monkeypatch.setenv("PATH", "/nonexistent")
    finding = kernel.nf_tables()
    assert (DiagnosisStatus.WARNING, True) == (finding.status, "nftables" in str(finding.remedy))


def test_nf_tables_works_here() -> None:
    """A table is added to a namespace, by this machine's kernel."""
    assert DiagnosisStatus.OK == kernel.nf_tables().status


def test_examine_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, mount, interface or namespace is left of what was tried."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    before = _traces(tmp_path)
    findings = doctor.examine()
    assert before == _traces(tmp_path)
    assert len(findings) > 20


def _traces(folder: Path) -> tuple[list[Path], str, str]:
    links = subprocess.run(["ip", "-oneline", "link"], check=True, capture_output=True, text=True).stdout
    mine = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
    names = [line.split(": ")[1] for line in links.splitlines()]
    return (
        sorted(folder.rglob("*")),
        "\n".join(mine),
        ",".join(name for name in names if name in ("bridge0", "one", "two")),
    )


def test_try_overlay_tells_why_it_failed(tmp_path: Path) -> None:
    """A folder that does not exist cannot hold an upper layer."""
    assert "No such file or directory" in str(trials.try_overlay(tmp_path / "absent"))


def test_render_shows_marks_and_remedies() -> None:
    """A line for each finding, names in one column, the remedy below."""
    findings = [
        Diagnosis(Message("disk"), DiagnosisStatus.OK, Message("{free} GB free", {"free": 3})),
        Diagnosis(Message("network"), DiagnosisStatus.MISSING, Message("tried"), Message("load the modules")),
    ]
    expected = "✓ disk     3 GB free\n✗ network  tried\n           → load the modules"
    assert expected == doctor.render(findings, i18n.translator("en"))


def test_to_plain_is_json() -> None:
    """A script reads the status as a word and whole sentences."""
    plain = doctor.to_plain([kernel.inotify(1024)])
    assert plain == json.loads(json.dumps(plain))
    assert {"name", "status", "meaning", "remedy"} == set(plain["findings"][0])
