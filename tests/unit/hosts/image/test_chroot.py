"""A command in a root file system: it has the kernel's file systems, and none of them stays."""

from __future__ import annotations

from pathlib import Path

from sharklab.errors import MachineryError
from sharklab.hosts.image import chroot
from tests.support.errors import error_of


def test_run_has_the_file_systems_of_the_kernel(tmp_path: Path) -> None:
    """They are mounted for the command alone; it is process 1 of its own."""
    test = (
        'test -e "$1/proc/self/stat" && test -d "$1/sys/kernel" && test -c "$1/dev/null" && echo $$ >"$1/pid"'
    )
    chroot.run(tmp_path, ["sh", "-c", test, "sh", tmp_path])
    assert "1\n" == (tmp_path / "pid").read_text()
    assert [[], [], []] == [list((tmp_path / name).iterdir()) for name in ("proc", "sys", "dev")]


def test_run_that_fails_is_a_machinery_error(tmp_path: Path) -> None:
    """Its mounts are gone all the same."""
    error = error_of(MachineryError, chroot.run, tmp_path, ["sh", "-c", "echo broken >&2; exit 3"])
    assert (3, True) == (error.values["code"], "broken" in str(error.values["said"]))
    assert [] == list((tmp_path / "proc").iterdir())
