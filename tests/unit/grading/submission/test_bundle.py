"""Bundles: the same bytes for the same submission, any edit shows, and nothing in them is trusted."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.grading.submission import archive, bundle, manifest, work
from sharklab.grading.submission.model import PlainHostState, Seal, Submission, WrittenAnswer
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import N_
from tests.support import submission_sample as sample
from tests.support.errors import error_of
from tests.support.sentences import sentences
from tests.support.zips import zipped


def unpack(file: Path, limits: BundleLimits = BUNDLE) -> Submission:
    """Unpack a file beside itself."""
    return bundle.unpack(file, file.parent / "unpacked", limits, sample.key)


def edited(file: Path, changes: Mapping[str, bytes | None]) -> Path:
    """Return the bundle with some files replaced, added, or (None) left out."""
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    target = file.with_name("edited.sharklab")
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in {**files, **changes}.items():
            if content is not None:
                archive.writestr(name, content)
    return target


def problems(found: Submission) -> dict[str, str]:
    """Return the message id of what is said of each file of a submission."""
    return {problem.file: problem.reason.msgid for problem in found.problems}


def test_unpack_gives_answers_that_are_in_no_form(tmp_path: Path) -> None:
    """Those of a text in the folder, beside those of the form."""
    place = WrittenAnswer("web", "server_port", "README.md", 7)
    whole = sample.submission(tmp_path / "work")
    given = replace(whole, answers={**whole.answers, "web": {"server_port": "443"}}, written=(place,))
    bundle.pack(given, sample.key("tp4", "alice"), tmp_path / "alice.sharklab")
    assert given.answers == unpack(tmp_path / "alice.sharklab").answers


def test_unpack_gives_what_was_packed(tmp_path: Path) -> None:
    """All of it comes out of the file, whole and signed."""
    packed, whole = sample.packed(tmp_path), sample.submission(tmp_path / "again")
    found = unpack(packed)
    same = replace(whole, folder=found.folder, captures=found.captures, manifest=found.manifest)
    assert replace(same, seal=Seal.WHOLE, after={}) == found
    for id, file in whole.captures.items():
        assert file.read_bytes() == found.captures[id].read_bytes()
    assert {"answers.yml", "captures/ssh.pcap", "captures/time.pcapng", "state/server.json"} == set(
        found.manifest["files"]
    )


def test_is_packed_of_a_bundle_of_any_name(tmp_path: Path) -> None:
    """Its content tells: students and browsers rename it."""
    made = sample.packed(tmp_path)
    other = zipped(tmp_path / "other.sharklab", {"README.md": b"x"})
    (tmp_path / "text.zip").write_text("x")
    assert [True, False, False] == [
        bundle.is_packed(file) for file in (made.rename(tmp_path / "a.zip"), other, tmp_path / "text.zip")
    ]


def test_pack_gives_the_same_bytes_again(tmp_path: Path) -> None:
    """Nothing of when or where it was packed is in it."""
    first, second = sample.packed(tmp_path / "a"), sample.packed(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_pack_keeps_the_file_to_its_owner(tmp_path: Path) -> None:
    """What is packed and what is unpacked is nobody else's to read."""
    packed = sample.packed(tmp_path)
    files = [packed, *(path for path in unpack(packed).folder.rglob("*") if path.is_file())]
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}


def test_pack_names_captures_as_the_form_does(tmp_path: Path) -> None:
    """The name is the capture's, the ending that of the content; of what is no capture it stays."""
    made = sample.submission(tmp_path / "work")
    folder = tmp_path / "work" / "captures"
    none, short = folder / "dns.pcapng", folder / "WEB (1)"
    none.write_bytes(b"")
    short.write_bytes(b"x")
    files = {
        "ssh": made.captures["ssh"].rename(folder / "SSH (1).pcapng"),
        "time": made.captures["time"].rename(folder / "time.pcap"),
        "dns": none,
        "web": short,
    }
    file = tmp_path / "alice.sharklab"
    bundle.pack(replace(made, captures=files), sample.key("tp4", "alice"), file)
    captures = {id: path.name for id, path in unpack(file).captures.items()}
    assert {"ssh": "ssh.pcap", "time": "time.pcapng", "dns": "dns.pcapng", "web": "web.pcap"} == captures


def test_pack_beyond_a_limit_is_an_input_error(tmp_path: Path) -> None:
    """A student hears of it before the instructor does."""
    whole, limits = sample.submission(tmp_path), BundleLimits(file=1 << 10)
    error = error_of(InputError, bundle.pack, whole, bytes(32), tmp_path / "x", limits)
    assert (str(tmp_path / "x"), {"size": "1 KiB"}) == (error.place, error.values)


