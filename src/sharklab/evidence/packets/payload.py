"""Say in words which message a packet carries: DNS, NFS, DHCP; of other protocols in the words of tshark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

from sharklab.evidence.packets.model import Dns, Nfs, Packet
from sharklab.message import N_, Message
from sharklab.untrusted import clip

LONGEST = 200
"""Characters of tshark's own words on a message that are shown."""

_DHCP: Mapping[str, str] = {
    "Discover": N_("DHCP Discover: a host without an address asks all servers for one."),
    "Offer": N_("DHCP Offer: the server {source} offers an address."),
    "Request": N_("DHCP Request: a host asks for the address that it was offered, or had."),
    "ACK": N_("DHCP ACK: the server {source} lends the address; the host may use it now."),
    "NAK": N_("DHCP NAK: the server {source} refuses the address; the host has to begin anew."),
    "Release": N_("DHCP Release: {source} gives its address back."),
    "Decline": N_("DHCP Decline: a host refuses the address, since another host has it already."),
    "Inform": N_("DHCP Inform: {source} has an address and asks for the other settings only."),
}
"""The messages of DHCP by tshark's name for them (RFC 2131, section 3.1)."""


def content(packet: Packet) -> Iterator[Message]:
    """Yield a sentence for each message that tshark found in the data of a packet of TCP or UDP."""
    if packet.dns or packet.nfs:
        yield from map(_dns, packet.dns)
        yield from map(_nfs, packet.nfs)
        return
    if (
        packet.payload
        and packet.protocol not in ("", "TCP", "UDP")
        and not packet.info.rstrip().endswith(":")
    ):
        yield _dhcp(packet) or _tell(packet)
    if packet.server_name:
        yield Message(
            N_("In its ClientHello the client names the server: {name} (SNI)."), {"name": packet.server_name}
        )


def join_sentences(sentences: Iterable[Message]) -> Message:
    """Return the sentences one after the other."""
    return reduce(lambda all, one: Message("{all} {one}", {"all": all, "one": one}), sentences)


def _tell(packet: Packet) -> Message:
    values = {"protocol": packet.protocol, "info": clip(packet.info, LONGEST)}
    return Message(N_("{protocol}, in the words of tshark: {info}."), values)


def _dhcp(packet: Packet) -> Message | None:
    if packet.protocol != "DHCP":
        return None
    text = next((text for name, text in _DHCP.items() if packet.info.startswith(f"DHCP {name}")), None)
    return Message(text, {"source": packet.source.address}) if text else None


def _dns(message: Dns) -> Message:
    values = {"name": message.name, "type": message.type, "rcode": message.rcode, "answers": message.answers}
    if not message.response:
        return Message(N_("DNS question: which {type} has {name}?"), values)
    if message.answers:
        return Message(N_("DNS answer: {type} of {name} is {answers}."), values)
    return Message(N_("DNS answer: no {type} of {name} ({rcode})."), values)


def _nfs(message: Nfs) -> Message:
    """Return a call or a reply in words; the status of a reply is that of its last operation."""
    what = [*message.operations, *(f"({name})" for name in message.names)]
    values = {"operations": " ".join(what), "status": message.status or "OK"}
    if message.reply:
        return Message(N_("NFS reply: {operations}; status {status}."), values)
    return Message(N_("NFS call: {operations}."), values)
