"""The Internet access of a seat: its namespace is the gateway of the networks that ask for it.

It forwards to `OUTSIDE`, a tap device whose other end slirp4netns(1) holds: a process in a control group of
the seat's own that opens ordinary sockets on the machine. So the machine's own network has no address,
route, interface or rule of a lab, and nothing can come in. The hosts reach only the Internet
(gateway.nft): no private address, no other seat, no service of the machine; names are asked of the gateway.
"""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, collapse_addresses
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.providers import cgroups, network
from sharklab.lab import seat
from sharklab.lab.model import Plan, Seat
from sharklab.message import N_

TOOLS = ("slirp4netns", "nft")
OUTSIDE = "way-out"
"""The device's name, which no network of a lab can have."""

INNER = IPv4Network("10.0.2.0/24")
"""The network of slirp4netns itself: its numbers 2 and 3 are the next gateway and the name server.

No seat has it: subnets of seats begin at 10.16.0.0.
"""
NEXT, RESOLVER, OWN = INNER[2], INNER[3], IPv4Interface((INNER[100], INNER.prefixlen))

BLOCKED = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this machine (RFC 1122)
            "10.0.0.0/8",  # private (RFC 1918); all seats are in it
            "100.64.0.0/10",  # carriers' own (RFC 6598)
            "127.0.0.0/8",  # loopback (RFC 1122)
            "169.254.0.0/16",  # link-local (RFC 3927); clouds tell their machines' secrets there
            "172.16.0.0/12",  # private (RFC 1918)
            "192.0.0.0/24",  # protocols' own (RFC 6890)
            "192.168.0.0/16",  # private (RFC 1918)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "224.0.0.0/4",  # multicast (RFC 5771)
            "240.0.0.0/4",  # reserved, and broadcast (RFC 1112)
        ),
    )
)
"""Networks that are not part of the Internet."""

RULES = Path(__file__).with_name("gateway.nft")

# Only these interfaces forward. Frames that cross a bridge are not the gateway's, whatever modules the
# machine has (br_netfilter), and it answers for its own address on each network alone.
SETTINGS = """
cd /proc/sys/net
echo 0 >ipv4/ip_forward
[ ! -e bridge/bridge-nf-call-iptables ] || echo 0 >bridge/bridge-nf-call-iptables
for name; do
    echo 1 >"ipv4/conf/$name/forwarding"
    echo 1 >"ipv4/conf/$name/arp_ignore"
done
"""
KEEPER = 'exec "$@" 3>ready >slirp4netns.log 2>&1 </dev/null'
CUT_OFF = N_("cut off from the Internet")
"""The state of a running host whose Internet access has ended."""

LIMIT = 10.0
"""Seconds that slirp4netns may take to be ready."""

PAUSE = 0.02


def addresses(plan: Plan) -> Mapping[str, IPv4Interface]:
    """Return the gateway's address on each network that has Internet access, by the network's name."""
    ways = [network.name for network in plan.lab.networks if network.internet]
    return {
        name: seat.gateway(at[name].ipv4)
        for at in plan.seat.addresses.values()
        for name in ways
        if name in at
    }


def connect(plan: Plan) -> None:
    """Start or repair the gateway to the Internet that the lab asks for; if it asks for none, end it.

    Raises MachineryError with what slirp4netns said when it does not start.
    """
    ways, own = addresses(plan), network.namespace(plan.seat.id)
    if not ways:
        end(plan.seat)
        return
    process.require(*TOOLS)
    there = process.run(["ip", "-n", own, "-oneline", "link", "show"])
    process.run(["ip", "-n", own, "-batch", "-"], stdin="\n".join(_links(plan, ways, there)) + "\n")
    enter = ["nsenter", f"--net={network.NAMESPACES / own}", "--"]
    process.run([*enter, "nft", "-f", "-"], stdin=rules(ways, _machine()))
    process.run([*enter, "sh", "-ec", SETTINGS, "sh", *ways, OUTSIDE])
    if not cgroups.is_running(_unit(plan.seat)):
        _start(plan, ways)


def end(own: Seat) -> None:
    """End the seat's gateway to the Internet, if it has one."""
    cgroups.end(_unit(own))
    state.remove(_folder(own))


def cut_off(own: Seat) -> frozenset[str]:
    """Return the hosts whose Internet access has ended."""
    record = _folder(own) / "hosts"
    if not record.exists() or cgroups.is_running(_unit(own)):
        return frozenset()
    return frozenset(record.read_text().splitlines())


