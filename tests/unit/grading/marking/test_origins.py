"""Where captures were recorded: what two students have in common, said only where it is rare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.grading.marking import origins
from sharklab.grading.marking.fingerprints import CaptureFingerprint, SubmissionFingerprint

RARE, COMMON = "AMD Ryzen 9, Haiku, Dumpcap 4", "Intel, Windows 11, Dumpcap 4"


def of(**values: Any) -> SubmissionFingerprint:
    """Return a submission with a capture that has these values, and one that names nothing."""
    own = CaptureFingerprint("digest", 9, **values)
    return SubmissionFingerprint({"web": own, "dns": CaptureFingerprint("other", 9)})


def others(traces: origins.Traces, kind: str) -> dict[str, list[str]]:
    """Return by student the others whom a remark of this kind names."""
    found: dict[str, list[str]] = {}
    for student, remark in origins.remarks(traces):
        if remark.kind == kind:
            assert ("web",) == remark.said.values["captures"]
            assert ["web"] == [each.capture for each in remark.evidence]
            found.setdefault(student, []).extend(remark.others)
    return found


@pytest.mark.parametrize(
    ("kind", "name", "mark"),
    [
        ("same_card", "cards", "08:00:27:01:02:03"),
        ("same_comment", "comments", "the second try, at home"),
    ],
)
def test_remarks_find_the_mark_of_another_student(kind: str, name: str, mark: str) -> None:
    """Each of the two hears of the other; a mark of many is of a shared computer or of the course."""
    pair = {student: of(**{name: (mark,)}) for student in ("alice", "bob")}
    assert {"alice": ["bob"], "bob": ["alice"]} == others({**pair, "carol": of(**{name: ("x",)})}, kind)
    assert {} == others({f"s{number}": of(**{name: (mark,)}) for number in range(6)}, kind)


def group(**changed: SubmissionFingerprint) -> dict[str, SubmissionFingerprint]:
    """Return a class in which two students alone name a rare computer, recorded at the same time."""
    rare = {student: of(recorder=RARE, first=1000.0, last=1060.0) for student in ("alice", "bob")}
    return {**rare, **{name: of(recorder=COMMON, first=1000.0, last=1060.0) for name in "cde"}, **changed}


def test_remarks_find_a_rare_computer_of_two_students() -> None:
    """Both recorded in the same minutes; the computers of the others are common."""
    assert {"alice": ["bob"], "bob": ["alice"]} == others(group(), "same_recorder")


@pytest.mark.parametrize(
    "traces",
    [
        group(bob=of(recorder=RARE, first=1661.0, last=1700.0)),
        group(carol=of(recorder=RARE)),
        group(c=of(), d=of(), e=of()),
        group(bob=replace(of(), captures={"web": CaptureFingerprint("empty", 0, recorder=RARE)})),
    ],
    ids=["another time", "three students", "a class that tells nothing", "no packet"],
)
def test_remarks_are_silent_on_a_computer_alone(traces: origins.Traces) -> None:
    """The same kind of computer is no sign of anything."""
    assert {} == others(traces, "same_recorder")


def test_remarks_allow_ten_minutes() -> None:
    """Between the end of one capture and the beginning of the other."""
    assert others(group(bob=of(recorder=RARE, first=1660.0, last=1700.0)), "same_recorder")


def test_remarks_find_captures_of_several_computers() -> None:
    """One submission names two processors."""
    one = of(hardware="Intel")
    two = SubmissionFingerprint({**one.captures, "ssh": CaptureFingerprint("b", 9, hardware="AMD")})
    found = [[remark.kind for _, remark in origins.remarks({"alice": each})] for each in (one, two)]
    assert [[], ["machines"]] == found
