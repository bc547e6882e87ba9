"""Make a `Packet` of the values that tshark prints for one frame."""

from __future__ import annotations

from collections.abc import Sequence

from sharklab.evidence.packets.messages import DNS_FIELDS, NFS_FIELDS, Dissection, dns_messages, nfs_messages
from sharklab.evidence.packets.model import NOWHERE, Endpoint, Flow, Icmp, Option, Packet, Role
from sharklab.evidence.packets.packet_roles import FIELDS as ROLE_FIELDS
from sharklab.evidence.packets.packet_roles import role
from sharklab.evidence.packets.tcp_options import options

REMARKS = (
    "retransmission",
    "spurious_retransmission",
    "out_of_order",
    "lost_segment",
    "duplicate_ack",
    "keep_alive",
    "keep_alive_ack",
    "zero_window",
    "zero_window_probe",
    "window_update",
)
"""The remarks of tshark's analysis of TCP on a packet: the fields `tcp.analysis.*`."""

FIELDS = (
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "frame.cap_len",
    "frame.protocols",
    "_ws.col.protocol",
    "_ws.col.info",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.len",
    "tcp.window_size_value",
    "tcp.options",
    *(f"tcp.analysis.{remark}" for remark in REMARKS),
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "icmp.type",
    "icmp.code",
    "icmpv6.type",
    "icmpv6.code",
    "tls.handshake.extensions_server_name",
    *DNS_FIELDS,
    *NFS_FIELDS,
    *ROLE_FIELDS,
)
"""Every tshark field that is read; all of them exist in Wireshark 3.4 to 4.4."""

COLUMNS = 'gui.column.format:"protocol","%p","info","%i"'
"""The titles make the names `_ws.col.protocol` and `_ws.col.info`, which later versions fix as such."""

_TRANSPORTS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "icmpv6": "icmp", "arp": "arp"}
_FLAGS = (("SYN", 0x02), ("FIN", 0x01), ("RST", 0x04), ("PSH", 0x08), ("ACK", 0x10))
_UDP_HEADER = 8


def packet(layers: Dissection) -> Packet:
    """Return the packet that `layers` describes. Raises ValueError or KeyError if it is no frame."""
    protocols = layers["frame.protocols"][0].split(":")
    position = next((i for i, name in enumerate(protocols) if name in _TRANSPORTS), len(protocols))
    transport = _TRANSPORTS[protocols[position]] if position < len(protocols) else ""
    source, destination = _ends(layers, protocols[:position], transport)
    icmp = _icmp(layers, protocols, position) if transport == "icmp" else None
    return Packet(
        number=_number(layers, "frame.number"),
        time=float(_text(layers, "frame.time_epoch") or 0.0),  # a block of pcapng may have none
        length=_number(layers, "frame.len"),
        captured=_number(layers, "frame.cap_len"),
        protocol=_text(layers, "_ws.col.protocol"),
        info=_text(layers, "_ws.col.info"),
        transport=transport,
        source=source,
        destination=destination,
        flags=_flags(layers) if transport == "tcp" else (),
        seq=_number(layers, "tcp.seq_raw") if transport == "tcp" else 0,
        ack=_number(layers, "tcp.ack_raw") if transport == "tcp" else 0,
        payload=_payload(layers, transport),
        dns=dns_messages(layers) if transport in ("tcp", "udp") else (),
        nfs=nfs_messages(layers) if transport in ("tcp", "udp") else (),
        icmp=icmp,
        window=_number(layers, "tcp.window_size_value") if transport == "tcp" else 0,
        options=_options(layers) if transport == "tcp" else (),
        remarks=_remarks(layers) if transport == "tcp" else (),
        server_name=_text(layers, "tls.handshake.extensions_server_name"),
        role=_role(layers, icmp),
    )


def _ends(layers: Dissection, below: Sequence[str], transport: str) -> tuple[Endpoint, Endpoint]:
    """Return both ends of what lies on the layers `below`."""
    if transport == "arp":
        return _arp(layers, "arp.src.proto_ipv4"), _arp(layers, "arp.dst.proto_ipv4")
    network = next((name for name in reversed(below) if name in ("ip", "ipv6")), "")
    index = sum(name == network for name in below) - 1
    known = (len(layers.get(f"{network}.{end}", ())) for end in ("src", "dst"))
    if not network or index >= min(known):  # a header that is cut short has one or none
        return NOWHERE, NOWHERE
    source, destination = (
        Endpoint(layers[f"{network}.{end}"][index], _number(layers, f"{transport}.{end}port"))
        for end in ("src", "dst")
    )
    return source, destination


def _arp(layers: Dissection, field: str) -> Endpoint:
    return Endpoint(_text(layers, field), 0)


def _flags(layers: Dissection) -> tuple[str, ...]:
    bits = _number(layers, "tcp.flags")
    return tuple(name for name, bit in _FLAGS if bits & bit)


def _options(layers: Dissection) -> tuple[Option, ...]:
    """Return the options of TCP; of a malformed header tshark has words instead, and then there are none."""
    try:
        return options(_text(layers, "tcp.options"))
    except ValueError:
        return ()


def _remarks(layers: Dissection) -> tuple[str, ...]:
    return tuple(remark for remark in REMARKS if f"tcp.analysis.{remark}" in layers)


def _role(layers: Dissection, icmp: Icmp | None) -> Role:
    """Return the side that sends the packet; the contents that an ICMP error quotes are another sender's."""
    try:
        return Role.OPEN if icmp and icmp.about else role(layers)
    except ValueError:  # tshark has words for a malformed message
        return Role.OPEN


def _payload(layers: Dissection, transport: str) -> int:
    if transport == "udp":
        return max(0, _number(layers, "udp.length") - _UDP_HEADER)
    return _number(layers, "tcp.len") if transport == "tcp" else 0


def _icmp(layers: Dissection, protocols: Sequence[str], position: int) -> Icmp:
    """Return the ICMP message whose layer is at `position`, with the packet that it quotes."""
    name = protocols[position]
    type, code = _number(layers, f"{name}.type"), _number(layers, f"{name}.code")
    quoted = protocols[position + 1 :]
    inner = next((i for i, layer in enumerate(quoted) if layer in ("tcp", "udp")), None)
    if inner is None:
        return Icmp(type, code)
    below = (*protocols[:position], *quoted[:inner])
    return Icmp(type, code, Flow(quoted[inner], *_ends(layers, below, quoted[inner])))


def _text(layers: Dissection, field: str) -> str:
    return next(iter(layers.get(field, ())), "")


def _number(layers: Dissection, field: str, index: int = 0) -> int:
    values = layers.get(field, ())
    return int(values[index], 0) if index < len(values) else 0
