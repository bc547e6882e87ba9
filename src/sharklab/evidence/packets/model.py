"""The traffic on the wire, as plain data: packets, and the facts drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sharklab.message import NOTHING, Message


@dataclass(frozen=True)
class Endpoint:
    """One side of a conversation; the port is 0 for protocols without ports."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


NOWHERE = Endpoint("", 0)


@dataclass(frozen=True)
class Flow:
    """A 5-tuple in one direction."""

    transport: str
    source: Endpoint
    destination: Endpoint


@dataclass(frozen=True)
class Dns:
    """The DNS message in a packet (RFC 1035)."""

    id: int
    response: bool
    name: str
    type: str
    rcode: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Nfs:
    """An NFSv4 call or reply in a packet (RFC 7530): its operations, and in a reply how each ended.

    `status` is the whole COMPOUND's, `statuses` are the operations' in their order. The NULL
    procedure, which is no COMPOUND and has no status, shows as the one operation "NULL".
    """

    xid: str
    reply: bool
    operations: tuple[str, ...]
    status: str
    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Icmp:
    """An ICMP message (RFC 792, RFC 4443); an error says which packet it is `about`."""

    type: int
    code: int
    about: Flow | None = None


@dataclass(frozen=True)
class Option:
    """An option of a TCP header: its kind (`packets.tcp_options`) and its numbers in their order."""

    kind: int
    values: tuple[int, ...] = ()


class Role(StrEnum):
    """The side that sends a packet, by its contents (`packets.packet_roles`); `OPEN` if they tell neither."""

    CLIENT = "client"
    SERVER = "server"
    OPEN = ""


@dataclass(frozen=True)
class Packet:
    """One packet as captured. `number` counts from 1, as in Wireshark; `time` is epoch seconds.

    `transport` is tcp, udp, icmp (for IPv6 as well), arp, or empty for anything else.
    `flags` are TCP's, in the order SYN, FIN, RST, PSH, ACK; `seq` and `ack` are the absolute
    numbers of the wire; `payload` and `length` are bytes (of the transport's data, of the frame).
    `window` is the number in the TCP header, not scaled. `remarks` is what tshark's analysis of TCP
    found, by the last word of its fields: retransmission, duplicate_ack ... (`dissection.REMARKS`).
    `server_name` is the name that a ClientHello of TLS or QUIC asks for (RFC 6066, section 3). `role` is the
    side that sends it, where its contents tell.
    """

    number: int
    time: float
    length: int
    captured: int
    protocol: str
    info: str
    transport: str
    source: Endpoint
    destination: Endpoint
    flags: tuple[str, ...] = ()
    seq: int = 0
    ack: int = 0
    payload: int = 0
    dns: tuple[Dns, ...] = ()
    nfs: tuple[Nfs, ...] = ()
    icmp: Icmp | None = None
    window: int = 0
    options: tuple[Option, ...] = ()
    remarks: tuple[str, ...] = ()
    server_name: str = ""
    role: Role = Role.OPEN

    @property
    def truncated(self) -> bool:
        """True when the capture kept fewer bytes than the packet had."""
        return self.captured < self.length


@dataclass(frozen=True)
class DecodedCapture:
    """A capture as it was read: its packets, whether its end is missing, and why it could not be read."""

    packets: tuple[Packet, ...]
    cut: bool = False
    problem: Message = NOTHING


@dataclass(frozen=True)
class Conversation:
    """All packets of one 5-tuple. The client is the side that sent the SYN; without one, `sides` tells it.

    `sure` is false when nothing but addresses, ports or order tells who is the client.
    Packet numbers: `handshake` of SYN, SYN/ACK and ACK, or empty when one is missing (where both sides
    open at once, that ACK is the client's SYN/ACK); `fins` of the first FIN of each side; `closing` of a
    whole FIN exchange (both FINs and their ACKs), or else of the RST; `resets` of every RST;
    `data_packets` of what carries data, which a keep-alive does not; `icmp_errors` of the ICMP messages
    that refuse its packets. `closed_by` is "fin", "rst" or "", `reset_by` is "client", "server" or "".
    Bytes are of payload, those of TCP counted once however often they were sent. `client_start` and
    `server_start` are the initial sequence numbers.
    """

    transport: str
    client: Endpoint
    server: Endpoint
    packets: tuple[int, ...]
    handshake: tuple[int, ...] = ()
    fins: tuple[int, ...] = ()
    closing: tuple[int, ...] = ()
    resets: tuple[int, ...] = ()
    data_packets: tuple[int, ...] = ()
    client_bytes: int = 0
    server_bytes: int = 0
    closed_by: str = ""
    reset_by: str = ""
    icmp_errors: tuple[int, ...] = ()
    client_start: int = 0
    server_start: int = 0
    sure: bool = False


@dataclass(frozen=True)
class DnsExchange:
    """A question and its answer; `question` or `answer` is 0 when it was not captured."""

    question: int
    answer: int
    server: Endpoint
    client: Endpoint
    transport: str
    name: str
    type: str
    rcode: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class NfsCall:
    """One COMPOUND call and its reply (0 when none was captured)."""

    call: int
    reply: int
    operations: tuple[str, ...]
    status: str
    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    client: Endpoint = NOWHERE
    server: Endpoint = NOWHERE


@dataclass(frozen=True)
class Facts:
    """The facts about a capture as a whole; `cut` and `problem` as in its `DecodedCapture`."""

    packets: tuple[Packet, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    dns: tuple[DnsExchange, ...] = ()
    nfs: tuple[NfsCall, ...] = ()
    truncated: tuple[int, ...] = ()
    cut: bool = False
    problem: Message = NOTHING

    def packet(self, number: int) -> Packet:
        """Return the packet of that number. Raises KeyError when the capture has none."""
        if not 1 <= number <= len(self.packets):
            raise KeyError(number)
        return self.packets[number - 1]
