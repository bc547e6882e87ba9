"""One file that holds a submission: a zip with a manifest and its signature.

    manifest.json  manifest.sig  answers.yml  captures/<id>.pcap|.pcapng  state/<host>.json
    after_reboot/<host>.json  changes/<host>.diff  journal/<host>.log        of an exam

The same submission always gives the same bytes. An unpacked submission is not trusted: only the
names above are taken, no file is written outside the given folder, and every
byte that comes out is counted.
Source: PKWARE's APPNOTE 6.3.10 (zip).
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import stat
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from sharklab import state, untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.evidence.packets import container
from sharklab.grading.submission import archive, capture_names, manifest, sheet, strays, work
from sharklab.grading.submission.model import Problem, Seal, Submission
from sharklab.lab import seat
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import N_, NN_, Message

ENDING = ".sharklab"
_NAMES = re.compile(
    rf"{re.escape(manifest.NAME)}|{re.escape(manifest.SIGNATURE)}|{re.escape(sheet.NAME)}"
    rf"|{work.CAPTURES}/{work.CAPTURE.pattern}|(?:{work.STATE}|{work.AFTER})/{work.HOST.pattern}"
    rf"|{work.CHANGES}/{work.DIFF.pattern}|{work.JOURNAL}/{work.LOG.pattern}".replace("?P<id>", "?:")
)
_END, _END_64 = b"PK\5\6", b"PK\6\7"
_END_SIZE, _END_64_SIZE, _ENTRY_SIZE = 22, 20, 46
_TOLD = 10


def pack(submission: Submission, key: bytes, file: Path, limits: BundleLimits = BUNDLE) -> None:
    """Write `submission`, signed with the seat's `key`, to `file`.

    Raises InputError when a part of it cannot be read or is too large, MachineryError when `file`
    cannot be written.
    """
    files = _contents(submission, limits)
    header = manifest.write(submission, files)
    files = {manifest.NAME: header, manifest.SIGNATURE: manifest.sign(header, key), **files}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in files.items():
            _add(opened, name, content)
    if buffer.tell() > limits.file or sum(map(len, files.values())) > limits.unpacked:
        raise InputError(
            N_("the submission is larger than {size}"),
            place=str(file),
            hint=N_("capture fewer packets"),
            size=untrusted.size(limits.file),
        )
    state.write(file, buffer.getvalue(), 0o600)


def _contents(submission: Submission, limits: BundleLimits) -> dict[str, bytes]:
    files = {}
    answers = sheet.find(submission.folder)
    if answers and not submission.written:
        files[sheet.NAME] = untrusted.read(answers[0], limits.answers)
    elif submission.answers:  # some of them are in no form
        files[sheet.NAME] = _json(submission.answers)
    for id, path in submission.captures.items():
        files[f"{work.CAPTURES}/{id}{_find_ending(path)}"] = untrusted.read(path, limits.capture)
    for name, states in ((work.STATE, submission.state), (work.AFTER, submission.after or {})):
        files |= {f"{name}/{host}.json": _json(found) for host, found in states.items()}
    for host, text in submission.changes.items():
        files[f"{work.CHANGES}/{host}.diff"] = _shorten_text(text, limits.state)
    for host, text in submission.journals.items():
        files[f"{work.JOURNAL}/{host}.log"] = _shorten_text(text, limits.state)
    return dict(sorted(files.items()))


def _shorten_text(text: str, most: int) -> bytes:
    """Return a text as UTF-8; of one that is larger than `most` bytes only the beginning, which says so."""
    content = text.encode(errors="replace")
    if len(content) <= most:
        return content
    note = f"\n... of {len(content)} bytes\n".encode()
    return content[: most - len(note)].decode(errors="ignore").encode() + note


def _find_ending(path: Path) -> str:
    """Return the ending of a capture by its content, else by its name: students mistake one for the other."""
    try:
        return f".{container.open_capture(path).format}"
    except InputError:
        return path.suffix if path.suffix in capture_names.ENDINGS else capture_names.ENDINGS[0]


def _json(data: Mapping[str, Any]) -> bytes:
    """Return JSON, which is YAML as well."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _add(opened: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file without anything of this machine or of today."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
    entry.external_attr = (stat.S_IFREG | 0o600) << 16
    opened.writestr(entry, content, compresslevel=6)


