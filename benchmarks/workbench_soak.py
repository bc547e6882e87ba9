"""Keep a class at work in the workbench for 20 minutes, and kill its server twice.

    python benchmarks/workbench_soak.py [--seats N] [--minutes N] [--every N] [--lab LAB] [--captures N]
        [--here]

The seats come up, and `serve` starts. Each student has a page with a terminal on each of two hosts, types
there, and saves an answer; every Nth student records packets as well. After a third of the time the process
that answers browsers is killed (SIGKILL), after two thirds `serve` itself. Then `serve` starts again, and
each page is loaded again: it must show the same shells, recordings and answers. The table has a row each N
minutes. With --here there are no seats: the shells are those of this computer, and a program makes the
packets. All else is as it is served. The exit code is 3 when something was lost or failed. Run it as root,
from the checkout with its packages: PYTHONPATH=src:. and the python of sharklab's environment.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks import packet_maker
from sharklab import state
from sharklab.cli import flow
from sharklab.cli import main as command
from sharklab.cli.workbench.desk import door_process
from sharklab.cli.workbench.server import UID
from sharklab.hosts.door import control, seats, workbench
from sharklab.hosts.door.recordings import Recordings
from sharklab.hosts.providers import cgroups
from sharklab.hosts.providers.remote import Machine
from sharklab.hosts.recording import Order
from sharklab.lab import load, seat
from sharklab.lab.model import Host, Lab, Plan

LIMIT = 60
"""Seconds that anything may take that a student waits for."""

PAUSE = 20
"""Seconds between two turns of a student, on average."""

KEPT = 64 << 10
"""Bytes of the screen that a page remembers."""

MACHINERY = 3
ADDRESS = "127.0.0.1"
ANSWER = re.compile(
    r'name="exercise" value="([^"]+)">\s*<input type="hidden" name="question" value="([^"]+)"'
)
TITLES = (
    "minutes",
    "turns",
    "failed",
    "key to echo p50, ms",
    "p95",
    "packets",
    "`serve`, MiB",
    "web",
    "keeper",
)


def sharklab(*words: str) -> list[str]:
    """Return the command of a verb."""
    return [sys.executable, "-P", "-m", "sharklab", *words]


class Served:
    """`serve` of a class; it starts again after a kill."""

    def __init__(self, lab: Lab, place: Path, here: bool) -> None:
        self._verb = [sys.executable, "-P", __file__] if here else sharklab()
        with socket.socket() as probe:
            probe.bind((ADDRESS, 0))
            self.port = probe.getsockname()[1]
        self._lab, self._place = lab, place
        self.origin = f"http://{ADDRESS}:{self.port}"
        self.start()

    def start(self) -> None:
        """Start, and return when it listens."""
        words = ("serve", self._lab.name, "--roster", str(self._place / "roster.csv"), "--no-browser")
        with (self._place / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._verb, *words, "--port", str(self.port)], stdout=log, stderr=log, env=self.environment
            )
        deadline = time.monotonic() + LIMIT
        with suppress(OSError):
            while not self._answers():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit((self._place / "log").read_text())
                time.sleep(0.1)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the server: a state folder of its own, with the seats of this computer."""
        return {**os.environ, "SHARKLAB_STATE": str(self._place / "state")}

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((ADDRESS, self.port), 1):
            return True
        return False

    @property
    def web(self) -> int:
        """The process that answers browsers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next(int(own) for own in children if b"web_process" in command_of(int(own)))

    @property
    def keeper(self) -> int:
        """The process that keeps terminals and recordings."""
        last = f"\0{UID}\0".encode()
        return next(own for own in cgroups.processes(control.unit()) if command_of(own).endswith(last))

    def kill(self, pid: int) -> None:
        """Kill a process of the server, and start it again."""
        os.kill(pid, signal.SIGKILL)
        self.process.wait(LIMIT)
        while self._answers():
            time.sleep(0.05)
        self.start()

    def stop(self) -> None:
        """End it, and the terminals that it keeps."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(LIMIT)
        cgroups.end(control.unit())


