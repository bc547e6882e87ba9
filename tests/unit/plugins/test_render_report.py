"""The module that writes a report, as Ansible runs it."""

from __future__ import annotations

from pathlib import Path

from tests.support import report_run
from tests.support.module_process import ROOT, call


def test_render_report_refuses_a_run_that_was_changed(tmp_path: Path) -> None:
    """The task fails with the one message, and no report is written."""
    report_run.seal(tmp_path, ["ssh"])
    report_run.TAMPERINGS[0][0](tmp_path)
    result = call("render_report", run_folder=str(tmp_path), language="en", source=str(ROOT / "src"))
    assert result["failed"]
    assert "hosts/client/captures/ssh.pcap was changed" in result["msg"]
    assert [] == list(tmp_path.glob("report.*"))
