"""The manifest of a submission, and the signature that shows whether it was edited since.

The key is the seat's own (`sharklab.lab.seat.key`): only the owner of the seat can sign. A signature shows
that nothing was changed after packing; it does not show that the content is true.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from sharklab import __version__, state, untrusted
from sharklab.errors import InputError
from sharklab.grading.submission.model import Seal, Submission
from sharklab.lab import seat
from sharklab.message import N_

NAME, SIGNATURE = "manifest.json", "manifest.sig"
HINTS = "hints"
"""The key of the hints that were taken, as exercise/criterion."""
SOLVED = "solved"
"""The key of the exercises whose solution was asked for, by id."""
CHECKS, REFUSED, REBOOTS, AGAIN = "checks", "refused", "reboots", "again"
"""The keys of an exam: see `ExamRecord`."""
EXAM = (CHECKS, REFUSED, REBOOTS, AGAIN)
KEPT = (HINTS, SOLVED, *EXAM)
"""The keys of a submission's own manifest that are kept."""
SCHEMA = 1
"""The version of a bundle's layout."""


Epoch = Annotated[float, Meta(ge=0, le=1e11)]
NoteText = Annotated[str, Meta(max_length=4096)]


class RebootRecord(TypedDict):
    """How a host rebooted, as `sharklab.hosts.reboot.Reboot` has it; the reason is in English."""

    before: NoteText
    after: NoteText
    seconds: Epoch
    state: NoteText
    reason: NoteText


class ExamRecord(TypedDict, total=False):
    """The record of an exam in the manifest: the times of `check` and of refused commands (epoch seconds).

    `reboots` is by host. `again` is the instructor's code with which the student handed in once more.
    """

    checks: list[Epoch]
    refused: list[tuple[Epoch, NoteText]]
    reboots: dict[str, RebootRecord]
    again: NoteText


def write(submission: Submission, files: Mapping[str, bytes]) -> bytes:
    """Return manifest.json of `submission` made of `files`, by their names in the bundle.

    Of what the submission says of itself already, only `KEPT` is kept.
    """
    content = {
        "schema": SCHEMA,
        "tool": f"sharklab {__version__}",
        "lab": submission.lab,
        "student": submission.student,
        "seat": submission.seat,
        "begun": submission.begun,
        "made": submission.made,
        **{name: submission.manifest[name] for name in KEPT if submission.manifest.get(name)},
        "files": {name: digest(content) for name, content in files.items()},
    }
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sign(manifest: bytes, key: bytes) -> bytes:
    """Return the signature of manifest.json: HMAC-SHA-256 (RFC 2104) in hexadecimal, and a line's end."""
    return hmac.new(key, manifest, hashlib.sha256).hexdigest().encode() + b"\n"


def read(manifest: bytes) -> Mapping[str, Any]:
    """Return the content of manifest.json, after checking the type of each part.

    Raises InputError if it is damaged, or of another version of sharklab.
    """
    try:
        content = untrusted.plain(manifest)
        _check(content)
    except ValueError as error:
        raise InputError(N_("the file is damaged: {fault}"), place=NAME, fault=str(error)[:200]) from error
    if content["schema"] != SCHEMA:
        raise InputError(
            N_("the manifest has schema {schema}, but this sharklab reads {known}"),
            place=NAME,
            schema=content["schema"],
            known=SCHEMA,
        )
    return dict(content)


def _check(content: Any) -> None:
    """Raise ValueError for the first part of a manifest that is not as it should be."""
    if not isinstance(content, dict):
        raise ValueError("no object")
    for name in ("begun", "made", "schema"):
        if type(content.get(name)) not in (int, float) or not 0 <= content[name] <= 1e11:
            raise ValueError(f"{name} is not a time or a number")
    for name, pattern in (("lab", state.PLAIN_NAME), ("student", seat.STUDENT), ("seat", seat.ID)):
        if not isinstance(content.get(name), str) or not pattern.fullmatch(content[name]):
            raise ValueError(f"{name} is not a name")
    files = content.get("files")
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise ValueError("files are not named with their SHA-256")
    untrusted.shape_content({name: content[name] for name in EXAM if name in content}, ExamRecord)


def came_back(content: Mapping[str, Any], host: str) -> bool:
    """Tell by the content of a manifest whether a host rebooted and came back."""
    found = content.get(REBOOTS, {}).get(host)
    return bool(found) and bool(found["before"]) and found["after"] not in ("", found["before"])


def seal(manifest: bytes, signature: bytes, files: Mapping[str, str], key: bytes) -> Seal:
    """Return the verdict of the signature on `manifest` and on `files` (SHA-256 by name)."""
    if not signature:
        return Seal.NONE
    signed = hmac.compare_digest(signature.strip(), sign(manifest, key).strip())
    return Seal.WHOLE if signed and read(manifest)["files"] == files else Seal.BROKEN
