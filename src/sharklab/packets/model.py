"""What was seen on the wire, as plain data: packets, and the facts drawn from them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Endpoint:
    """One side of a conversation; the port is 0 for protocols without ports."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


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
    """An NFSv4 COMPOUND in a packet (RFC 7530): its operations, and its status in a reply."""

    xid: str
    reply: bool
    operations: tuple[str, ...]
    status: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Packet:
    """One packet as captured. `number` counts from 1, as in Wireshark; `time` is epoch seconds.

    `flags` are TCP's, in the order SYN, FIN, RST, PSH, ACK; `seq` and `ack` are the absolute
    numbers of the wire; `payload` and `length` are bytes (of the transport's data, of the frame).
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


@dataclass(frozen=True)
class Conversation:
    """All packets of one 5-tuple. The client is who spoke first (or sent the SYN).

    `handshake` holds the numbers of SYN, SYN/ACK and ACK, or is empty when one is missing;
    `closing` the numbers of the FIN exchange or of the RST; `resets` of every RST.
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


@dataclass(frozen=True)
class DnsExchange:
    """A question and its answer; `answer` is 0 when none was captured."""

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


@dataclass(frozen=True)
class Facts:
    """What can be said of a capture as a whole."""

    packets: tuple[Packet, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    dns: tuple[DnsExchange, ...] = ()
    nfs: tuple[NfsCall, ...] = ()
    truncated: tuple[int, ...] = field(default=())
