"""The doctor: all its diagnoses, for a person and for a script, and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import i18n
from sharklab.cli import doctor
from sharklab.cli.doctor import Diagnosis, DiagnosisStatus, kernel
from sharklab.hosts.providers import trial_record, user_namespace
from sharklab.message import Message


def test_examine_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, mount, interface or namespace is left of what was tried."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    before = _traces(tmp_path)
    findings = doctor.examine()
    assert before == _traces(tmp_path)
    assert len(findings) > 20


def _traces(folder: Path) -> tuple[list[Path], str, str]:
    links = subprocess.run(["ip", "-oneline", "link"], check=True, capture_output=True, text=True).stdout
    mine = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
    names = [line.split(": ")[1] for line in links.splitlines()]
    return (
        sorted(folder.rglob("*")),
        "\n".join(mine),
        ",".join(name for name in names if name in ("bridge0", "one", "two")),
    )


def test_render_shows_marks_and_remedies() -> None:
    """A line for each finding, names in one column, the remedy below."""
    findings = [
        Diagnosis(Message("disk"), DiagnosisStatus.OK, Message("{free} GB free", {"free": 3})),
        Diagnosis(Message("network"), DiagnosisStatus.MISSING, Message("tried"), Message("load the modules")),
    ]
    expected = ["✓ disk     3 GB free", "✗ network  tried", "           → load the modules", ""]
    assert expected == doctor.render(findings, i18n.translator("en")).splitlines()[:-2]


def test_render_has_one_line_for_a_group() -> None:
    """The names, where nothing is wrong or sharklab acts by itself; a fault of a group has its own line."""
    group, fine = Message("system"), DiagnosisStatus.OK
    findings = [
        Diagnosis(Message("FUSE"), fine, Message("opens"), group=group),
        Diagnosis(Message("disk"), fine, Message("free")),
        Diagnosis(Message("TAP"), fine, Message("opens"), group=group),
        Diagnosis(Message("nft"), DiagnosisStatus.OPTIONAL, Message("absent"), group=group),
        Diagnosis(Message("KVM"), DiagnosisStatus.WARNING, Message("hangs")),
    ]
    shown = doctor.render(findings, i18n.translator("en")).splitlines()
    assert ["✓ system  FUSE, TAP", "✓ disk    free"] == shown[:2]
    assert shown[2].endswith("when a lab needs them: nft") and shown[3] == "! KVM     hangs"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_render_is_one_screen(language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At most 24 lines of 80 columns, where nothing is wrong, in a state folder with a long name.

    Nothing that is measured with the wrong Python is kept: every later seat of this machine would believe it.
    """
    monkeypatch.setattr(trial_record, "record", lambda name, result: result)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv-with-a-long-name/bin/python"))
    # A container needs a Python that is there. Its failure would be kept: hosts had no users of their own.
    monkeypatch.setattr(user_namespace, "measure", lambda roots: "")
    wrong = (DiagnosisStatus.WARNING, DiagnosisStatus.MISSING)
    findings = [each for each in doctor.examine() if each.status not in wrong]
    lines = doctor.render(findings, i18n.translator(language)).splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("status", DiagnosisStatus)
def test_render_says_last_whether_labs_run(status: DiagnosisStatus) -> None:
    """Each status but `missing` lets labs run."""
    fine = Diagnosis(Message("disk"), DiagnosisStatus.OK, Message("free"))
    last = doctor.render([fine, replace(fine, status=status)], i18n.translator("en")).splitlines()[-2]
    assert last.startswith("Labs run here.") == (status is not DiagnosisStatus.MISSING)


def test_to_plain_is_json() -> None:
    """A script reads the status as a word and whole sentences."""
    plain = doctor.to_plain([kernel.inotify(1024)])
    assert plain == json.loads(json.dumps(plain))
    assert {"name", "status", "meaning", "remedy"} == set(plain["findings"][0])
