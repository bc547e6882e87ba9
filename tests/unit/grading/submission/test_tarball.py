"""A tar of a student: kinds, names and sizes of a stranger's choice."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from sharklab import untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.grading.submission import archive, tarball
from sharklab.limits import BUNDLE, ArchiveLimits
from sharklab.message import N_
from tests.support.errors import error_of

MIB = 1 << 20
LINK = "2"
KINDS = ("1", LINK, "3", "4", "5", "6")
"""The types of POSIX for links, devices, a folder and a pipe; "0" is a regular file."""


def packed(place: Path, *entries: tuple[str, bytes | str], plain: bool = False) -> Path:
    """Write a tar with these entries, each a name and its content, or its type, and return it."""
    file = place / "x.tar.gz"
    with tarfile.open(file, "w:") if plain else tarfile.open(file, "w:gz") as opened:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = content.encode(), "/etc/passwd"
                opened.addfile(entry)
            else:
                entry.size = len(content)
                opened.addfile(entry, io.BytesIO(content))
    return file


def extract(file: Path, unpacked: int = MIB, **limits: int) -> dict[str, bytes]:
    """Unpack a tar; return what came out."""
    into = file.parent / "out"
    into.mkdir()
    tarball.extract(file, into, unpacked, ArchiveLimits(**limits))
    return {
        each.relative_to(into).as_posix(): each.read_bytes() for each in into.rglob("*") if not each.is_dir()
    }


@pytest.mark.parametrize("plain", [True, False])
def test_extract_gives_the_files_in_their_folders(tmp_path: Path, plain: bool) -> None:
    """Of two with one name the first."""
    file = packed(tmp_path, ("TP4/a.md", b"12"), ("b", b"345"), ("b", b"6"), ("._b", b"x"), plain=plain)
    assert tarball.is_tar(file)
    assert {"TP4/a.md": b"12", "b": b"345"} == extract(file)


def test_a_tar_of_a_class_may_be_larger_than_a_bundle(tmp_path: Path) -> None:
    """What comes out of it is counted. Behind the end of a tar lie zeros, here a hole of the file."""
    os.truncate(file := packed(tmp_path, ("a", b"1"), plain=True), BUNDLE.file + 1)
    assert tarball.is_tar(file)
    assert {"a": b"1"} == extract(file)


def test_extract_of_too_large_a_tar_is_an_input_error(tmp_path: Path) -> None:
    """Its bytes, packed."""
    os.truncate(file := packed(tmp_path, ("a", b"1"), plain=True), MIB + 1)
    error = error_of(InputError, tarball.extract, file, tmp_path, MIB, ArchiveLimits(file=MIB))
    assert untrusted.TOO_LARGE == error.message_id


def test_extract_takes_regular_files_below_its_folder_alone(tmp_path: Path) -> None:
    """No link, device, pipe; no climbing or deep name; an absolute one is relative."""
    odd = [(f"odd{number}", kind) for number, kind in enumerate(KINDS)]
    file = packed(
        tmp_path, *odd, ("../up", b"x"), ("a/../../up", b"x"), ("/etc/evil", b"1"), ("d/" * 20 + "x", b"x")
    )
    assert {"etc/evil": b"1"} == extract(file)
    assert not (tmp_path / "up").exists()


def test_extract_writes_through_no_link_of_the_tar(tmp_path: Path) -> None:
    """A link to a folder outside, and a file in it: the file lies inside."""
    assert {"a/x": b"1"} == extract(packed(tmp_path, ("a", LINK), ("a/x", b"1")))


def test_extract_leaves_out_a_file_of_holes(tmp_path: Path) -> None:
    """It claims bytes that the tar has not."""
    content = packed(tmp_path, ("GNU", b"x"), plain=True).read_bytes()
    header = bytearray(content[:512])
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[483:495] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar.gz").write_bytes(bytes(header) + content[512:])
    assert {} == extract(tmp_path / "x.tar.gz")


def test_extract_cuts_a_large_file_off(tmp_path: Path) -> None:
    """One byte after the limit, so that its reader refuses it."""
    assert {"a": bytes(6), "b": b"1"} == extract(packed(tmp_path, ("a", bytes(9)), ("b", b"1")), one=5)


@pytest.mark.parametrize("name", ["bomb.pcap", "../left out"])
def test_extract_of_a_bomb_stops_at_the_limit(tmp_path: Path, name: str) -> None:
    """Also of a file that would not come out."""
    file = packed(tmp_path, (name, bytes(4 * MIB)))
    error = error_of(InputError, extract, file)
    assert N_("it unpacks to more than {size}") == error.message_id


def test_extract_of_too_many_files_is_an_input_error(tmp_path: Path) -> None:
    """However small they are."""
    file = packed(tmp_path, *((f"{number}", b"") for number in range(3)))
    (tmp_path / "out").mkdir()
    error = error_of(InputError, tarball.extract, file, tmp_path / "out", MIB, ArchiveLimits(entries=2))
    assert N_("it has more than {most} files") == error.message_id


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"x" * 2000, mtime=0), b"\x1f\x8b", b"\x1f\x8b\x08\0damage", b"", b"x" * 600],
    ids=["text", "magic", "damage", "empty", "plain"],
)
def test_what_is_no_tar_is_an_input_error(tmp_path: Path, content: bytes) -> None:
    """Its student hears what to hand in."""
    (file := tmp_path / "x.tgz").write_bytes(content)
    assert not tarball.is_tar(file)
    error = error_of(InputError, extract, file)
    assert N_("the tar is damaged: hand in a .zip") == error.message_id


def test_a_tar_that_is_cut_off_is_an_input_error(tmp_path: Path) -> None:
    """As an upload that broke off."""
    file = packed(tmp_path, ("a", bytes(range(256)) * 99))
    file.write_bytes(file.read_bytes()[:-200])
    assert N_("the tar is damaged: hand in a .zip") == error_of(InputError, extract, file).message_id


def test_is_tar_follows_no_link(tmp_path: Path) -> None:
    """It may lead anywhere."""
    (tmp_path / "link.tgz").symlink_to(packed(tmp_path, ("a", b"1")))
    assert not tarball.is_tar(tmp_path / "link.tgz")


def test_extract_onto_a_full_disk_is_no_fault_of_the_tar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The student loses nothing."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archive, "copy", full)
    error_of(MachineryError, extract, packed(tmp_path, ("a", b"1")))