def explain_end(plan: Plan) -> MachineryError:
    """Return the error for a gateway to the Internet that has ended while it was needed."""
    return _failure(plan, N_("the Internet connection of the seat ended unexpectedly"))


def rules(ways: Mapping[str, IPv4Interface], machine: Iterable[IPv4Address]) -> str:
    """Return the gateway's rules for nft(8); `machine` has the addresses of the machine itself."""
    blocked = collapse_addresses([*BLOCKED, *map(IPv4Network, machine)])
    defined = {
        "inside": _set(f'"{name}"' for name in ways),
        "gateways": _set(str(address.ip) for address in ways.values()),
        "outside": f'"{OUTSIDE}"',
        "resolver": str(RESOLVER),
        "blocked": _set(map(str, blocked)),
    }
    return "".join(f"define {name} = {value}\n" for name, value in defined.items()) + RULES.read_text()


def _set(members: Iterable[str]) -> str:
    return f"{{ {', '.join(members)} }}"


def _machine() -> list[IPv4Address]:
    """Return the present addresses of this machine: hosts must not reach them either."""
    lines = process.run(["ip", "-4", "-oneline", "address", "show"]).splitlines()
    return [IPv4Interface(line.split()[3]).ip for line in lines]


def _links(plan: Plan, ways: Mapping[str, IPv4Interface], there: str) -> list[str]:
    """Return ip(8) batch commands for the gateway's interfaces; `there` is what `ip link` shows."""
    new = [f"tuntap add dev {OUTSIDE} mode tap", f"link set {OUTSIDE} addrgenmode none"]
    lines = [] if f" {OUTSIDE}: " in there else new
    lines += [f"address replace {OWN} dev {OUTSIDE}", f"link set {OUTSIDE} up"]
    lines += [f"route replace default via {NEXT} dev {OUTSIDE}"]
    for name, address in ways.items():
        # Else a bridge takes the least address of its ports, which changes when hosts come and go.
        lines += [f"link set {name} address {_mac(plan, name)}", f"address replace {address} dev {name}"]
    return lines


def _mac(plan: Plan, name: str) -> str:
    return "02:" + hashlib.sha256(f"{plan.seat.id} gateway {name}".encode()).digest().hex(":")[:14]


def _start(plan: Plan, ways: Mapping[str, IPv4Interface]) -> None:
    """Start slirp4netns in its control group and wait until it is at work."""
    end(plan.seat)
    folder = state.folder(_folder(plan.seat))
    hosts = [host.name for host in plan.hosts if set(host.networks) & set(ways)]
    state.write(folder / "hosts", "".join(f"{name}\n" for name in hosts))
    keeper = f"cd {shlex.quote(str(folder))} && {KEEPER}"
    process.run(
        [*cgroups.launcher(_unit(plan.seat)), "setsid", "--fork", "sh", "-c", keeper, "sh", *_slirp(plan)]
    )
    deadline = time.monotonic() + LIMIT
    while not (folder / "ready").exists() or not (folder / "ready").read_text():
        if not cgroups.is_running(_unit(plan.seat)) or time.monotonic() > deadline:
            raise _failure(plan, N_("the Internet connection of the seat did not start: {said}"))
        time.sleep(PAUSE)


def _slirp(plan: Plan) -> list[str | Path]:
    """Return the command of slirp4netns; the reason for each option stands beside it."""
    return [
        # Its sandbox drops all mounts that it sees: other processes must keep theirs, and namespaces that
        # are deleted meanwhile must not live on in the sandbox.
        *("unshare", "--mount", "--propagation", "slave"),
        "slirp4netns",
        "--netns-type=path",
        f"--cidr={INNER}",
        "--ready-fd=3",
        "--disable-host-loopback",  # once more: gateway.nft lets nothing get there
        "--enable-sandbox",  # no capability, a read-only root with /etc and /run alone
        "--enable-seccomp",
        network.NAMESPACES / network.namespace(plan.seat.id),
        OUTSIDE,
    ]


def _failure(plan: Plan, sentence: str) -> MachineryError:
    said = process.last_lines(_log(plan.seat).read_text(errors="replace")) if _log(plan.seat).exists() else ""
    return MachineryError(
        sentence,
        place=str(_log(plan.seat)),
        hint=N_("restore it with: sharklab up {lab}"),
        said=said,
        lab=plan.lab.name,
    )


def _log(own: Seat) -> Path:
    return _folder(own) / "slirp4netns.log"


def _unit(own: Seat) -> str:
    """Return the name of the control group; no host's name begins so."""
    return network.namespace(own.id, "_internet")


def _folder(own: Seat) -> Path:
    return own.folder / "internet"
