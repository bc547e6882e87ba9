"""The catalogue of faults that exercises may have: roles/faults/catalogue has a folder for each.

A lab names faults, and the role injects them (docs/authoring.md). A fault knows the side that it changes, the
roles that it needs, and the packets that it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sharklab import paths, yaml_file
from sharklab.lab.model import Exercise, LabContent, Text

FOLDER = paths.ROLES / "faults" / "catalogue"
ROUTER = "router"
"""The side of a host that stands between client and server."""


@dataclass(frozen=True)
class HostFault:
    """A fault of a host: its cause in words, and all that a lab has to know about it.

    `side` is the side that is changed: client, server or router. `needs` are the roles that each side must
    have, `networks` the number of networks of the changed host. Faults of one host whose `touches` share a
    word never meet. `breaks` are the effects that are lost. `lasts` is `both` (from now on), `now` (a reboot
    heals it) or `boot` (it shows after a reboot). `packets` are the patterns of knocks
    (`evidence.packets.knocks`) that a client's capture may show.
    """

    id: str
    title: Text
    side: str
    needs: Mapping[str, tuple[str, ...]]
    touches: frozenset[str]
    breaks: frozenset[str]
    level: int
    lasts: str
    packets: tuple[str, ...]
    networks: int = 1


@cache
def names() -> tuple[str, ...]:
    """Return the ids of all faults of the catalogue, sorted."""
    return tuple(sorted(file.parent.name for file in FOLDER.glob("*/meta.yml")))


@cache
def find(id: str) -> HostFault:
    """Return the fault of that id. Raises KeyError when the catalogue has none."""
    if id not in names():
        raise KeyError(id)
    data: Mapping[str, Any] = yaml_file.read((FOLDER / id / "meta.yml").read_text(encoding="utf-8")).data
    return HostFault(
        id=id,
        title=dict(data["title"]),
        side=data["host"],
        needs={side: tuple(roles) for side, roles in data["needs"].items()},
        touches=frozenset(data["touches"]),
        breaks=frozenset(data["breaks"]),
        level=data["level"],
        lasts=data["lasts"],
        packets=tuple(data["packets"]),
        networks=data.get("networks", 1),
    )


def host_of(lab: LabContent, exercise: Exercise, side: str) -> str:
    """Return the host that is this side of an exercise's conversation, or "" when there is none.

    The router is the host that shares a network with the client and another one with the server.
    """
    if exercise.conversation is None:
        return ""
    if side != ROUTER:
        return str(getattr(exercise.conversation, side))
    on = {host.name: frozenset(host.networks) for host in lab.hosts}
    near = on.get(exercise.conversation.client, frozenset())
    far = on.get(exercise.conversation.server, frozenset())
    between = (name for name, own in on.items() if own & (near - far) and own & (far - near))
    return next(between, "")


def hosts_of(lab: LabContent, exercise: Exercise) -> frozenset[str]:
    """Return the hosts that a fault of an exercise's lists may change."""
    listed = (find(fault) for faults in exercise.faults for fault in faults)
    return frozenset(host_of(lab, exercise, fault.side) for fault in listed)


def link(lab: LabContent, exercise: Exercise, host: str) -> str:
    """Return the network by which `host` meets the other side of an exercise's conversation.

    That is one that client and server share. Where they share none, it leads to the router.
    """
    own = lab.host(host).networks
    if exercise.conversation is None:
        return own[0]
    others = [name for name in (exercise.conversation.client, exercise.conversation.server) if name != host]
    router = host_of(lab, exercise, ROUTER)
    for other in (*others, *([router] if router and router != host else [])):
        for network in own:
            if network in lab.host(other).networks:
                return network
    return own[0]
