"""What we read of captures, made and recorded ones, is what tshark itself prints of them, field by field."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from sharklab.evidence.packets import facts, records
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.model import Conversation, DecodedCapture, Endpoint, Facts, Packet
from tests.support import packets_made, packets_situations
from tests.support.capture_files import recording, together
from tests.support.captures_by_system import COMPUTERS, written
from tests.support.packets_made import LINKS, START, STEP, Way
from tests.unit.evidence.packets.test_batches import moved

DATA = Path(__file__).parents[3] / "data"
RECORDED = sorted(file.name for file in DATA.glob("*.pcap*"))
FORMS = {"little-us": ("<", 1000), "big-us": (">", 1000), "little-ns": ("<", 1), "big-ns": (">", 1)}
"""Of pcap: the byte order, and how many nanoseconds a fraction counts."""


def _net(link: str) -> int:
    return [*LINKS].index(link) + 1


def _linked(name: str, form: str) -> Callable[[Path], Path]:
    """Return what writes the traffic of a link, which has a net of its own."""
    link, (order, unit) = LINKS[name], FORMS[form]
    packets = [link.wrap(packet, order) for packet in packets_made.traffic(_net(name))]
    return lambda path: packets_made.pcap(path, link.number, packets, order, unit)


def _blocks(order: str) -> Callable[[Path], Path]:
    """Return what writes the traffic of all links to one pcapng file."""
    packets = [(link, each) for name, link in LINKS.items() for each in packets_made.traffic(_net(name))]
    return lambda path: packets_made.pcapng(path, packets, order)


def _situations(path: Path) -> Path:
    four, six = Way("10.98.99.1", "10.98.99.2"), Way("fd98:99::1", "fd98:99::2")
    made = packets_situations.situations(four, six)
    return packets_made.pcap(path, 1, [LINKS["ethernet"].wrap(packet, "<") for packet in made], "<", 1000)


LINKED = {
    **{f"{link}-{form}": (link, form) for link, form in zip(LINKS, [*FORMS] * 2, strict=True)},
    "null-big-us": ("null", "big-us"),
    "ethernet-big-ns": ("ethernet", "big-ns"),
}
"""The pcap files of one link each, by name: every link, every form."""
MADE: Mapping[str, Callable[[Path], Path]] = {
    **{name: _linked(*what) for name, what in LINKED.items()},
    "pcapng-little": _blocks("<"),
    "pcapng-big": _blocks(">"),
    "situations": _situations,
}

FLAGS = {"SYN": "syn", "FIN": "fin", "RST": "reset", "PSH": "push", "ACK": "ack"}
REMARKS = (
    *("retransmission", "spurious_retransmission", "out_of_order", "lost_segment", "duplicate_ack"),
    *("keep_alive", "keep_alive_ack", "zero_window", "zero_window_probe", "window_update"),
)
FIELDS = (
    *("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len"),
    *("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "arp.src.proto_ipv4", "arp.dst.proto_ipv4", "arp.opcode"),
    *("tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.window_size_value"),
    *("udp.srcport", "udp.dstport", "udp.length", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code"),
    *("tcp.stream", "udp.stream"),
    *(f"tcp.flags.{flag}" for flag in FLAGS.values()),
    *(f"tcp.analysis.{remark}" for remark in REMARKS),
)

Row = Mapping[str, str]
"""The first value of each field of a packet; empty where it has none."""


@dataclass(frozen=True)
class Seen:
    """A capture as we read it, and as tshark prints it: a row per packet, the ends of its conversations."""

    path: Path
    recording: DecodedCapture
    rows: Sequence[Row]
    ends: Mapping[str, Counter[frozenset[str]]]

    @cached_property
    def facts(self) -> Facts:
        """What we conclude."""
        return facts(self.recording)


def witness(path: Path) -> tuple[list[Row], dict[str, Counter[frozenset[str]]]]:
    """Return what tshark prints of a capture by one call: fields, then conversations."""
    argv = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=f", "-E", "separator=|"]
    argv += [part for field in FIELDS for part in ("-e", field)]
    done = subprocess.run([*argv, "-z", "conv,udp", "-z", "conv,tcp"], capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    split = next(index for index, line in enumerate(lines) if line.startswith("====="))
    rows: list[Row] = [dict(zip(FIELDS, line.split("|"), strict=True)) for line in lines[:split]]
    return rows, {title: Counter(ends) for title, ends in _conversations(lines[split:])}


def _conversations(lines: Sequence[str]) -> Iterator[tuple[str, list[frozenset[str]]]]:
    for title in ("TCP", "UDP"):
        start = lines.index(f"{title} Conversations")
        end = next(index for index in range(start, len(lines)) if lines[index].startswith("====="))
        words = [line.split() for line in lines[start:end] if "<->" in line]
        yield title.lower(), [frozenset((first, second)) for first, _, second, *_ in words]


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Seen]:
    """Return a function that reads a capture, each once, in both ways."""
    folder, known = tmp_path_factory.mktemp("made"), dict[str, Seen]()

    def seen(name: str) -> Seen:
        if name not in known:
            path = MADE[name](folder / name) if name in MADE else DATA / name
            known[name] = Seen(path, recording(path), *witness(path))
        return known[name]

    return seen


def _transport(row: Row) -> str:
    """Return the outermost transport: what an ICMP error quotes comes after its type."""
    if row["arp.opcode"]:
        return "arp"
    if row["icmp.type"] or row["icmpv6.type"]:
        return "icmp"
    return "tcp" if row["tcp.srcport"] else "udp" if row["udp.srcport"] else ""


def _end(row: Row, end: str, transport: str) -> Endpoint:
    address = row[f"ip.{end}"] or row[f"ipv6.{end}"] or row[f"arp.{end}.proto_ipv4"]
    return Endpoint(address, _int(row[f"{transport}.{end}port"]) if transport in ("tcp", "udp") else 0)


def _int(text: str) -> int:
    return int(text, 0) if text else 0


def expected(row: Row) -> dict[str, object]:
    """Return the values that a packet has by tshark's fields."""
    transport = _transport(row)
    is_tcp, is_icmp = transport == "tcp", transport == "icmp"
    kind = [_int(row[f"icmp.{what}"] or row[f"icmpv6.{what}"]) for what in ("type", "code")]
    of_tcp = {"seq": "tcp.seq_raw", "ack": "tcp.ack_raw", "window": "tcp.window_size_value"}
    payload = {"tcp": _int(row["tcp.len"]), "udp": max(0, _int(row["udp.length"]) - 8)}
    return {
        "number": int(row["frame.number"]),
        "time": float(row["frame.time_epoch"] or 0),
        "length": int(row["frame.len"]),
        "captured": int(row["frame.cap_len"]),
        "transport": transport,
        "source": _end(row, "src", transport),
        "destination": _end(row, "dst", transport),
        "flags": tuple(name for name, flag in FLAGS.items() if is_tcp and row[f"tcp.flags.{flag}"] == "1"),
        **{name: _int(row[field]) if is_tcp else 0 for name, field in of_tcp.items()},
        "payload": payload.get(transport, 0),
        "icmp": kind if is_icmp else None,
        "remarks": tuple(remark for remark in REMARKS if is_tcp and row[f"tcp.analysis.{remark}"]),
    }


