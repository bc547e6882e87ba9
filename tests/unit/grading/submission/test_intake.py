"""Captures that come home: their names, their places, and the files that were there before."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.grading.submission import finding, intake
from tests.support import submission_sample as sample


@pytest.mark.parametrize(
    ("name", "ids"),
    [("ssh", ["ssh"]), ("nothing", []), ("firewall", [])],
)
def test_named_takes_an_exercise_or_a_capture(name: str, ids: list[str]) -> None:
    """An exercise without captures has none."""
    assert ids == [capture.id for capture in intake.find_captures(sample.plan(), name)]


@pytest.mark.parametrize(
    ("file", "id"),
    [
        ("/home/student/ssh.pcap", "ssh"),
        ("SSH.PCAPNG", "ssh"),
        ("ssh.pcap.pcapng", "ssh"),
        ("ssh.cap", "ssh"),
        ("ssh", "ssh"),
        ("essh.pcap", ""),
        ("firewall.pcap", ""),
    ],
)
def test_a_file_is_known_by_its_name(file: str, id: str) -> None:
    """In whatever case, with whatever endings."""
    assert id == intake.id_of_file(sample.plan(), file)


def test_take_keeps_what_was_there(tmp_path: Path) -> None:
    """Also under the other ending, and as often as it happens; each file has its own number."""
    for number, (format, kept) in enumerate(
        [("pcap", []), ("pcapng", ["ssh-1.pcap"]), ("pcap", ["ssh-1.pcapng"]), ("pcap", ["ssh-2.pcap"])]
    ):
        file = tmp_path / "new"
        file.write_text(str(number))
        assert not intake.has(tmp_path, "ssh", file)
        place, former = intake.take(tmp_path, "ssh", file, format)
        assert (f"ssh.{format}", kept) == (place.name, [each.name for each in former])
        assert [place] == intake.present(tmp_path, "ssh")
        (tmp_path / "same").write_text(str(number))
        assert intake.has(tmp_path, "ssh", tmp_path / "same")
    assert ["0", "1", "2"] == sorted(file.read_text() for file in (tmp_path / finding.EARLIER).iterdir())
