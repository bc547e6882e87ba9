"""Text and files of strangers: what a reader is shown, and which files are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab import untrusted
from sharklab.errors import InputError
from tests.support.errors import error_of

INVISIBLE = {
    "control": ("\x07", "␇"),
    "escape": ("\x1b", "␛"),
    "return": ("\r", "␍"),
    "delete": ("\x7f", "␡"),
    "C1 control": ("\x9b", "\ufffd"),
    "left-to-right embedding": ("\u202a", "⟨U+202A⟩"),
    "right-to-left override": ("\u202e", "⟨U+202E⟩"),
    "left-to-right isolate": ("\u2066", "⟨U+2066⟩"),
    "pop isolate": ("\u2069", "⟨U+2069⟩"),
    "right-to-left mark": ("\u200f", "⟨U+200F⟩"),
    "Arabic letter mark": ("\u061c", "⟨U+061C⟩"),
    "zero-width space": ("\u200b", "⟨U+200B⟩"),
    "zero-width joiner": ("\u200d", "⟨U+200D⟩"),
    "word joiner": ("\u2060", "⟨U+2060⟩"),
    "byte order mark": ("\ufeff", "⟨U+FEFF⟩"),
    "tag": ("\U000e0041", "⟨U+E0041⟩"),
    "line separator": ("\u2028", "⟨U+2028⟩"),
    "paragraph separator": ("\u2029", "⟨U+2029⟩"),
    "lone surrogate": ("\ud800", "\ufffd"),
    "noncharacter": ("\uffff", "\ufffd"),
    "private use": ("\ue000", "⟨U+E000⟩"),
}


@pytest.mark.parametrize(("character", "shown"), INVISIBLE.values(), ids=INVISIBLE)
def test_invisible_characters_are_seen_by_every_function(character: str, shown: str) -> None:
    """A page shows them, a line leaves them out, a name marks them, and text that has one is not visible."""
    text = f"a{character}b"
    assert [f"a{shown}b", "a b", "a\ufffdb", False] == [
        untrusted.visible(text),
        untrusted.one_line(text),
        untrusted.name(text),
        untrusted.is_visible(text),
    ]
    untrusted.visible(text).encode()


def test_visible_keeps_ordinary_text() -> None:
    """Accents, the no-break spaces of French, emoji, line ends and tabs stay."""
    text = "déjà\u202f: «\u00a0vu\u00a0» 🦈\n\tnext"
    assert text == untrusted.visible(text)


def test_visible_removes_terminal_escapes() -> None:
    """Colours and window titles go; the end of a line is one character."""
    assert "red next\n" == untrusted.visible("\x1b[31mred\x1b[0m \x1b]0;title\x07next\r\n")


def test_is_visible_accepts_lines_and_tabs() -> None:
    """An answer may have several lines."""
    assert untrusted.is_visible("one\n\ttwo, trois : été")


def test_one_line_collapses_space() -> None:
    """Line ends and runs of space become one space."""
    assert "a b c" == untrusted.one_line("  a\n\n b\u00a0\tc ")


@pytest.mark.parametrize(("text", "shown"), [("abc", "abc"), ("abcd", "ab…")])
def test_clip_and_name_mark_the_cut(text: str, shown: str) -> None:
    """A text that was cut says so."""
    assert (shown, shown) == (untrusted.clip(text, 3), untrusted.name(text, 3))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_decode_reads_what_editors_write(encoding: str) -> None:
    """The mark of an encoding is no part of the text."""
    assert "réponse: «1»\n" == untrusted.decode("réponse: «1»\n".encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_decode_reads_plain_letters_of_two_bytes_without_a_mark(encoding: str) -> None:
    """PowerShell and Notepad write such files."""
    assert "port: 443\n" == untrusted.decode("port: 443\n".encode(encoding))


@pytest.mark.parametrize("content", [b"\xd4\xc3\xb2\xa1" + bytes(20), b"\0", b"a: \x81\n", b"\xff\xfea"])
def test_decode_of_what_is_no_text_is_a_value_error(content: bytes) -> None:
    """A capture, and half of a character."""
    with pytest.raises(ValueError):
        untrusted.decode(content)


def test_decode_of_nothing_is_nothing() -> None:
    """An empty file is text."""
    assert "" == untrusted.decode(b"")


def test_read_returns_a_regular_file(tmp_path: Path) -> None:
    """A file of just the limit is read."""
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert b"12345" == untrusted.read(file, 5)


def test_read_refuses_a_larger_file(tmp_path: Path) -> None:
    """One byte more than the limit is too much."""
    file = tmp_path / "file"
    file.write_bytes(b"123456")
    error = error_of(InputError, untrusted.read, file, 5)
    assert (str(file), {"size": "5 B"}) == (error.place, error.values)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_read_refuses_what_is_no_regular_file(tmp_path: Path, kind: str) -> None:
    """A link, a folder and a missing file are refused; so is a pipe, which has no writer and would block."""
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert str(tmp_path / kind) == error_of(InputError, untrusted.read, tmp_path / kind, 1 << 20).place
