"""Results as JUnit XML, which every CI shows: a suite for each student, a case for each criterion."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from sharklab.checks.outcome import Status
from sharklab.grading.gradebook import table
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.marking.model import Mark
from sharklab.untrusted import visible

TAGS = {
    Status.FAILED: "failure",
    Status.ERROR: "error",
    Status.INCONCLUSIVE: "error",
    Status.SKIPPED: "skipped",
}
"""The words of JUnit for our statuses; it has none for a criterion that cannot be decided."""
COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(group: Class) -> str:
    """Return junit.xml of a class, in English.

    A submission that could not be graded is an error, a missing one is skipped.
    """
    root = ElementTree.Element("testsuites", {"name": group.lab})
    suites = [_suite(group.lab, entry) for entry in group.entries]
    root.extend(suites)
    _count(root, [case for suite in suites for case in suite.iter("testcase")])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(lab: str, entry: Entry) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": visible(entry.student)})
    if entry.result:
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in (("points", entry.result.points), ("worth", entry.result.worth)):
            ElementTree.SubElement(properties, "property", {"name": name, "value": table.number(value)})
        for exercise in entry.result.exercises:
            suite.extend(_case(f"{lab}.{exercise.id}", mark) for mark in exercise.marks)
    else:
        case = ElementTree.SubElement(suite, "testcase", _names(lab, "submission"))
        said = visible(str(entry.problem)) or "nothing was handed in"
        ElementTree.SubElement(case, "error" if entry.problem else "skipped", {"message": said})
    _count(suite, list(suite.iter("testcase")))
    return suite


def _case(exercise: str, mark: Mark) -> ElementTree.Element:
    case = ElementTree.Element("testcase", _names(exercise, mark.criterion))
    if mark.status in TAGS:
        points = f"{table.number(mark.points)}/{table.number(mark.worth)}"
        said = visible(f"{mark.title}: {mark.decision.found}")
        outcome = ElementTree.SubElement(case, TAGS[mark.status], {"message": said, "type": mark.status})
        words = [f"points: {points}", f"expected: {mark.decision.expected}", f"look: {mark.advice}"]
        outcome.text = visible("\n".join(line for line in words if not line.endswith(": ")))
    return case


def _names(where: str, name: str) -> dict[str, str]:
    return {"classname": visible(where), "name": visible(name), "time": "0"}


def _count(element: ElementTree.Element, cases: Sequence[ElementTree.Element]) -> None:
    element.set("tests", str(len(cases)))
    for name, tag in COUNTED.items():
        element.set(name, str(sum(case.find(tag) is not None for case in cases)))
