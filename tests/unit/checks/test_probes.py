"""Commands: how they ended, and what they printed."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from sharklab.checks.outcome import Status
from sharklab.lab.model import Probe
from tests.support.checks_sample import Sample, result, words


def test_probes_that_ended_as_expected_pass() -> None:
    """An exit code that the lab expects is good, be it 0 or not."""
    probes = (Probe("probe", "client", ("true",)), Probe("fails", "client", ("false",), exit=(1, 2)))
    results = [result(), result("fails", exit_code=2)]
    outcome = Sample(probes=probes, results=results).check("probes")
    assert (Status.PASSED, "Every command ended as expected (2).") == (outcome.status, words(outcome))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"exit_code": 1}, "probe ended with exit code 1 instead of 0"),
        ({"exit_code": None, "timed_out": True}, "probe did not end within 30.0 s"),
        ({"exit_code": None, "missing": True}, "probe: true is not installed"),
        ({"exit_code": None}, "probe was killed"),
    ],
)
def test_probes_that_ended_otherwise_fail(values: dict[str, Any], found: str) -> None:
    """How a probe ended is told."""
    outcome = Sample(results=[result(**values)]).check("probes")
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


lacking = partial(result, exit_code=None, missing=True)


def test_probes_beside_a_missing_optional_tool_pass() -> None:
    """What could not be tried is said, and is no failure."""
    optional = Probe("odd", "client", ("odd", "-x"), optional=True)
    results = [result(), lacking("odd")]
    outcome = Sample(probes=(Probe("probe", "client", ("true",)), optional), results=results).check("probes")
    found = "Every command ended as expected (1). Not available: odd."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))


@pytest.mark.parametrize(
    ("kind", "params"), [("probes", {}), ("output", {"probe": "probe", "contains": "x"})]
)
def test_probes_of_a_missing_optional_tool_alone_are_skipped(kind: str, params: dict[str, Any]) -> None:
    """Nothing was tried, so nothing is right or wrong."""
    probes = (Probe("probe", "client", ("odd",), optional=True),)
    outcome = Sample(probes=probes, results=[lacking()]).check(kind, **params)
    assert (Status.SKIPPED, "Not available: odd.") == (outcome.status, words(outcome))


def test_probes_of_an_optional_tool_that_ended_otherwise_fail() -> None:
    """Optional is whether it is there, not what it does."""
    probes = (Probe("probe", "client", ("odd",), optional=True),)
    assert Status.FAILED is Sample(probes=probes, results=[result(exit_code=1)]).check("probes").status


def test_probes_without_results_are_inconclusive() -> None:
    """A probe that left nothing, or an exercise without probes, proves nothing."""
    assert Status.INCONCLUSIVE is Sample().check("probes").status
    assert Status.INCONCLUSIVE is Sample(probes=()).check("probes").status


@pytest.mark.parametrize(
    ("values", "contains", "status"),
    [
        ({"stdout": "hello there\n"}, "hello", Status.PASSED),
        ({"stdout": "hello\n", "stderr": "there"}, ["hello", "there"], Status.PASSED),
        ({"stdout": "hello\n"}, ["hello", "there"], Status.FAILED),
        ({"stdout": ""}, "hello", Status.FAILED),
        ({"stdout": "hel", "truncated": True}, "hello", Status.INCONCLUSIVE),
    ],
)
def test_output_of_a_probe(values: dict[str, Any], contains: str | list[str], status: Status) -> None:
    """A probe's output contains the texts, or does not, or was cut before the end."""
    outcome = Sample(results=[result(**values)]).check("output", probe="probe", contains=contains)
    assert status is outcome.status


def test_output_without_a_result_is_inconclusive() -> None:
    """No output proves nothing."""
    assert Status.INCONCLUSIVE is Sample().check("output", probe="probe", contains="x").status