def actual(packet: Packet) -> dict[str, object]:
    """Return the values that we read of a packet, under the same names."""
    names = "number time length captured transport source destination flags seq ack window payload remarks"
    icmp = packet.icmp and [packet.icmp.type, packet.icmp.code]
    return {**{name: getattr(packet, name) for name in names.split()}, "icmp": icmp}


ALL = [*MADE, *RECORDED]


@pytest.mark.parametrize("name", ALL)
def test_read_agrees_with_tshark_field_by_field(name: str, look: Callable[[str], Seen]) -> None:
    """Every packet, every field, asked for by other names or in another form than the reader does."""
    seen = look(name)
    assert [expected(row) for row in seen.rows] == [actual(packet) for packet in seen.recording.packets]


@pytest.mark.parametrize("name", ALL)
def test_open_capture_agrees_with_tshark_on_records(name: str, look: Callable[[str], Seen]) -> None:
    """The walk through the file finds as many packets, each as long, and none cut short."""
    seen = look(name)
    found = open_capture(seen.path)
    assert [int(row["frame.cap_len"]) for row in seen.rows] == [length for _, length in found.packets]
    assert not found.cut


@pytest.mark.parametrize("name", MADE)
def test_read_keeps_the_time_that_was_written(name: str, look: Callable[[str], Seen]) -> None:
    """Micro- and nanoseconds, in both byte orders; a simple block of pcapng has no time."""
    timed = [packet.time for packet in look(name).recording.packets if packet.time]
    exact = [START + STEP * number / 1e9 for number in range(len(timed))]
    assert exact == pytest.approx(timed, rel=0, abs=1.5e-6)
    assert len(look(name).recording.packets) - len(timed) == name.startswith("pcapng")


