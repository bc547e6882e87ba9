"""The programs of this computer and its free space."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import privilege, system_packages
from sharklab.cli.doctor import DiagnosisStatus, computer


@pytest.mark.parametrize(
    ("work", "status", "sentence"),
    [
        ("machines", DiagnosisStatus.WARNING, "no {tools}; only virtual machines need it, {end}"),
        (
            "internet",
            DiagnosisStatus.WARNING,
            "no {tools}; only labs with Internet access need it, {end}",
        ),
        ("hosts", DiagnosisStatus.MISSING, "no {tools}, {end}"),
    ],
)
def test_tools_that_not_everybody_needs(
    work: str, status: DiagnosisStatus, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wants containers only, and no way to the Internet, is not told that sharklab cannot run."""
    monkeypatch.setattr(privilege, "can_be_root", lambda: False)
    finding = computer.tools([system_packages.Package("no-such-tool", work, "a", "b")])
    msgid = sentence.replace("{end}", "and sharklab cannot install it here")
    assert (status, msgid) == (finding.status, finding.meaning.msgid)
    assert ("no-such-tool",) == finding.meaning.values["tools"]


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
    remedy = computer.tools([absent]).remedy
    assert ("as root: {command}", system_packages.command([absent])) == (
        remedy.msgid,
        remedy.values["command"],
    )


def test_images_lists_what_was_built(tmp_path: Path) -> None:
    """A folder without image.json is not finished and not listed."""
    for name in ("debian12-aa", "debian12-bb"):
        (tmp_path / name).mkdir()
    (tmp_path / "debian12-aa" / "image.json").write_text("{}")
    assert ("debian12-aa",) == computer.images(tmp_path).meaning.values["names"]
