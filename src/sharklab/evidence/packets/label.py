"""Name a packet in a few words that are the same in every language, and its part in the conversation."""

from __future__ import annotations

from dataclasses import dataclass

from sharklab.evidence.packets import tcp
from sharklab.evidence.packets.model import Conversation, Dns, Nfs, Packet

HANDSHAKE, DATA, CLOSING = "handshake", "data", "closing"
_SHOWN_OPERATIONS = 3
_PLUMBING = {"PUTFH", "PUTROOTFH", "GETFH", "GETATTR", "SAVEFH", "RESTOREFH", "SEQUENCE", "ACCESS"}
"""Operations that nearly every COMPOUND carries: they are named only when it has no other."""


@dataclass(frozen=True)
class Label:
    """A packet's name, and its phase: "handshake", "data" or "closing"."""

    text: str
    phase: str


def name_packet(packet: Packet, conversation: Conversation | None = None) -> Label:
    """Return the label of `packet`; its bytes are counted from the start of its `conversation`."""
    return Label(_text(packet, conversation), _phase(packet, conversation))


def _text(packet: Packet, conversation: Conversation | None) -> str:
    if packet.dns:
        return "; ".join(_dns(message) for message in packet.dns)
    if packet.nfs:
        return "; ".join(_nfs(message) for message in packet.nfs)
    if packet.transport == "tcp":
        return _tcp(packet, conversation)
    if packet.transport == "udp":
        return f"{packet.protocol} ({packet.payload} B)"
    return packet.info


def _dns(message: Dns) -> str:
    if not message.response:
        return f"DNS {message.type}? {message.name}"
    return f"DNS answer {message.type} {', '.join(message.answers) or message.rcode}"


def _nfs(message: Nfs) -> str:
    names = f" ({', '.join(message.names)})" if message.names else ""
    if message.reply and message.status not in ("", "NFS4_OK"):
        return f"NFS reply {message.status}{names}"
    telling = [name for name in message.operations if name not in _PLUMBING] or list(message.operations)
    operations = ", ".join(dict.fromkeys(telling[-_SHOWN_OPERATIONS:]))
    return f"NFS {'reply ' if message.reply else ''}{operations}{names}"


def _tcp(packet: Packet, conversation: Conversation | None) -> str:
    flags = ", ".join(packet.flags) or packet.info
    if not packet.payload:
        return flags
    if conversation is None:
        return f"{flags} ({packet.payload} B)"
    from_client = packet.source == conversation.client
    start = conversation.client_start if from_client else conversation.server_start
    first = tcp.relative(packet.seq, start)
    return f"{flags} {first}-{first + packet.payload - 1} ({packet.payload} B)"


def _phase(packet: Packet, conversation: Conversation | None) -> str:
    if packet.transport != "tcp" or conversation is None:
        return DATA
    if "SYN" in packet.flags or packet.number in conversation.handshake:
        return HANDSHAKE
    ended = min((*conversation.fins, *conversation.resets), default=0)
    return CLOSING if ended and packet.number >= ended else DATA