def command_of(pid: int) -> bytes:
    """Return the command line of a process, b"" when it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def memory(pid: int) -> float:
    """Return the MiB that a process has for itself (proc(5), smaps_rollup, Pss)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@dataclass
class Student:
    """A student's browser: its cookie, and the page of the seat."""

    id: str
    lab: str
    origin: str
    cookie: str = ""

    def enter(self, link: str) -> None:
        """Use the personal link."""
        answer = self._ask("/enter", {"token": link.rpartition("/")[2]})
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def page(self) -> str:
        """Return the page of the seat."""
        content: bytes = self._ask(f"/seats/{self.lab}/{self.id}/").read()
        return content.decode()

    def save(self, exercise: str, question: str, value: str) -> None:
        """Save an answer."""
        given = {"exercise": exercise, "question": question, "value": value}
        self._ask(f"/seats/{self.lab}/{self.id}/answers", given).read()

    async def open(self, what: str) -> ClientConnection:
        """Return a WebSocket of the page, as soon as the server is there."""
        url = f"{self.origin.replace('http', 'ws')}/seats/{self.lab}/{self.id}/hosts/{what}"
        headers = {"Cookie": self.cookie, "Origin": self.origin}
        async with asyncio.timeout(LIMIT):
            while True:
                with suppress(OSError, InvalidStatus, ConnectionClosed):
                    return await connect(url, additional_headers=headers, max_size=None)
                await asyncio.sleep(0.5)

    def _ask(self, path: str, form: dict[str, str] | None = None) -> urllib.response.addinfourl:
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.origin + path, data)  # noqa: S310 (it is our own server)
        request.add_header("Origin", self.origin)
        request.add_header("Cookie", self.cookie)
        opener = urllib.request.build_opener(Stay)
        return opener.open(request, timeout=LIMIT)  # type: ignore[no-any-return]


class Stay(urllib.request.HTTPRedirectHandler):
    """Takes a redirection as the answer: it brings the cookie."""

    def http_error_303(self, req: object, fp: object, code: int, msg: str, headers: object) -> object:
        """Return the answer itself."""
        return fp


@dataclass
class Terminal:
    """A terminal on the page. It connects again when the server is gone."""

    student: Student
    host: str
    screen: bytearray = field(default_factory=bytearray)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    connection: ClientConnection | None = None
    shell: str = ""
    opened: int = 0

    async def show(self) -> None:
        """Draw what comes, for ever."""
        while True:
            self.connection = await self.student.open(f"{self.host}/terminal")
            self.opened += 1
            with suppress(ConnectionClosed):
                async for message in self.connection:
                    await self._draw(message)
            self.connection = None
            await asyncio.sleep(0.5)

    async def _draw(self, message: str | bytes) -> None:
        if isinstance(message, str):
            raise SystemExit(f"{self.student.id}, {self.host}: {message}")
        if message[:1] == b"r":
            self.screen.clear()
        if message[:1] in (b"o", b"p"):
            self.screen += message[1:]
            del self.screen[:-KEPT]
            self.news.set()
            if self.connection:
                await self.connection.send(b"a%d" % (len(message) - 1))

    async def type(self, text: str) -> None:
        """Type, when there is a connection."""
        while not self.connection:
            await asyncio.sleep(0.1)
        await self.connection.send(b"i" + text.encode())

    async def until(self, is_so: Callable[[bytes], object]) -> None:
        """Return when something is so of the screen."""
        async with asyncio.timeout(LIMIT):
            while not is_so(bytes(self.screen)):
                self.news.clear()
                await self.news.wait()

    async def say(self, command: str) -> str:
        """Run a command of the shell that prints one word; return the word."""
        mark = f"{random.randrange(10**9):09}"  # noqa: S311 (it only has to differ)
        await self.type(f'echo "<{mark[:4]}""{mark[4:]}:{command}>"\r')
        wanted = re.compile(b"<%s:([^>]*)>" % mark.encode())
        await self.until(wanted.search)
        found = wanted.search(self.screen)
        return found[1].decode() if found else ""

    async def key(self) -> float:
        """Type a key and take it back; return the milliseconds until its echo."""
        self.news.clear()
        begin = time.perf_counter()
        await self.type("#")
        async with asyncio.timeout(LIMIT):
            await self.news.wait()
        passed = (time.perf_counter() - begin) * 1000
        await self.type("\x15")
        return passed


