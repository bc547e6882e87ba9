"""The door of the workbench in this process: terminals are shells of this computer, packets are made here."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from sharklab.cli.workbench.desk import decoding, door_process
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.door import server, workbench
from sharklab.hosts.door.keeper import Keeper
from sharklab.hosts.door.recordings import Recordings
from sharklab.hosts.door.server import Caller, Door
from sharklab.hosts.providers.remote import Machine
from sharklab.hosts.recording import Order
from sharklab.lab.model import Host, Plan

SHELL = ["sh", "-c", "stty -echo; echo ready; exec sh"]
HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1)
"""The head of a capture of Ethernet, as tcpdump writes it (draft-ietf-opsawg-pcap)."""


class Tcpdump:
    """Stands in for a recording: packets come by `grow`; a filter with "wrong" in it does not compile.

    It writes `head` when it listens.
    """

    def __init__(self, machine: Machine, order: Order, target: IO[bytes], head: bytes) -> None:
        self.machine, self.order, self._target, self._head = machine, order, target, head
        self.runs, self.dropped = True, 0

    def wait_until_it_listens(self) -> None:
        """Write the head. Raises MachineryError as tcpdump does."""
        if "wrong" in self.order.filter:
            said = "tcpdump: can't parse filter expression: syntax error"
            raise MachineryError("tcpdump on host {host} failed: {said}", host=self.machine.name, said=said)
        if "away" in self.order.filter:
            raise MachineryError(
                "tcpdump on host {host} failed: {said}", host=self.machine.name, said="no route"
            )

        self._write(self._head)

    def grow(self, content: bytes) -> None:
        """Record bytes, or a whole capture after the head that is there already."""
        self._write(content.removeprefix(self._head))

    def _write(self, content: bytes) -> None:
        self._target.write(content)
        self._target.flush()

    def stop(self) -> None:
        """End."""
        self.runs = False


class Tcpdumps:
    """Makes recordings, and keeps them for the test in their order."""

    def __init__(self, head: bytes = b"") -> None:
        self.made: list[Tcpdump] = []
        self._head = head

    def __call__(self, machine: Machine, order: Order, target: IO[bytes]) -> Tcpdump:
        """Make one."""
        self.made.append(Tcpdump(machine, order, target, self._head))
        return self.made[-1]


class DoorHere:
    """The door for the seat of `plan`, at the socket `path`, until `close`."""

    def __init__(self, place: Path, plan: Plan) -> None:
        self.plan, self.path = plan, place / "door"
        self.tcpdumps, self.log = Tcpdumps(HEAD), list[str]()
        self.keeper = Keeper()
        self.recordings = Recordings(place / "live", self.tcpdumps)
        own = workbench.Requests(self.keeper, self.recordings, self.find, lambda plan, host: SHELL)
        decode = decoding.handler(self.recordings)
        handlers: Mapping[str, server.Handler] = {**own.handlers(), "decode": decode}
        self.uids = {os.geteuid()}
        door = Door(
            lambda uid: Caller(is_front=True) if uid in self.uids else None,
            handlers,
            door_process.explain,
            self.log.append,
            workbench.MOST_AT_ONCE,
        )
        self._listener = server.listen(self.path)
        threading.Thread(target=door.serve, args=(self._listener,), daemon=True).start()

    def find(self, student: str, lab: str, host: str) -> tuple[Plan, Host]:
        """Return the seat and the host, if they are those of the plan."""
        for own in self.plan.hosts:
            if (student, lab, host) == (self.plan.seat.student, self.plan.lab.name, own.name):
                return self.plan, own
        raise InputError("no such host", place=host)

    def close(self) -> None:
        """End all."""
        for place in list(self.recordings.places):
            self.recordings.forget_seat(*place[:2])
        self.keeper.close()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
