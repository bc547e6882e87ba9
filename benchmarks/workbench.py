"""The figures of the workbench: key to echo, memory, an idle class, floods, packets; the page in Chromium.

Run it by the Python of sharklab's tests, as root (`playwright` is there):

    PYTHONPATH=src .../venv/.../bin/python benchmarks/workbench.py [terminals]

It takes about three minutes, and ends itself after ten.

The web process and the process that keeps terminals are as in `serve`. The shells are of this computer, and
a program makes the packets, so it measures the workbench and neither ssh nor tcpdump. Browsers are WebSockets
in other processes, but for the page. Each key is typed twice: into a terminal of the workbench, and into the
base, a pseudo-terminal that a small program joins with a TCP socket. So the ratio holds on a busy computer,
too.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from websockets.asyncio.client import ClientConnection, connect

from benchmarks import packet_maker
from sharklab.cli import flow
from sharklab.cli.workbench import client, javascript
from sharklab.cli.workbench.desk import decoding, door_process
from sharklab.cli.workbench.desk import student_desk as desk
from sharklab.cli.workbench.identity import Cookies, Reader
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import web_process
from sharklab.evidence.packets import live_rows
from sharklab.hosts.door import pace, server, workbench
from sharklab.hosts.door.keeper import Keeper
from sharklab.hosts.door.recordings import Recordings
from sharklab.hosts.providers.remote import Machine
from sharklab.hosts.recording import Order
from sharklab.lab.model import Host, Plan
from sharklab.progress import Silent

PORT, BASE_PORT = 8479, 8478
SITE, KEY = Site(f"http://127.0.0.1:{PORT}"), b"k" * 32
RAW = "stty raw -echo; exec cat"
ECHO = ["sh", "-c", f"seq -f %079.0f 10000; {RAW}"]
"""A shell whose scrollback is full: 10,000 lines of 80 characters. It echoes each key."""

LAST = b"%079d" % 10000

FLOOD = ["yes", "a line of a program that prints without end"]
NOISY = "desktop"
"""The host whose shell prints without end."""

FLOODS, KEYS, PAUSE = 3, 20, 0.3
LISTENS = 0.3
"""Seconds until tcpdump listens, over SSH."""

MOST = 600
"""Seconds that all of it may take (alarm(2))."""

LIMIT = 60
"""Seconds until rows that have not come count as lost."""

FIRSTS, RATE, SECONDS = 7, 2000, 10
"""Packets that come first; packets a second, and for how long."""

STAMP = re.compile(r"(\d+) → 9 ")

MAKE = (sys.executable, "-I", "-S", packet_maker.__file__)


# The workbench


class Maker:
    """Stands in for tcpdump: its filter is the program, "BEGIN RATE SECONDS"."""

    dropped = 0

    def __init__(self, machine: Machine, order: Order, target: IO[bytes]) -> None:
        self._words = [*MAKE, *order.filter.split()]
        self._target = target

    def wait_until_it_listens(self) -> None:
        """Begin after a while."""
        time.sleep(LISTENS)
        self._child = subprocess.Popen(self._words, stdout=self._target)

    @property
    def runs(self) -> bool:
        """True until it has ended."""
        return self._child.poll() is None

    def stop(self) -> None:
        """End."""
        self._child.kill()
        self._child.wait()


def late(info: str) -> float | None:
    """Return the milliseconds since the packet was written that a row is about."""
    found = STAMP.match(info)
    return packet_maker.age(int(found[1])) if found else None


def door(place: Path) -> None:
    """Keep terminals and recordings for students who all have the seat of one plan."""
    pace.go_first()
    plan = flow.prepare("tp4", "bench")

    def find(student: str, lab: str, host: str) -> tuple[Plan, Host]:
        return plan, next(own for own in plan.hosts if own.name == host)

    def login(plan: Plan, host: Host) -> list[str]:
        return FLOOD if host.name == NOISY else ECHO

    recordings = Recordings(place / "live", Maker)
    own = workbench.Requests(Keeper(), recordings, find, login)
    handlers = {**own.handlers(), "decode": decoding.handler(recordings)}
    front = server.Caller(is_front=True)
    server.Door(lambda uid: front, handlers, door_process.explain, print, 24).serve(
        server.listen(place / "door")
    )


def web(place: Path) -> None:
    """Answer browsers."""
    pace.go_first()
    lab = flow.prepare("tp4", "bench").source
    own = desk.Desk({lab.name: lab}, lambda lab, student: place / "work")

    def page(student: str, request: Any, handles: list[int]) -> server.Reply:
        answer = own.page(student, request, handles)
        return server.Reply({**answer.content, "is_up": True})

    settings = {
        "site": vars(SITE),
        "class_lab": "",
        "key": KEY.hex(),
        "links": {},
        "files": {name: str(path) for name, path in javascript.install(Silent()).items()},
        "keeper": str(place / "door"),
    }
    ask = client.here({**own.handlers(), "page": page}, door_process.explain)
    web_process.serve(settings, socket.create_server(("127.0.0.1", PORT), backlog=256), ask)


def base() -> None:
    """Join a pseudo-terminal with each TCP connection, and nothing more."""
    listener = socket.create_server(("127.0.0.1", BASE_PORT))
    while True:
        connection = listener.accept()[0]
        child, ours = pty.fork()
        if not child:
            os.execvp("sh", ["sh", "-c", RAW])
        if not os.fork():
            join(connection.fileno(), ours)
        connection.close()
        os.close(ours)


def join(one: int, other: int) -> NoReturn:
    """Copy both ways until an end closes, then end this process."""
    ends, poll = {one: other, other: one}, select.poll()
    poll.register(one, select.POLLIN)
    poll.register(other, select.POLLIN)
    with suppress(OSError):
        while True:
            for handle, _ in poll.poll():
                if not (data := os.read(handle, 65536)):
                    os._exit(0)
                os.write(ends[handle], data)
    os._exit(0)


# Browsers


def headers(student: str) -> dict[str, str]:
    """Return what the browser of a student sends."""
    return {"Cookie": f"{SITE.cookie}={cookie(student)}", "Origin": SITE.origin}


def cookie(student: str) -> str:
    """Return the cookie of a student."""
    return Cookies(KEY).write(Reader(student, seats=frozenset({("tp4", student)})), time.time())


async def opened(student: str, host: str, what: str) -> ClientConnection:
    """Return a WebSocket of the page of a student."""
    url = f"{SITE.origin.replace('http', 'ws')}/seats/tp4/{student}/hosts/{host}/{what}"
    return await connect(url, additional_headers=headers(student), max_size=None)


@dataclass
class Terminal:
    """A terminal in a browser that draws at once."""

    connection: ClientConnection
    echoed: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Draw all output. The last line may come in two messages."""
        end = b""
        async for message in self.connection:
            if isinstance(message, bytes) and message[:1] in (b"o", b"p"):
                self.echoed.set()
                if LAST in end + message[1:]:
                    self.ready.set()
                end = (end + message[1:])[-len(LAST) :]
                await self.connection.send(b"a%d" % (len(message) - 1))


