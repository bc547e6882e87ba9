"""The record of a seat on a cluster, in the seat's folder: the project, the member, the networks.

The engine knows the member of each host, too. The record says where a seat is meant to be, before its hosts
are there, so that several commands at once place their seats apart and never take the same network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster.model import InstanceKind
from sharklab.message import N_

FILE = "cluster.json"


@dataclass(frozen=True)
class SeatRecord:
    """The place of a seat: its member, its hosts, and by network of the lab the network of the engine.

    `remote` is the name of the engine's place, empty for this machine. `kind` is that of the hosts
    (`InstanceKind`). `round` counts how often the seat was made again elsewhere: a host on a dead member
    keeps its name there.
    """

    seat: str
    project: str
    remote: str = ""
    member: str = ""
    round: int = 0
    hosts: Sequence[str] = ()
    kind: str = InstanceKind.CONTAINER
    networks: Mapping[str, str] = field(default_factory=dict)

    def instance(self, host: str) -> str:
        """Return the name of a host's instance. Another seat, another host or another round has another."""
        return self._name(host, self.round)

    def names(self) -> set[str]:
        """Return the names of the hosts' instances."""
        return {self.instance(host) for host in self.hosts}

    def earlier(self) -> set[str]:
        """Return the names of the hosts' instances of earlier rounds."""
        return {self._name(host, number) for host in self.hosts for number in range(self.round)}

    def _name(self, host: str, number: int) -> str:
        return f"sl-{self.seat}-{host}" + (f"-{number}" if number else "")


def read(folder: Path) -> SeatRecord | None:
    """Return the record of the seat in `folder`, None when there is none. Raises MachineryError."""
    file = folder / FILE
    try:
        return SeatRecord(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise MachineryError(
            N_("the record of the seat on the cluster is damaged"),
            place=str(file),
            hint=N_("remove the seat: sharklab down"),
        ) from error


def write(folder: Path, record: SeatRecord) -> None:
    """Write the record of the seat in `folder`."""
    state.write(folder / FILE, json.dumps(asdict(record)))


def all_records() -> Iterator[SeatRecord]:
    """Yield the records of all seats of this state folder; those of damaged seats are left out."""
    for file in state.find(state.seats_folder(), f"*/*/{FILE}"):
        try:
            found = read(file.parent)
        except MachineryError:
            continue
        if found:
            yield found
