"""Find the real state of a port of a matrix from the sockets, the firewall's rules, and the wire.

None of them is enough alone: rules that let packets in do not tell whether a program listens, and a RST may
come from a closed port or from a firewall. Each is a witness for the states that the port may have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sharklab.checks import phrases
from sharklab.checks.context import Context
from sharklab.checks.host_rules import read_zone
from sharklab.checks.openings import Zone
from sharklab.checks.outcome import Reference
from sharklab.checks.rules import FirstPacket, by_ruleset, by_zone
from sharklab.evidence.packets.knocks import Knock, Pattern
from sharklab.evidence.packets.model import Endpoint
from sharklab.evidence.run_folder import ProbeResult, SocketLine
from sharklab.evidence.sockets import Socket, sockets
from sharklab.lab import matrices
from sharklab.lab.matrices import FIREWALL, NFT, SOCKETS
from sharklab.lab.model import Matrix
from sharklab.message import N_, Message

ALL = frozenset({"closed", "rejected", "reset", "prohibited", "dropped", "open"})
_PROHIBITED = frozenset({(3, 9), (3, 10), (3, 13)})
"""ICMP types and codes by which a firewall says that it is not allowed (RFC 1122 3.2.2.1, RFC 1812)."""
_OPEN = frozenset({"open"})
_BY_PATTERN = {
    "syn_rst": frozenset({"closed", "reset"}),
    "syn_icmp 3/3": frozenset({"rejected"}),
    "syn_retries": frozenset({"dropped"}),
    **dict.fromkeys(("handshake", "handshake_fin", "handshake_rst", "synack_rst", "udp_answer"), _OPEN),
    "udp_icmp 3/3": frozenset({"closed", "rejected"}),
    "udp_silence": frozenset({"dropped", "open"}),
}


@dataclass(frozen=True)
class Witness:
    """A source that limits the states of a port, and its evidence."""

    name: Message
    states: frozenset[str]
    evidence: Reference

    @property
    def said(self) -> Message:
        """The states in words."""
        values = [phrases.state(state) for state in phrases.STATES if state in self.states]
        if not values:
            return Message(N_("{source} says nothing"), {"source": self.name})
        if len(ALL - self.states) == 1:
            [other] = ALL - self.states
            return Message(
                N_("{source} says not {state}"), {"source": self.name, "state": phrases.state(other)}
            )
        return Message(N_("{source} says {values}"), {"source": self.name, "values": phrases.either(values)})


@dataclass(frozen=True)
class Ports:
    """The records of a matrix's server about its ports; empty if it has none."""

    matrix: Matrix
    sockets: tuple[Socket, ...]
    zone: Zone
    ruleset: str

    def witnesses(self, port: int, sent: Knock, seen: Knock) -> tuple[Witness, ...]:
        """Return the witnesses for `port`; its packets are `sent` by the client, `seen` by the server."""
        return (*self._listener(port), *self._rules(port), *self._wire(sent, seen))

    def _listener(self, port: int) -> Iterator[Witness]:
        place, transport = Endpoint(self.matrix.address, port), self.matrix.transport
        listens = any(each.transport == transport and each.serves(place) for each in self.sockets)
        states = ALL - {"closed" if listens else "open"} if self.sockets else frozenset()
        yield Witness(Message("ss"), states, self._refer(SOCKETS))

    def _rules(self, port: int) -> Iterator[Witness]:
        """Yield the witnesses from the rules; a host may lack the command nft, or firewalld."""
        packet = FirstPacket(self.matrix.network, self.matrix.transport, port)
        if self.zone or not self.ruleset:
            yield Witness(Message("firewalld"), by_zone(self.zone, packet), self._refer(FIREWALL))
        if self.ruleset:
            yield Witness(Message("nft"), by_ruleset(self.ruleset, packet), self._refer(NFT))

    def _wire(self, sent: Knock, seen: Knock) -> Iterator[Witness]:
        """Yield the server's answer to the client's packets as a witness, if the client sent any."""
        if sent.packets:
            capture = matrices.capture_id(self.matrix.id, "server")
            name = Message(N_("capture {capture}"), {"capture": capture})
            yield Witness(name, by_pattern(seen.pattern), Reference(capture=capture, packets=seen.packets))

    def _refer(self, name: str) -> Reference:
        return Reference(probe=matrices.witness_id(self.matrix.id, name), host=self.matrix.server)


def ports(context: Context, matrix: Matrix) -> Ports:
    """Return the records of the run about the ports of `matrix` on its server."""
    listening, firewall, nft = (
        _output_of(context.probe(matrices.witness_id(matrix.id, name))) for name in (SOCKETS, FIREWALL, NFT)
    )
    lines = (SocketLine(matrix.server, line, 0.0, 0.0) for line in listening.splitlines())
    return Ports(matrix, sockets(lines), read_zone(firewall), nft)


def _output_of(result: ProbeResult | None) -> str:
    """Return the output of a probe, or "" if it failed or is cut."""
    return result.stdout if result and result.exit_code == 0 and not result.truncated else ""


def certain(witnesses: tuple[Witness, ...], state: str) -> bool:
    """Tell whether the witnesses leave `state` and no other."""
    return frozenset.intersection(ALL, *(witness.states for witness in witnesses)) == {state}


def by_pattern(pattern: Pattern) -> frozenset[str]:
    """Return the states of a port that answers so; none when no state does."""
    prohibited = pattern.icmp in _PROHIBITED and pattern.name in ("syn_icmp", "udp_icmp")
    return frozenset({"prohibited"}) if prohibited else _BY_PATTERN.get(str(pattern), frozenset())
