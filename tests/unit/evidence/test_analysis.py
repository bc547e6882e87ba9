"""A run is read back from its folder only if the folder is as it was sealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.evidence import analysis
from sharklab.message import Message
from tests.support import report_run
from tests.support.report_run import TAMPERINGS


@pytest.mark.parametrize(("tamper", "problem", "file"), TAMPERINGS)
def test_analyse_refuses_a_run_that_was_changed(
    tmp_path: Path, tamper: report_run.Tamper, problem: str, file: str
) -> None:
    """A changed, a missing and an added file are each one message, with the folder and the remedy."""
    report_run.seal(tmp_path, ["ssh"])
    tamper(tmp_path)
    with pytest.raises(MachineryError) as caught:
        analysis.analyse(tmp_path)
    error = caught.value
    assert (report_run.TAMPERED, str(tmp_path)) == (error.message_id, error.place)
    assert [Message(problem, {"file": file})] == error.values["problems"]
    assert error.hint


def test_analyse_reads_a_run_that_was_interrupted(tmp_path: Path) -> None:
    """A run that ends early is sealed with its evidence so far: that can be reported."""
    report_run.seal(tmp_path, ["ssh"], complete=False)
    _, evidence = analysis.analyse(tmp_path)
    assert (False, ["ssh"]) == (evidence.manifest["complete"], list(evidence.captures))


def test_analyse_ignores_the_report(tmp_path: Path) -> None:
    """Reports and annotated captures are written into the folder after the run."""
    report_run.seal(tmp_path, ["ssh"])
    (tmp_path / "captures").mkdir()
    for name in ("report.en.html", "captures/ssh.annotated.en.pcapng"):
        (tmp_path / name).touch()
    analysis.analyse(tmp_path)
