"""DNS and NFS messages of a packet, each with its own values."""

from __future__ import annotations

import pytest

from sharklab.evidence.packets import messages
from sharklab.evidence.packets.model import Packet
from tests.support.packets_sample import recorded


def packets(name: str) -> tuple[Packet, ...]:
    """Return the packets of the recorded capture `name`."""
    return recorded(name).packets


def test_messages_takes_messages_of_one_segment_apart() -> None:
    """Each DNS question of a segment has its own id and type."""
    [packet] = [packet for packet in packets("pipeline_dns.pcap") if len(packet.dns) > 1]
    assert [(1, "A"), (2, "MX"), (3, "AAAA")] == [(message.id, message.type) for message in packet.dns]


def test_messages_takes_calls_of_one_segment_apart() -> None:
    """Each NFS call of a segment has its own operations and names."""
    [packet] = [packet for packet in packets("pipeline_nfs.pcap") if len(packet.nfs) > 1]
    expected = [
        (("PUTROOTFH", "LOOKUP", "GETFH"), ("srv",)),
        (("PUTROOTFH", "LOOKUP", "GETFH"), ("nothing",)),
        (("NULL",), ()),
    ]
    assert expected == [(call.operations, call.names) for call in packet.nfs]


def test_messages_names_operations_and_statuses_of_nfs() -> None:
    """A refused OPEN names the file in the call, and the operation that failed in the reply."""
    by_number = {packet.number: packet for packet in packets("nfs.pcap")}
    [call], [reply] = by_number[110].nfs, by_number[111].nfs
    assert ("private.txt",) == call.names
    assert dict(zip(reply.operations, reply.statuses, strict=True))["OPEN"] == "NFS4ERR_ACCESS"


def test_messages_gives_answers_as_zone_files_do() -> None:
    """Answers are the records of the answer section only, with MX preference and quoted text."""
    answers = {
        (message.name.split(".")[0], message.type): message.answers
        for packet in packets("dns.pcap")
        for message in packet.dns
        if message.response and packet.source.address == "10.77.5.2"
    }
    expected = {
        ("tok7f3a", "A"): ("10.77.5.2",),
        ("tok7f3a", "AAAA"): ("fd77:5::2",),
        ("tok7f3a", "MX"): ("10 mail.tok7f3a.lab.example",),
        ("www", "AAAA"): ("tok7f3a.lab.example", "fd77:5::2"),
        ("nowhere", "A"): (),
        ("tok7f3a", "TXT"): ('"a" "b;c\\"d"',),
    }
    assert expected == answers


@pytest.mark.parametrize("field", ["dns.qry.name", "dns.resp.type", "dns.a", "dns.flags.rcode"])
def test_messages_of_a_damaged_answer_are_none(field: str) -> None:
    """Where counts and values disagree, no message of the packet is believed."""
    layers = {
        "dns.id": ["0x0001"],
        "dns.flags.response": ["True"],
        "dns.flags.rcode": ["0"],
        "dns.count.queries": ["1"],
        "dns.count.answers": ["1"],
        "dns.count.auth_rr": ["0"],
        "dns.count.add_rr": ["0"],
        "dns.qry.name": ["www.example"],
        "dns.qry.type": ["1"],
        "dns.resp.type": ["1"],
        "dns.a": ["192.0.2.1"],
    }
    [message] = messages.dns_messages(layers)
    assert ("www.example", "A", "NOERROR", ("192.0.2.1",)) == (
        message.name,
        message.type,
        message.rcode,
        message.answers,
    )
    assert () == messages.dns_messages({**layers, field: []})


def test_messages_of_calls_whose_values_cannot_be_told_apart_are_none() -> None:
    """Two calls that look up a name each have two names between them."""
    layers = {
        "rpc.xid": ["0x1", "0x2"],
        "rpc.msgtyp": ["0", "0"],
        "rpc.program": ["100003"] * 2,
        "rpc.procedure": ["1"] * 2,
        "nfs.ops.count": ["1", "1"],
        "nfs.opcode": ["15", "15"],
    }
    for names in (["a"], ["a", "b", "c"]):
        assert () == messages.nfs_messages({**layers, "nfs.name": names})
    found = messages.nfs_messages({**layers, "nfs.name": ["a", "b"]})
    assert [(("LOOKUP",), ("a",)), (("LOOKUP",), ("b",))] == [(each.operations, each.names) for each in found]
