"""The requests of the workbench to root: terminals that are kept, and recordings of packets.

The asker is the web process, a front: it has checked who the reader is. This process outlives it, so a
terminal and a recording survive a restart of the web process.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sharklab.errors import InputError
from sharklab.hosts import background, host_login, inventory
from sharklab.hosts.door import connection, control, pace, seats, server
from sharklab.hosts.door.keeper import Keeper, TerminalKey, Visit
from sharklab.hosts.door.recordings import RecordedPlace, Recordings
from sharklab.hosts.door.server import ExplainError, Reply, text
from sharklab.hosts.providers import remote
from sharklab.hosts.recording import Order
from sharklab.lab import help_note
from sharklab.lab.model import Host, Plan
from sharklab.message import N_

USER = "student"
"""The account of students on hosts (roles/common)."""

OWNER = "bench"
"""The owner of the shared ssh connections."""

MOST_NUMBER = 4
"""Terminals of one host."""

MOST_AT_ONCE = 24
"""Requests of one student that are answered at the same time: a page asks for all its terminals at once."""

More = Mapping[str, Callable[[Recordings], server.Handler]]
Find = Callable[[str, str, str], tuple[Plan, Host]]
Shell = Callable[[Plan, Host], Sequence[str]]


def shell(plan: Plan, host: Host) -> list[str]:
    """Return the command of a terminal: a login shell of the student on a host, as in `sharklab shell`."""
    return [
        *connection.ssh(plan, OWNER),
        "-t",
        "-q",
        "-o",
        "EscapeChar=none",
        host.name,
        host_login.command(USER, ()),
    ]


@dataclass(frozen=True)
class Requests:
    """The requests of the workbench.

    `find` returns the seat and the host that are meant, `login` the command of a shell there.
    """

    keeper: Keeper
    recordings: Recordings
    find: Find = seats.find_any
    login: Shell = shell

    def handlers(self) -> dict[str, server.Handler]:
        """Return the function for each request."""
        return {
            "terminal": self._terminal,
            "end visits": self._end_visits,
            "record": self._record,
            "recording": self._look,
            "stop": self._stop,
        }

    def _terminal(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Answer with a connection to a terminal of a host (`hosts.door.terminal`)."""
        plan, host = self.find(student, text(request, "lab"), text(request, "host"))
        number = request.get("number", 1)
        if not isinstance(number, int) or not 1 <= number <= MOST_NUMBER:
            raise InputError(N_("a host has at most {most} terminals"), place=host.name, most=MOST_NUMBER)
        key = TerminalKey(plan.lab.name, student, host.name, number)
        if request.get("own") is True:
            visit = Visit(text(request, "name"), types=True, sizes=True)
            return Reply({"host": host.name}, self.keeper.attach(key, visit, lambda: self.login(plan, host)))
        return Reply({"host": host.name}, self._visit(key, text(request, "name")))

    def _visit(self, key: TerminalKey, name: str) -> socket.socket:
        """Return a connection for somebody whom the student lets see the terminal, or type in it.

        Raises InputError when the student does not, and when the terminal is not open.
        """
        right = help_note.read(key.lab, key.student).right
        visit = Visit(name, types=right == help_note.TYPE, sizes=False)
        found = self.keeper.attach(key, visit, lambda: ()) if right else None
        if found is None or help_note.read(key.lab, key.student).right != right:  # it may end meanwhile
            if found:
                found.close()
            raise InputError(N_("{student} does not show this terminal"), student=key.student)
        return found

    def _end_visits(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """End the visits of everybody but the student at the terminals of a seat."""
        self.keeper.end_visits(text(request, "lab"), student)
        return Reply()

    def _record(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        """Begin a recording on a network of a host."""
        plan, host = self.find(student, text(request, "lab"), text(request, "host"))
        network = text(request, "network") or host.networks[0]
        cards = inventory.build(plan)["all"]["hosts"][host.name]["lab_interfaces"]
        if network not in cards:
            raise InputError(
                N_("the host {host} has no network {network!r}"),
                place="network",
                hint=N_("networks: {networks}"),
                host=host.name,
                network=network,
                networks=list(cards),
            )
        order = Order(cards[network], text(request, "filter").strip())
        place = (plan.lab.name, student, host.name)
        machine = replace(
            remote.machine_of(plan.seat, host.name), options=connection.share_connection(plan, OWNER)
        )
        self.recordings.start(place, machine, network, order)
        return self._show_recording(place)

    def _stop(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        place = place_of(student, request)
        self.recordings.stop(place)
        return self._show_recording(place)

    def _look(self, student: str, request: Mapping[str, Any], handles: list[int]) -> Reply:
        return self._show_recording(place_of(student, request))

    def _show_recording(self, place: RecordedPlace) -> Reply:
        """Answer with the last recording of a host and its file; its id is 0 if there is none."""
        shown = self.recordings.look(place)
        return Reply(asdict(shown), self.recordings.open(place)) if shown else Reply({"id": 0})


def place_of(student: str, request: Mapping[str, Any]) -> RecordedPlace:
    """Return the place of the recording that a request is about."""
    return text(request, "lab"), student, text(request, "host")


def forget(recordings: Recordings) -> None:
    """Drop the recordings of seats that are gone."""
    for lab, student in {place[:2] for place in recordings.places}:
        if not seats.of_student(student, lab, borrowed=True):
            recordings.forget_seat(lab, student)


def is_idle(keeper: Keeper, recordings: Recordings) -> bool:
    """Tell whether nothing is kept that a reader could want again."""
    return not keeper.count and not recordings.running


def run(uid: int, explain: ExplainError, more: More) -> None:
    """Answer until nothing is kept and no workbench is served. `uid` is that of the web process.

    `explain` puts an error into words; `more` makes the handlers of the floors above. The caller holds
    `control.lock_file()`.
    """
    pace.go_first()
    keeper, recordings = Keeper(), Recordings(control.folder() / "live")
    fronts = {0, uid}
    door = server.Door(
        lambda asker: server.Caller(is_front=True) if asker in fronts else None,
        {
            **Requests(keeper, recordings).handlers(),
            **{name: make(recordings) for name, make in more.items()},
        },
        explain,
        background.note,
        most_of_student=MOST_AT_ONCE,
    )
    listener = server.listen(control.make_door_folder() / control.SOCKET)
    threading.Thread(target=door.serve, args=(listener,), daemon=True).start()
    needed = time.monotonic()
    while time.monotonic() < needed + control.GRACE:
        time.sleep(control.LOOK)
        forget(recordings)
        if not is_idle(keeper, recordings) or control.is_served():
            needed = time.monotonic()
