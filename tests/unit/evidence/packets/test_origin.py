"""The computer, the system and the cards that a pcapng file names."""

from __future__ import annotations

import struct

import pytest

from sharklab.evidence.packets.origin import CaptureOrigin, read_origin

GUID = "{0A1B2C3D-0000-1111-2222-333344445555}"


def block(order: str, kind: int, fixed: bytes, *options: tuple[int, str]) -> bytes:
    """Return a block of pcapng with options."""
    body = fixed
    for code, text in options:
        data = text.encode()
        body += struct.pack(order + "HH", code, len(data)) + data + bytes(-len(data) % 4)
    body += bytes(4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def made(order: str) -> bytes:
    """Return the first blocks of a file as Wireshark on Windows writes them."""
    section = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    card = struct.pack(order + "HHI", 1, 0, 262144)
    said = (
        (1, "my  capture\n"),
        (1, " "),
        (2, "Intel(R) Core(TM) i7"),
        (3, "64-bit Windows 11"),
        (4, "Dumpcap 4.2.0"),
    )
    return (
        block(order, 0x0A0D0D0A, section, *said)
        + block(order, 1, card, (2, f"\\Device\\NPF_{GUID.lower()}"), (9, "\6"))
        + block(order, 1, card, (2, "en0"))
        + block(order, 6, bytes(20), (1, "a comment"))
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_recorder_reads_the_first_blocks(order: str) -> None:
    """A GUID names a card of Windows; other names of cards are those of any computer."""
    wanted = CaptureOrigin(
        "Intel(R) Core(TM) i7", "64-bit Windows 11", "Dumpcap 4.2.0", (GUID,), ("my capture",)
    )
    assert wanted == read_origin(made(order))


@pytest.mark.parametrize("content", [b"", b"\xd4\xc3\xb2\xa1" + bytes(40), b"\x0a\x0d\x0d\x0a" + bytes(40)])
def test_recorder_of_another_file_is_nobody(content: bytes) -> None:
    """A pcap file tells nothing of its origin, nor does a damaged file."""
    assert CaptureOrigin() == read_origin(content)


def test_recorder_of_a_file_that_is_cut_tells_what_is_left() -> None:
    """Every length is checked against the file."""
    whole = made("<")
    assert all(read_origin(whole[:end]).cards in ((), (GUID,)) for end in range(len(whole)))
    assert "Intel(R) Core(TM) i7" == read_origin(whole[:110]).hardware
