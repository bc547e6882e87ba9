"""Seats for tests of providers: two hosts, no roles, on the base image that tp4 uses.

As a script it brings one up, so that a test can kill it, or have it elsewhere:
provider_seat.py PLAN NAME NUMBER IMAGE BASE
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

from sharklab import paths, state
from sharklab.hosts import image, providers
from sharklab.hosts.image import RUN_ROLES
from sharklab.lab import load, needs
from sharklab.lab.model import Address, Host, Lab, Network, Plan, Seat
from tests.support.plans import plain

HOSTS = ("server", "client")


def bare(machine: bool = False) -> image.Layers:
    """Return tp4's base image, or that of its virtual machines, without any layer, built if there is none."""
    hosts = [host for host in load.read_named("tp4").hosts if host.needs or not machine]
    roles = {role for host in hosts for role in host.roles} | set(RUN_ROLES)
    packages = image.packages_of(roles, "Debian", kernel=needs.ROLES if machine else ())
    base = image.base("debian12", packages, print, machine)
    return image.Layers(base, base.folder)


def lab(folder: str) -> Lab:
    """Return a lab of the tests by its folder."""
    return load.read_named(folder)


def plan(name: str, number: int, hosts: tuple[str, ...] = HOSTS) -> Plan:
    """Return the plan of a seat named `name` in subnet `number` (1 to 250), with an id of tests only.

    Each test has a number of its own: others run beside it.
    """
    data = {"hosts": {host: {"title": {}, "networks": ["lan"], "roles": []} for host in hosts}}
    known = tuple(_host(host) for host in hosts)
    lab = Lab("bare", Path("/nowhere"), {}, {}, (Network("lan"),), known, (), data=data)
    addresses = {host: {"lan": _address(number, 10 + index)} for index, host in enumerate(hosts)}
    seat_id = f"7e57{number:04x}"
    return plain(lab, Seat("bare", name, seat_id, "", "", "", addresses, state.seat_folder("bare", name)))


def with_way_out(name: str, number: int) -> Plan:
    """Return such a plan with Internet access for the server, on `lan`; the client is on `inner`."""
    base = plan(name, number)
    server, client = base.hosts
    lab = replace(
        base.lab,
        networks=(Network("lan", internet=True), Network("inner")),
        hosts=(server, replace(client, networks=("inner",))),
    )
    inner = _address(number + 100, 11, "inner")
    seat = replace(base.seat, addresses={**base.seat.addresses, "client": {"inner": inner}})
    return replace(base, lab=lab, seat=seat)


PLANS = {"plain": plan, "with_way_out": with_way_out}


def script(kind: str, name: str, number: int, layers: image.Layers) -> tuple[list[str], dict[str, str]]:
    """Return command and environment that bring a seat up in its own process, on the image of `bare`."""
    source = paths.SOURCE.parent
    folders = [str(root.parent) for root in layers.image.roots]
    words = [sys.executable, __file__, kind, name, str(number), *folders]
    return words, {**os.environ, "PYTHONPATH": f"{source}:{source.parent}"}


def _host(name: str) -> Host:
    return Host(name, {}, ("lan",), ())


def _address(number: int, place: int, network: str = "lan") -> Address:
    return Address(
        network,
        IPv4Interface(f"10.250.{number}.{place}/24"),
        IPv6Interface(f"fd00:250:{number}::{place}/64"),
        f"02:00:00:00:{number:02x}:{place:02x}",
    )


if __name__ == "__main__":
    own, below = map(Path, sys.argv[4:])
    base = image.Image("debian12", "Debian", below)
    layers = image.Layers(image.Image("debian12", "Debian", own, base), own)
    providers.get("nspawn").up(PLANS[sys.argv[1]](sys.argv[2], int(sys.argv[3])), layers, print)
