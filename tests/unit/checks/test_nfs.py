"""NFS operations: done, only tried, refused, and answered as expected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.checks.outcome import Status
from tests.support.checks_sample import Sample, without, words

NFS = Sample(["nfs.pcap"])


def test_nfs_operations_that_were_done_pass() -> None:
    """Each operation names the packet of its first call."""
    outcome = NFS.check("nfs", operations=["OPEN", "READ", "WRITE"])
    found = "NFS operations, each with the packet of its first call: OPEN (30), READ (36), WRITE (60)."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))


def test_nfs_operations_that_were_only_tried_fail() -> None:
    """A call without a good reply, or one that was never sent, is not done."""
    lookup = Sample(["pipeline_nfs.pcap"]).check("nfs", operations=["LOOKUP", "RENAME"])
    found = "The captures do not show that these NFS operations succeeded: RENAME."
    assert (Status.FAILED, found) == (lookup.status, words(lookup))


def test_nfs_operation_that_was_refused_fails() -> None:
    """An OPEN that the server answers with NFS4ERR_ACCESS was not done."""
    refused = replace(NFS, facts={"nfs.pcap": without("nfs.pcap", *range(1, 97))})
    assert Status.FAILED is refused.check("nfs", operations=["OPEN"]).status
    assert Status.PASSED is refused.check("nfs", operations=["LOOKUP"]).status


@pytest.mark.parametrize(
    ("params", "packets"),
    [
        ({"status": "NFS4ERR_ACCESS"}, (94, 95)),
        ({"status": "NFS4ERR_ACCESS", "operation": "OPEN", "name": "private.txt"}, (110, 111)),
        ({"status": "NFS4ERR_NOENT"}, (78, 79)),
    ],
)
def test_nfs_expected_answer_passes(params: dict[str, Any], packets: tuple[int, ...]) -> None:
    """The refused write and the missing file of the lab are found by status, operation and name."""
    outcome = NFS.check("nfs_status", **params)
    assert Status.PASSED is outcome.status
    assert packets == outcome.evidence[0].packets


@pytest.mark.parametrize(
    "params",
    [
        {"status": "NFS4ERR_STALE"},
        {"status": "NFS4ERR_ACCESS", "operation": "WRITE"},
        {"status": "NFS4ERR_ACCESS", "name": "new.txt"},
    ],
)
def test_nfs_another_answer_fails(params: dict[str, Any]) -> None:
    """Another status, another operation or another file does not count."""
    assert Status.FAILED is NFS.check("nfs_status", **params).status
