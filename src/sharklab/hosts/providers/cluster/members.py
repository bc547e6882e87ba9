"""The machines of a cluster: their state and memory.

A member that has died is `Offline` after the cluster's threshold. Until then a list of instances waits for
it; after that the list is quick, and a call that needs the member fails after 10 s. So ask for the members
first, and call those that are `ready`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sharklab.hosts.providers.cluster.model import Member, MemberStatus, Plain, Resources
from sharklab.hosts.providers.cluster.transport import SECONDS, Transport

ALONE = "none"
"""The name that the engine gives the only member of a server without a cluster."""

SILENCE = re.compile(r"No heartbeat for (?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?P<seconds>[\d.]+)s\b")
"""The engines' sentence about a member that is offline, with Go's words for a duration."""


class Members:
    """The machines of the cluster; a server without a cluster counts as its only member."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> Sequence[Member]:
        """Return every member, by its name; those that do not answer, too."""
        if not self._transport.get("/1.0/cluster")["enabled"]:
            return [_alone(self._transport.get("/1.0"))]
        found = self._transport.get("/1.0/cluster/members", recursion=1)
        return sorted(map(_member, found), key=lambda one: one.name)

    def resources(self, name: str, *, limit: float = SECONDS) -> Resources:
        """Return the memory and the processors of a member. Raises EngineRefusal if it does not answer."""
        said = self._transport.get("/1.0/resources", limit=limit, **target(name))
        memory = said["memory"]
        return Resources(int(memory["total"]), int(memory["used"]), int(said["cpu"]["total"]))


def target(name: str) -> dict[str, Any]:
    """Return the query that sends a request to a member; a server without a cluster takes none."""
    return {} if name in ("", ALONE) else {"target": name}


def _member(said: Plain) -> Member:
    return Member(
        name=said["server_name"],
        status=MemberStatus.of(said["status"]),
        said=said.get("message", ""),
        address=said.get("url", ""),
        architecture=said.get("architecture", ""),
        config=said.get("config") or {},
        silence=_silence(said.get("message", "")),
    )


def _silence(sentence: str) -> float:
    """Return the seconds without a heartbeat that a sentence names, 0.0 if it names none."""
    found = SILENCE.search(sentence)
    if not found:
        return 0.0
    hours, minutes = (int(found[name] or 0) for name in ("hours", "minutes"))
    return 3600.0 * hours + 60.0 * minutes + float(found["seconds"])


def _alone(said: Plain) -> Member:
    about = said["environment"]
    return Member(
        name=ALONE,
        status=MemberStatus.ONLINE,
        said="",
        address="",
        architecture=about["kernel_architecture"],
        config={},
    )
