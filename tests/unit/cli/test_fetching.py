"""Which capture of the lab a file of a host is. The verbs that fetch have tests of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import fetching, flow
from sharklab.grading.marking.glance import Glance
from sharklab.grading.submission import intake

SOMETHING: tuple[Any, ...] = (object(),)
"""Stands for conversations: only their number counts here."""


def test_meant_goes_by_the_name_then_by_the_packets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name of the lab decides. Else packets do, when they are those of one exercise, first on this host."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plan = flow.look_up("tp4", "ada")
    known = {capture.id: capture.host for capture in intake.captures(plan)}
    first, second = [id for id, host in known.items() if host == "desktop"][:2]
    elsewhere = next(host for host in ("server", "client") if host != known[first])

    def meant(path: str, *shown: str, host: str = "desktop") -> str:
        seen = Glance("pcap", 9, dict.fromkeys(shown, SOMETHING))
        return fetching.match_capture(plan, host, path, seen)

    assert second == meant(f"/home/student/{second}.pcap", first)
    assert first == meant("/home/student/a.pcap", first) == meant("/tmp/a.pcap", first, host=elsewhere)
    assert "" == meant("/home/student/a.pcap") == meant("/home/student/a.pcap", first, second)


def test_temporary_leaves_nothing(tmp_path: Path) -> None:
    """It lies in the student's folder, so that a file that was checked is only renamed."""
    with fetching.temporary(tmp_path / "work") as own:
        (own / "file").touch()
        assert own.parent == tmp_path / "work"
    assert [] == list((tmp_path / "work").iterdir())
