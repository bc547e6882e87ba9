"""Results as plain data: their schema, and both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sharklab.author import capture_edits, reference
from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.grading.marking.export import schema, to_plain
from sharklab.grading.marking.marks import grade
from sharklab.grading.marking.model import Adjustment, Remark, Result
from sharklab.grading.submission.model import Problem
from sharklab.lab import seat
from sharklab.lab.model import Check
from sharklab.message import Message
from tests.support import gradebook_sample, report_run

STRANGER = "other99"


@pytest.fixture
def result(tmp_path: Path) -> Result:
    """Return the result of a submission with one wrong answer."""
    report_run.seal(tmp_path, ["ssh", "dns"])
    plan, submission = reference.reference(tmp_path)
    answers = {**submission.answers, "ssh": {**submission.answers["ssh"], "local_port": "99"}}
    return grade(plan, replace(submission, answers=answers))


def test_to_plain_fits_its_schema(result: Result) -> None:
    """Whatever a result holds, with all there can be beside its marks."""
    more = replace(
        result,
        adjustments=(Adjustment(Message("late"), -1.0),),
        problems=(Problem("a.pcap", Message("too large")),),
        remarks=(Remark("alike", Message("look"), ("bob",)),),
    )
    assert [] == list(Draft202012Validator(dict(schema())).iter_errors(to_plain(more)))


def test_to_plain_says_everything_in_each_language(result: Result) -> None:
    """A sentence is there in English and in French."""
    [ssh, _] = to_plain(result)["exercises"]
    assert {"en": "Capture ssh", "fr": "Capture ssh"} == ssh["title"]
    assert {"en": "TCP handshake", "fr": "Établissement de la connexion TCP (handshake)"} == ssh["criteria"][
        0
    ]["title"]


def test_to_plain_is_the_same_for_the_same_submission(tmp_path: Path) -> None:
    """Byte by byte."""
    report_run.seal(tmp_path, ["ssh"])
    handed = reference.reference(tmp_path)
    assert json.dumps(to_plain(grade(*handed))) == json.dumps(to_plain(grade(*handed)))


@pytest.mark.parametrize("kind", ["token", "seat"])
def test_to_plain_says_nothing_of_another_students_token(tmp_path: Path, kind: str) -> None:
    """Also where the capture is full of it: somebody else's work, or their names asked from the own seat."""
    report_run.seal(tmp_path, ["dns"])
    plan, submission = reference.reference(tmp_path)
    [exercise] = plan.lab.exercises
    wanted = Check("dns", {"types": ["A", "AAAA", "MX"], "name": plan.seat.domain})
    exercise = replace(exercise, checks=(wanted, Check("token"), Check("clean")))
    plan = replace(plan, lab=replace(plan.lab, exercises=(exercise,)))
    other = replace(seat.derive(plan.lab, "bob", bytes(32)), token=STRANGER)
    pcap = records.read(open_capture(submission.captures["dns"]))
    changed = capture_edits.with_words(pcap, {plan.seat.token: STRANGER})
    records.write(
        tmp_path / "b.pcap", changed if kind == "token" else capture_edits.of_seat(pcap, plan.seat, other)
    )
    assert open_capture(tmp_path / "b.pcap").search(STRANGER)
    result = grade(plan, replace(submission, captures={"dns": tmp_path / "b.pcap"}))
    assert STRANGER not in json.dumps(to_plain(result))


def test_to_plain_has_the_steps_of_a_criterion() -> None:
    """Each with its title, its points and its status."""
    handshake = to_plain(gradebook_sample.result())["exercises"][0]["criteria"][0]
    assert [("SYN", 2, "passed"), ("SYN/ACK", 2, "passed")] == [
        (step["title"]["en"], step["points"], step["status"]) for step in handshake["steps"]
    ]
