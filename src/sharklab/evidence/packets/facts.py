"""Say what a capture shows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sharklab.evidence.packets.conversations import conversations
from sharklab.evidence.packets.exchanges import dns_exchanges, nfs_calls
from sharklab.evidence.packets.model import DecodedCapture, Facts, Packet


def facts(recording: DecodedCapture) -> Facts:
    """Return the conversations, DNS exchanges and NFS calls of a capture, and what was kept short."""
    packets = recording.packets
    return Facts(
        packets=packets,
        conversations=conversations(_in_order(packets)),
        dns=dns_exchanges(packets),
        nfs=nfs_calls(packets),
        truncated=tuple(packet.number for packet in packets if packet.truncated),
        cut=recording.cut,
        problem=recording.problem,
    )


def _in_order(packets: Sequence[Packet]) -> Sequence[Packet]:
    """Return the packets in the order of time: files that were put together may have another order.

    A packet without a time (a simple block of pcapng) stays behind the one before it.
    """
    times: list[float] = []
    for packet in packets:
        times.append(packet.time or (times[-1] if times else 0.0))
    if all(before <= after for before, after in pairwise(times)):
        return packets
    return [packets[index] for index in sorted(range(len(packets)), key=times.__getitem__)]
