"""The folder that one run leaves: sealed when it is complete, read back as plain data.

Most of it comes from hosts that may belong to a student, so nothing in it is taken on trust: every file
is checked against a schema before it is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypedDict, TypeVar

from msgspec import Meta

from sharklab import state, untrusted
from sharklab.errors import MachineryError
from sharklab.evidence import host_state
from sharklab.evidence.capture import Counted, RecordedCapture
from sharklab.message import N_, Message, refusal

SCHEMA_VERSION = 1
"""Version of the folder's layout, in manifest.json."""
MANIFEST = "manifest.json"
SEALED = ("plan.json", "hosts/**/*", f"{host_state.FOLDER}/*")
"""The files that a manifest seals; reports can be written again at any time."""

Time = Annotated[float, Meta(ge=0, le=1e11)]
Count = Annotated[int, Meta(ge=0, le=10**15)]
Argv = Annotated[tuple[str, ...], Meta(min_length=1)]
CaptureName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")]


@dataclass(frozen=True)
class ProbeResult:
    """The result of one probe. `started` is epoch seconds, `duration` seconds (monotonic)."""

    id: str
    host: str
    argv: Argv
    user: str
    started: Time
    duration: Time
    exit_code: Annotated[int, Meta(ge=0, le=255)] | None
    timed_out: bool
    missing: bool
    stdout: str
    stderr: str
    truncated: bool


@dataclass(frozen=True)
class SocketLine:
    """One distinct line of `ss -Htunap` on a host, and when it was seen (epoch seconds)."""

    host: str
    line: str
    first: Time
    last: Time


@dataclass(frozen=True)
class Evidence:
    """Everything that a run left: `manifest` is manifest.json as it stands.

    `state` is the state of each host (`sharklab.evidence.host_state`), when the lab asks for it.
    """

    folder: Path
    manifest: Mapping[str, Any]
    probes: Mapping[str, ProbeResult]
    sockets: tuple[SocketLine, ...]
    captures: Mapping[str, RecordedCapture]
    state: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class _Manifest(TypedDict):
    """The fields of every manifest.json, beside the header of the run."""

    schema: Count
    files: dict[str, str]


class _Capture(TypedDict):
    """An entry of a host's captures.json: the figures of one tcpdump; its file follows from its id."""

    id: CaptureName
    host: str
    argv: Argv
    started: Time
    ended: Time
    packets_captured: Count
    packets_dropped: Count