EDITS: Mapping[str, Mapping[str, bytes | None]] = {
    "answer": {"answers.yml": b"ssh: {server_port: 23}\n"},
    "capture": {"captures/ssh.pcap": b"\xd4\xc3\xb2\xa1" + bytes(20)},
    "added": {"captures/dns.pcap": b"\xd4\xc3\xb2\xa1" + bytes(20)},
    "removed": {"captures/ssh.pcap": None},
    "signature": {"manifest.sig": b"0" * 64},
    "no hexadecimal": {"manifest.sig": b"\xff" * 64},
    "stranger": {"x.sh": b"rm"},
}


@pytest.mark.parametrize("edit", EDITS)
def test_unpack_shows_an_edit(edit: str, tmp_path: Path) -> None:
    """What was changed, added or taken away after packing breaks the seal; the rest is read all the same."""
    found = unpack(edited(sample.packed(tmp_path), EDITS[edit]))
    assert Seal.BROKEN is found.seal
    assert "time" in found.captures


@pytest.mark.parametrize("name", ["student", "made", "seat"])
def test_unpack_shows_an_edited_manifest(name: str, tmp_path: Path) -> None:
    """Who, which seat and when are signed as well; another student's name does not help."""
    packed = sample.packed(tmp_path)
    content = dict(unpack(packed).manifest)
    other = {"student": "bob", "made": 1_790_000_001.0, "seat": "00000000"}[name]
    changed = json.dumps({**content, name: other}, indent=1, sort_keys=True).encode()
    (tmp_path / "2").mkdir()
    assert Seal.BROKEN is unpack(edited(packed, {"manifest.json": changed}).rename(tmp_path / "2/x")).seal


def test_unpack_without_a_signature_says_so(tmp_path: Path) -> None:
    """Unsigned is not the same as edited."""
    assert Seal.NONE is unpack(edited(sample.packed(tmp_path), {"manifest.sig": None})).seal


DAMAGED = [N_("its manifest cannot be used: {reason}"), N_("the file is damaged: {fault}")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, [N_("it has no manifest")]),
        (b"{", DAMAGED),
        (b"[]", DAMAGED),
        (b"[" * 100_000, DAMAGED),
        (b'{"schema": 1}', DAMAGED),
        (b"x" * (257 << 10), [N_("its manifest was refused: {reason}"), untrusted.TOO_LARGE]),
    ],
)
def test_unpack_without_a_manifest_is_an_input_error(
    content: bytes | None, expected: list[str], tmp_path: Path
) -> None:
    """Nobody knows whose such a file is."""
    file = edited(sample.packed(tmp_path), {"manifest.json": content})
    said = sentences(error_of(InputError, unpack, file).sentence)
    assert [N_("the file is not a submission: {reason}"), *expected] == list(said)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("student", "../bob"),
        ("student", 7),
        ("lab", "a/b"),
        ("lab", ""),
        ("seat", "x"),
        ("made", "now"),
        ("made", -1),
        ("made", 1e300),
        ("made", True),
        ("schema", 2),
        ("files", []),
        ("files", {"a": 1}),
    ],
)
def test_read_of_a_manifest_that_lies_about_its_kind(name: str, value: object) -> None:
    """Names become folders and times are compared: each is checked."""
    good = {"schema": 1, "lab": "tp4", "student": "a", "seat": "0" * 8, "begun": 0, "made": 0, "files": {}}
    assert good == manifest.read(json.dumps(good).encode())
    with pytest.raises(InputError):
        manifest.read(json.dumps({**good, name: value}).encode())


NAMES = (
    "../evil.pcap",
    "/etc/cron.d/evil",
    "captures/../../evil.pcap",
    "captures\\evil.pcap",
    "captures/.hidden.pcap",
    "captures/a/b.pcap",
    "captures/x.exe",
    "captures/" + "x" * 200 + ".pcap",
    "captures/\x1b[2J.pcap",
    "captures/",
)


@pytest.mark.parametrize("name", NAMES)
def test_unpack_takes_no_name_that_it_does_not_know(name: str, tmp_path: Path) -> None:
    """Nothing is written outside, nothing unknown inside; the name is shown without control characters."""
    found = unpack(edited(sample.packed(tmp_path), {name: b"evil"}))
    [(shown, reason)] = problems(found).items()
    assert N_("a submission has no file of this name") == reason
    assert shown.isprintable() and len(shown) <= 100
    known = {*found.manifest["files"], manifest.NAME, manifest.SIGNATURE}
    assert known == {p.relative_to(found.folder).as_posix() for p in found.folder.rglob("*") if p.is_file()}


