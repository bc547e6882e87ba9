"""The network of a seat: everything is in network namespaces of its own (network_namespaces(7)).

`sl-<seat id>` holds one bridge per network of the lab, and the bridge `mgmt`, the controller's way
in. Each host has a namespace `sl-<seat id>-<host>`, joined to those bridges by veth pairs that are
made inside the namespaces: the machine's own namespace never shows a part of a lab.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Interface
from pathlib import Path

from sharklab import process
from sharklab.errors import InputError, MachineryError
from sharklab.lab.model import Host, Plan
from sharklab.message import N_

MANAGEMENT = "mgmt"
# The same in every seat, link-local (RFC 3927): only the hosts of the seat see it.
CONTROLLER = IPv4Interface("169.254.77.1/24")
NAMESPACES = Path("/run/netns")
BRIDGE = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
# Hosts that boot are asked every 50 ms whether they are there, not every second.
NO_ROUTER = "echo 0 >/proc/sys/net/ipv4/ip_forward"
NEIGHBOURS = f"ntable change name arp_cache dev {MANAGEMENT} retrans 50"


def namespace(seat_id: str, host: str = "") -> str:
    """Return the name of the seat's namespace, or of that of one host."""
    return f"sl-{seat_id}-{host}" if host else f"sl-{seat_id}"


def management_address(plan: Plan, host: Host) -> IPv4Interface:
    """Return where the controller reaches `host`: by the host's place in the lab."""
    return IPv4Interface((int(CONTROLLER.ip) + 10 + plan.hosts.index(host), CONTROLLER.network.prefixlen))


def build(plan: Plan) -> None:
    """Create the seat's namespace with its bridges again. Raises MachineryError if that fails."""
    own = namespace(plan.seat.id)
    if exists(own):
        delete(own)
    process.run(["ip", "netns", "add", own])
    # It has the settings of the machine, which may be a router: no host reaches another's `mgmt` through it.
    process.run(["nsenter", f"--net={NAMESPACES / own}", "--", "sh", "-ec", NO_ROUTER])
    process.run(["ip", "-n", own, "-batch", "-"], stdin="\n".join(_bridges(plan)) + "\n")


def exists(name: str) -> bool:
    """Tell whether there is a namespace of that name."""
    return (NAMESPACES / name).exists()


def cable_commands(plan: Plan, host: Host) -> str:
    """Return ip(8) batch commands that join the host's namespace to the bridges."""
    own = namespace(plan.seat.id, host.name)
    lines: list[str] = []
    for port, network, mac in ports(plan, host):
        # No segmentation offload: a capture shows the packets that a real wire would carry.
        peer = f"peer name {network} address {mac} gso_max_segs 1 netns {own}"
        lines += [f"link add {port} type veth {peer}", *_plug_port(port, network)]
    return "\n".join(lines) + "\n"


def make_taps(plan: Plan, host: Host) -> None:
    """Make the host's ends of its cables anew, for a virtual machine that is started in the seat's namespace.

    Raises MachineryError when that fails.
    """
    own = namespace(plan.seat.id)
    there = process.run(["ip", "-n", own, "-oneline", "link", "show"])
    lines: list[str] = []
    for port, network, _ in ports(plan, host):
        if f" {port}: " in there:
            lines += [f"link delete {port}"]
        lines += [f"tuntap add dev {port} mode tap vnet_hdr", *_plug_port(port, network)]
    process.run(["ip", "-n", own, "-batch", "-"], stdin="\n".join(lines) + "\n")


def tap(plan: Plan, port: str) -> str:
    """Return the name that a port has in the machine's own namespace, in which libvirt opens it."""
    return f"{plan.seat.id}{port}"


def take_taps(plan: Plan, host: Host) -> None:
    """Take the taps that libvirt opened for the host into the seat's namespace, and plug them in there.

    A process that has a tap open keeps it open, wherever the device is moved. Raises MachineryError when
    that fails.
    """
    own = namespace(plan.seat.id)
    there = process.run(["ip", "-n", own, "-oneline", "link", "show"])
    for port, network, _ in ports(plan, host):
        if f" {port}: " in there:
            process.run(["ip", "-n", own, "link", "delete", port])
        process.run(["ip", "link", "set", tap(plan, port), "netns", own, "name", port])
        process.run(["ip", "-n", own, "-batch", "-"], stdin="\n".join(_plug_port(port, network)) + "\n")


def ports(plan: Plan, host: Host) -> list[tuple[str, str, str]]:
    """Return port of the bridge, network and MAC address of each of the host's interfaces, ours first."""
    number = plan.hosts.index(host)
    return [
        (f"p{number}n{index}", network, _mac(plan, host, network))
        for index, network in enumerate((MANAGEMENT, *host.networks))
    ]


def _plug_port(port: str, network: str) -> list[str]:
    """Return the ip(8) commands that plug a port into the bridge of a network."""
    isolated = [f"link set {port} type bridge_slave isolated on"] if network == MANAGEMENT else []
    return [
        f"link set {port} addrgenmode none",
        f"link set {port} master {network}",
        *isolated,
        f"link set {port} up",
    ]


def namespaces(seat_id: str) -> list[str]:
    """Return the names of all namespaces of a seat that are there, the hosts' first."""
    own = namespace(seat_id)
    hosts = [path.name for path in NAMESPACES.glob(f"{own}-*")]
    return [*sorted(hosts), *([own] if exists(own) else [])]


def delete(name: str) -> None:
    """Kill what still runs in a namespace and remove it with all interfaces in it.

    Another command may have removed it meanwhile. Raises MachineryError if it is still there at the end.
    """
    for pid in _processes(name):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    try:
        process.run(["ip", "netns", "delete", name])
    except MachineryError:
        if exists(name):
            raise


def check(plan: Plan) -> None:
    """Raise InputError when a network's name cannot be an interface's."""
    for network in plan.lab.networks:
        if network.name in (MANAGEMENT, "lo") or len(network.name) > 15:
            raise InputError(
                N_("a network cannot be named {name!r}"),
                place=f"networks.{network.name}",
                hint=N_("use at most 15 characters; the names mgmt and lo are reserved"),
                name=network.name,
            )


def _bridges(plan: Plan) -> Iterator[str]:
    for name in (MANAGEMENT, *(network.name for network in plan.lab.networks)):
        yield f"link add {name} {BRIDGE}"
        # The bridge itself sends nothing, so that captures contain no packets of its own.
        yield f"link set {name} addrgenmode none"
        yield f"link set {name} up"
    yield f"addr add {CONTROLLER} dev {MANAGEMENT}"
    yield NEIGHBOURS
    yield "link set lo up"


def _mac(plan: Plan, host: Host, network: str) -> str:
    if network == MANAGEMENT:
        return f"02:00:a9:fe:4d:{management_address(plan, host).ip.packed[3]:02x}"
    return plan.seat.address(host.name, network).mac


def _processes(name: str) -> Iterator[int]:
    """Yield the processes that are in a namespace."""
    with suppress(FileNotFoundError):
        own = (NAMESPACES / name).stat()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.path.samestat((folder / "ns/net").stat(), own):
                    yield int(folder.name)
