"""Read the lines of `ss -Htunap` (ss(8), iproute2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sharklab.evidence.packets.model import Endpoint
from sharklab.evidence.run_folder import SocketLine

ANY_IPV4, ANY_IPV6, ANY_BOTH = "0.0.0.0", "::", "*"  # noqa: S104 (as ss writes them; nothing is bound)
ANY = frozenset({ANY_IPV4, ANY_IPV6, ANY_BOTH})
_COLUMNS = 6
_PROCESS = re.compile(r'users:\(\("(?P<name>[^"]*)",pid=(?P<pid>\d+)')


@dataclass(frozen=True)
class Socket:
    """One line of ss: ports are 0 for `*`, an address for all is as ss writes it (one of `ANY`)."""

    host: str
    line: str
    transport: str
    state: str
    local: Endpoint
    peer: Endpoint
    process: str = ""

    @property
    def open_to_all(self) -> bool:
        """True for a socket that listens, or takes datagrams from anybody."""
        return self.peer.port == 0 and self.peer.address in ANY

    def serves(self, endpoint: Endpoint) -> bool:
        """Tell whether a packet to `endpoint` of the host reaches this open socket."""
        family = ANY_IPV6 if ":" in endpoint.address else ANY_IPV4
        return (
            self.open_to_all
            and self.local.port == endpoint.port
            and self.local.address in (endpoint.address, ANY_BOTH, family)
        )

    def joins(self, local: Endpoint, peer: Endpoint) -> bool:
        """Tell whether this socket is connected from `local` to `peer`."""
        return (self.local, self.peer) == (local, peer)


def sockets(lines: Iterable[SocketLine]) -> tuple[Socket, ...]:
    """Return the sockets of ss lines; other lines are left out."""
    parsed = (_socket(line) for line in lines)
    return tuple(socket for socket in parsed if socket)


def _socket(line: SocketLine) -> Socket | None:
    words = line.line.split(maxsplit=_COLUMNS)
    if len(words) < _COLUMNS or words[0] not in ("tcp", "udp"):
        return None
    process = _PROCESS.search(line.line)
    return Socket(
        host=line.host,
        line=line.line,
        transport=words[0],
        state=words[1],
        local=_endpoint(words[4]),
        peer=_endpoint(words[5]),
        process=f"{process['name']} ({process['pid']})" if process else "",
    )


def _endpoint(text: str) -> Endpoint:
    """Return `[fe80::1]%lan:546`, `10.0.0.1%lan:68`, `[::ffff:10.0.0.1]:993` or `*:*` as address and port."""
    address, _, port = text.rpartition(":")
    address = address.partition("%")[0].strip("[]").removeprefix("::ffff:")
    return Endpoint(address, int(port) if port.isdigit() else 0)