@pytest.mark.parametrize("name", [*LINKED, "situations"])
def test_records_agree_with_what_was_written(name: str, look: Callable[[str], Seen], tmp_path: Path) -> None:
    """A pcap file taken apart and written again is the same file, whatever its link, order and unit."""
    path = look(name).path
    records.write(tmp_path / "again", records.read(open_capture(path)))
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_read_together_agrees_with_read(look: Callable[[str], Seen], tmp_path: Path) -> None:
    """Packet by packet, of recorded captures that are other seats' and of made ones, in one go."""
    nets = {moved(DATA / name, tmp_path, net): (net, name) for net, name in enumerate(RECORDED, 1)}
    own = {look(name).path: name for name in MADE}
    found = together([*nets, *own])
    for path, (net, name) in nets.items():
        assert [repr(p) for p in look(name).recording.packets] == [_back(p, net) for p in found[path].packets]
    for path, name in own.items():
        assert look(name).facts == found[path]


def _back(packet: Packet, net: int) -> str:
    """Return a packet in words, with the addresses that it had before it was another seat's."""
    return repr(packet).replace(f"10.99.{net}.", "10.77.5.").replace(f"fd78:{net:x}:", "fd77:5:")


def _talks(facts: Facts) -> list[tuple[str, int, int, tuple[int, ...]]]:
    """Return the conversations of a capture without their addresses."""
    return [
        (each.transport, each.client.port, each.server.port, each.packets) for each in facts.conversations
    ]


def test_facts_are_the_same_on_every_system(look: Callable[[str], Seen], tmp_path: Path) -> None:
    """Blocks, options, link types and snap lengths of Windows, macOS and Linux change no conversation."""
    files = {tmp_path / name: 100 + number for number, name in enumerate(COMPUTERS)}
    for path, net in files.items():
        path.write_bytes(written(COMPUTERS[path.name], packets_made.traffic(net)))
    found = together(files)
    wanted = _talks(look("ethernet-big-ns").facts)
    assert {path.name: wanted for path in files} == {path.name: _talks(found[path]) for path in files}
    assert not any(facts.cut or facts.problem or facts.truncated for facts in found.values())


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("name", [name for name in ALL if name != "short.pcap"])  # no whole header of TCP
def test_conversations_agree_with_tshark(name: str, transport: str, look: Callable[[str], Seen]) -> None:
    """As many as tshark counts, between the same ends; each has the packets of one of its streams."""
    seen = look(name)
    talks = [talk for talk in seen.facts.conversations if talk.transport == transport]
    ends = Counter(frozenset(f"{e.address}:{e.port}" for e in (talk.client, talk.server)) for talk in talks)
    assert seen.ends[transport] == ends
    streams: dict[str, list[int]] = {}
    for row in seen.rows:
        if _transport(row) == transport:
            streams.setdefault(row[f"{transport}.stream"], []).append(int(row["frame.number"]))
    assert sorted(map(tuple, streams.values())) == sorted(talk.packets for talk in talks)


def judged(talk: Conversation, first: int) -> tuple[object, ...]:
    """Return what is said of a conversation, whatever its addresses; packets counted from the `first`."""
    numbers = [talk.packets, talk.handshake, talk.fins, talk.closing, talk.data_packets, talk.icmp_errors]
    ports = talk.client.port, talk.server.port
    spans = [tuple(number - first for number in each) for each in numbers]
    return talk.transport, *ports, *spans, talk.client_bytes, talk.server_bytes, talk.closed_by


def whole(first: int) -> tuple[object, ...]:
    """Return what is to be said of `packets_made.exchange` that begins with that packet."""
    roles = [range(8), range(3), (5, 6), (5, 6, 7), (3, 4), ()]
    return "tcp", 40_000, 60_000, *(tuple(first + n for n in each) for each in roles), 3, 5, "fin"


TRAFFIC = [
    whole(0),
    whole(8),
    ("udp", 40_000, 60_000, (16, 17), (), (), (), (16, 17), (), 5, 9, ""),
    ("udp", 40_000, 60_001, (18,), (), (), (), (18,), (19,), 8, 0, ""),
    ("icmp", 0, 0, (20, 21), (), (), (), (), (), 0, 0, ""),
]
"""What is to be said of `packets_made.traffic`."""


