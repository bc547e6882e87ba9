"""Files of a student's folder that stand for a capture or for answers, and are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.evidence.packets import recognition
from sharklab.grading.submission import strays
from sharklab.message import N_, NOTHING
from tests.support.checks_sample import DATA

NAMES = {"ssh": "ssh", "3way": "ssh", "dns": "dns"}
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n"
PICTURE = N_("the file is a picture ({format}), not a capture")


def made(folder: Path, **contents: bytes) -> list[Path]:
    """Write files, of which the names have a dot for each double underscore, and return them."""
    files = [folder / name.replace("__", ".") for name in contents]
    for file, content in zip(files, contents.values(), strict=True):
        file.write_bytes(content)
    return files


def test_find_damaged_takes_the_nearest_name_with_an_ending_of_captures(tmp_path: Path) -> None:
    """Its student hears why it cannot be read, and not that nothing was handed in."""
    *files, own = made(tmp_path, tp4_3way__pcapng=LFS, ssh__txt=b"x", web__pcap=b"", ssh__pcapng__gz=b"")
    assert {"ssh": own} == strays.find_damaged([*files, own], NAMES, ["ssh", "dns"])
    assert {} == strays.find_damaged(files, NAMES, ["dns"])


@pytest.mark.parametrize("has_answers", [True, False])
def test_name_strays_says_why_a_file_does_not_count(tmp_path: Path, has_answers: bool) -> None:
    """A picture in the place of a lacking capture, any file with the ending of a capture, what is packed."""
    files = made(
        tmp_path,
        all__ZIP=b"",
        report__pdf=b"%PDF",
        x__pcap=LFS,
        ssh__png=b"\x89PNG",
        dns__png=b"\x89PNG",
        logo__png=b"\x89PNG",
        code__py=b"",
    )
    told = {
        file.name: reason.msgid for file, reason in strays.name_strays(files, NAMES, ["ssh"], has_answers)
    }
    document = {} if has_answers else {"report.pdf": strays.DOCUMENT}
    lfs = recognition.recognise(LFS).sentence
    assert {"all.ZIP": strays.PACKED, "x.pcap": lfs, "ssh.png": PICTURE, **document} == told


def test_fault_of_a_capture_is_nothing() -> None:
    """Whatever its name."""
    assert NOTHING == strays.fault(DATA / "ssh.pcap")


def test_is_stray_by_the_ending() -> None:
    """A program is not looked at."""
    names = ("a.PNG", "a.odt", "a.pcang", "a.pcap.gz", "a.7z", "a.tar.gz", "a.py", "a.gz", "a")
    assert [True] * 6 + [False] * 3 == [strays.is_stray(name) for name in names]


def test_is_leftover_of_a_system_or_a_program() -> None:
    """Nobody handed it in."""
    names = ("._ssh.pcap", "~$notes.docx", "Thumbs.db", "ssh.annotated.en.pcapng", "ssh.pcap")
    assert [True] * 4 + [False] == [strays.is_leftover(name) for name in names]
