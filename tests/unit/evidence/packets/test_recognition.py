"""The kinds of files that are no capture."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.evidence.packets import recognition
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.recognition import FileKind, recognise
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"
PCAP, PCAPNG = (DATA / "ssh.pcap").read_bytes(), (DATA / "ntp.pcapng").read_bytes()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
NMAP = b"# Nmap 7.93 scan initiated Sat Nov 28 10:00:00 2026 as: nmap -sT 10.0.0.1\n"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), {"format": "PNG"}),
        (b"\xff\xd8\xff\xe0" + bytes(100), {"format": "JPEG"}),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {"format": "PDF"}),
        (b"PK\x03\x04" + bytes(100), {"format": "zip"}),
        (gzip.compress(PCAP), {"format": "gzip"}),
        (b"\xfd7zXZ\0" + bytes(10), {"format": "xz"}),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", {"format": "Office"}),
        (b"PK" + bytes(28) + b"mimetypeapplication/vnd.oasis.opendocument.text", {"format": "OpenDocument"}),
        (b"\0\0\0\x18ftypheic" + bytes(100), {"format": "HEIC"}),
        (b"BM\x36\x10\0\0" + bytes(100), {"format": "BMP"}),
        (b"II*\0" + bytes(100), {"format": "TIFF"}),
        (b"ssh.pcap" + bytes(249) + b"ustar\0" + bytes(100), {"format": "tar"}),
        (b"snoop\0\0\0" + bytes(100), {"format": "snoop"}),
        (NMAP, {"tool": "nmap"}),
        (b"Starting Nmap 7.93 ( https://nmap.org )\n", {"tool": "nmap"}),
        (codecs.BOM_UTF16_LE + "Starting Nmap 7.93".encode("utf-16-le"), {"tool": "nmap"}),
        (b'<?xml version="1.0"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap">', {"tool": "nmap"}),
        (b"12:00:00.123456 IP 10.0.0.1.22 > 10.0.0.2.50000: Flags [S]\n", {"tool": "tcpdump"}),
        (b"tcpdump: listening on eth0\n", {"tool": "tcpdump"}),
        (b'"No.","Time","Source"\n', {"tool": "Wireshark"}),
        (b"    1   0.000000 10.0.0.1 -> 10.0.0.2 TCP\n", {"tool": "Wireshark"}),
        (b"caf\xe9\x1b[31m", {"text": "caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m"}),
        (codecs.BOM_UTF8 + b"SSH: 10.0.0.1", {"text": "SSH: 10.0.0.1"}),
    ],
)  # fmt: skip
def test_kind_is_told_by_content(content: bytes, value: dict[str, str]) -> None:
    """Each kind names its format, its tool, or how its text begins."""
    assert value == recognise(content).values


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", recognition.EMPTY),
        (bytes(1000), recognition.ZEROS),
        (b"\x7fELF" + bytes(100), recognition.UNKNOWN),
        (PCAP.decode(errors="replace").encode(), recognition.EDITED),
        (PCAPNG.replace(b"\n", b"\r\n"), recognition.CONVERTED),
        (PCAPNG.replace(b"\r\n", b"\n"), recognition.CONVERTED),
        (PCAP.decode("latin-1").encode(), recognition.RECODED),
        (codecs.BOM_UTF8 + PCAP.decode("cp850").encode(), recognition.RECODED),
        (codecs.BOM_UTF16_LE + PCAP.decode("cp437").encode("utf-16-le"), recognition.RECODED),
        (codecs.BOM_UTF16_LE + PCAPNG.decode("latin-1").encode("utf-16-le"), recognition.RECODED),
    ],
)
def test_kind_without_values(content: bytes, kind: FileKind) -> None:
    """Nothing, zeros, a program, and captures that another program changed."""
    assert kind == recognise(content)


@pytest.mark.parametrize(
    ("cut", "has_header", "word"),
    [(False, True, "no packet"), (True, True, "first packet"), (True, False, "header of")],
)
def test_stump_of_each_kind(cut: bool, has_header: bool, word: str) -> None:
    """A sound header alone, a file that ends in its first packet, one that ends in its header."""
    assert word in recognition.stump(b"12", cut=cut, has_header=has_header).sentence


@pytest.mark.parametrize("content", [b"\x0a\x0d", b"SSH", bytes(3)])
def test_kind_of_few_bytes(content: bytes) -> None:
    """They tell nothing but their number."""
    assert {"count": len(content)} == recognise(content).values


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"\0\0\0\x18ftypmp42" + bytes(100), recognition.AGAIN),
        (b"BM, and a text", recognition.WRITE),
        (POINTER, recognition.LFS),
        (b"<!DOCTYPE html><html>", recognition.RAW),
        (NMAP, recognition.AGAIN),
    ],
)
def test_remedy_fits_the_kind(content: bytes, remedy: str) -> None:
    """A pointer is replaced by its file, a page by a download, a text by a capture."""
    assert remedy == recognise(content).remedy


def opened(path: Path, content: bytes) -> InputError:
    """Return the error of a file with `content` that is opened as a capture."""
    path.write_bytes(content)
    return error_of(InputError, open_capture, path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", recognition.EMPTY),
        (POINTER, recognise(POINTER)),
        (PCAPNG.decode(errors="replace").encode(), recognition.EDITED),
        (PCAPNG.replace(b"\n", b"\r\n"), recognition.CONVERTED),
        (PCAP.replace(b"\n", b"\r\n"), recognition.CONVERTED),
        (gzip.compress(gzip.compress(PCAP)), recognise(gzip.compress(b""))),
    ],
)
def test_error_of_a_capture_is_its_kind(content: bytes, kind: FileKind, tmp_path: Path) -> None:
    """What begins as a capture and was changed after it says so too."""
    error = opened(tmp_path / "web.pcap", content)
    assert (kind.sentence, kind.remedy) == (error.message_id, error.hint_id)
    assert kind.values == error.values


def test_other_damage_is_told_as_damage(tmp_path: Path) -> None:
    """A capture whose lengths are wrong was not changed as a text."""
    error = opened(tmp_path / "web.pcap", PCAP[:24] + b"\xff" * 16 + b"\r\n")
    assert error.values["offset"] == 24


def test_capture_that_is_cut_is_still_read(tmp_path: Path) -> None:
    """Line ends of HTTP in its packets do not count as a change."""
    file = tmp_path / "web.pcap"
    file.write_bytes(PCAP[:-10].replace(b"\n", b"\x0b") + b"GET /\r\n")
    assert open_capture(file).cut
