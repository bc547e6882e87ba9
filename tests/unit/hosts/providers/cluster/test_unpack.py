"""The program that puts the values of a seat into a host, with the file that sharklab makes of them."""

from __future__ import annotations

import os
from pathlib import Path

from sharklab.hosts.providers.cluster import unpack, values


def test_values_are_put_over_the_image(tmp_path: Path) -> None:
    """Owners, modes, links and attributes are those of the disk; files that it deleted are gone."""
    upper, root, file = tmp_path / "upper", tmp_path / "root", tmp_path / "values.tar"
    for folder in (upper / "etc" / "new", root / "etc" / "kept", root / "etc" / "hidden"):
        folder.mkdir(parents=True)
    (upper / "etc").chmod(0o711)
    (upper / "etc" / "hostname").write_text("server\n")
    os.chown(upper / "etc" / "hostname", 12, 34)
    (upper / "etc" / "hostname").chmod(0o4640)
    os.setxattr(upper / "etc" / "hostname", "security.capability", _capability())
    (upper / "etc" / "link").symlink_to("/new")
    os.mknod(upper / "etc" / "gone", 0o020000, 0)
    (upper / "etc" / "hidden").mkdir()
    os.setxattr(upper / "etc" / "hidden", values.OPAQUE, b"y")
    for name in ("gone", "link", "hidden/below", "kept/file"):
        (root / "etc" / name).write_text("image")
    file.write_bytes(values.pack([upper]))
    unpack.main(file, root)
    found = (root / "etc" / "hostname").stat()
    assert (12, 34, 0o104640) == (found.st_uid, found.st_gid, found.st_mode)
    assert _capability() == os.getxattr(root / "etc" / "hostname", "security.capability")
    assert (0o711, "/new") == ((root / "etc").stat().st_mode & 0o777, str((root / "etc" / "link").readlink()))
    names = sorted(str(path.relative_to(root / "etc")) for path in (root / "etc").rglob("*"))
    assert ["hidden", "hostname", "kept", "kept/file", "link", "new"] == names
    assert not file.exists()


def test_nothing_is_written_through_a_link_of_the_image(tmp_path: Path) -> None:
    """A file takes the place of the link, and the file behind the link stays as it was."""
    upper, root, file = tmp_path / "upper", tmp_path / "root", tmp_path / "values.tar"
    for folder in (upper, root):
        folder.mkdir()
    (upper / "resolv.conf").write_text("seat")
    (root / "other").write_text("image")
    (root / "resolv.conf").symlink_to("other")
    file.write_bytes(values.pack([upper]))
    unpack.main(file, root)
    assert ("seat", "image") == ((root / "resolv.conf").read_text(), (root / "other").read_text())
    assert not (root / "resolv.conf").is_symlink()


def _capability() -> bytes:
    return bytes.fromhex("0100000200200000000000000000000000000000")