@dataclass
class Packets:
    """The table of packets on the page of a student. It connects again when the server is gone."""

    student: Student
    host: str
    recording: int = 0
    rows: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self) -> None:
        """Begin a recording, and take its rows, for ever."""
        while True:
            connection = await self.student.open(f"{self.host}/packets")
            if not self.recording:
                order = {"do": "start", "network": "", "filter": "icmp"}
                await connection.send(json.dumps(order))
            with suppress(ConnectionClosed):
                async for message in connection:
                    self._take(json.loads(message))
            await asyncio.sleep(0.5)

    def _take(self, message: dict[str, object]) -> None:
        if "problem" in message:
            raise SystemExit(f"{self.student.id}, packets: {message['problem']}")
        shown, rows = message.get("recording"), message.get("rows")
        if isinstance(shown, dict) and shown["id"]:
            if self.recording not in (0, shown["id"]) or shown["end"]:
                raise SystemExit(f"{self.student.id}: the recording has ended")
            self.recording = shown["id"]
        if "clear" in message:
            self.rows = 0
        if isinstance(rows, list):
            self.rows = int(str(message["first"])) + len(rows)
            self.news.set()

    async def until(self, rows: int) -> None:
        """Return when the table has so many rows."""
        async with asyncio.timeout(LIMIT):
            while self.rows < rows:
                self.news.clear()
                await self.news.wait()


@dataclass
class Place:
    """A student at work."""

    student: Student
    terminals: list[Terminal]
    packets: Packets | None
    peer: str
    question: tuple[str, str] = ("", "")
    answers: tuple[str, ...] = ()
    turns: int = 0
    faults: list[str] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)

    async def begin(self) -> None:
        """Load the page, and mark the shells."""
        page = await asyncio.to_thread(self.student.page)
        if found := ANSWER.search(page):
            self.question = (found[1], found[2])
        for own in self.terminals:
            await own.type("mark=$RANDOM\r")
            own.shell = await own.say("$mark-$$")

    async def work(self) -> None:
        """Take turns, for ever."""
        while True:
            await asyncio.sleep(random.uniform(0, 2 * PAUSE))  # noqa: S311 (people type at any time)
            self.turns += 1
            try:
                await self.turn()
            except (TimeoutError, OSError) as error:
                self.faults.append(f"{self.student.id}: {error!r}")

    async def turn(self) -> None:
        """Type in each terminal, save an answer, and see a packet."""
        for own in self.terminals:
            self.keys.append(await own.key())
            await own.say("$(ls /etc | wc -l)")
        answer = f"{random.randrange(10**9)}"  # noqa: S311 (it only has to differ)
        if self.question[0]:
            self.answers = (*self.answers[-1:], answer)  # a kill may come before or after it is saved
            await asyncio.to_thread(self.student.save, *self.question, answer)
            self.answers = (answer,)
        if self.packets:
            rows = self.packets.rows
            await self.terminals[0].say(f"$(ping -4 -c 1 -W 5 {self.peer} > /dev/null; echo $?)")
            await self.packets.until(rows + 2)

    async def look(self, opened: int, rows: int) -> None:
        """Load the page again: all must be there that was there before."""
        page = await asyncio.to_thread(self.student.page)
        lost = [] if any(f'value="{answer}"' in page for answer in self.answers or ("",)) else ["the answer"]
        for own in self.terminals:
            async with asyncio.timeout(LIMIT):
                while own.opened <= opened:
                    await asyncio.sleep(0.1)
            await own.type("\x15")
            said = await own.say("$mark-$$")
            lost += [] if said == own.shell else [f"the shell on {own.host}: {own.shell}, now {said}"]
        if self.packets:
            await self.packets.until(rows)
        self.faults += [f"{self.student.id}: lost {each}" for each in lost]


