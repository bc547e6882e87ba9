"""A run becomes a submission in which everything is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author.reference import empty, reference
from sharklab.errors import MachineryError
from tests.support import report_run


def test_reference_hands_in_the_captures_and_the_measured_answers(tmp_path: Path) -> None:
    """The submission is of the run's seat, and made when the run was."""
    plan = report_run.seal(tmp_path, ["ssh"])
    own, submission = reference(tmp_path)
    assert (plan.seat.id, "alice", "sample") == (own.seat.id, submission.student, submission.lab)
    assert (report_run.START, report_run.START + 41.5) == (submission.begun, submission.made)
    assert {"ssh": tmp_path / "hosts/client/captures/ssh.pcap"} == submission.captures
    assert set(report_run.CONNECTION) == set(submission.answers["ssh"])


def test_reference_refuses_a_run_that_was_changed(tmp_path: Path) -> None:
    """The grader is not proved on evidence that is not as the run left it."""
    report_run.seal(tmp_path, ["ssh"])
    report_run.TAMPERINGS[0][0](tmp_path)
    with pytest.raises(MachineryError) as caught:
        reference(tmp_path)
    assert report_run.TAMPERED == caught.value.message_id


def test_empty_keeps_the_seat_alone(tmp_path: Path) -> None:
    """A student who did nothing still has a seat."""
    report_run.seal(tmp_path, ["ssh"])
    _, submission = reference(tmp_path)
    nothing = empty(submission)
    assert (submission.seat, {}, {}, {}) == (nothing.seat, nothing.captures, nothing.answers, nothing.state)
