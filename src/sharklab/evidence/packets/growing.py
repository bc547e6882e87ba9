"""A capture that still grows: where each of its packets lies, and the packets that are whole."""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import IO

from sharklab.errors import InputError
from sharklab.evidence.packets import container
from sharklab.limits import CAPTURE
from sharklab.message import N_

PIECE = 1 << 20
MOST = CAPTURE.bytes + (8 << 20)
"""Bytes of a recording: it ends a little after the largest capture."""


class Splitter:
    """Finds the packets of a pcap stream (draft-ietf-opsawg-pcap), which comes in pieces of any size."""

    HEADER, RECORD = 24, 16

    def __init__(self) -> None:
        self.starts = array("Q")
        """Where each packet's record begins in the stream."""
        self.end = 0
        """Where the next record begins: all records before it are whole."""
        self._rest, self._order = b"", ""

    def add(self, data: bytes) -> bytes:
        """Take a piece, and return the bytes of whole packets. Raises ValueError if this is no capture."""
        rest = self._rest + data
        at = 0
        if not self._order:
            if len(rest) < self.HEADER:
                self._rest = rest
                return b""
            self._order = container.PCAP_ORDER.get(rest[:4], "")
            if not self._order:
                raise ValueError("no pcap")
            at = self.HEADER
        while len(rest) - at >= self.RECORD:
            kept = struct.unpack_from(self._order + "I", rest, at + 8)[0]
            if kept > CAPTURE.record:
                raise ValueError("a packet is too large")
            if len(rest) - at - self.RECORD < kept:
                break
            self.starts.append(self.end + at)
            at += self.RECORD + kept
        self._rest = rest[at:]
        self.end += at
        return rest[:at]


@contextmanager
def whole_packets(descriptor: int) -> Iterator[tuple[IO[bytes], Splitter]]:
    """Lend a file with the whole packets of a recording that may still grow, and where they lie.

    Raises InputError if there is none.
    """
    splitter, at = Splitter(), 0
    with NamedTemporaryFile(suffix=".pcap") as file:
        while at <= MOST and (piece := os.pread(descriptor, PIECE, at)):
            at += len(piece)
            try:
                file.write(splitter.add(piece))
            except ValueError as error:
                raise InputError(N_("the host sent something other than packets")) from error
        if not splitter.starts:
            raise InputError(N_("the recording has no packet yet"))
        file.flush()
        file.seek(0)
        yield file, splitter
