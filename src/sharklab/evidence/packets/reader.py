"""Read captures with tshark: in a box, within limits, several at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from sharklab.errors import InputError, MachineryError, SharklabError
from sharklab.evidence.packets import box, container, dissection
from sharklab.evidence.packets.container import Container
from sharklab.evidence.packets.model import DecodedCapture, Packet
from sharklab.limits import TOOL, ToolLimits
from sharklab.message import N_, NN_

READERS = {
    container.PCAP: "Wireshark/tcpdump/... - pcap",
    container.PCAPNG: "Wireshark/... - pcapng",
}
DECODE_AS = ("tcp.port==2049,rpc", "tcp.port==53,dns", "udp.port==53,dns")
"""Ports whose meaning is fixed here, because tshark believes the lower port of the two: an NFS client
on port 862 would show as TWAMP (clients of NFS take a port below 1024)."""
DECODERS = tuple(part for rule in DECODE_AS for part in ("-d", rule))


def read(capture: Container, limits: ToolLimits = TOOL) -> DecodedCapture:
    """Return the packets of a capture; of one that is cut short, those that are whole.

    tshark does not see a capture without a whole packet: it refuses one that ends in its header.
    Raises InputError when tshark needs more than `limits` allow for it, or cannot read it though it reads
    others; MachineryError when tshark is missing or broken.
    """
    if not capture.packets:
        return DecodedCapture((), capture.cut)
    try:
        return _read(capture, limits)
    except MachineryError as error:
        if not _works(limits):
            raise
        hint = N_("record it anew with tcpdump -w, or save it from Wireshark")
        raise InputError(
            error.message_id, place=error.place, hint=hint, problems=(), **error.values
        ) from error


def _read(capture: Container, limits: ToolLimits) -> DecodedCapture:
    with box.run("tshark", _options(capture.format), capture.path, limits, capture.whole) as output:
        packets = tuple(_packets(capture.path, output))
    if len(packets) < len(capture.packets):
        raise MachineryError(
            NN_("tshark read {read} of {count} packet", "tshark read {read} of {count} packets"),
            place=str(capture.path),
            hint=box.REPAIR,
            tool="tshark",
            read=len(packets),
            count=len(capture.packets),
        )
    return DecodedCapture(packets, capture.cut)


def _works(limits: ToolLimits) -> bool:
    """Tell whether tshark reads a capture that is sound: where it does, another one is at fault."""
    with NamedTemporaryFile(suffix=".pcap") as file:
        file.write(SOUND)
        file.flush()
        try:
            return len(_read(container.open_capture(Path(file.name)), limits).packets) == 1
        except SharklabError:
            return False


SOUND = (
    bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
    + bytes.fromhex("00000000 00000000 2a000000 2a000000")
    + bytes.fromhex("ffffffffffff 020000000001 0806 0001 0800 06 04 0001")
    + bytes.fromhex("020000000001 c0000201 000000000000 c0000202")
)
"""A pcap file of one packet: an ARP request (RFC 826) between addresses of documentation (RFC 5737)."""


def _options(format: str) -> list[str]:
    """Return the options of tshark(1) that print our fields of a capture in `format`, a line per packet."""
    fields = [part for field in dissection.FIELDS for part in ("-e", field)]
    return [*source(format), "-o", dissection.COLUMNS, "-T", "ek", *fields]


def source(format: str) -> list[str]:
    """Return the options by which tshark reads a capture in `format` from standard input."""
    return ["-n", "-r", "-", "-X", f"read_format:{READERS[format]}", *DECODERS]


def _packets(path: Path, output: IO[bytes]) -> Iterator[Packet]:
    """Yield the packet of each line; Elasticsearch's index lines stand between them."""
    for line in output:
        try:
            layers = json.loads(line.decode(errors="replace")).get("layers")
            if layers:
                yield dissection.packet({_name_of_field(name): values for name, values in layers.items()})
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise MachineryError(
                N_("tshark printed something other than packets"),
                place=str(path),
                hint=box.REPAIR,
                tool="tshark",
            ) from error


_DOTTED = {field.replace(".", "_"): field for field in dissection.FIELDS}


def _name_of_field(name: str) -> str:
    """Return the field's own name: this output format writes its dots as underscores."""
    return _DOTTED.get(name, name)
