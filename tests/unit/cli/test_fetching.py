"""Which capture of the lab a file of a host is. The verbs that fetch have tests of their own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sharklab.cli import fetching, flow
from sharklab.errors import MachineryError
from sharklab.grading.marking import glance
from sharklab.grading.marking.glance import Glance
from sharklab.grading.submission import intake
from sharklab.lab.model import Plan
from tests.support.errors import error_of

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


@pytest.mark.parametrize("answer", [{}, {"captures": 7}, {"captures": [{"path": 1}]}], ids=str)
def test_captures_of_a_host_that_lies(answer: dict[str, Any]) -> None:
    """A student may have replaced the programs there: another form is an error of that host."""
    asked = SimpleNamespace(name="client", ask=lambda do: answer)
    assert "client" == error_of(MachineryError, fetching._list_files, asked, "captures").values["host"]


def test_a_host_may_not_name_captures_without_end() -> None:
    """The newest are looked at: each may be as large as a capture may be."""
    many = [{"path": f"/{each}", "size": 1, "modified": float(each), "owner": ""} for each in range(1000)]
    asked: Any = SimpleNamespace(name="client", ask=lambda do: {"captures": many})
    found = fetching._list_files(asked, "captures")
    assert fetching.MOST == len(found) and "/999" == found[0].path


def test_a_capture_that_stays_on_its_host_takes_no_room_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its copy goes before the next one comes, and its name is told in visible letters."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    plan, work = flow.look_up("tp4", "ada"), tmp_path / "work"
    names = [f"/tmp/{number}\x1b[2J\n" for number in range(3)]
    copies: list[int] = []

    def copy(plan: Plan, own: Path, host: str, path: str) -> Path:
        copies.append(len(list(work.glob(".sharklab-*/*"))))
        (own / "0").write_bytes(b"noise")
        return own / "0"

    monkeypatch.setattr(fetching, "copy", copy)
    captures = [fetching.FoundFile(name, 5, 0.0) for name in names]
    monkeypatch.setattr(fetching, "_list_files", lambda machine, kind: captures)
    arrivals, left = fetching.fetch_all(plan, work, ["client"])
    assert ([0, 0, 0], [], 3) == (copies, arrivals, len(left))
    assert all(origin.isprintable() for origin, _ in left)


def test_a_name_counts_where_no_other_file_shows_the_exercise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only files whose names decide are brought home a second time."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    plan, work = flow.look_up("tp4", "ada"), tmp_path / "work"
    shown = {"/root/web.pcap": (), "/root/a.pcap": (), "/root/mail.pcap": ("mail",)}
    copied: list[str] = []

    def copy(plan: Plan, own: Path, host: str, path: str) -> Path:
        copied.append(path)
        (own / "0").write_text(path)
        return own / "0"

    monkeypatch.setattr(fetching, "copy", copy)
    monkeypatch.setattr(
        glance,
        "look",
        lambda plan, file: Glance("pcap", 9, dict.fromkeys(shown[file.read_text()], SOMETHING)),
    )
    captures = [fetching.FoundFile(path, 5, 0.0) for path in shown]
    monkeypatch.setattr(fetching, "_list_files", lambda machine, kind: captures)
    arrivals, left = fetching.fetch_all(plan, work, ["client"], by_name=True)
    assert [("mail", True), ("web", False)] == [(each.capture, each.is_right) for each in arrivals]
    assert ["client:/root/a.pcap"] == [file for file, _ in left]
    assert [*shown, "/root/web.pcap"] == copied
