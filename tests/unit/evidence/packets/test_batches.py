"""Many captures read by one call of tshark are what each of them is when it is read alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sharklab.evidence.packets import batches, box
from tests.support.capture_files import alone, together

DATA = Path(__file__).parents[3] / "data"
CAPTURES = sorted(DATA.glob("*.pcap"))


def moved(source: Path, folder: Path, seat: int) -> Path:
    """Return a copy of a recorded capture in which the lab's addresses are another seat's."""
    target = folder / f"{seat}-{source.name}"
    content = source.read_bytes().replace(b"\x0a\x4d\x05", bytes((10, 99, seat)))
    target.write_bytes(content.replace(b"\xfd\x77\x00\x05", bytes((0xFD, 0x78, 0, seat))))
    return target


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each call of tshark."""
    seen: list[str] = []
    run = box.run

    def noted(tool: str, *rest: object) -> object:
        seen.append(tool)
        return run(tool, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(box, "run", noted)
    return seen


def test_read_together_is_what_read_all_is(tmp_path: Path) -> None:
    """Field by field, for every recorded capture, each as another seat's."""
    files = [moved(file, tmp_path, number) for number, file in enumerate(CAPTURES, 1)]
    assert alone(files) == together(files)


def test_read_together_needs_one_call(tmp_path: Path, calls: list[str]) -> None:
    """Captures of different seats lie in one file."""
    together([moved(DATA / "ssh.pcap", tmp_path, seat) for seat in range(1, 9)])
    assert ["tshark"] == calls


def test_read_together_numbers_each_from_one(tmp_path: Path) -> None:
    """Packets and what tshark's words say of their numbers begin anew in each capture."""
    files = [
        moved(DATA / name, tmp_path, seat)
        for seat, name in enumerate(("ssh.pcap", "icmp.pcap", "nfs.pcap"), 1)
    ]
    found = together(files)
    assert alone(files) == found
    assert all(found[file].packets[0].number == 1 for file in files)
    infos = [packet.info for file in files[1:] for packet in found[file].packets]
    assert any("(request in 3)" in info for info in infos)
    assert any("(Call In 4)" in info for info in infos)


def test_read_together_keeps_captures_apart_that_share_an_address(tmp_path: Path) -> None:
    """The same capture twice: in one file the second would show as retransmitted."""
    copy = Path(shutil.copy(DATA / "ssh.pcap", tmp_path / "copy.pcap"))
    found = together([DATA / "ssh.pcap", copy])
    assert found[DATA / "ssh.pcap"] == found[copy]
    assert [] == [p.number for p in found[copy].packets if "spurious_retransmission" in p.remarks]


@pytest.mark.parametrize("form", ["pcapng", "nsecpcap", "pcap"])
def test_read_together_takes_every_format(tmp_path: Path, form: str) -> None:
    """What cannot lie with others is read alone."""
    files = [moved(DATA / "ssh.pcap", tmp_path, seat) for seat in (1, 2)]
    other = tmp_path / "other.cap"
    subprocess.run(["editcap", "-F", form, moved(DATA / "dns.pcap", tmp_path, 3), other], check=True)
    assert alone([*files, other]) == together([*files, other])


def test_read_together_bears_bad_captures(tmp_path: Path) -> None:
    """One that is cut, one that is none, one that is empty: each is what it is, and the others are whole."""
    good = [moved(DATA / "ssh.pcap", tmp_path, seat) for seat in (1, 2)]
    cut, none, empty = (tmp_path / name for name in ("cut.pcap", "none.pcap", "empty.pcap"))
    cut.write_bytes(moved(DATA / "dns.pcap", tmp_path, 3).read_bytes()[:-7])
    none.write_bytes(b"GIF89a")
    empty.write_bytes(b"")
    files = [*good, cut, none, empty]
    found = together(files)
    assert alone(files) == found
    assert (True, True, True) == (found[cut].cut, bool(found[none].problem), bool(found[empty].problem))


def test_read_together_reads_alone_what_fails_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that tshark refuses harms none of those that were in it."""
    files = [moved(DATA / "ssh.pcap", tmp_path, seat) for seat in (1, 2, 3)]
    monkeypatch.setattr(batches, "_HEADER", b"no header at all")
    assert alone(files) == together(files)


def test_read_together_of_nothing_is_nothing() -> None:
    """No capture, no call."""
    assert {} == together([])


@pytest.mark.parametrize(
    ("frame", "kept"),
    [
        ("45" + "00" * 5 + "0000" + "4006" + "0000" + "0a000001" + "0a000002", ["0a000001", "0a000002"]),
        ("45" + "00" * 5 + "0000" + "4011" + "0000" + "0a000001" + "e00000fb", ["0a000001"]),
        ("45" + "00" * 5 + "2000" + "4006" + "0000" + "0a000001" + "0a000002", None),
        ("45" + "00" * 5 + "0010" + "4006" + "0000" + "0a000001" + "0a000002", None),
        ("45" + "00" * 5 + "0000" + "402f" + "0000" + "0a000001" + "0a000002", None),
    ],
)
def test_ends_are_of_plain_packets_alone(frame: str, kept: list[str] | None) -> None:
    """Whole TCP, UDP and ICMP; no fragment, no tunnel; addresses of many hosts do not count."""
    found = batches._ends(bytes(12) + b"\x08\x00" + bytes.fromhex(frame))
    assert kept == (None if found is None else [each.hex() for each in found])