def unpack(
    file: Path,
    into: Path,
    limits: BundleLimits = BUNDLE,
    key_of: Callable[[str, str], bytes] = seat.key,
) -> Submission:
    """Unpack `file` into the empty folder `into` and return what is in it.

    `key_of` gives the key of a seat by lab and student. Refused parts are among the
    problems. Raises InputError when the file is no submission at all or larger than `limits`.
    """
    problems = extract(file, into, limits)
    try:
        _, verdict = verify(into, problems, limits, key_of)
    except InputError as error:
        error.place = str(file)
        raise
    return read(into, verdict, problems, limits)


def extract(file: Path, into: Path, limits: BundleLimits = BUNDLE) -> tuple[Problem, ...]:
    """Write the files of a bundle that a submission may have below `into`; return the refused ones.

    Raises InputError when the file is no bundle or larger than `limits`.
    """
    if any(state.folder(into).iterdir()):
        raise MachineryError(N_("the folder is not empty"), place=str(into))
    with untrusted.stream(file, limits.file) as stream:
        _check_directory(file, stream, limits)
        try:
            return _shorten_problems(tuple(_unpack_files(stream, into, limits)))
        except archive.BROKEN as error:
            raise _no_submission(file) from error


def is_packed(file: Path) -> bool:
    """Tell whether a file is a bundle, whatever its name: a zip with a manifest and its signature."""
    try:
        with untrusted.stream(file, BUNDLE.file) as stream, zipfile.ZipFile(stream) as opened:
            return {manifest.NAME, manifest.SIGNATURE} <= {*opened.namelist()}
    except (InputError, *archive.BROKEN):
        return False


def is_unpacked(folder: Path) -> bool:
    """Tell whether somebody unpacked a bundle to `folder`: only a bundle has a manifest and its signature."""
    return (folder / manifest.NAME).exists() and (folder / manifest.SIGNATURE).exists()


def verify(
    folder: Path,
    problems: tuple[Problem, ...] = (),
    limits: BundleLimits = BUNDLE,
    key_of: Callable[[str, str], bytes] = seat.key,
) -> tuple[Mapping[str, Any], Seal]:
    """Return the manifest of the bundle that was unpacked to `folder`, and the verdict of its signature.

    Raises InputError when the manifest is missing or cannot be used.
    """
    try:
        said, header = _manifest(folder, problems, limits)
    except InputError as error:
        raise InputError(
            N_("the file is not a submission: {reason}"), place=str(folder), reason=error.sentence
        ) from error
    return said, _seal(folder, header, limits, key_of(said["lab"], said["student"]), problems)


def read(
    folder: Path, seal: Seal, problems: tuple[Problem, ...] = (), limits: BundleLimits = BUNDLE
) -> Submission:
    """Return the submission of the bundle that was unpacked to `folder`, where `problems` were refused.

    `seal` is what `verify` said. Raises InputError as that does.
    """
    said, _ = _manifest(folder, problems, limits)
    found = work.gather(folder, limits)
    (first, refused), (after, lost) = (work.states(folder, name, limits) for name in (work.STATE, work.AFTER))
    return Submission(
        lab=said["lab"],
        student=said["student"],
        seat=said["seat"],
        folder=folder,
        captures=found.captures,
        answers=found.answers,
        state=first,
        after=after,
        manifest=said,
        begun=float(said["begun"]),
        made=float(said["made"]),
        seal=seal,
        problems=(*problems, *found.problems, *refused, *lost),
    )


def _manifest(
    into: Path, problems: Iterable[Problem], limits: BundleLimits
) -> tuple[Mapping[str, Any], bytes]:
    """Return the submission's manifest, and its bytes. Raises InputError if it is missing or wrong."""
    file = into / manifest.NAME
    if not file.exists():
        for problem in problems:
            if problem.file == manifest.NAME:
                raise InputError(N_("its manifest was refused: {reason}"), reason=problem.reason)
        raise InputError(N_("it has no manifest"))
    header = untrusted.read(file, limits.manifest)
    try:
        return manifest.read(header), header
    except InputError as error:
        raise InputError(N_("its manifest cannot be used: {reason}"), reason=error.sentence) from error


