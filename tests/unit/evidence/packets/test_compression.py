"""Captures that gzip, zstd or lz4 compressed."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from sharklab.errors import InputError
from sharklab.evidence.packets import compression
from sharklab.evidence.packets.annotation import annotate
from sharklab.evidence.packets.container import open_capture
from tests.support.capture_files import alone, together
from tests.support.errors import error_of

DATA = Path(__file__).parents[3] / "data"
PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}
"""By name of a format: what packs a file in it."""
WHERE = Path("web.pcapng.gz")


@pytest.mark.parametrize("method", PACK)
@pytest.mark.parametrize("name", ["ssh.pcap", "ntp.pcapng"])
def test_compressed_capture_is_opened_as_the_plain_one(method: str, name: str, tmp_path: Path) -> None:
    """Whoever opens a capture does not notice that it was compressed; its name says nothing."""
    packed = tmp_path / name
    packed.write_bytes(PACK[method]((DATA / name).read_bytes()))
    plain, capture = open_capture(DATA / name), open_capture(packed)
    assert (plain.content, plain.packets, plain.format) == (capture.content, capture.packets, capture.format)


def test_tools_read_compressed_captures(tmp_path: Path) -> None:
    """Facts and the annotated copy are those of the plain capture, also where captures are read together."""
    plain = [DATA / "refused.pcap", DATA / "ntp.pcapng"]
    packed = [tmp_path / "refused.pcap.gz", tmp_path / "ntp.pcapng.zst"]
    for path, source, method in zip(packed, plain, ("gzip", "zstd"), strict=True):
        path.write_bytes(PACK[method](source.read_bytes()))
    assert list(alone(plain).values()) == list(together(packed).values())
    copies = [annotate(open_capture(path), {1: "hello"}) for path in (packed[0], plain[0])]
    assert copies[0] == copies[1]


@pytest.mark.parametrize("method", PACK)
def test_unpack_names_the_method_and_joins_pieces(method: str) -> None:
    """A file may hold several compressed pieces, one after the other."""
    packed = PACK[method](b"one ") + PACK[method](b"two")
    assert (method, b"one two") == (compression.method(packed), compression.unpack(WHERE, packed, 100))


@pytest.mark.parametrize("method", PACK)
def test_unpack_stops_at_the_limit(method: str) -> None:
    """What unpacks to more than the limit is refused, with the limit."""
    packed = PACK[method](bytes(3 << 20))
    assert 3 << 20 == len(compression.unpack(WHERE, packed, 3 << 20))
    error = error_of(InputError, compression.unpack, WHERE, packed, (3 << 20) - 1)
    assert (str(WHERE), method, "2 MiB") == (error.place, error.values["method"], error.values["size"])


@pytest.mark.parametrize("method", PACK)
def test_unpack_of_damaged_data_is_an_input_error(method: str) -> None:
    """Damage is told with the method."""
    packed = PACK[method](b"abc")[:4] + b"\xff" * 60
    error = error_of(InputError, compression.unpack, WHERE, packed, 100)
    assert {"method": method} == error.values


@pytest.mark.parametrize("method", PACK)
def test_half_a_file_is_a_capture_that_is_cut(method: str, tmp_path: Path) -> None:
    """A download that stopped leaves the first packets."""
    packed = tmp_path / "packed"
    content = (DATA / "ssh.pcap").read_bytes()
    packed.write_bytes(PACK[method](content[:1000]) + PACK[method](content[1000:])[:-200])
    capture = open_capture(packed)
    assert capture.cut
    assert capture.packets


def test_plain_capture_has_no_method() -> None:
    """Pcap and pcapng are read as they are."""
    assert ("", "") == (compression.method((DATA / "ssh.pcap").read_bytes()), compression.method(b""))