async def type_keys(own: Terminal, keys: int) -> tuple[list[float], list[float]]:
    """Type keys; return the milliseconds until each was echoed, here and by the base."""
    reader, writer = await asyncio.open_connection("127.0.0.1", BASE_PORT)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(keys):
        await asyncio.sleep(random.uniform(0, 2 * PAUSE))  # noqa: S311 (people type at any time)
        own.echoed.clear()
        begin = time.perf_counter()
        await own.connection.send(b"ix")
        await asyncio.wait_for(own.echoed.wait(), 60)
        times[0].append((time.perf_counter() - begin) * 1000)
        begin = time.perf_counter()
        writer.write(b"x")
        await asyncio.wait_for(reader.read(100), 60)
        times[1].append((time.perf_counter() - begin) * 1000)
    writer.close()
    return times


def told(times: Sequence[float]) -> str:
    """Return the middle and the slow end."""
    return f"p50 {statistics.median(times):.1f}, p95 {statistics.quantiles(times, n=20)[-1]:.1f} ms"


async def typed(when: str, terminals: Sequence[Terminal]) -> None:
    """Type at all terminals at the same time, and show the times beside those of the base."""
    both = await asyncio.gather(*(type_keys(own, KEYS) for own in terminals))
    ours, bare = ([each for times in both for each in times[end]] for end in (0, 1))
    ratio = statistics.median(ours) / statistics.median(bare)
    show(f"key to echo, {when}", told(ours), ECHO_AIM)
    show("", f"base: {told(bare)}; ratio {ratio:.1f}")


