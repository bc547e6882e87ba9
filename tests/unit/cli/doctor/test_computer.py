"""The programs of this computer and its free space."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import privilege, system_packages
from sharklab.cli.doctor import DiagnosisStatus, computer
from tests.support import programs


def table(monkeypatch: pytest.MonkeyPatch, *tools: tuple[str, str]) -> None:
    """Let these tools, each with its work, be all that sharklab needs."""
    packages = tuple(system_packages.Package(gives, work, "some-package", "b") for gives, work in tools)
    monkeypatch.setattr(system_packages, "table", lambda: packages)


@pytest.mark.parametrize(
    ("work", "can_install", "status"),
    [
        ("hosts", False, DiagnosisStatus.MISSING),
        ("packets", False, DiagnosisStatus.MISSING),
        ("machines", False, DiagnosisStatus.OPTIONAL),
        ("test", False, DiagnosisStatus.OPTIONAL),
        ("hosts", True, DiagnosisStatus.OPTIONAL),
    ],
)
def test_tools_that_are_absent(
    work: str, can_install: bool, status: DiagnosisStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a tool that every lab needs, and that sharklab cannot install, is a fault."""
    table(monkeypatch, ("no-such-tool", work), ("sh", work), ("other", "seeds"))
    monkeypatch.setattr(privilege, "can_be_root", lambda: can_install)
    monkeypatch.setattr(system_packages, "manager", lambda: "apt")
    finding = computer.tools(work)
    assert (status, ("no-such-tool",)) == (finding.status, finding.meaning.values["tools"])
    assert can_install == (finding.group.msgid == computer.PROGRAMS)
    remedy = "" if can_install else "as root: {command}"
    assert remedy == finding.remedy.msgid
    if remedy:
        assert "apt-get install some-package" == finding.remedy.values["command"]


def test_works_are_those_of_the_table() -> None:
    """Each tool of the table is in a line of the doctor."""
    assert {tool.work for tool in system_packages.table()} == set(computer.WORKS)


@pytest.mark.parametrize(
    ("script", "described"),
    [
        ("echo mmdebstrap 1.3.5", "shark-tool 1.3.5"),
        ("echo 'systemd 252 (252.39-1~deb12u2)'", "shark-tool 252"),
        ("echo OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19 >&2", "shark-tool 9.2p1"),
        ("echo \"mke2fs: invalid option -- '-' 1.2\" >&2; exit 1", "shark-tool"),
        ("echo shark-tool 1.2: Unrecognized option: --version >&2", "shark-tool"),
        ("echo no number", "shark-tool"),
    ],
)
def test_tools_tell_their_version(
    script: str, described: str, fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that refuses the option has no version; its complaint is none."""
    programs.script(fakes, "shark-tool", script)
    table(monkeypatch, ("shark-tool", "hosts"))
    finding = computer.tools("hosts")
    assert (DiagnosisStatus.OK, (described,)) == (finding.status, finding.meaning.values["tools"])


def test_memory_counts_seats_of_three_hosts() -> None:
    """One gigabyte is enough for six seats of 156 MiB, as `seats up` counts, and something left."""
    enough = computer.memory("MemTotal: 2000000 kB\nMemAvailable:  976562 kB\n").meaning
    assert "6 seats" == str(enough.values["seats"])


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


def test_images_are_counted_by_system(tmp_path: Path) -> None:
    """A folder without image.json is not finished and not counted."""
    for name in ("debian12-aa", "debian12-bb", "debian12-vm-cc", "rocky9-dd"):
        (tmp_path / name).mkdir()
        if name != "rocky9-dd":
            (tmp_path / name / "image.json").write_text("{}")
    assert ("debian12: 2", "debian12-vm: 1") == computer.images(tmp_path).meaning.values["names"]
