"""Write a capture that grows, as tcpdump does: `packet_maker.py BEGIN RATE SECONDS`, to standard output.

BEGIN is the seconds until the first packet, or a file: then the first packet comes as soon as it is there.
The source port of each packet is the millisecond at which it was written, so a reader can tell its age.
"""

from __future__ import annotations

import os
import struct
import sys
import time

CYCLE, FIRST = 60_000, 1024
"""Milliseconds after which the ports begin anew, and the first port."""

SIZE = 60
"""Bytes of the content of a packet."""


def age(port: int, now: float | None = None) -> float:
    """Return the milliseconds since a packet with this source port was written; `now` is in epoch seconds."""
    return ((now or time.time()) * 1000 - port + FIRST) % CYCLE


def packet() -> bytes:
    """Return a UDP packet as pcap has it."""
    now = time.time()
    udp = struct.pack(">4H", int(now * 1000) % CYCLE + FIRST, 9, 8 + SIZE, 0) + bytes(SIZE)
    ends = (bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)))
    head = struct.pack(">BBHHHBBH4s4s", 69, 0, 20 + len(udp), 0, 0, 64, 17, 0, *ends)
    frame = bytes(12) + b"\x08\x00" + head + udp
    return struct.pack("<4I", int(now), int(now % 1 * 1e6), len(frame), len(frame)) + frame


def main() -> None:
    """Write the header, then packets at `RATE` each second, then wait for the end of the parent."""
    parent = os.getppid()
    begin_at, rate, seconds = sys.argv[1], *map(float, sys.argv[2:4])
    out = sys.stdout.buffer
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1))
    out.flush()
    if begin_at.startswith("/"):
        while not os.path.exists(begin_at):  # noqa: PTH110 (pathlib takes longer to load)
            time.sleep(0.001)
    else:
        time.sleep(float(begin_at))
    begin, sent = time.time(), 0
    while sent < rate * seconds:
        due = int(min((time.time() - begin) * rate + 1, rate * seconds))
        out.write(b"".join(packet() for _ in range(due - sent)))
        out.flush()
        sent = due
        time.sleep(0.005)
    while os.getppid() == parent:
        time.sleep(0.1)


if __name__ == "__main__":
    main()
