"""The folder that one run leaves, read back as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ProbeResult:
    """What one probe did. `started` is epoch seconds, `duration` seconds (monotonic)."""

    id: str
    host: str
    argv: tuple[str, ...]
    user: str
    started: float
    duration: float
    exit_code: int | None
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
    first: float
    last: float


@dataclass(frozen=True)
class CaptureResult:
    """One tcpdump on a host. `file` is an absolute path; times are epoch seconds."""

    id: str
    host: str
    file: Path
    argv: tuple[str, ...]
    started: float
    ended: float
    packets_captured: int
    packets_dropped: int


@dataclass(frozen=True)
class Evidence:
    """Everything that a run left: `manifest` is manifest.json as it stands."""

    folder: Path
    manifest: Mapping[str, Any]
    probes: Mapping[str, ProbeResult]
    sockets: tuple[SocketLine, ...]
    captures: Mapping[str, CaptureResult]
