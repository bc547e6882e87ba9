"""The diagnosis of one thing: its status, its meaning and its remedy."""

from __future__ import annotations

from sharklab.cli.doctor import diagnosis
from sharklab.cli.doctor.diagnosis import DiagnosisStatus
from sharklab.message import NOTHING


def test_diagnosis_fills_in_meaning_and_remedy() -> None:
    """Both sentences have the same values."""
    found = [
        diagnosis.make_warning("disk", "{free} GB free", "free {free} GB more", free=3),
        diagnosis.make_error("disk", "{free} GB free", "free {free} GB more", free=3),
    ]
    assert [DiagnosisStatus.WARNING, DiagnosisStatus.MISSING] == [each.status for each in found]
    assert [("disk", "3 GB free", "free 3 GB more")] * 2 == [
        (str(each.name), str(each.meaning), str(each.remedy)) for each in found
    ]


def test_diagnosis_may_have_no_remedy() -> None:
    """All is well, or a limit that nothing mends."""
    fine = diagnosis.ok("disk", "{free} GB free", free=3)
    assert (DiagnosisStatus.OK, "3 GB free", NOTHING) == (fine.status, str(fine.meaning), fine.remedy)
    assert NOTHING == diagnosis.make_warning("disk", "full").remedy