class Soak:
    """The class at work, and the table."""

    def __init__(self, served: Served, places: list[Place]) -> None:
        self.served, self.places = served, places
        self.begun = time.monotonic()
        self.faults: list[str] = []

    async def run(self, minutes: float, every: float) -> int:
        """Let the students work, kill the server twice; return the number of faults."""
        shown = [own for place in self.places for own in (*place.terminals, place.packets) if own]
        tasks = [asyncio.create_task(own.show()) for own in shown]
        await asyncio.gather(*(place.begin() for place in self.places))
        print(f"| {' | '.join(TITLES)} |\n|{' ---: |' * len(TITLES)}", flush=True)
        self.row()
        kills: list[Callable[[], int]] = [lambda: self.served.web, lambda: self.served.process.pid]
        for third, kill in enumerate((*kills, None), 1):
            working = [asyncio.create_task(place.work()) for place in self.places]
            while (left := 60 * minutes * third / 3 - self.passed) > 0:
                await asyncio.sleep(min(left, 60 * every))
                self.row()
                self.see(tasks)
            for task in working:
                task.cancel()
            await asyncio.wait(working)
            if kill:
                await self.kill(kill())
        return len(self.faults)

    @property
    def passed(self) -> float:
        """The seconds since the begin."""
        return time.monotonic() - self.begun

    def see(self, tasks: list[asyncio.Task[None]]) -> None:
        """Raise the error of a page that has one."""
        for task in tasks:
            if task.done():
                task.result()

    async def kill(self, pid: int) -> None:
        """Kill a process of the server, and look at everything again."""
        said = command_of(pid).replace(b"\0", b" ").decode()
        opened = self.places[0].terminals[0].opened
        rows = [place.packets.rows if place.packets else 0 for place in self.places]
        begin = time.monotonic()
        await asyncio.to_thread(self.served.kill, pid)
        print(
            f"killed: {said.rpartition('-m ')[2]}; served again after {time.monotonic() - begin:.1f} s",
            flush=True,
        )
        looks = (place.look(opened, seen) for place, seen in zip(self.places, rows, strict=True))
        for error in await asyncio.gather(*looks, return_exceptions=True):
            if error:
                self.faults.append(repr(error))
        print(f"all pages shown again after {time.monotonic() - begin:.1f} s", flush=True)
        self.row()

    def row(self) -> None:
        """Print a row of the table, and begin the next."""
        keys = [key for place in self.places for key in place.keys]
        new = [fault for place in self.places for fault in place.faults]
        self.faults += new
        for fault in new:
            print(fault, flush=True)
        for place in self.places:
            place.faults, place.keys = [], []
        middle, slow = (
            (statistics.median(keys), statistics.quantiles(keys, n=20)[-1]) if len(keys) > 1 else (0, 0)
        )
        cells = [f"{self.passed / 60:.1f}", sum(place.turns for place in self.places), len(self.faults)]
        cells += [f"{middle:.1f}", f"{slow:.1f}", sum(own.packets.rows for own in self.places if own.packets)]
        cells += [
            f"{memory(own):.0f}" for own in (self.served.process.pid, self.served.web, self.served.keeper)
        ]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


class Maker:
    """Stands in for tcpdump: it makes a packet a second."""

    dropped = 0

    def __init__(self, machine: Machine, order: Order, target: IO[bytes]) -> None:
        words = [sys.executable, "-I", "-S", packet_maker.__file__, "0", "1", "3600"]
        self._child = subprocess.Popen(words, stdout=target)

    def wait_until_it_listens(self) -> None:
        """Return soon."""
        time.sleep(0.5)

    @property
    def runs(self) -> bool:
        """True until it has ended."""
        return self._child.poll() is None

    def stop(self) -> None:
        """End."""
        self._child.terminate()
        self._child.wait()