def _seal(into: Path, header: bytes, limits: BundleLimits, key: bytes, problems: Iterable[Problem]) -> Seal:
    """Return the seal of the submission; with a refused file it is not whole."""
    signature = into / manifest.SIGNATURE
    if not signature.exists():
        return Seal.NONE
    names = (path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file())
    digests = {
        name: manifest.digest(untrusted.read(into / name, limits.capture))
        for name in names
        if name not in (manifest.NAME, manifest.SIGNATURE) and not strays.is_leftover(Path(name).name)
    }
    found = manifest.seal(header, untrusted.read(signature, limits.manifest), digests, key)
    return Seal.BROKEN if any(problems) else found


def _shorten_problems(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the first problems, and how many more there are: one that has many has them all alike."""
    rest = Message(
        NN_("{count} more file was refused", "{count} more files were refused"),
        {"count": len(problems) - _TOLD},
    )
    return problems if len(problems) <= _TOLD else (*problems[:_TOLD], Problem("…", rest))


def _unpack_files(stream: IO[bytes], into: Path, limits: BundleLimits) -> Iterator[Problem]:
    """Unpack until all that came out is more than the limit, whether it was kept or not."""
    left = limits.unpacked
    with zipfile.ZipFile(stream) as opened:
        for entry in opened.infolist()[: limits.entries]:
            reason, size = _refusal(entry, into), 0
            if not reason:
                reason, size = _write(opened, entry, into, min(left, _most(entry.orig_filename, limits)))
            left -= size
            if left < 0:
                most = {"size": untrusted.size(limits.unpacked)}
                yield Problem(
                    untrusted.name(entry.orig_filename),
                    Message(N_("it unpacks to more than {size}: the rest is left out"), most),
                )
                return
            if reason:
                yield Problem(untrusted.name(entry.orig_filename), reason)


def _check_directory(file: Path, stream: IO[bytes], limits: BundleLimits) -> None:
    """Raise InputError unless `stream` ends as a small zip does, before anything is built of its list.

    Its list of files may be no longer than the files that are allowed. A comment after the end
    and the other end of zip64 can hide another list; sharklab writes neither.
    """
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - _END_SIZE - _END_64_SIZE))
    tail = stream.read()
    end, end_64 = tail[-_END_SIZE:], tail[:-_END_SIZE]
    if not end.startswith(_END) or end[-2:] != b"\0\0" or end_64.startswith(_END_64):
        raise _no_submission(file)
    count, size = struct.unpack_from("<HI", end, 10)
    if size > limits.entries * (_ENTRY_SIZE + 2 * limits.name):
        raise _no_submission(file)
    if count > limits.entries:
        raise InputError(N_("it has more than {most} files"), place=str(file), most=limits.entries)


def _no_submission(file: Path) -> InputError:
    return InputError(
        N_("the file is not a submission, or it is damaged"),
        place=str(file),
        hint=N_("pack the work again: sharklab submit LAB"),
    )


def _refusal(entry: zipfile.ZipInfo, into: Path) -> Message | None:
    """Return why an entry is not unpacked, by what the archive says of it."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Message(N_("the path is a link, not a file"))
    if not _NAMES.fullmatch(entry.orig_filename):
        return Message(N_("a submission has no file of this name"))
    if (into / entry.orig_filename).exists():
        return Message(N_("the submission has it twice"))
    if entry.flag_bits & archive.ENCRYPTED:
        return Message(N_("it is encrypted"))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Message(N_("its compression method is not supported"))
    return None


def _write(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path, most: int
) -> tuple[Message | None, int]:
    """Unpack one entry; return why it was refused (then nothing is left of it), and how much came out."""
    target, reason = into / entry.orig_filename, None
    state.folder(target.parent)
    try:
        with opened.open(entry) as source, os.fdopen(os.open(target, archive.NEW, 0o600), "wb") as sink:
            archive.copy(source, sink, most)
    except archive.BROKEN as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # the disk, not the archive
            raise MachineryError(error.strerror or str(error), place=str(target)) from error
        reason = Message(N_("it is damaged"))
    size = target.stat().st_size if target.exists() else 0
    if size > most:
        reason = Message(N_("the file is larger than {size}"), {"size": untrusted.size(most)})
    if reason:
        target.unlink(missing_ok=True)
    return reason, size


def _most(name: str, limits: BundleLimits) -> int:
    if name.startswith(f"{work.CAPTURES}/"):
        return limits.capture
    if name.startswith(
        tuple(f"{folder}/" for folder in (work.STATE, work.AFTER, work.CHANGES, work.JOURNAL))
    ):
        return limits.state
    return limits.answers if name == sheet.NAME else limits.manifest
