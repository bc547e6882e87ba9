"""A root file system in the making: commands see the whole, and change one folder of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image.root_folder import RootFolder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Return a folder with two layers, whose name has the characters that options of mount(8) have."""
    folder = tmp_path / "a b,c:d%e"
    for name, file in (("base", "passwd"), ("lab", "nginx")):
        (folder / name / "root/etc").mkdir(parents=True)
        (folder / name / "root/etc" / file).write_text(file)
    return folder


def test_run_in_a_plain_folder(tmp_path: Path) -> None:
    """Without folders below, the file system is the folder itself."""
    root = RootFolder(tmp_path)
    root.run(["touch", root.path / "here"])
    assert (tmp_path / "here").exists()


def test_run_above_other_folders(images: Path) -> None:
    """A command finds the files of all folders, and what it changes is in the uppermost folder alone."""
    below = (images / "lab/root", images / "base/root")
    root = RootFolder(images / "new/root", below)
    root.folder.mkdir(parents=True)
    root.run(["sh", "-c", 'cat "$1"/etc/* > "$1/all" && rm "$1/etc/passwd"', "sh", root.path])
    assert "nginxpasswd" == (root.folder / "all").read_text()
    assert (root.folder / "etc/passwd").is_char_device()
    assert "passwd" == (images / "base/root/etc/passwd").read_text()
    assert [] == list((images / "new/root.whole").iterdir())


def test_commands_see_a_plain_path(images: Path) -> None:
    """apt finds no key in a folder whose name has a colon. Nothing of the path is left."""
    root = RootFolder(images / "base/root")
    root.run(
        ["sh", "-c", 'test -d "$1/dev/pts" && cp "$1/etc/passwd" "$1/copy"', "sh", root.path], devices=True
    )
    assert ":" not in str(root.path) and not root.path.exists()
    assert "passwd" == (root.folder / "copy").read_text()
    plain = RootFolder(images / "new")
    assert plain.path != root.path


@pytest.mark.parametrize(("devices", "expected"), [(True, 0), (False, 1)])
def test_devices_of_a_root_file_system(devices: bool, expected: int, tmp_path: Path) -> None:
    """With devices, scripts of packages find /dev/null and /proc as in a running system."""
    script = f'test -c "$1/dev/null" -a -d "$1/proc/1"; test $? = {expected}'
    RootFolder(tmp_path).run(["sh", "-c", script, "sh", tmp_path], devices=devices)
    assert not (tmp_path / "dev/null").exists()


def test_run_of_a_failing_command(tmp_path: Path) -> None:
    """Its message is in the error."""
    with pytest.raises(MachineryError) as caught:
        RootFolder(tmp_path).run(["sh", "-c", "echo broken >&2; exit 3"])
    assert "broken" in str(caught.value.values)
