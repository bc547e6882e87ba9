"""The records of a capture file, walked before anything else trusts it."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.evidence.packets import container
from sharklab.evidence.packets.container import open_capture
from sharklab.limits import CaptureLimits
from sharklab.message import NN_
from tests.support import captures_by_system
from tests.support.errors import error_of
from tests.support.packets_sample import recorded

DATA = Path(__file__).parents[3] / "data"


def test_search_finds_packets_by_their_bytes() -> None:
    """The token is found where tshark shows a name with it, in any case; not in the other direction."""
    named = [p.number for p in recorded("dns.pcap").packets if any("tok7f3a" in m.name for m in p.dns)]
    assert tuple(named) == open_capture(DATA / "dns.pcap").search("TOK7F3A")
    assert () == open_capture(DATA / "dns.pcap").search("tok7f3b")


def test_search_for_nothing_finds_nothing() -> None:
    """An empty token is in no packet."""
    assert () == open_capture(DATA / "dns.pcap").search("")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the capture is empty"),
        (b"\x7fELF\0", "the file is not a pcap or pcapng capture"),
        (
            b"\xd4\xc3\xb2\xa1" + bytes(20) + b"\xff" * 16,
            NN_(
                "the capture is damaged: a record of {count} byte at byte {offset}",
                "the capture is damaged: a record of {count} bytes at byte {offset}",
            ),
        ),
        (
            b"\x0a\x0d\x0d\x0a" + b"\x1c\0\0\0" + b"nope" + bytes(16),
            "the capture is damaged at byte {offset}",
        ),
    ],
)
def test_open_of_no_capture_is_an_input_error(content: bytes, message: str, tmp_path: Path) -> None:
    """A file is accepted by its content; one that claims 4 GiB for a packet is refused."""
    file = tmp_path / "evil.pcap"
    file.write_bytes(content)
    assert message == error_of(InputError, open_capture, file).message_id


def pcapng_block(kind: int, body: bytes) -> bytes:
    """Return a block of pcapng in the byte order of a PC."""
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


SECTION = pcapng_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
INTERFACE = pcapng_block(1, struct.pack("<HHI", 1, 0, 0))
OTHER = pcapng_block(4, b"")


@pytest.mark.parametrize(
    ("limits", "content", "count"),
    [
        (CaptureLimits(packets=3), (DATA / "ssh.pcap").read_bytes(), 3),
        (CaptureLimits(interfaces=3), SECTION + INTERFACE * 4, 3),
        (CaptureLimits(blocks=3), SECTION + OTHER * 3, 3),
    ],
    ids=["packets", "interfaces", "blocks"],
)
def test_open_beyond_a_limit_is_an_input_error(
    limits: CaptureLimits, content: bytes, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that claims more than anybody may hand in is refused while it is walked."""
    monkeypatch.setattr(container, "CAPTURE", limits)
    file = tmp_path / "large"
    file.write_bytes(content)
    error = error_of(InputError, open_capture, file)
    assert (str(file), count) == (error.place, error.values["most"])


def test_whole_is_without_the_half_record_at_the_end(tmp_path: Path) -> None:
    """A file that ends with a record is read as it is; of another one the tools get what is whole."""
    content = (DATA / "refused.pcap").read_bytes()
    (tmp_path / "cut").write_bytes(content + bytes(8))
    assert (None, content) == (
        open_capture(DATA / "refused.pcap").whole,
        open_capture(tmp_path / "cut").whole,
    )
    assert content == container.parse(tmp_path / "unpacked", content).whole


def test_is_capture_tells_by_the_first_bytes() -> None:
    """Both formats, and what may be a compressed one."""
    heads = [b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a", b"\x1f\x8b\x08\x00", b"PK\3\4", b""]
    assert [True, True, True, False, False] == list(map(container.is_capture, heads))


@pytest.mark.parametrize("order", ["<", ">"])
def test_whole_has_no_records_of_programs(order: str, tmp_path: Path) -> None:
    """The tools would take them for packets; a file without any is read as it is."""
    card = captures_by_system.Card(101, captures_by_system.raw)
    computer = captures_by_system.Computer([card], order=order)
    plain = captures_by_system.written(computer, [b"a packet"])
    records = [(kind, lambda order: b"of our own") for kind in (9, 0x0BAD, 0x4000_0BAD)]
    more = captures_by_system.written(replace(computer, before=records, behind=records), [b"a packet"])
    (tmp_path / "plain").write_bytes(plain)
    (tmp_path / "more").write_bytes(more)
    found = open_capture(tmp_path / "more")
    assert (plain, None) == (found.whole, open_capture(tmp_path / "plain").whole)
    assert [b"a packet"] == list(found.frames)


PCAP, PCAPNG = (DATA / "ssh.pcap").read_bytes(), (DATA / "ntp.pcapng").read_bytes()
SECTION = struct.unpack_from("<I", PCAPNG, 4)[0]
INTERFACE = SECTION + struct.unpack_from("<I", PCAPNG, SECTION + 4)[0]
HEADER, PACKET = "within the header of a capture, after {count}", "within the first packet, after {count}"
NONE = "the capture has a header and no packet"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        *[(PCAP[:4], HEADER), (PCAP[:12], HEADER), (PCAP[:23], HEADER)],
        *[(PCAP[:24], NONE), (PCAP[:25], PACKET), (PCAP[:41], PACKET)],
        *[(PCAPNG[:4], HEADER), (PCAPNG[:12], HEADER), (PCAPNG[:SECTION], NONE)],
        *[(PCAPNG[: SECTION + 12], HEADER), (PCAPNG[:INTERFACE], NONE), (PCAPNG[: INTERFACE + 12], PACKET)],
    ],
)
def test_stump_says_where_a_file_ends(content: bytes, sentence: str, tmp_path: Path) -> None:
    """A header that is whole and no packet is another thing than a file that a copy cut off."""
    (tmp_path / "web.pcap").write_bytes(content)
    found = open_capture(tmp_path / "web.pcap").stump
    assert found and sentence in found.sentence
    assert found.values in ({}, {"count": len(content)})


def test_stump_of_packets_is_none() -> None:
    """Also where the file is cut behind them."""
    assert open_capture(DATA / "ssh.pcap").stump is None


@pytest.mark.parametrize("content", [PCAP[:1], PCAP[:3], PCAPNG[:3]])
def test_error_of_a_file_of_few_bytes(content: bytes, tmp_path: Path) -> None:
    """Fewer than tell a capture from another file."""
    (tmp_path / "web.pcap").write_bytes(content)
    error = error_of(InputError, open_capture, tmp_path / "web.pcap")
    assert {"count": len(content)} == error.values
