"""Fetch a big file once: it goes on where it stopped, and is taken only with the checksum it should have."""

from __future__ import annotations

import hashlib
import re
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.message import N_, Message
from sharklab.process import Say

SCHEMES = ("https://", "http://")

SECONDS = 30.0
"""Of silence, after which a server is given up."""

NO_HEADERS: Mapping[str, str] = {}
BLOCK = 1 << 20
MEGABYTE = 10**6
CHECKSUM_LIMIT = 1 << 20
"""Bytes that are read of a file of checksums."""


def fetch(address: str, target: Path, sha256: str, progress: Say) -> Path:
    """Return `target`, fetched from `address` unless it is there already.

    An interrupted download is kept in `<target>.part`, and the next call asks for the rest only. Raises
    MachineryError when the server does not answer, stops, or sends something that is not `sha256`
    (hexadecimal), which is deleted.
    """
    if target.exists():
        return target
    part = state.folder(target.parent) / f"{target.name}.part"
    try:
        _receive(address, part, progress)
    except (OSError, HTTPException) as error:
        raise MachineryError(
            N_("the download stopped ({reason})"),
            place=address,
            hint=N_("run the same command again: the download continues"),
            reason=getattr(error, "reason", None) or str(error) or type(error).__name__,
        ) from error
    progress(Message(N_("checking {name}"), {"name": target.name}))
    check(part, sha256, address)
    part.replace(target)
    return target


def check(file: Path, sha256: str, address: str) -> None:
    """Delete `file` and raise MachineryError if its SHA-256 is not `sha256`."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != sha256.lower():
        file.unlink()
        raise MachineryError(
            N_("the downloaded file has the SHA-256 {found} instead of {expected}"),
            place=address,
            hint=N_("run the same command again; if it fails again, choose another mirror"),
            found=digest,
            expected=sha256,
        )


def checksum(address: str, name: str) -> str:
    """Return the SHA-256 that the file of checksums at `address` has for `name`.

    Both usual forms are read: `SHA256 (name) = digits` and `digits  name`. Raises MachineryError when there
    is no answer, or `name` is not in it.
    """
    try:
        with _open_address(address) as answer:
            text = answer.read(CHECKSUM_LIMIT).decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise MachineryError(
            N_("the server does not answer ({reason})"), place=address, reason=error
        ) from error
    quoted = re.escape(name)
    line = re.search(rf"^SHA256 \({quoted}\) = ([0-9a-fA-F]{{64}})$", text, re.M) or re.search(
        rf"^([0-9a-fA-F]{{64}}) [ *]{quoted}$", text, re.M
    )
    if not line:
        raise MachineryError(N_("the checksum file has no SHA-256 of {name}"), place=address, name=name)
    return line[1].lower()


def _receive(address: str, part: Path, progress: Say) -> None:
    """Append the missing rest of the file to `part`."""
    there = part.stat().st_size if part.exists() else 0
    try:
        with _open_address(address, {"Range": f"bytes={there}-"} if there else {}) as answer:
            resumed = answer.status == HTTPStatus.PARTIAL_CONTENT
            with part.open("ab" if resumed else "wb") as file:
                _copy(answer, file, there if resumed else 0, progress, part.stem)
    except HTTPError as error:
        with error:
            if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise  # else all of it is there already, or more: its checksum tells


def _open_address(address: str, headers: Mapping[str, str] = NO_HEADERS) -> HTTPResponse:
    """Open an address of the web; no file of this machine is meant."""
    if not address.startswith(SCHEMES):
        raise OSError(f"{address.partition(':')[0]}:")
    request = urllib.request.Request(address, headers=dict(headers))  # noqa: S310 (checked above)
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310
    return answer


def _copy(answer: HTTPResponse, file: IO[bytes], done: int, progress: Say, name: str) -> None:
    """Copy the body of the answer, and report how much of it has arrived."""
    total = done + int(answer.headers.get("Content-Length") or 0)
    while block := answer.read(BLOCK):
        file.write(block)
        done += len(block)
        values = {"name": name, "done": done // MEGABYTE, "total": total // MEGABYTE}
        progress(Message(N_("{name}: {done} of {total} MB"), values))
    if done < total:
        raise ConnectionError(f"{done} < {total}")
