"""What students hand in who are stuck: for each hint of the shipped labs a situation in which it is given."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sharklab.checks.nfs import GOOD
from sharklab.evidence.packets.model import Dns, Facts, Icmp, Nfs, Packet
from sharklab.lab import load, seat
from sharklab.lab.model import Exercise, Plan
from sharklab.lab.plan import make_plan
from sharklab.message import Message
from tests.support import host_state
from tests.support.packets_sample import packet, shown

STRANGERS = ("192.0.2.1", "192.0.2.2")
"""Addresses of no seat (RFC 5737)."""
LOCAL = 40_001
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
"""A pcap file without a packet: what it would show is told beside it."""


@cache
def plan(name: str) -> Plan:
    """Return the plan of a shipped lab for a seat."""
    lab = load.read_named(name)
    return make_plan(lab, seat.derive(lab, "alice", bytes(range(32))))


@dataclass(frozen=True)
class Stuck:
    """What is handed in for one exercise: what its captures show, its answers, what hosts are like."""

    captures: Mapping[str, Facts] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where situations are made: an exercise of a plan, the ends of its conversation, its port."""

    plan: Plan
    exercise: Exercise

    @property
    def ends(self) -> tuple[str, str]:
        """The addresses of client and server, or else of the first two hosts, on the capture's network."""
        talk, network = self.exercise.conversation, self.exercise.captures[0].network
        hosts = (talk.client, talk.server) if talk else tuple(self.plan.seat.addresses)[:2]
        client, server = (str(self.plan.seat.address(name, network).ipv4.ip) for name in hosts)
        return client, server

    def one(self, arrow: str, *flags: str, **values: Any) -> Packet:
        """Return a packet of the exercise's conversation."""
        talk = self.exercise.conversation
        port = (talk.port if talk else 0) or 60_000
        return packet(arrow, *flags, **{"ends": self.ends, "local": LOCAL, "port": port, **values})

    def whole(self) -> list[Packet]:
        """Return a connection from its SYN to its last ACK, with data both ways."""
        return [
            self.one(">", "SYN"),
            self.one("<", "SYN", "ACK", ack=1),
            self.one(">", "ACK", seq=1, ack=1),
            self.one(">", "PSH", "ACK", seq=1, ack=1, payload=3),
            self.one("<", "PSH", "ACK", seq=1, ack=4, payload=5),
            self.one(">", "FIN", "ACK", seq=4, ack=6),
            self.one("<", "FIN", "ACK", seq=6, ack=5),
            self.one(">", "ACK", seq=5, ack=7),
        ]

    def datagrams(self) -> list[Packet]:
        """Return a datagram each way."""
        return [self.one(">", payload=3), self.one("<", payload=3)]

    def exchange(self) -> list[Packet]:
        """Return data both ways, over what the exercise asks for."""
        talk = self.exercise.conversation
        return self.whole() if talk and talk.transport == "tcp" else self.datagrams()

    def showing(self, packets: Iterable[Packet], **others: Any) -> Stuck:
        """Return what is handed in when each capture of the exercise shows these packets."""
        facts = shown(packets)
        return Stuck({capture.id: facts for capture in self.exercise.captures}, **others)


Situation = Callable[[Bench], Stuck]


def elsewhere(bench: Bench) -> Stuck:
    """Return a capture of a connection of somebody else's."""
    return bench.showing(
        [packet(">", "SYN", ends=STRANGERS), packet("<", "SYN", "ACK", ack=1, ends=STRANGERS)]
    )


def empty(bench: Bench) -> Stuck:
    """Return captures without a packet."""
    return bench.showing([])


def one_empty(capture: str) -> Situation:
    """Return the situation that of several captures one is empty, and the others show a SYN alone."""
    return lambda bench: Stuck({**unanswered(bench).captures, capture: shown([])})


def unreadable(bench: Bench) -> Stuck:
    """Return files that are no captures."""
    nothing = Facts(problem=Message("the file is not a pcap or pcapng capture"))
    return Stuck({capture.id: nothing for capture in bench.exercise.captures})


def datagrams(bench: Bench) -> Stuck:
    """Return datagrams both ways, and nothing else."""
    return bench.showing(bench.datagrams())


def one_way(bench: Bench) -> Stuck:
    """Return datagrams that nobody answers."""
    return bench.showing([bench.one(">", payload=3)])


def begun_late(bench: Bench) -> Stuck:
    """Return a connection whose opening was not recorded."""
    return bench.showing(bench.whole()[3:])


def unanswered(bench: Bench) -> Stuck:
    """Return a SYN without an answer."""
    return bench.showing(bench.whole()[:1])


