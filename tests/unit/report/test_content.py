"""The content of a report: what follows from its data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab.report import page as pages
from sharklab.report.content import Command, Output, ReportPage
from tests.support import checks_sample
from tests.support import report_sample as sample


@pytest.mark.parametrize(
    ("values", "fine"),
    [
        ({}, True),
        ({"exit_code": 3}, True),
        ({"exit_code": 1}, False),
        ({"exit_code": 0, "timed_out": True}, False),
        ({"exit_code": None, "missing": True}, False),
        (None, False),
    ],
    ids=["ended well", "an allowed code", "another code", "stopped", "missing tool", "never run"],
)
def test_command_is_fine_if_the_lab_allows_its_code(values: dict[str, Any] | None, fine: bool) -> None:
    """A command that was stopped or never run is not fine, whatever its code."""
    result = None if values is None else checks_sample.result(**values)
    command = Command("probe-x", "client", "root", "true", (0, 3), result, Output(""), Output(""))
    assert fine == command.fine


@pytest.fixture
def shown(tmp_path: Path) -> ReportPage:
    """Return the sample's report in English."""
    return pages.page(sample.plan(tmp_path), sample.evidence(tmp_path), sample.verdicts(), "en")


def test_page_has_all_sections_in_order(shown: ReportPage) -> None:
    """Those of each part, one after the other."""
    assert [exercise.id for exercise in shown.plan.lab.exercises] == [
        section.exercise.id for section in shown.sections
    ]


def test_page_does_not_count_an_exercise_without_checks(shown: ReportPage) -> None:
    """Where nothing is decided nothing is achieved, and nothing is missed."""
    assert [section.exercise.id for section in shown.judged] == ["ssh", "dns"]


def test_page_of_captures_by_hand_says_so(shown: ReportPage) -> None:
    """Only the manifest tells that a student made the captures."""
    assert not shown.by_hand
    assert ReportPage(**{**vars(shown), "manifest": {"by_hand": True}}).by_hand
