"""Say what a capture shows."""

from __future__ import annotations

from sharklab.evidence.packets.conversations import conversations
from sharklab.evidence.packets.exchanges import dns_exchanges, nfs_calls
from sharklab.evidence.packets.model import Facts, Recording


def facts(recording: Recording) -> Facts:
    """Return the conversations, DNS exchanges and NFS calls of a capture, and what was kept short."""
    packets = recording.packets
    return Facts(
        packets=packets,
        conversations=conversations(packets),
        dns=dns_exchanges(packets),
        nfs=nfs_calls(packets),
        truncated=tuple(packet.number for packet in packets if packet.truncated),
        cut=recording.cut,
        problem=recording.problem,
    )