def _addresses(net: int) -> list[tuple[str, str]]:
    four, six = (f"10.98.{net}.1", f"10.98.{net}.2"), (f"fd98:{net}::1", f"fd98:{net}::2")
    return [four, six, four, four, four]


@pytest.mark.parametrize("name", LINKED)
def test_facts_are_the_same_on_every_link(name: str, look: Callable[[str], Seen]) -> None:
    """The same exchange gives the same conversations, on Ethernet, with tags, cooked, raw, loopback."""
    talks = look(name).facts.conversations
    assert TRAFFIC == [judged(talk, 1) for talk in talks]
    assert _addresses(_net(LINKED[name][0])) == [(talk.client.address, talk.server.address) for talk in talks]


@pytest.mark.parametrize("name", ["pcapng-little", "pcapng-big"])
def test_facts_of_a_file_of_several_links(name: str, look: Callable[[str], Seen]) -> None:
    """Each interface of a pcapng file has its own link; the first, with a packet twice, is left out."""
    size = len(packets_made.traffic(1))
    talks = [t for t in look(name).facts.conversations if t.packets[0] > size]
    found = [judged(talk, 1 + talk.packets[0] // size * size) for talk in talks]
    assert TRAFFIC * (len(LINKS) - 1) == found


SITUATIONS = {
    60_000: ((0, 3, 2), (4,), 0, 3, "fin"),
    60_001: ((0, 1, 2), (3, 4, 5, 6, 8), 8, 0, "fin"),
    60_002: ((0, 1, 2), (3, 4), 6, 0, "fin"),
    60_003: ((0, 1, 2), (5,), 3, 0, "fin"),
    60_004: ((0, 1, 2), (3, 4), 3, 5, "fin"),
    60_005: ((0, 1, 2), (4,), 8, 0, "fin"),
    60_006: ((), (0,), 40, 0, ""),
    60_007: ((), (0,), 40, 0, ""),
    60_009: ((), (0,), 5, 0, ""),
    60_010: ((), (0,), 5, 0, ""),
    60_011: ((), (0,), 5, 0, ""),
    60_012: ((), (0,), 3, 0, ""),
    60_013: ((), (0,), 5, 0, ""),
    60_014: ((), (), 0, 0, ""),
    60_015: ((0, 1, 2), (3, 4, 5, 6, 8), 8, 0, "fin"),
}
"""By the server's port, the packets of the handshake and those of data (counted from the conversation's
first packet), the bytes each way, and how it ended: simultaneous open, retransmission, disorder, keep-alive,
numbers that begin anew, TCP in fragments, UDP in fragments of IPv4 and IPv6, options of IPv4, headers of
IPv6, no data, numbers that begin anew within data sent again. The fragments of
port 60008 lack their last one: it has no conversation."""


def test_facts_of_situations_name_each(look: Callable[[str], Seen]) -> None:
    """No other conversation is made of them."""
    ports = Counter(talk.server.port for talk in look("situations").facts.conversations)
    assert Counter(dict.fromkeys(SITUATIONS, 1)) == ports


@pytest.mark.parametrize("port", SITUATIONS)
def test_facts_of_a_situation(port: int, look: Callable[[str], Seen]) -> None:
    """Data is counted once: sent again, cut anew, in disorder, in fragments; a keep-alive is none."""
    [talk] = [talk for talk in look("situations").facts.conversations if talk.server.port == port]
    first = talk.packets[0]
    numbers = [tuple(number - first for number in each) for each in (talk.handshake, talk.data_packets)]
    assert SITUATIONS[port] == (*numbers, talk.client_bytes, talk.server_bytes, talk.closed_by)


@pytest.mark.parametrize(
    ("remark", "port"),
    [
        ("retransmission", 60_001),
        ("spurious_retransmission", 60_001),
        ("out_of_order", 60_002),
        ("keep_alive", 60_003),
    ],
)
def test_situations_have_what_tshark_remarks(remark: str, port: int, look: Callable[[str], Seen]) -> None:
    """The situations are what they are meant to be, by tshark's own analysis."""
    marked = {int(row["tcp.dstport"]) for row in look("situations").rows if row[f"tcp.analysis.{remark}"]}
    assert port in marked
