"""Submissions that somebody made to harm who unpacks them, each with what is to be said of it.

Archives are after PKWARE's APPNOTE; those that Python's zipfile will not write are put together by hand.
"""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Maker = Callable[[Path], None]
Entry = tuple[zipfile.ZipInfo | str, bytes]
MIB = 1 << 20
NONE = "InputError: the file is not a submission"
UNKNOWN = "a submission has no file of this name"
MANIFEST = json.dumps(
    {"schema": 1, "lab": "tp4", "student": "eve", "seat": "0" * 8, "begun": 0, "made": 0, "files": {}}
).encode()


def archive(*entries: Entry, manifest: bytes = MANIFEST, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of a manifest and these entries."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as file:
        warnings.simplefilter("ignore")  # the same name twice
        for entry, content in (("manifest.json", manifest), *entries):
            file.writestr(entry, content)
    return buffer.getvalue()


def holding(content: Callable[[], bytes]) -> Maker:
    """Return what writes a file of what `content` makes when it is asked to."""
    return lambda path: _write(path, content())


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _zeros(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(4 << 30)


def link(name: str) -> zipfile.ZipInfo:
    """Return an entry that is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def _bomb() -> bytes:
    """Return 4 GB of zeros in 4 MB, in files of 64 MiB."""
    zeros = bytes(64 * MIB)
    return archive(*((f"captures/c{number}.pcap", zeros) for number in range(64)))


def _local(name: bytes, content: bytes, size: int) -> bytes:
    head = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, 0, len(content), size, len(name), 0)
    return head + name + content


def _central(name: bytes, packed: int, size: int, crc: int, offset: int, flags: int = 0) -> bytes:
    head = struct.pack("<IHHHHHHIIIHH", 0x02014B50, 20, 20, flags, 8, 0, 33, crc, packed, size, len(name), 0)
    return head + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name


def _end(count: int, size: int, offset: int) -> bytes:
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, offset, 0)


def _by_hand(names: Iterable[bytes], content: bytes, flags: int = 0) -> bytes:
    """Return an archive whose entries are all the same bytes of the file, as in overlapping bombs."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(content) + deflate.flush()
    manifest = archive()[: len(archive()) - 22]
    with zipfile.ZipFile(io.BytesIO(archive())) as file:
        start, said = file.start_dir, file.infolist()[0]
    body = manifest[:start] + _local(b"x", packed, len(content))
    central = [_central(b"manifest.json", said.compress_size, said.file_size, said.CRC, 0)]
    central += [
        _central(name, len(packed), len(content), zlib.crc32(content), start, flags) for name in names
    ]
    listed = b"".join(central)
    return body + listed + _end(len(central), len(listed), len(body))


def _million() -> bytes:
    """Return a list of a million files, of which the end claims only one."""
    entry = _central(b"a", 0, 0, 0, 0)
    return entry * 1_000_000 + _end(1, len(entry) * 1_000_000, 0)


def _hidden_million() -> bytes:
    """Return the same, whose end claims a list of no size."""
    entry = _central(b"a", 0, 0, 0, 0)
    return entry * 1_000_000 + _end(1, 0, 0)


def answers(text: str | bytes) -> Maker:
    """Return what writes a submission with this answers.yml."""
    content = text.encode() if isinstance(text, str) else text
    return holding(lambda: archive(("answers.yml", content)))


def _aliases() -> str:
    """Return a document that is a billion times itself."""
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines)


BUNDLES: Mapping[str, tuple[Maker, str]] = {
    "empty": (holding(lambda: b""), NONE),
    "a capture": (holding(lambda: b"\xd4\xc3\xb2\xa1" + bytes(100)), NONE),
    "4 GB of zeros": (_zeros, "InputError: the file is larger than 64 MiB"),
    "a pipe": (os.mkfifo, "InputError: the path is not a regular file"),
    "a link to endless zeros": (
        lambda path: path.symlink_to("/dev/zero"),
        "InputError: the path is a link, not a file",
    ),
    "half an archive": (holding(lambda: archive(("answers.yml", b"a: {b: 1}"))[:100]), NONE),
    "4 GB in 4 MB": (
        holding(_bomb),
        r"none, 3 captures; captures/c3.pcap: it unpacks to more than 256 MiB: the rest is left out$",
    ),
    "an archive in an archive": (holding(lambda: archive(("more.zip", archive()))), f"more.zip: {UNKNOWN}"),
    "files that are the same bytes": (
        holding(lambda: _by_hand((b"captures/c%d.pcap" % n for n in range(200)), bytes(32 * MIB))),
        "none, 0 captures; captures/c0.pcap: it is damaged; .*; …: 190 more files were refused$",
    ),
    "a million files": (holding(_million), NONE),
    "a million files that are not counted": (holding(_hidden_million), NONE),
    "300 files": (
        holding(lambda: archive(*((f"captures/c{n}.pcap", b"") for n in range(300)))),
        "InputError: it has more than 256 files",
    ),
    "a link": (
        holding(lambda: archive((link("captures/ssh.pcap"), b"/etc/shadow"))),
        "none, 0 captures; captures/ssh.pcap: the path is a link, not a file",
    ),
    "a link to a folder": (
        holding(lambda: archive((link("captures"), b"/etc"), ("captures/ssh.pcap", b"x"))),
        "none, 1 captures; captures: the path is a link, not a file",
    ),
    "a file outside": (holding(lambda: archive(("../../evil", b"x"))), rf"\.\./\.\./evil: {UNKNOWN}"),
    "a file at the root": (holding(lambda: archive(("/etc/evil", b"x"))), f"/etc/evil: {UNKNOWN}"),
    "a file outside by the other slash": (holding(lambda: archive(("..\\evil", b"x"))), UNKNOWN),
    "a name that moves the cursor": (
        holding(lambda: archive(("captures/\x1b[2J.pcap", b"x"))),
        f"captures/\ufffd\\[2J.pcap: {UNKNOWN}",
    ),
    "a name of 60,000 letters": (holding(lambda: archive(("x" * 60_000, b"x"))), f"x{{99}}…: {UNKNOWN}$"),
    "the same name twice": (
        holding(lambda: archive(("answers.yml", b"a: {b: 1}"), ("answers.yml", b"a: {b: 2}"))),
        "answers.yml: the submission has it twice",
    ),
    "two manifests": (
        holding(lambda: archive(("manifest.json", MANIFEST.replace(b"eve", b"bob")))),
        "manifest.json: the submission has it twice",
    ),
    "another compression": (holding(lambda: archive(method=zipfile.ZIP_LZMA)), NONE),
    "an encrypted file": (
        holding(lambda: _by_hand([b"answers.yml"], b"a: {b: 1}", flags=1)),
        "answers.yml: it is encrypted",
    ),
    "no manifest": (
        holding(lambda: archive(manifest=b"")),
        f"{NONE}: its manifest cannot be used: the file is damaged",
    ),
    "a manifest that is deep": (holding(lambda: archive(manifest=b"[" * 200_000)), NONE),
    "a manifest of another student's folder": (
        holding(lambda: archive(manifest=MANIFEST.replace(b"eve", b"../bob"))),
        f"{NONE}: its manifest cannot be used: the file is damaged: student is not a name",
    ),
    "state that is deep": (
        holding(lambda: archive(("state/server.json", b'{"a":' * 100_000))),
        "state/server.json: the file is damaged",
    ),
    "state with a number of a million digits": (
        holding(lambda: archive(("state/server.json", b'{"a":' + b"9" * 1_000_000 + b"}"))),
        "state/server.json: the file is damaged: a number is too long",
    ),
    "answers a billion times": (
        answers(_aliases()),
        "answers.yml: line 1: anchors and aliases are not allowed",
    ),
    "answers that run a program": (
        answers("a: !!python/object/apply:os.system [reboot]"),
        "answers.yml: line 1: tags are not allowed",
    ),
    "answers that are deep": (
        answers("a: " + "[" * 60_000),
        "answers.yml: line 1: lists and mappings are nested too",
    ),
    "answers that are deep by lines": (
        answers("".join(f"{' ' * n}a:\n" for n in range(350))),
        "answers.yml: line 4: lists and mappings are nested too deep",
    ),
    "answers with merge keys": (
        answers("a: {<<: {b: 1}}"),
        "answers.yml: line 1: merge keys are not allowed",
    ),
    "answers of a megabyte": (answers("a: 1\n" * 200_000), "answers.yml: the file is larger than 64 KiB"),
    "answers that are no text": (answers(bytes(range(128, 256))), "answers.yml: the file is not text"),
    "answers to 5,000 questions": (
        answers("a: {" + ", ".join(f"q{n}: 1" for n in range(5_000)) + "}"),
        "none, 0 captures",
    ),
    "answers with control characters": (
        answers('a: {b: "\\e[2J"}'),
        "answers.yml: line 1: the answer to b has invisible characters",
    ),
    "answers with a formula": (answers("a: {b: '=HYPERLINK(\"x\")'}"), "none, 0 captures"),
}
"""By kind: what writes the file, and what is said of it (a regular expression)."""
