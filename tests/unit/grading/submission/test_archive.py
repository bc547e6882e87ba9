"""A zip around submissions: names, sizes and kinds of a stranger's choice."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
from pathlib import Path

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.grading.submission import archive
from sharklab.limits import ARCHIVE, ArchiveLimits
from sharklab.message import N_
from tests.support.errors import error_of

MIB = 1 << 20


def packed(place: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip with these files and return it."""
    file = place / "all.zip"
    with zipfile.ZipFile(file, "w", compression) as opened:
        for name, content in entries.items():
            opened.writestr(name, content)
    return file


def extract(file: Path, unpacked: int = MIB, limits: ArchiveLimits = ARCHIVE) -> dict[str, str]:
    """Unpack a zip beside itself; return the message of each file that did not come out."""
    into = file.parent / "out"
    into.mkdir()
    _, faults = archive.extract(file, into, unpacked, limits)
    return {target.relative_to(into).as_posix(): fault.msgid for target, fault in faults.items()}


def names(file: Path) -> set[str]:
    """Return what came out."""
    into = file.parent / "out"
    return {path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()}


def test_extract_gives_the_files_in_their_folders(tmp_path: Path) -> None:
    """It tells how many bytes came out; files of systems are left out, and so are empty folders."""
    entries = {
        "a/tp4-alice.sharklab": b"12",
        "a\\b\\c.txt": b"345",
        "empty/": b"",
        "__MACOSX/a/._tp4-alice.sharklab": b"x",
        "a/._x": b"x",
        "a/.DS_Store": b"x",
        "Thumbs.db": b"x",
    }
    file = packed(tmp_path, entries)
    into = tmp_path / "out"
    into.mkdir()
    assert (5, {}) == archive.extract(file, into, MIB)
    assert {"a/tp4-alice.sharklab", "a/b/c.txt"} == names(file)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in into.rglob("*") if path.is_file()}


def test_extract_keeps_below_its_folder(tmp_path: Path) -> None:
    """Climbing names, links and deep folders are left out; an absolute name is a relative one."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = packed(tmp_path, {"../up": b"x", "a/../../up": b"x", "/etc/evil": b"x", "d/" * 20 + "deep": b"x"})
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr(link, b"/etc/passwd")
    assert {} == extract(file)
    assert {"etc/evil"} == names(file)


def test_extract_reads_names_as_macos_writes_them(tmp_path: Path) -> None:
    """UTF-8 without the bit that says so; a name of cp437 is one of cp437."""
    file = packed(tmp_path, {"René_1_assignsubmission_file_/x": b"1", "zé": b"2"})
    content = file.read_bytes().replace("zé".encode(), b"z\x82\x82").replace(b"\x14\0\0\x08", b"\x14\0\0\0")
    file.write_bytes(content)
    assert {} == extract(file)
    assert {"René_1_assignsubmission_file_/x", "zéé"} == names(file)


def test_extract_gives_names_that_can_be_shown_and_written(tmp_path: Path) -> None:
    """A long name keeps its beginning and its ending."""
    file = packed(tmp_path, {"\x1b[2J.zip": b"x", "\u20ac" * 120 + ".sharklab": b"x"})
    assert {} == extract(file)
    assert {"\ufffd[2J.zip", "\u20ac" * 25 + "…" + "\u20ac" * 16 + ".sharklab"} == names(file)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_extract_takes_a_name_once(tmp_path: Path) -> None:
    """The first file counts; one below it is damaged."""
    file = packed(tmp_path, {"a": b"1"})
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr("a", b"2")
        opened.writestr("a/b", b"3")
    assert {"a/b": N_("it is damaged")} == extract(file)
    assert b"1" == (tmp_path / "out" / "a").read_bytes()


def test_extract_names_a_damaged_and_an_encrypted_file(tmp_path: Path) -> None:
    """The others come out."""
    file = packed(tmp_path, {"bad": b"checked", "good": b"x", "secret": b"y"}, zipfile.ZIP_STORED)
    content = bytearray(file.read_bytes().replace(b"checked", b"changed"))
    content[content.rindex(b"PK\1\2") + 8] |= archive.ENCRYPTED
    file.write_bytes(content)
    assert {"bad": N_("it is damaged"), "secret": N_("it is encrypted")} == extract(file)
    assert {"good"} == names(file)


def test_extract_cuts_a_large_file_off(tmp_path: Path) -> None:
    """Its reader refuses it: one byte more than the limit is there."""
    file = packed(tmp_path, {"large": bytes(1000)})
    assert {} == extract(file, limits=ArchiveLimits(one=10))
    assert 11 == (tmp_path / "out" / "large").stat().st_size


def test_extract_of_a_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    """All that comes out is counted, whatever the zip says."""
    file = packed(tmp_path, {str(number): bytes(MIB) for number in range(5)})
    error = error_of(InputError, extract, file, 2 * MIB)
    assert N_("it unpacks to more than {size}") == error.message_id
    assert 2 * MIB + 2 >= sum(path.stat().st_size for path in (tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"PK\3\4 and no more", N_("the zip is damaged")), (b"", N_("the zip is damaged"))],
)
def test_extract_of_no_zip_is_an_input_error(content: bytes, message: str, tmp_path: Path) -> None:
    """The file is named by its caller."""
    file = tmp_path / "all.zip"
    file.write_bytes(content)
    assert message == error_of(InputError, extract, file).message_id


def test_extract_of_too_many_files_is_an_input_error(tmp_path: Path) -> None:
    """The limit is told."""
    file = packed(tmp_path, {str(number): b"" for number in range(4)})
    with pytest.raises(InputError) as caught:
        extract(file, limits=ArchiveLimits(entries=3))
    assert {"most": 3} == caught.value.values


def test_extract_onto_a_full_disk_is_no_fault_of_the_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is named."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archive, "copy", refuse)
    error = error_of(MachineryError, extract, packed(tmp_path, {"a": b"x"}))
    assert os.strerror(errno.ENOSPC) == error.message_id


@pytest.mark.parametrize(
    ("content", "message", "format"),
    [
        (b"", N_("the file is empty"), None),
        (b"7z\xbc\xaf\x27\x1c", N_("the file is packed as {format}, and only zip and tar are read"), "7z"),
        (b"Rar!\x1a", N_("the file is packed as {format}, and only zip and tar are read"), "RAR"),
        (b"\x1f\x8b\x08", N_("the file is packed as {format}, and only zip and tar are read"), "gzip"),
    ],
)
def test_check_format_names_what_is_no_zip(
    content: bytes, message: str, format: str | None, tmp_path: Path
) -> None:
    """A student can pack again."""
    file = tmp_path / "work"
    file.write_bytes(content)
    error = error_of(InputError, archive.check_format, file)
    assert (message, format) == (error.message_id, error.values.get("format"))


def test_is_zip_is_by_content(tmp_path: Path) -> None:
    """A zip passes, and nothing is said of other files."""
    assert archive.is_zip(packed(tmp_path, {"a": b""}))
    (tmp_path / "other").write_bytes(b"hello")
    assert not archive.is_zip(tmp_path / "other")
    archive.check_format(tmp_path / "other")
