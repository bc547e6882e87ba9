"""The verbs of a seat, called with the arguments that the command line gives them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli.verbs import seat
from sharklab.errors import MachineryError
from tests.support import report_run


def test_report_refuses_a_run_that_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sharklab report` stops with the one message."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    folder = state.runs_folder("tp4", "alice") / "20261120T231802Z-5ef1"
    report_run.seal(folder, ["ssh"])
    report_run.TAMPERINGS[0][0](folder)
    args = Namespace(lab="tp4", student="alice", run=None, folder=None, language="en")
    with pytest.raises(MachineryError) as caught:
        seat.report(args)
    assert report_run.TAMPERED == caught.value.message_id
