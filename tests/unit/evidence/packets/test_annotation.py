"""Comments in a copy of a capture, read again by tshark."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sharklab.evidence.packets.annotation import annotate
from sharklab.evidence.packets.container import open_capture
from tests.support.capture_files import recording

DATA = Path(__file__).parents[3] / "data"


def test_annotate_puts_comments_where_tshark_reads_them(tmp_path: Path) -> None:
    """The comments of a copy are those that were given, and its packets those of the capture."""
    comments = {1: "SYN : le client demande\nune connexion", 2: "é" * 2000}
    file = tmp_path / "copy.pcapng"
    file.write_bytes(annotate(open_capture(DATA / "refused.pcap"), comments))
    assert recording(file).packets == recording(DATA / "refused.pcap").packets
    argv = ["tshark", "-n", "-r", str(file), "-T", "json", "-e", "frame.comment"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert "SYN : le client demande\\nune connexion" in done
    assert f'"{"é" * 1000}"' in done


def test_annotate_of_a_capture_that_ends_in_half_a_record(tmp_path: Path) -> None:
    """The copy has the packets that are whole, as they are: editcap would guess as tshark does."""
    file = tmp_path / "annotated.pcapng"
    file.write_bytes(annotate(open_capture(DATA / "refused.cut"), {2: "refused"}))
    assert [("SYN",), ("RST", "ACK")] == [packet.flags for packet in recording(file).packets]


def test_annotate_takes_as_many_comments_as_are_explained() -> None:
    """The longest comments on LIMIT packets fit into one command line."""
    annotate(open_capture(DATA / "ssh.pcap"), dict.fromkeys(range(1, 401), "é" * 2000))