def keep_here() -> int:
    """Keep terminals and recordings of this computer, as for students whose seats are up."""

    def plan_of(student: str, lab: str) -> Plan:
        source = load.read_named(lab)
        return flow.plan_of(source, seat.look_up(source, student))

    def find(student: str, lab: str, host: str) -> tuple[Plan, Host]:
        plan = plan_of(student, lab)
        return plan, next(own for own in plan.hosts if own.name == host)

    def login(plan: Plan, host: Host) -> list[str]:
        return ["bash", "--norc"]

    here: dict[tuple[object, str], object] = {
        (seats, "of_student"): lambda student, lab="", borrowed=False: [plan_of(student, lab)],
        (workbench, "Requests"): partial(workbench.Requests, find=find, login=login),
        (workbench, "Recordings"): partial(Recordings, begin=Maker),
    }
    for (module, name), value in here.items():
        setattr(module, name, value)
    del sys.argv[1]
    return door_process.main()


def serve_here() -> int:
    """Serve with the keeper of this computer."""
    door_process.COMMAND = (sys.executable, "-P", __file__, "keeper")
    return command.main()


@contextmanager
def up(lab: Lab, roster: Path, here: bool) -> Iterator[None]:
    """Let the seats of a class be up during the block."""
    words = (lab.name, "--roster", str(roster))
    if not here:
        subprocess.run(sharklab("seats", "up", *words), check=True)
    try:
        yield
    finally:
        if not here:
            subprocess.run(sharklab("seats", "down", *words, "--yes"), check=False)


@contextmanager
def at_work(lab: Lab, count: int, here: bool) -> Iterator[Served]:
    """Bring the class up and serve it during the block."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder, roster = state.folder(place / "state"), place / "roster.csv"
        for part in ("seats", "course"):
            (folder / part).symlink_to(state.root() / part)
        roster.write_text("\n".join(["student", *(f"bench-{one + 1:02}" for one in range(count)), ""]))
        with up(lab, roster, here), moved(folder):
            served = Served(lab, place, here)
            try:
                yield served
            finally:
                served.stop()
                print((place / "log").read_text(), file=sys.stderr)


@contextmanager
def moved(folder: Path) -> Iterator[None]:
    """Let `folder` be the state folder during the block."""
    before = os.environ.get("SHARKLAB_STATE")
    os.environ["SHARKLAB_STATE"] = str(folder)
    try:
        yield
    finally:
        del os.environ["SHARKLAB_STATE"]
        if before:
            os.environ["SHARKLAB_STATE"] = before


def entered(served: Served, lab: Lab) -> Iterator[Student]:
    """Yield each student of the class, who has used their link."""
    with (state.root() / "workbench" / f"links-{lab.name}.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found = Student(row["student"], lab.name, served.origin)
            found.enter(row["link"])
            yield found


def address(lab: Lab, student: str, host: str) -> str:
    """Return an address of a host of a seat: not every lab has a DNS server that works from the begin."""
    plan = flow.look_up(lab.name, student)
    found = next(own for own in plan.hosts if own.name == host)
    return str(plan.seat.address(host, found.networks[0]).ipv4.ip)


def main() -> int:
    """Bring the class up, let it work, remove it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seats", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", type=float, default=2)
    parser.add_argument("--lab", default="tcpdump")
    parser.add_argument("--captures", type=int, default=5)
    parser.add_argument("--here", action="store_true")
    args = parser.parse_args()
    lab = load.read_named(args.lab)
    hosts = [host.name for host in lab.hosts][:2]
    with at_work(lab, args.seats, args.here) as served:
        places = [
            Place(
                own,
                [Terminal(own, host) for host in hosts],
                None if number % args.captures else Packets(own, hosts[0]),
                "127.0.0.1" if args.here else address(lab, own.id, hosts[1]),
            )
            for number, own in enumerate(entered(served, lab))
        ]
        faults = asyncio.run(Soak(served, places).run(args.minutes, args.every))
    return MACHINERY if faults else 0


PARTS = {"keeper": keep_here, "serve": serve_here}

if __name__ == "__main__":
    sys.exit(PARTS.get(sys.argv[1] if len(sys.argv) > 1 else "", main)())