def raw(
    tmp_path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]], compression: int = zipfile.ZIP_STORED
) -> Path:
    """Return an archive of entries as they are given, with a good manifest first."""
    good = {"schema": 1, "lab": "tp4", "student": "a", "seat": "0" * 8, "begun": 0, "made": 0, "files": {}}
    file = tmp_path / "raw.sharklab"
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("manifest.json", json.dumps(good))
        for entry, content in entries:
            archive.writestr(entry, content)
    return file


def test_unpack_follows_no_link(tmp_path: Path) -> None:
    """A link in an archive is refused, whatever it leads to."""
    link = zipfile.ZipInfo("captures/ssh.pcap")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    found = unpack(raw(tmp_path, [(link, b"/etc/passwd")]))
    assert {"captures/ssh.pcap": N_("the path is a link, not a file")} == problems(found)
    assert {} == found.captures


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_unpack_takes_a_name_once(tmp_path: Path) -> None:
    """The first file of a name counts."""
    found = unpack(raw(tmp_path, [("answers.yml", b"ssh: {a: 1}"), ("answers.yml", b"ssh: {a: 2}")]))
    assert {"answers.yml": N_("the submission has it twice")} == problems(found)
    assert {"ssh": {"a": 1}} == found.answers


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unpack_takes_no_other_compression(method: int, tmp_path: Path) -> None:
    """Other ways to pack have bombs of their own."""
    file = raw(tmp_path, [], compression=method)
    assert N_("its compression method is not supported") in sentences(
        error_of(InputError, unpack, file).sentence
    )


def test_unpack_of_a_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    """What comes out is counted, whatever the archive says; all of it together has a limit as well."""
    zeros = bytes(3 << 20)
    entries: list[tuple[zipfile.ZipInfo | str, bytes]] = [(f"captures/c{n}.pcap", zeros) for n in range(4)]
    file = raw(tmp_path, [("answers.yml", zeros), *entries], compression=zipfile.ZIP_DEFLATED)
    assert file.stat().st_size < 40 << 10
    found = unpack(file, BundleLimits(unpacked=7 << 20))
    assert ["answers.yml", "captures/c2.pcap"] == list(problems(found))
    written = sum(path.stat().st_size for path in found.folder.rglob("*") if path.is_file())
    assert 6 << 20 < written < 7 << 20


