"""Attempts at the networks of others: of other seats, of the other hosts, of the controller."""

from __future__ import annotations

import errno
import socket
import struct
import subprocess
import sys
from contextlib import suppress

from .attempt import attempt

CONTROLLER = "169.254.77.1"


@attempt
def networks_of_others() -> str:
    """see an interface of the server or of another seat, to capture there or to send raw packets"""
    own = {"lo", *sys.argv[1].split(",")}
    return ", ".join(name for _, name in socket.if_nameindex() if name not in own)


@attempt
def addresses_of_others() -> str:
    """answer for, or find, another seat by ARP, or get an address by DHCP"""
    for name in sys.argv[1].split(","):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
            wire.bind((name, 0))
            own = wire.getsockname()[4]
            neighbours = sys.argv[2].split(",") if name == "mgmt" else []
            targets = [*neighbours, "10.250.1.10", "10.16.0.10", "10.0.2.3", "192.168.1.1"]
            for target in targets:
                arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + own + bytes(4) + bytes(6)
                wire.send(b"\xff" * 6 + own + b"\x08\x06" + arp + socket.inet_aton(target))
            wire.send(discover(own))
            wire.settimeout(0.5)
            with suppress(OSError):
                while True:
                    frame = wire.recv(2048)
                    is_arp = frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x02"
                    if is_arp and frame[:6] == own and socket.inet_ntoa(frame[28:32]) in targets:
                        return f"{name}: {socket.inet_ntoa(frame[28:32])}"
                    if (
                        frame[12:14] == b"\x08\x00"
                        and frame[23] == 17
                        and frame[34:38] == b"\x00\x43\x00\x44"
                    ):
                        return f"{name}: DHCP"
    return ""


def discover(own: bytes) -> bytes:
    """Return a DHCPDISCOVER (RFC 2131) as an Ethernet frame, without a checksum of UDP (RFC 768)."""
    dhcp = struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x5EA1, 0, 0x8000) + bytes(16) + own + bytes(10 + 192)
    dhcp += b"\x63\x82\x53\x63\x35\x01\x01\xff"
    udp = struct.pack("!HHHH", 68, 67, 8 + len(dhcp), 0) + dhcp
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    return b"\xff" * 6 + own + b"\x08\x00" + head + udp


@attempt
def management_of_others() -> str:
    """reach another host over the management network, directly or through the controller"""
    for neighbour in sys.argv[2].split(","):
        for way in ([], [f"{neighbour}/32", "via", CONTROLLER]):
            if way:
                subprocess.run(["ip", "route", "add", *way], check=True)
            answer = knock(neighbour, 22)
            if way:
                subprocess.run(["ip", "route", "del", *way], check=True)
            if answer:
                return f"{neighbour} {answer}"
    return ""


@attempt
def services_of_the_controller() -> str:
    """reach a service of the controller over the management network"""
    for port in (*range(1, 1025), 2049, 3000, 5000, 5900, 6010, 6379, 8000, 8080, 9090):
        if knock(CONTROLLER, port) == "open":
            return str(port)
    return ""


def knock(address: str, port: int) -> str:
    """Return "open" or "closed" if something answers, else ""."""
    with socket.socket() as probe:
        probe.settimeout(0.7)
        code = probe.connect_ex((address, port))
    return {0: "open", errno.ECONNREFUSED: "closed"}.get(code, "")
