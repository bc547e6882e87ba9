"""The interface of a provider: the functions that make the hosts of a seat, and remove them.

A provider brings up hosts that answer SSH through `<seat folder>/ssh/config` under their names;
everything after that is the same for all. A provider takes no locks: its caller holds the seat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.inventory import HostFacts
from sharklab.hosts.providers.disk import Overlay
from sharklab.lab.model import Plan, Seat
from sharklab.message import N_, Message
from sharklab.process import Say


@dataclass(frozen=True)
class NewHosts:
    """Hosts that have never booted: how the disk of each is mounted, and the facts about them."""

    disks: Mapping[str, Overlay]
    facts: HostFacts

    @property
    def roots(self) -> Mapping[str, Path]:
        """The folder at which the disk of each host is mounted."""
        return {host: disk.root for host, disk in self.disks.items()}


class Provider(Protocol):
    """A maker and remover of hosts."""

    name: str
    bakes: bool
    """Whether hosts are made from images that sharklab bakes; else `up` does without their layers."""

    def adapt(self, plan: Plan) -> Plan:
        """Return `plan` with the variables that roles need on hosts of this provider."""

    def image(self, golden: Plan, os: str, bake: Callable[[Plan], None], progress: Say) -> Layers:
        """Return the layers of the hosts of the golden plan's lab, after making the missing ones.

        `bake` is as `bake.layers` takes it. Raises MachineryError and InputError as that does.
        """

    def make(self, plan: Plan, layers: Layers) -> NewHosts | None:
        """Make the hosts of a new seat, which do not boot yet, if their disks can be changed as files.

        Return None if a host of the plan is there already, or has no such disk. Raises MachineryError.
        """

    def up(self, plan: Plan, layers: Layers, progress: Say) -> HostFacts:
        """Bring every host of the plan up, until all answer SSH; those that run are kept as they are.

        Return the facts that are known without asking a host. Raises MachineryError if one does not come up.
        """

    def keep(self, plan: Plan) -> None:
        """Keep the state of every host as its start state, which `reset` puts back."""

    def reset(self, plan: Plan, hosts: Sequence[str], layers: Layers, progress: Say) -> Sequence[Message]:
        """Put the start state of `hosts` back, whatever was done to them, and wait until they answer.

        Return sentences for a person about what stays. Raises MachineryError when no start state was kept,
        or one does not come up.
        """

    def stop(self, plan: Plan) -> None:
        """Shut the hosts down in good order; their disks are kept and `up` starts them again."""

    def down(self, seat: Seat) -> Sequence[Message]:
        """Remove the hosts and the seat's folder. Only `seat.id` and `seat.folder` need to be right.

        Return sentences for a person about anything that remains.
        """

    def sweep(self) -> None:
        """Remove the remains of seats without a folder, and of interrupted bakes."""

    def status(self, seat: Seat) -> Mapping[str, str]:
        """Return the state of each host.

        It is "running", "asleep", "stopped", "absent", `internet_gateway.CUT_OFF` or `disk_file.READ_ONLY`.
        """

    def forget_lost(self, seat: Seat) -> None:
        """Let lost hosts be made again by the next `make` and `up`, with the same values."""

    def warnings(self, seat: Seat) -> Sequence[Message]:
        """Return a sentence for each limit that a host of the seat has reached."""


def not_kept(plan: Plan, host: str, place: Path) -> MachineryError:
    """Return the error for a host without a kept start state, which would be in `place`."""
    return MachineryError(
        N_("the start state of host {host} was not kept"),
        place=str(place),
        hint=N_("make the seat again: sharklab down {lab}; sharklab up {lab}"),
        host=host,
        lab=plan.lab.name,
    )