def test_unpack_of_a_file_that_claims_to_be_small_reads_no_more(tmp_path: Path) -> None:
    """The size that an archive claims for a file is not believed: what was cut off is damaged."""
    file = raw(tmp_path, [("answers.yml", b"x" * 1000)], compression=zipfile.ZIP_DEFLATED)
    content = file.read_bytes()
    file.write_bytes(content.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert {"answers.yml": N_("it is damaged")} == problems(unpack(file))


def test_unpack_of_a_flipped_byte_is_a_problem_of_its_file(tmp_path: Path) -> None:
    """A file that does not have its checksum is damaged; the others are read."""
    file = raw(tmp_path, [("answers.yml", b"ssh: {a: 1}"), ("captures/ssh.pcap", b"whole")])
    file.write_bytes(file.read_bytes().replace(b"ssh: {a: 1}", b"ssh: {a: 2}"))
    found = unpack(file)
    assert ({"answers.yml": N_("it is damaged")}, ["ssh"]) == (problems(found), list(found.captures))


def test_unpack_of_too_many_files_is_an_input_error(tmp_path: Path) -> None:
    """A long list is refused before it is read."""
    file = raw(tmp_path, [(f"captures/c{n}.pcap", b"") for n in range(300)])
    error = error_of(InputError, unpack, file)
    assert (str(file), {"most": 256}) == (error.place, error.values)


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("manifest.json", "{}")
    return buffer.getvalue()


ARCHIVE = _archive()
OTHERS = {
    "empty": b"",
    "a capture": (sample.DATA / "ssh.pcap").read_bytes(),
    "a page": b"<html></html>",
    "half an archive": ARCHIVE[: len(ARCHIVE) // 2],
    "with a comment": ARCHIVE[:-2] + b"\4\0evil",
    "with something after it": ARCHIVE + b"x",
    "zip64": ARCHIVE[:-22] + b"PK\6\7" + bytes(16) + ARCHIVE[-22:],
    "a list that is not there": ARCHIVE[:-10] + b"\xff\0\0\0" + ARCHIVE[-6:],
    "a huge list": ARCHIVE[:-10] + b"\xff\xff\xff\x7f" + ARCHIVE[-6:],
}


@pytest.mark.parametrize("other", OTHERS)
def test_unpack_of_another_format_is_an_input_error(other: str, tmp_path: Path) -> None:
    """A file is known by its content; what is no archive as we write them is no submission."""
    file = tmp_path / "other.sharklab"
    file.write_bytes(OTHERS[other])
    error = error_of(InputError, unpack, file)
    assert (N_("the file is not a submission, or it is damaged"), str(file)) == (
        error.message_id,
        error.place,
    )


def test_unpack_of_a_huge_file_is_an_input_error(tmp_path: Path) -> None:
    """Four gigabytes of zeros cost no more than a look at their size."""
    file = tmp_path / "zeros.sharklab"
    with file.open("wb") as zeros:
        zeros.truncate(4 << 30)
    error = error_of(InputError, unpack, file)
    assert (untrusted.TOO_LARGE, {"size": "64 MiB"}) == (error.message_id, error.values)


def test_unpack_into_a_used_folder_is_refused(tmp_path: Path) -> None:
    """What lies there already would be taken for the student's."""
    packed = sample.packed(tmp_path)
    unpack(packed)
    error = error_of(MachineryError, unpack, packed)
    assert (N_("the folder is not empty"), str(tmp_path / "unpacked")) == (error.message_id, error.place)


def test_pack_writes_answers_that_were_never_in_a_file(tmp_path: Path) -> None:
    """A submission that is made of a run has answers, and no answers.yml."""
    whole = replace(sample.submission(tmp_path / "work"), answers={"ssh": {"server_port": 22}})
    (tmp_path / "work" / "answers.yml").unlink()
    file = tmp_path / "alice.sharklab"
    bundle.pack(whole, sample.key("tp4", "alice"), file)
    assert {"ssh": {"server_port": 22}} == unpack(file).answers


def test_unpack_of_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    """Nobody has its password; the flag stands in the entry of the archive's list."""
    file = raw(tmp_path, [("answers.yml", b"ssh: {a: 1}")])
    content = bytearray(file.read_bytes())
    entry = content.rindex(b"PK\1\2")
    content[entry + 8] |= 1
    file.write_bytes(content)
    assert {"answers.yml": N_("it is encrypted")} == problems(unpack(file))


def test_unpack_onto_a_full_disk_is_no_fault_of_the_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive may be whole: the disk is named, and the student is not blamed."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    packed = sample.packed(tmp_path)
    monkeypatch.setattr(archive, "copy", refuse)
    assert os.strerror(errno.ENOSPC) == error_of(MachineryError, unpack, packed).message_id


def test_verify_of_a_folder_leaves_files_of_systems_out(tmp_path: Path) -> None:
    """A browser or a file manager unpacked the bundle, and left files of its own."""
    folder = unpack(sample.packed(tmp_path)).folder
    assert bundle.is_unpacked(folder)
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "captures" / "Thumbs.db").write_bytes(b"x")
    said, seal = bundle.verify(folder, key_of=sample.key)
    assert ("alice", Seal.WHOLE) == (said["student"], seal)
    (folder / "captures" / "more.pcap").write_bytes(b"x")
    assert Seal.BROKEN is bundle.verify(folder, key_of=sample.key)[1]
    (folder / manifest.SIGNATURE).unlink()
    assert not bundle.is_unpacked(folder)


def test_unpack_gives_the_state_after_the_reboot_of_an_exam(tmp_path: Path) -> None:
    """It is beside the first state, and signed like it; a damaged one is a problem of its own."""
    after: dict[str, PlainHostState] = {"server": {"mounts": []}, "client": {"mounts": ["/"]}}
    whole = replace(sample.submission(tmp_path / "work"), after=after)
    packed = tmp_path / "alice.sharklab"
    bundle.pack(whole, sample.key("tp4", "alice"), packed)
    found = unpack(packed)
    assert (after, whole.state, Seal.WHOLE) == (found.after, found.state, found.seal)
    (found.folder / work.AFTER / "client.json").write_text("{")
    damaged = bundle.read(found.folder, Seal.BROKEN)
    assert ({"server"}, {"after_reboot/client.json"}) == (set(damaged.after or ()), set(problems(damaged)))


def test_pack_has_the_changes_and_journals_of_an_exam(tmp_path: Path) -> None:
    """They are signed like all else; a text that is too large ends with its size."""
    changes = {"server": "--- /etc/a\n+é\n", "client": "é" * 600_000}
    whole = replace(sample.submission(tmp_path / "work"), changes=changes, journals={"server": "a line\n"})
    packed = tmp_path / "alice.sharklab"
    bundle.pack(whole, sample.key("tp4", "alice"), packed)
    found = unpack(packed)
    assert (Seal.WHOLE, ()) == (found.seal, found.problems)
    own = {host: (found.folder / work.CHANGES / f"{host}.diff").read_bytes() for host in changes}
    assert changes["server"].encode() == own["server"]
    assert BUNDLE.state - 1 <= len(own["client"]) <= BUNDLE.state
    assert own["client"].endswith(b"\n... of 1200000 bytes\n")
    assert {"server": "a line\n"} == work.texts(found.folder, work.JOURNAL)
