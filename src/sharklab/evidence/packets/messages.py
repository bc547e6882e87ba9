"""Take the DNS and NFS messages of one packet apart from the flat lists of values that tshark prints.

tshark prints each field as the list of its values in the order of the packet, whatever message
they belong to. The counts that every message carries (records per section, operations per
COMPOUND) say where one message ends; where counts and values disagree the packet is damaged,
and no message of it is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sharklab.evidence.packets import codes
from sharklab.evidence.packets.model import Dns, Nfs

Dissection = Mapping[str, Sequence[str]]
"""The values of one packet by field name, in their order in the packet."""

_NULL, _COMPOUND = ("100003", "0"), ("100003", "1")
"""Program and procedure (RFC 7530 section 15). NFSv3's procedure 1 has no count of operations."""

_SECTIONS = ("dns.count.answers", "dns.count.auth_rr", "dns.count.add_rr")
_RECORD_VALUES = {
    "A": "dns.a",
    "AAAA": "dns.aaaa",
    "CNAME": "dns.cname",
    "MX": "dns.mx.mail_exchange",
    "NS": "dns.ns",
    "PTR": "dns.ptr.domain_name",
    "SOA": "dns.soa.mname",
    "SRV": "dns.srv.target",
}
_NAMES_TAKEN = {"CREATE": 1, "LINK": 1, "LOOKUP": 1, "OPEN": 1, "REMOVE": 1, "RENAME": 2, "SECINFO": 1}

DNS_FIELDS = (
    "dns.id",
    "dns.flags.response",
    "dns.flags.rcode",
    "dns.count.queries",
    *_SECTIONS,
    "dns.qry.name",
    "dns.qry.type",
    "dns.resp.type",
    "dns.mx.preference",
    "dns.txt",
    *_RECORD_VALUES.values(),
)
NFS_FIELDS = (
    "rpc.xid",
    "rpc.msgtyp",
    "rpc.program",
    "rpc.procedure",
    "nfs.ops.count",
    "nfs.opcode",
    "nfs.nfsstat4",
    "nfs.pathname.component",
    "nfs.name",
)


def dns_messages(layers: Dissection) -> tuple[Dns, ...]:
    """Return the DNS messages (RFC 1035) of a packet, or none when its values contradict each other."""
    try:
        return tuple(_dns(layers))
    except (StopIteration, RuntimeError, ValueError, IndexError):
        return ()


def _dns(layers: Dissection) -> Iterator[Dns]:
    questions = _pairs(layers, "dns.qry.name", "dns.qry.type")
    rcodes, records = iter(_numbers(layers, "dns.flags.rcode")), _Records(layers)
    heads = zip(
        _numbers(layers, "dns.id"),
        _flags(layers, "dns.flags.response"),
        _numbers(layers, "dns.count.queries"),
        *(_numbers(layers, section) for section in _SECTIONS),
        strict=True,
    )
    for id, response, asked, *counts in heads:
        [(name, type), *_] = [next(questions) for _ in range(asked)] or [("", "0")]
        rcode = codes.dns_rcode(next(rcodes)) if response else ""
        answers, *_ = [records.take(count) for count in counts]
        yield Dns(id, response, name, codes.dns_type(int(type, 0)), rcode, answers)


class _Records:
    """The resource records of a packet, taken section by section."""

    def __init__(self, layers: Dissection) -> None:
        self._types = iter(_numbers(layers, "dns.resp.type"))
        self._values = {type: iter(layers.get(field, ())) for type, field in _RECORD_VALUES.items()}
        self._preferences = iter(layers.get("dns.mx.preference", ()))
        self._texts = " ".join(map(_quote, layers.get("dns.txt", ())))

    def take(self, count: int) -> tuple[str, ...]:
        """Return the data of the next `count` records as a zone file writes it (RFC 1035 section 5)."""
        return tuple(self._data(codes.dns_type(next(self._types))) for _ in range(count))

    def _data(self, type: str) -> str:
        if type == "TXT":
            return self._texts
        if type not in self._values:
            return type
        value = next(self._values[type])
        return f"{next(self._preferences)} {value}" if type == "MX" else value


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def nfs_messages(layers: Dissection) -> tuple[Nfs, ...]:
    """Return the NFSv4 calls and replies of a packet, or none when its values contradict each other."""
    try:
        return tuple(_nfs(layers))
    except (StopIteration, RuntimeError, ValueError, IndexError):
        return ()


def _nfs(layers: Dissection) -> Iterator[Nfs]:
    heads = list(
        zip(
            layers.get("rpc.xid", ()),
            _flags(layers, "rpc.msgtyp"),
            layers.get("rpc.program", ()),
            layers.get("rpc.procedure", ()),
            strict=True,
        )
    )
    compounds = iter(_compounds(layers, [reply for _, reply, *what in heads if tuple(what) == _COMPOUND]))
    for xid, reply, *what in heads:
        if tuple(what) == _COMPOUND:
            operations, statuses, names = next(compounds)
            yield Nfs(xid, reply, operations, statuses[0] if statuses else "", names, statuses[1:])
        elif tuple(what) == _NULL:
            yield Nfs(xid, reply, ("NULL",), "")


_Compound = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _compounds(layers: Dissection, replies: list[bool]) -> Iterator[_Compound]:
    """Yield operations, statuses (the COMPOUND's first) and names of each COMPOUND of a packet."""
    opcodes = iter(_numbers(layers, "nfs.opcode"))
    counts = _numbers(layers, "nfs.ops.count")
    operations = [tuple(codes.nfs_operation(next(opcodes)) for _ in range(count)) for count in counts]
    statuses = [codes.nfs_status(code) for code in _numbers(layers, "nfs.nfsstat4")]
    ended = [count + 1 if reply else 0 for reply, count in zip(replies, counts, strict=True)]
    names = [*layers.get("nfs.pathname.component", ()), *layers.get("nfs.name", ())]
    taken = [sum(_NAMES_TAKEN.get(name, 0) for name in each) for each in operations]
    yield from zip(operations, _split(statuses, ended), _split(names, taken), strict=True)


def _split(values: list[str], counts: list[int]) -> list[tuple[str, ...]]:
    """Deal `values` out by `counts`; a lone message has them all. Raises ValueError when they do not fit."""
    if len(counts) == 1:
        return [tuple(values)]
    if len(values) != sum(counts):
        raise ValueError("the values of several messages cannot be told apart")
    rest = iter(values)
    return [tuple(next(rest) for _ in range(count)) for count in counts]


def _numbers(layers: Dissection, field: str) -> list[int]:
    return [int(value, 0) for value in layers.get(field, ())]


def _flags(layers: Dissection, field: str) -> list[bool]:
    """Return truth values; tshark writes 1 before version 4.2 and True since."""
    return [value in ("1", "True", "true") for value in layers.get(field, ())]


def _pairs(layers: Dissection, first: str, second: str) -> Iterator[tuple[str, str]]:
    return iter(zip(layers.get(first, ()), layers.get(second, ()), strict=True))
