"""A recorded capture is opened once and read once, and does not make up what nobody counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.evidence import capture as captures
from sharklab.evidence.capture import Counted, RecordedCapture
from sharklab.evidence.packets import box, container

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each file that is opened, and with each call of tshark."""
    done: list[str] = []
    opened, run = container.open_capture, box.run

    def open_noted(path: Path) -> container.Container:
        done.append("open")
        return opened(path)

    def run_noted(tool: str, *rest: object) -> object:
        done.append(tool)
        return run(tool, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(captures, "open_capture", open_noted)
    monkeypatch.setattr(box, "run", run_noted)
    return done


def test_capture_is_opened_and_read_once(work: list[str]) -> None:
    """Whoever asks, and however often: one walk over the file, one call of tshark."""
    capture = RecordedCapture("ssh", "client", DATA / "ssh.pcap")
    assert [] == work
    assert capture.search("OpenSSH") == capture.search("openssh") != ()
    assert capture.facts is capture.facts
    assert (capture.packets, len(capture.container.packets)) == (len(capture.facts.packets),) * 2
    assert ["open", "tshark"] == work


def test_packets_are_those_that_tcpdump_counted() -> None:
    """A file may hold fewer than tcpdump counted; without its figures, the file tells."""
    counted = Counted(packets=80, dropped=3, began=1.0, ended=2.0)
    assert RecordedCapture("ssh", "client", DATA / "ssh.pcap", counted).packets == 80
    assert RecordedCapture("refused", "client", DATA / "refused.pcap").packets == 2
    assert RecordedCapture("refused", "client", DATA / "refused.pcap").counted is None


def test_capture_that_is_none_has_a_problem_and_no_packets(tmp_path: Path) -> None:
    """Its facts say why it is empty; its bytes cannot be had."""
    file = tmp_path / "ssh.pcap"
    file.write_bytes(b"GIF89a")
    capture = RecordedCapture("ssh", "client", file)
    assert ((), {"format": "GIF"}) == (capture.facts.packets, capture.facts.problem.values)
    with pytest.raises(InputError):
        capture.search("GIF89a")