async def flood(count: int) -> None:
    """Draw what programs print without end, and print the bytes at the end."""
    drawn = 0

    async def draw(number: int) -> None:
        nonlocal drawn
        connection = await opened(f"s{number}", NOISY, "terminal")
        async for message in connection:
            drawn += len(message)
            await connection.send(b"a%d" % (len(message) - 1))

    tasks = [asyncio.create_task(draw(number)) for number in range(count)]
    await asyncio.to_thread(sys.stdin.read)
    print(drawn)
    for task in tasks:
        task.cancel()


# Figures


@dataclass(frozen=True)
class Server:
    """The processes of the workbench: the one that answers browsers, and the one that keeps terminals."""

    processes: Sequence[int]

    @property
    def seconds(self) -> float:
        """The CPU-seconds of the processes (proc(5), stat)."""
        stats = [Path(f"/proc/{own}/stat").read_text().rpartition(")")[2].split() for own in self.processes]
        return sum(int(each[11]) + int(each[12]) for each in stats) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """The MiB that the processes have for themselves (proc(5), smaps_rollup, Pss)."""
        files = [Path(f"/proc/{own}/smaps_rollup").read_text().splitlines() for own in self.processes]
        return sum(int(line.split()[1]) for each in files for line in each if line.startswith("Pss:")) / 1024

    async def share(self, seconds: float) -> float:
        """Return the part of one processor that the processes take, in percent."""
        before = self.seconds
        await asyncio.sleep(seconds)
        return (self.seconds - before) * 100 / seconds


def show(figure: str, value: str, aim: str = "") -> None:
    """Print a row of the table."""
    print(f"| {figure} | {value} | {aim} |", flush=True)


ECHO_AIM = "p50 5, p95 25 ms"


async def of_terminals(own: Server, count: int) -> None:
    """Measure terminals."""
    hosts = ("server", "client")
    terminals = [
        Terminal(await opened(f"s{number // 2}", hosts[number % 2], "terminal")) for number in range(count)
    ]
    tasks = [asyncio.create_task(each.listen()) for each in terminals]
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*(each.ready.wait() for each in terminals))
    await asyncio.sleep(1)
    show(f"memory with {count} terminals, 10,000 lines each", f"{own.memory:.0f} MiB", "250 MiB")
    show("the same, idle", f"{await own.share(10):.1f} % of a core", "3 %")
    await typed("all type", terminals)
    await _of_floods(own, terminals)
    await _of_stall(own, terminals)
    for task in tasks:
        task.cancel()


