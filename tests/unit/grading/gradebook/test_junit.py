"""Results as JUnit XML: suites, cases, and the words of a failure."""

from __future__ import annotations

from xml.etree import ElementTree

from sharklab.grading.gradebook.junit import junit
from sharklab.untrusted import visible
from tests.support import gradebook_sample as sample


def test_junit_counts_every_criterion() -> None:
    """Suites are students, cases are criteria; what cannot be decided is an error."""
    root = ElementTree.fromstring(junit(sample.whole()))  # noqa: S314 (our own)
    assert {"tests": "26", "failures": "6", "errors": "9", "skipped": "5"} == {
        key: root.get(key) for key in ("tests", "failures", "errors", "skipped")
    }
    assert ["alice", "bob", "carol", "dan", "erin", "frank"] == [suite.get("name") for suite in root]


def test_junit_tells_expected_and_found() -> None:
    """A failure has the words of its criterion."""
    root = ElementTree.fromstring(junit(sample.whole()))  # noqa: S314 (our own)
    [failure] = root.findall("testsuite[@name='alice']/testcase[@name='server_port']/failure")
    mark = sample.result().exercises[0].marks[1]
    assert f"{mark.title}: {visible(str(mark.decision.found))}" == failure.get("message")
    assert failure.text == (f"points: 0/1\nexpected: {mark.decision.expected}\nlook: {mark.decision.look}")


def test_junit_has_no_control_characters() -> None:
    """What XML cannot hold is shown as a picture of it."""
    assert "\x1b" not in junit(sample.whole())
