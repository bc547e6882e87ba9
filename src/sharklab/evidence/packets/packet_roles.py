"""Tell from the contents of one packet whether a client or a server sends it, on whatever port.

Each protocol here has messages that only one side sends. A port tells nothing: a service may wait anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from sharklab.evidence.packets.messages import Dissection
from sharklab.evidence.packets.model import Role

_C, _S = Role.CLIENT, Role.SERVER
_MESSAGES: Mapping[str, Mapping[int, Role]] = {
    "tls.handshake.type": {1: _C, 2: _S, 12: _S, 14: _S, 16: _C},
    "dns.flags.response": {0: _C, 1: _S},
    "ntp.flags.mode": {3: _C, 4: _S},
    "ssh.message_code": {30: _C, 31: _S, 32: _C, 33: _S, 34: _C},
    "mqtt.msgtype": {1: _C, 2: _S, 8: _C, 9: _S, 10: _C, 11: _S, 12: _C, 13: _S, 14: _C},
    "smb2.flags.response": {0: _C, 1: _S},
    "stun.type.class": {0: _C, 2: _S, 3: _S},
    "icmp.type": {8: _C, 0: _S},
    "icmpv6.type": {128: _C, 129: _S},
}
"""The kinds of messages that one side alone sends.

Sources: RFC 8446 and RFC 5246 section 7.4 (TLS, also inside QUIC: RFC 9001); RFC 1035; RFC 5905 section 7.3
(NTP); RFC 4253 section 8 and RFC 4419 (SSH key exchange; both sides may send the first banner); MQTT 5.0
section 2.1.2; [MS-SMB2] 2.2.1; RFC 8489 section 5 (STUN); RFC 792 and RFC 4443 (echo).
"""
_PRESENT = {"http.request.method": _C, "http.response.code": _S}
"""Fields that are there in the messages of one side alone (RFC 9110)."""
_CALLBACKS = 0x40000000
"""From this program number on, a server of NFS calls its client (RFC 8881, section 2.10.3.1)."""

_READ_ANYWAY = ("dns", "icmp", "icmpv6")
FIELDS = (*(name for name in _MESSAGES if name.partition(".")[0] not in _READ_ANYWAY), *_PRESENT)
"""The fields of tshark that are read for this alone."""


def role(layers: Dissection) -> Role:
    """Return the side that sends a packet; messages that contradict each other tell nothing."""
    told = {
        kinds[code] for field, kinds in _MESSAGES.items() for code in _codes(layers, field) & kinds.keys()
    }
    told |= {side for field, side in _PRESENT.items() if field in layers}
    told |= _of_rpc(layers)
    return told.pop() if len(told) == 1 else Role.OPEN


def _of_rpc(layers: Dissection) -> set[Role]:
    """Return the sides that send the RPC messages of a packet (RFC 5531, section 9): calls, replies."""
    if any(program >= _CALLBACKS for program in _codes(layers, "rpc.program")):
        return set()
    kinds = {0: Role.CLIENT, 1: Role.SERVER}
    return {kinds[code] for code in _codes(layers, "rpc.msgtyp") & kinds.keys()}


def _codes(layers: Dissection, field: str) -> set[int]:
    return {_code(value) for value in layers.get(field, ())}


def _code(value: str) -> int:
    """Return the number that tshark printed; truth values are words since version 4.2."""
    words = {"true": 1, "false": 0}
    lower = value.lower()
    return words[lower] if lower in words else int(value, 0)