def seal(folder: Path, header: Mapping[str, Any]) -> None:
    """Write manifest.json: `header`, the schema's version, and the SHA-256 of every file of the run.

    Raises MachineryError when the folder cannot be written.
    """
    manifest = {"schema": SCHEMA_VERSION, **header, "files": _digests(folder)}
    state.write(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def verify(folder: Path) -> None:
    """Raise MachineryError naming every file that was changed, removed or added since the run was sealed."""
    sealed: Mapping[str, str] = _manifest(folder)["files"]
    present = _digests(folder)
    differing = {name for name in sealed.keys() & present.keys() if sealed[name] != present[name]}
    problems = [
        Message(problem, {"file": name})
        for problem, names in (
            (N_("{file} is missing"), sealed.keys() - present.keys()),
            (N_("{file} was added"), present.keys() - sealed.keys()),
            (N_("{file} was changed"), differing),
        )
        for name in sorted(names)
    ]
    if problems:
        raise MachineryError(
            N_("the evidence has changed since the run ended: {problems}"),
            place=str(folder),
            hint=N_("undo the change, or run the lab again: sharklab run LAB"),
            problems=problems,
        )


def read(folder: Path) -> Evidence:
    """Return the evidence of the run in `folder`.

    A host without a recording has no folder. Raises MachineryError naming the file that is missing,
    damaged, or not of this version.
    """
    manifest = _manifest(folder)
    hosts = sorted(path for path in folder.glob("hosts/[!.]*") if path.is_dir())
    return Evidence(
        folder=folder,
        manifest=manifest,
        probes=_by_id(folder, [probe for host in hosts for probe in _probes(host)]),
        sockets=tuple(line for host in hosts for line in _sockets(host)),
        captures=_by_id(folder, [capture for host in hosts for capture in _captures(host)]),
        state={
            file.stem: _shape(file, _json(file), host_state.HostState)
            for file in sorted(folder.glob(f"{host_state.FOLDER}/*.json"))
        },
    )


def _manifest(folder: Path) -> Mapping[str, Any]:
    manifest: Mapping[str, Any] = _json(folder / MANIFEST)
    known = _shape(folder / MANIFEST, manifest, _Manifest)
    if known["schema"] != SCHEMA_VERSION:
        _refuse(
            folder / MANIFEST,
            N_("the manifest has schema {schema}, but this sharklab reads {known}"),
            schema=known["schema"],
            known=SCHEMA_VERSION,
        )
    return manifest


def _probes(host: Path) -> tuple[ProbeResult, ...]:
    file = host / "probes.json"
    if not file.exists():  # the host had no probe to run; a check that wants one finds it missing
        return ()
    return _entries(file, tuple[ProbeResult, ...], host)


def _sockets(host: Path) -> tuple[SocketLine, ...]:
    return _entries(host / "sockets.json", tuple[SocketLine, ...], host)


def _captures(host: Path) -> Iterator[RecordedCapture]:
    for entry in _entries(host / "captures.json", tuple[_Capture, ...], host):
        file = (host / "captures" / f"{entry['id']}.pcap").absolute()
        if not file.is_file():
            _refuse(file, N_("the capture file is missing"))
        figures = (entry["packets_captured"], entry["packets_dropped"], entry["started"], entry["ended"])
        yield RecordedCapture(entry["id"], host.name, file, Counted(*figures))


_Kind = TypeVar("_Kind")
_Result = TypeVar("_Result", ProbeResult, RecordedCapture)


def _by_id(folder: Path, results: list[_Result]) -> dict[str, _Result]:
    by_id: dict[str, _Result] = {}
    for result in results:
        if result.id in by_id:
            _refuse(
                folder,
                N_("{id} comes from two hosts: {first} and {second}"),
                id=result.id,
                first=by_id[result.id].host,
                second=result.host,
            )
        by_id[result.id] = result
    return by_id


def _entries(file: Path, kind: type[_Kind], host: Path) -> _Kind:
    """Return the list in `file`, whose entries are of `host` whatever they say, as `kind`."""
    content = _json(file)
    if isinstance(content, list):
        content = [{**entry, "host": host.name} if isinstance(entry, dict) else entry for entry in content]
    return _shape(file, content, kind)


def _json(file: Path) -> Any:
    """Return the JSON in `file`. Raises MachineryError when there is none."""
    try:
        return untrusted.plain(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        _refuse(file, N_("is missing"))
    except (OSError, ValueError) as error:
        _refuse(file, N_("the file is damaged: {fault}"), fault=error)


def _shape(file: Path, content: Any, kind: type[_Kind]) -> _Kind:
    """Return the `content` of `file` as `kind`. Raises MachineryError if it has another shape."""
    try:
        return untrusted.shape_content(content, kind)
    except ValueError as error:
        _refuse(file, N_("the file is damaged: {fault}"), fault=error)


def _refuse(file: Path, sentence: str, **values: object) -> NoReturn:
    raise MachineryError(sentence, place=str(file), hint=N_("run the lab again: sharklab run LAB"), **values)


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 in hexadecimal of each file that a manifest vouches for, by its path in `folder`."""
    files = sorted({file for pattern in SEALED for file in folder.glob(pattern) if file.is_file()})
    return {file.relative_to(folder).as_posix(): _digest(file) for file in files}


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        _refuse(file, N_("cannot be read: {reason}"), reason=refusal(error))
