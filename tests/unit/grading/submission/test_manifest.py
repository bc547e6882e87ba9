"""The manifest of a submission: what it names, and the signature that shows later changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.errors import InputError
from sharklab.grading.submission import manifest
from sharklab.grading.submission.model import Seal, Submission

KEY = b"the key of a seat"
FILES = {"answers.yml": b"ssh: {}\n", "captures/ssh.pcap": b"packets"}
SUBMISSION = Submission("tp4", "alice", "0a1b2c3d", Path(), begun=1.0, made=2.5)


def test_write_names_the_seat_and_each_file() -> None:
    """What is read back is what was written, with the digest of each file; no hint is none."""
    found = manifest.read(manifest.write(SUBMISSION, FILES))
    assert ("tp4", "alice", "0a1b2c3d", 1.0, 2.5) == tuple(
        found[name] for name in ("lab", "student", "seat", "begun", "made")
    )
    assert {name: manifest.digest(content) for name, content in FILES.items()} == found["files"]
    assert manifest.HINTS not in found


def test_write_keeps_the_hints_that_were_taken() -> None:
    """They cost points, and nothing else of an older manifest is taken over."""
    older = {manifest.HINTS: ("ssh/fin",), "points": 20}
    found = manifest.read(manifest.write(replace(SUBMISSION, manifest=older), FILES))
    assert (["ssh/fin"], False) == (found[manifest.HINTS], "points" in found)


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": "1"},
        {"begun": -1},
        {"made": 1e12},
        {"made": True},
        {"lab": "../tp4"},
        {"lab": 4},
        {"student": "a b"},
        {"seat": "x"},
        {"files": ["answers.yml"]},
        {"files": {"answers.yml": 1}},
    ],
)
def test_read_refuses_what_is_not_as_it_should_be(changed: dict[str, Any]) -> None:
    """Each part has its kind; a stranger may have written any."""
    content = json.loads(manifest.write(SUBMISSION, FILES))
    with pytest.raises(InputError) as caught:
        manifest.read(json.dumps(content | changed).encode())
    assert ("the file is damaged: {fault}", manifest.NAME) == (caught.value.message_id, caught.value.place)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b'{"schema": NaN}'])
def test_read_refuses_what_is_no_manifest(content: bytes) -> None:
    """It must be one JSON object."""
    with pytest.raises(InputError) as caught:
        manifest.read(content)
    assert "the file is damaged: {fault}" == caught.value.message_id


def test_read_refuses_another_version() -> None:
    """A later layout is not guessed at."""
    content = json.loads(manifest.write(SUBMISSION, FILES))
    with pytest.raises(InputError) as caught:
        manifest.read(json.dumps(content | {"schema": manifest.SCHEMA + 1}).encode())
    assert {"schema": manifest.SCHEMA + 1, "known": manifest.SCHEMA} == caught.value.values


def test_seal_tells_whether_something_was_changed() -> None:
    """The signature is the seat's own, over the manifest, which names the digest of each file."""
    header = manifest.write(SUBMISSION, FILES)
    digests = manifest.read(header)["files"]
    signature = manifest.sign(header, KEY)
    other = manifest.write(replace(SUBMISSION, student="bob"), FILES)
    assert [Seal.WHOLE, Seal.NONE, Seal.BROKEN, Seal.BROKEN, Seal.BROKEN] == [
        manifest.seal(header, signature, digests, KEY),
        manifest.seal(header, b"", digests, KEY),
        manifest.seal(header, signature, digests, b"another key"),
        manifest.seal(other, signature, digests, KEY),
        manifest.seal(header, signature, {**digests, "captures/more.pcap": "0"}, KEY),
    ]


RECORD = {
    manifest.CHECKS: [10.0, 20.5],
    manifest.REFUSED: [[15.0, "check --hint"]],
    manifest.REBOOTS: {
        "server": {"before": "a", "after": "b", "seconds": 9.5, "state": "running", "reason": ""},
        "client": {"before": "a", "after": "", "seconds": 0.0, "state": "", "reason": "no answer"},
        "same": {"before": "a", "after": "a", "seconds": 1.0, "state": "running", "reason": ""},
        "silent": {"before": "", "after": "b", "seconds": 1.0, "state": "running", "reason": ""},
    },
    manifest.AGAIN: "abcd-efgh-ijkl",
}


def test_write_keeps_the_record_of_an_exam() -> None:
    """The times of `check`, what was refused, how the hosts rebooted, and the instructor's code."""
    found = manifest.read(manifest.write(replace(SUBMISSION, manifest=RECORD), FILES))
    assert RECORD == {name: found[name] for name in RECORD}


@pytest.mark.parametrize(
    "changed",
    [
        {manifest.CHECKS: ["now"]},
        {manifest.CHECKS: [1e12]},
        {manifest.REFUSED: [[1.0]]},
        {manifest.REBOOTS: {"server": {"before": "a"}}},
        {manifest.REBOOTS: ["server"]},
        {manifest.AGAIN: 7},
        {manifest.AGAIN: "x" * 5000},
    ],
)
def test_read_refuses_a_record_of_another_shape(changed: dict[str, Any]) -> None:
    """Grading may rely on its shape."""
    content = json.loads(manifest.write(replace(SUBMISSION, manifest=RECORD), FILES))
    with pytest.raises(InputError) as caught:
        manifest.read(json.dumps(content | changed).encode())
    assert "the file is damaged: {fault}" == caught.value.message_id


@pytest.mark.parametrize(
    ("host", "is_back"),
    [("server", True), ("client", False), ("same", False), ("silent", False), ("stranger", False)],
)
def test_came_back_takes_two_boot_ids(host: str, is_back: bool) -> None:
    """Both are there, and they differ; a submission of no exam has none."""
    assert is_back is manifest.came_back(RECORD, host)
    assert not manifest.came_back({}, host)
