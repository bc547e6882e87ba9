"""A student's folder with its archives unpacked and Moodle's online text beside it."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from sharklab.grading.submission import unpacked
from sharklab.limits import BUNDLE
from sharklab.message import N_
from tests.support.zips import zipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a student's folder with a README and a zip of captures."""
    zipped(tmp_path / "alice" / "TP4" / "captures.zip", {"ssh.pcap": b"1", "in/dns.pcap": b"2"})
    (tmp_path / "alice" / "README.md").write_text("x")
    return tmp_path / "alice"


def tar(file: Path) -> None:
    """Write a tar with one file."""
    with tarfile.open(file, "w:gz") as opened:
        entry = tarfile.TarInfo("web.pcap")
        entry.size = 1
        opened.addfile(entry, io.BytesIO(b"3"))


def together(folder: Path, *texts: Path, most: int = BUNDLE.unpacked) -> tuple[list[str], dict[str, str]]:
    """Return the files of the new folder, and why what did not come out."""
    into = folder.parent / "out"
    lost = unpacked.bring_together(folder, texts, into, "tp4", most)
    files = sorted(each.relative_to(into).as_posix() for each in into.rglob("*") if not each.is_dir())
    return files, {each.file: each.reason.msgid for each in lost}


CAPTURES = ["TP4/captures.zip/in/dns.pcap", "TP4/captures.zip/ssh.pcap"]


def test_archives_are_unpacked_where_they_lie(folder: Path) -> None:
    """The folder of an archive has its name; a zip in a zip stays packed; the student's files stay."""
    tar(folder / "web.tar.gz")
    inner = zipped(folder.parent / "inner.zip", {"x": b"x"}).read_bytes()
    zipped(folder / "all.zip", {"inner.zip": inner})
    (folder / "old.rar").write_bytes(b"Rar!")
    before = sorted(folder.rglob("*"))
    assert (["README.md", *CAPTURES, "all.zip/inner.zip", "old.rar", "web.tar.gz/web.pcap"], {}) == together(
        folder
    )
    assert before == sorted(folder.rglob("*"))


def test_archives_of_another_lab_stay_packed(folder: Path) -> None:
    """So do those beyond the limit, links, and files of a system."""
    zipped(folder / "TP5.zip", {"x": b"x"})
    zipped(folder / "._x.zip", {"x": b"x"})
    (folder / "link.zip").symlink_to(folder / "TP4" / "captures.zip")
    assert [folder / "TP4" / "captures.zip"] == unpacked.list_archives(folder, "tp4")
    assert 2 == len(unpacked.list_archives(folder))


def test_archives_of_the_lab_come_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many."""
    zipped(folder / "a.zip", {"x": b"x"})
    monkeypatch.setattr(unpacked, "MOST", 1)
    assert (["README.md", *CAPTURES, "a.zip"], {}) == together(folder)


def test_what_does_not_come_out_is_named(folder: Path) -> None:
    """A damaged archive, and a damaged file in one; the others count."""
    (folder / "bad.zip").write_bytes(b"PK\3\4")
    content = zipped(folder / "half.zip", {"a.pcap": b"1" * 99}).read_bytes()
    (folder / "half.zip").write_bytes(content.replace(b"a.pcap", b"b.pcap", 1))
    files, lost = together(folder)
    assert ["README.md", *CAPTURES] == files
    assert {"bad.zip": N_("the zip is damaged"), "half.zip/a.pcap": N_("it is damaged")} == lost


def test_all_archives_share_one_limit(folder: Path) -> None:
    """The one that goes beyond it is named, and nothing is left of it."""
    zipped(folder / "z.zip", {"a": bytes(9)})
    files, lost = together(folder, most=10)
    assert (["README.md", *CAPTURES], {"z.zip": N_("it unpacks to more than {size}")}) == (files, lost)


def test_an_online_text_lies_beside_the_files(folder: Path) -> None:
    """Or alone; the student's own file of that name stays."""
    (text := folder.parent / "README.md").write_text("typed")
    assert ["README.md", *CAPTURES, "moodle-1/README.md"] == together(folder, text)[0]
    into = folder.parent / "alone"
    assert () == unpacked.bring_together(text, [text], into)
    assert ["typed"] == [each.read_text() for each in into.iterdir()]


def test_an_online_text_takes_no_name_of_another_file(folder: Path) -> None:
    """Of an archive, or of another text: every one is there, and the student's files are as they were."""
    texts = [folder.parent / place / "all.zip" for place in ("a", "b")]
    for text in texts:
        text.parent.mkdir()
        text.write_text(text.parent.name)
    zipped(folder / "all.zip", {"x": b"x"})
    assert ["README.md", *CAPTURES, "all.zip/x", "moodle-1/all.zip", "moodle-2/all.zip"] == together(
        folder, *texts
    )[0]
    assert ["a", "b"] == [text.read_text() for text in texts]


def test_files_are_copied_to_another_file_system(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link stays one, and a pipe is left out."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/etc/passwd")
    assert ["README.md", *CAPTURES, "link"] == together(folder)[0]
    assert (folder.parent / "out" / "link").is_symlink()
