"""The values of a seat as one file for its host."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from sharklab.hosts.providers.cluster import values


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    """Return an upper folder with a file, a link and folders of another mode."""
    (tmp_path / "etc").mkdir(mode=0o755)
    (tmp_path / "root").mkdir(mode=0o700)
    (tmp_path / "etc" / "hostname").write_text("server\n")
    (tmp_path / "etc" / "hostname").chmod(0o640)
    (tmp_path / "etc" / "link").symlink_to("hostname")
    return tmp_path


def _packed(upper: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(values.pack([upper]))) as packed:
        return {one.name: one for one in packed.getmembers()}


def test_files_keep_modes_owners_and_links(upper: Path) -> None:
    """The note about removed files comes first, and names of users do not count."""
    found = _packed(upper)
    assert [values.REMOVED, "etc", "etc/hostname", "etc/link", "root"] == list(found)
    assert (0o640, os.getuid(), "") == (
        found["etc/hostname"].mode,
        found["etc/hostname"].uid,
        found["etc/hostname"].uname,
    )
    assert (0o700, "hostname") == (found["root"].mode, found["etc/link"].linkname)


def test_what_the_set_up_deleted_is_listed(upper: Path) -> None:
    """overlayfs notes a deleted file as a device 0, 0, and a new folder over an old one by an attribute."""
    os.mknod(upper / "etc" / "gone", 0o020000, 0)
    os.setxattr(upper / "root", values.OPAQUE, b"y")
    with tarfile.open(fileobj=io.BytesIO(values.pack([upper]))) as packed:
        note = packed.extractfile(values.REMOVED)
        assert note
        assert ["etc/gone", "root"] == note.read().decode().splitlines()
        assert "etc/gone" not in packed.getnames()


def test_capabilities_go_along(upper: Path) -> None:
    """An attribute is kept byte for byte; a socket is left out."""
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    os.setxattr(upper / "etc" / "hostname", "security.capability", capability)
    os.mknod(upper / "etc" / "socket", 0o140644)
    found = _packed(upper)
    kept = found["etc/hostname"].pax_headers["SCHILY.xattr.security.capability"]
    assert capability == kept.encode("utf-8", "surrogateescape")
    assert "etc/socket" not in found


def test_the_uppermost_folder_decides(upper: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that it deleted, or hides, does not come from below; the rest does."""
    below = tmp_path_factory.mktemp("below")
    for name in ("etc/hostname", "etc/gone", "root/hidden", "usr/kept"):
        (below / name).parent.mkdir(exist_ok=True)
        (below / name).write_text("below")
    os.mknod(upper / "etc" / "gone", 0o020000, 0)
    os.setxattr(upper / "root", values.OPAQUE, b"y")
    with tarfile.open(fileobj=io.BytesIO(values.pack([upper, below]))) as packed:
        names = packed.getnames()
        hostname = packed.extractfile("etc/hostname")
        assert hostname
        assert b"server\n" == hostname.read()
    assert [values.REMOVED, "etc", "etc/hostname", "etc/link", "root", "usr", "usr/kept"] == names


def test_caches_of_packages_stay_here(upper: Path) -> None:
    """They are far larger than all values of a seat."""
    cache = upper / "var" / "cache" / "apt"
    cache.mkdir(parents=True)
    for name in ("pkgcache.bin", "srcpkgcache.bin", "kept"):
        (cache / name).write_text("x")
    assert ["var/cache/apt", "var/cache/apt/kept"] == [name for name in _packed(upper) if "apt" in name]