def cut_off(bench: Bench) -> Stuck:
    """Return a connection that the client ends with a RST."""
    return bench.showing([*bench.whole()[:5], bench.one(">", "RST", "ACK", seq=4, ack=6)])


def ended_early(bench: Bench) -> Stuck:
    """Return a connection whose end was not recorded."""
    return bench.showing(bench.whole()[:5])


def whole(bench: Bench) -> Stuck:
    """Return a whole connection, and no answers."""
    return bench.showing(bench.whole())


def crowded(bench: Bench) -> Stuck:
    """Return an exchange, and a packet of somebody else's."""
    return bench.showing([*bench.datagrams(), packet(">", "SYN", ends=STRANGERS)])


def headers_alone(bench: Bench) -> Stuck:
    """Return a connection of which the snap length left the headers."""
    return bench.showing(replace(each, captured=each.length - 1) for each in bench.whole())


def mixed_up(question: str, given: Callable[[Bench], object]) -> Situation:
    """Return the situation that one end was taken for the other in the answer to `question`."""
    return lambda bench: bench.showing(bench.exchange(), answers={question: given(bench)})


def caller(bench: Bench) -> object:
    """Return the client's address."""
    return bench.ends[0]


def local_port(bench: Bench) -> object:
    """Return the client's port."""
    return LOCAL


def server_port(bench: Bench) -> object:
    """Return the server's port."""
    return bench.one(">").destination.port


def of_host(name: str, **values: Any) -> Situation:
    """Return the situation that a host is like that."""
    return lambda bench: Stuck(state={name: host_state.seen(**values)})


def of_host_and(situation: Situation, name: str, **values: Any) -> Situation:
    """Return both: what was captured, and what a host is like."""
    return lambda bench: replace(situation(bench), state={name: host_state.seen(**values)})


def unlike(name: str) -> Situation:
    """Return the situation that a host's firewall has a rule in force only."""
    return of_host(
        name, firewall={"runtime": host_state.zone(ports="1/tcp"), "permanent": host_state.zone(active="")}
    )


def mounted(bench: Bench) -> Stuck:
    """Return a client with the share mounted, and nothing in its fstab."""
    share = bench.plan.seat.share
    mounts = [{"path": f"/mnt/{share}", "device": f"{bench.ends[1]}:/srv/{share}", "type": "nfs4"}]
    return Stuck(state={"client": host_state.seen(mounts=mounts, fstab=[])})


def calling(*operations: str) -> Situation:
    """Return the situation that NFS did these operations alone, all well."""

    def situation(bench: Bench) -> Stuck:
        call = Nfs("1", False, operations, "")
        reply = Nfs("1", True, operations, GOOD, statuses=(GOOD,) * len(operations))
        asked = replace(bench.one(">", "PSH", "ACK", seq=1, ack=1, payload=3), nfs=(call,))
        told = replace(bench.one("<", "PSH", "ACK", seq=1, ack=4, payload=5), nfs=(reply,))
        return bench.showing([asked, told])

    return situation


def asking(type: str, prefix: str = "") -> Situation:
    """Return the situation that the DNS was asked for one type, of the seat's domain or a name in it."""

    def situation(bench: Bench) -> Stuck:
        name = prefix + bench.plan.seat.domain
        question = replace(bench.one(">", payload=3), dns=(Dns(1, False, name, type, "", ()),))
        answer = replace(
            bench.one("<", payload=3), dns=(Dns(1, True, name, type, "NOERROR", ("192.0.2.9",)),)
        )
        return bench.showing([question, answer])

    return situation


def knocked(capture: str, *answers: tuple[str, ...]) -> Situation:
    """Return the situation that one capture shows a SYN and what came after it, the others a SYN alone."""

    def situation(bench: Bench) -> Stuck:
        first, *rest = (
            bench.one(">", "SYN"),
            *(bench.one(arrow, *flags, seq=int(arrow == ">"), ack=1) for arrow, *flags in answers),
        )
        return Stuck({**bench.showing([first]).captures, capture: shown([first, *rest])})

    return situation


def scanning(ports: int) -> Situation:
    """Return the situation that so many ports get a SYN, and nothing looked for the host before."""
    return lambda bench: bench.showing(bench.one(">", "SYN", port=port) for port in range(1, ports + 1))


def pings(bench: Bench) -> Stuck:
    """Return one echo request with its reply."""
    return bench.showing(
        replace(bench.one(arrow), transport="icmp", icmp=Icmp(type, 0))
        for arrow, type in ((">", 8), ("<", 0))
    )
