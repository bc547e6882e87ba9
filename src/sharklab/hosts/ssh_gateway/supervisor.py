"""The process that keeps the gateway: it opens the port, starts the jail, and answers at the door.

It runs as root until `control.stop`. A jail that ends is started again. Everything ends with this process,
however that ends.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import NoReturn

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.background import note
from sharklab.hosts.door import server
from sharklab.hosts.door.server import Caller, Door
from sharklab.hosts.ssh_gateway import jail, names, session, students
from sharklab.message import N_, refusal

LOOK = 2.0
"""Seconds between two looks whether students or seats have changed."""

PAUSE = 1.0
"""Seconds before an ended jail is started again."""

BACKLOG = 256

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (students come from other machines; the port is for them)


@dataclass(frozen=True)
class Where:
    """The address and the port on which the gateway listens."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def here(self) -> tuple[str, int]:
        """The address and the port by which a program of this computer reaches it."""
        return {EVERY_ADDRESS: "127.0.0.1", "::": "::1"}.get(self.address, self.address), self.port


def listen(where: Where) -> socket.socket:
    """Return a socket that listens there. Raises MachineryError when another has it, or it is not ours."""
    family = socket.AF_INET6 if ":" in where.address else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((where.address, where.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise MachineryError(
            N_("the gateway cannot listen there: {reason}"),
            place=str(where),
            hint=N_("choose another --port or --listen, or end the program that has the port"),
            reason=refusal(error),
        ) from error
    return listener


class Lists:
    """The students and their login names, as the files of students and seats say now."""

    def __init__(self) -> None:
        self._seen: object = None
        self._stamps: list[int] = []
        self.targets: dict[str, names.Target] = {}
        self.callers: dict[int, Caller] = {}

    def look(self) -> None:
        """Write the lists of the jail again if something has changed."""
        places = (students.file(), students.find_key_folder())
        stamps = [place.stat().st_mtime_ns if place.exists() else 0 for place in places]
        seen = (stamps, state.find(state.seats_folder(), "*/*/plan.json"))
        if seen == self._seen:
            return
        known = students.read()
        if stamps != self._stamps:
            jail.write_passwords(known)
            self._stamps = stamps
        self.targets = jail.write_lists(known, names.hosts_of_labs())
        callers = {jail.BASE + own.uid: Caller(name) for name, own in known.items()}
        self.callers = {**callers, jail.BASE: Caller(is_front=True)}
        self._seen = seen

    def look_for_ever(self) -> None:
        """Look again and again."""
        while True:
            time.sleep(LOOK)
            try:
                self.look()
            except Exception as error:  # the next look may find a whole file
                note(f"the lists: {error}")


def run(where: Where, unit: str, submit: session.Submit) -> NoReturn:
    """Keep the gateway until this process is ended; `unit` becomes the control group of the jail.

    Raises MachineryError when it cannot begin.
    """
    listener = listen(where)
    jail.prepare()
    lists = Lists()
    lists.look()
    door_socket = server.listen(jail.folder() / "door" / "socket")
    door = Door(
        lambda uid: lists.callers.get(uid),
        session.handlers(lambda: lists.targets, submit),
        session.explain,
        note,
    )
    threading.Thread(target=door.serve, args=(door_socket,), daemon=True).start()
    threading.Thread(target=lists.look_for_ever, daemon=True).start()
    alive, _ours = os.pipe()  # which ends with this process, and the jail with it
    child = jail.start(listener, alive, unit)
    wait_for_greeting(where, child)
    while True:
        note(f"the jail ended with code {child.wait()}")
        time.sleep(PAUSE)
        child = jail.start(listener, alive, unit)


def wait_for_greeting(where: Where, child: subprocess.Popen[bytes]) -> None:
    """Return when the sshd of the first jail, `child`, greets at `where`.

    Raises MachineryError when the jail ends before: so would every other.
    """
    with socket.create_connection(where.here) as probe:  # `control` limits the wait
        ended = os.pidfd_open(child.pid)
        select.select([probe.fileno(), ended], [], [])
        os.close(ended)
    if child.poll() is not None:
        raise MachineryError(
            N_("the jail of sshd ended with code {code}, before sshd answered"), code=child.returncode
        )
