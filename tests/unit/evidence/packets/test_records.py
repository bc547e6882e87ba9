"""Records of a pcap file: taken apart and written again, byte by byte the same."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.message import N_
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"


@pytest.mark.parametrize("name", ["ssh.pcap", "ssh6.pcap", "nfs.pcap", "dns.pcap", "short.pcap", "icmp.pcap"])
def test_write_of_what_was_read_is_the_same_file(name: str, tmp_path: Path) -> None:
    """Nothing is lost on the way, also of packets that were captured in part."""
    records.write(tmp_path / name, records.read(open_capture(DATA / name)))
    assert (DATA / name).read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    "magic", [b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"]
)
def test_write_keeps_byte_order_and_unit(magic: bytes, tmp_path: Path) -> None:
    """Both byte orders, micro- and nanoseconds."""
    order = ">" if magic[:2] == b"\xa1\xb2" else "<"
    header = magic + struct.pack(order + "HHiIII", 2, 4, 0, 0, 262144, 1)
    whole = header + struct.pack(order + "IIII", 10, 20, 3, 60) + b"abc"
    (tmp_path / "a.pcap").write_bytes(whole)
    found = records.read(open_capture(tmp_path / "a.pcap"))
    assert (records.PacketRecord(10, 20, 60, b"abc"),) == found.records
    records.write(tmp_path / "b.pcap", found)
    assert whole == (tmp_path / "b.pcap").read_bytes()


def test_read_of_pcapng_is_refused() -> None:
    """Only what can be written again is taken apart."""
    error = error_of(InputError, records.read, open_capture(DATA / "ntp.pcapng"))
    assert (N_("the file is not a pcap capture"), str(DATA / "ntp.pcapng")) == (error.message_id, error.place)


def test_write_with_a_rest_is_cut_short(tmp_path: Path) -> None:
    """All whole records are there, and the file says that it is not."""
    found = records.read(open_capture(DATA / "dns.pcap"))
    records.write(tmp_path / "cut.pcap", found, bytes(8))
    capture = open_capture(tmp_path / "cut.pcap")
    assert (len(found.records), True) == (len(capture.packets), capture.cut)


def test_record_is_cut_and_moved_in_time() -> None:
    """A snap length leaves the packet's length as it was; time moves in whole seconds."""
    record = records.PacketRecord(10, 20, 60, b"abcdef")
    assert records.PacketRecord(10, 20, 60, b"abc") == record.cut(3)
    assert records.PacketRecord(15, 20, 60, b"abcdef") == record.later(5)