async def _of_floods(own: Server, terminals: Sequence[Terminal]) -> None:
    words = [sys.executable, __file__, "flood", str(FLOODS)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as drawing:
        await asyncio.sleep(2)
        begin, before = time.monotonic(), own.seconds
        await typed(f"{FLOODS} others print without end", terminals)
        passed, cost = time.monotonic() - begin, own.seconds - before
        size = int(drawing.communicate(b"")[0]) / 1e6
    show("they print", f"{size / (passed + 2):.1f} MB/s, {cost * 100 / passed:.0f} % of a core")


async def _of_stall(own: Server, terminals: Sequence[Terminal]) -> None:
    """Let a browser read nothing of a program that prints without end."""
    stalled = await opened(f"s{FLOODS}", NOISY, "terminal")
    stalled.transport.pause_reading()
    before = own.memory
    await typed("a browser stalls", terminals)
    show("memory meanwhile", f"{own.memory - before:+.1f} MiB", "flat")
    stalled.transport.abort()


async def recorded(
    student: str, program: str, count: int, go: Path | None = None
) -> tuple[float, int, list[float]]:
    """Record what a program makes.

    Return the milliseconds until the page says that it records, how many of `count` rows came, and how late
    they came. Then the file `go` is there.
    """
    found, rows, begun, asked, ready = list[float](), 0, False, time.perf_counter(), 0.0
    connection = await opened(student, "server", "packets")
    before = json.loads(await connection.recv())["recording"]["id"]
    await connection.send(json.dumps({"do": "start", "network": "", "filter": program}))
    with suppress(TimeoutError):
        async with asyncio.timeout(LIMIT):
            while rows < count:
                message = json.loads(await connection.recv())
                if "problem" in message:
                    raise SystemExit(message["problem"])
                recording = message.get("recording", {"id": before, "state": ""})
                begun = begun or recording["id"] != before
                if begun and recording["state"] == "runs":
                    ready = (time.perf_counter() - asked) * 1000
                    if go:
                        go.touch()
                new = message.get("rows", ()) if begun else ()
                rows += len(new)
                found += [ms for row in new if (ms := late(row[6])) is not None]
    await connection.send(json.dumps({"do": "stop"}))
    await connection.close()
    if rows < count:
        print(f"{program}: {count - rows} rows of {count} did not come", flush=True)
    return ready, rows, found


async def of_packets(own: Server, folder: Path) -> None:
    """Measure packets."""
    both = []
    for number in range(FIRSTS):
        go = folder / f"go{number}"
        both.append(await recorded(f"s{number}", f"{go} 1 1", 1, go))
    show(
        "first packet to its row, as soon as the page says that it records",
        told([late[0] for _, _, late in both if late]),
        "200 ms",
    )
    show("the click to that word", told([ready for ready, _, _ in both]))
    show("", f"base: tshark alone, to its first row: {told([await bare() for _ in range(FIRSTS)])}")
    before, memory, begin = own.seconds, own.memory, time.monotonic()
    _, rows, times = await recorded("s0", f"1 {RATE} {SECONDS}", RATE * SECONDS)
    share = (own.seconds - before) * 100 / (time.monotonic() - begin)
    show(f"{RATE:,} packets a second for {SECONDS} s: {rows:,} rows", told(times), "all rows")
    show("", f"{share:.0f} % of a core, {own.memory - memory:+.1f} MiB", "flat")


async def bare() -> float:
    """Return the milliseconds until tshark alone, that waits already, prints a row of a packet."""
    with subprocess.Popen(
        live_rows.command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(live_rows.environment()),
    ) as tshark:
        if not tshark.stdin or not tshark.stdout:
            raise SystemExit("no pipe")
        with subprocess.Popen([*MAKE, "1", "1", "1"], stdout=tshark.stdin) as maker:
            row = live_rows.row(await asyncio.to_thread(tshark.stdout.readline))
            found = late(row.info) if row else None
            maker.kill()
        tshark.stdin.close()
        tshark.kill()
    return found or 0.0


# The page

FRAMES = """seconds => new Promise(done => {
  const gaps = [], end = performance.now() + seconds * 1000;
  let before = performance.now();
  const frame = now => {
    gaps.push(now - before);
    before = now;
    now < end ? requestAnimationFrame(frame) : done(gaps);
  };
  requestAnimationFrame(frame);
})"""
FIRST_ROW = """() => new Promise(done => {
  const space = document.querySelector('x-packets .space');
  const look = () => {
    if (space.childElementCount) done([Date.now(), space.textContent]);
    else requestAnimationFrame(look);
  };
  look();
})"""


def of_page(folder: Path) -> None:
    """Measure the page in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1600, "height": 1000})
        context.add_cookies([{"name": SITE.cookie, "value": cookie("page"), "url": SITE.origin}])
        page = context.new_page()
        page.goto(f"{SITE.origin}/seats/tp4/page/")
        times, waits = [], []
        for number in range(FIRSTS):
            page.locator("x-terminal[data-state=open]").first.wait_for()  # all its lines are drawn
            go, begin = folder / f"page{number}", time.perf_counter()
            record(page, f"{go} 1 1")
            page.locator("x-packets[data-state=runs]").first.wait_for(state="attached")
            waits.append((time.perf_counter() - begin) * 1000)
            go.touch()
            drawn, text = page.evaluate(FIRST_ROW)
            stamp = int(re.findall(r"(\d+) → 9 ", text)[0])
            times.append(packet_maker.age(stamp, drawn / 1000))
            stop(page)
        record(page, f"2 {RATE} {SECONDS}")
        page.wait_for_timeout(2500)
        gaps = page.evaluate(FRAMES, SECONDS - 2)
        page.wait_for_timeout(4000)
        shown = page.locator("[data-shows=count]").first.text_content()
        heap = page.evaluate("performance.memory.usedJSHeapSize") / (1 << 20)
        browser.close()
    show("the same on the page, in Chromium: first packet", told(times), "200 ms")
    show("the click to the word, in Chromium", told(waits))
    show(f"{RATE:,} packets a second on the page: {shown} rows", f"frames: {told(gaps)}", "all rows")
    show("", f"{heap:.0f} MiB of JavaScript", "flat")


def record(page: Any, program: str) -> None:
    """Press the buttons for a new recording of the first host."""
    packets_of = page.locator("x-packets").first
    packets_of.locator("[data-do=record] input").fill(program)
    packets_of.locator("button[data-state=none]").click()


def stop(page: Any) -> None:
    """Press the button that ends the recording, and load the page again."""
    page.locator("x-packets button[data-state=runs]").first.click()
    page.locator("x-packets[data-state=stopped]").first.wait_for(state="attached")
    page.reload()


# All of it


@contextmanager
def started(folder: str) -> Iterator[Server]:
    """Start all processes, and end them."""
    environment = {**os.environ, "SHARKLAB_STATE": os.environ.get("SHARKLAB_STATE", f"{folder}/state")}
    words = [sys.executable, __file__]
    running = [
        subprocess.Popen([*words, own, folder], env=environment, start_new_session=True)
        for own in ("door", "web", "base")
    ]
    try:
        places: tuple[Any, ...] = (f"{folder}/door", ("127.0.0.1", PORT), ("127.0.0.1", BASE_PORT))
        for place in places:
            with socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET) as probe:
                while probe.connect_ex(place):
                    time.sleep(0.2)
        yield Server([own.pid for own in running[:2]])
    finally:
        for own in running:
            own.kill()
            own.wait()


def main() -> None:
    """Start everything, measure, and print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    signal.alarm(MOST)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, started(folder) as own:
        print(f"load {os.getloadavg()[0]:.1f}\n\n| | | aim |\n| --- | --- | --- |", flush=True)
        asyncio.run(of_packets(own, Path(folder)))
        of_page(Path(folder))
        asyncio.run(of_terminals(own, count))
    print(f"\nload {os.getloadavg()[0]:.1f}, {time.monotonic() - begin:.0f} s")


PARTS: dict[str, Callable[[], None]] = {
    "door": lambda: door(Path(sys.argv[2])),
    "web": lambda: web(Path(sys.argv[2])),
    "base": base,
    "flood": lambda: asyncio.run(flood(int(sys.argv[2]))),
}

if __name__ == "__main__":
    PARTS.get(sys.argv[1] if len(sys.argv) > 1 else "", main)()
