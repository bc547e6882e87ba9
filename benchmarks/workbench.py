"""The cost of terminals in a browser: key to echo, memory and CPU; 3 of the terminals print without end.

Run it by the Python of sharklab's own environment (`sharklab doctor` names it):

    .../venv/.../bin/python benchmarks/workbench.py [terminals]

The shells are of this computer, so it measures the workbench and not ssh. The web process and the process
that keeps terminals are as in `serve`; browsers are WebSockets in a third process. The same keys at a
pseudo-terminal without anything between are the base of the ratios.
"""

from __future__ import annotations

import asyncio
import os
import pty
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from sharklab.cli import flow
from sharklab.cli.workbench import app, client, door_process, static_files
from sharklab.cli.workbench.identity import Cookies, Links, Reader
from sharklab.cli.workbench.site import Site
from sharklab.hosts.door import server, workbench
from sharklab.hosts.door.keeper import Keeper
from sharklab.hosts.door.recordings import Recordings
from sharklab.lab.model import Host, Plan

PORT = 8479
SITE, KEY = Site(f"http://127.0.0.1:{PORT}"), b"k" * 32
ECHO, FLOOD = ["sh", "-c", "stty raw -echo; exec cat"], ["yes", "a line of a program that prints without end"]
NOISY = "desktop"
"""The host whose shell prints without end."""

FLOODS, KEYS, PAUSE = 3, 20, 0.3


def door(place: Path) -> None:
    """Keep terminals for students who all have the seat of one plan."""
    plan = flow.prepare("tp4", "bench")

    def find(student: str, lab: str, host: str) -> tuple[Plan, Host]:
        return plan, next(own for own in plan.hosts if own.name == host)

    def login(plan: Plan, host: Host) -> list[str]:
        return FLOOD if host.name == NOISY else ECHO

    own = workbench.Requests(Keeper(), Recordings(place / "live"), find, login)
    front = server.Caller(is_front=True)
    at_door = server.Door(lambda uid: front, own.handlers(), door_process.explain, print, 24)
    at_door.serve(server.listen(place / "door"))


def web(place: Path) -> None:
    """Answer browsers."""
    seats = client.Seats(client.here({}, door_process.explain))
    made = app.make(SITE, seats, Links(), Cookies(KEY), static_files.read({}), str(place / "door"))
    uvicorn.run(
        made, port=PORT, log_level="warning", access_log=False, ws="websockets-sansio", loop="asyncio"
    )


class Browser:
    """One terminal in a browser that draws at once."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection, self.echoed, self.bytes = connection, asyncio.Event(), 0

    async def listen(self) -> None:
        """Draw all output."""
        async for message in self.connection:
            if message[:1] in (b"o", b"p"):
                self.bytes += len(message) - 1
                self.echoed.set()
                await self.connection.send(b"a%d" % (len(message) - 1))

    async def type(self) -> list[float]:
        """Type keys, and return the milliseconds until each was echoed."""
        times = []
        for _ in range(KEYS):
            await asyncio.sleep(random.uniform(0, 2 * PAUSE))  # noqa: S311 (people type at any time)
            self.echoed.clear()
            begin = time.perf_counter()
            await self.connection.send(b"ix")
            await asyncio.wait_for(self.echoed.wait(), 30)
            times.append((time.perf_counter() - begin) * 1000)
        return times


async def opened(number: int, host: str = "") -> Browser:
    """Return a terminal of one of the students, each of whom has two, or the one of `host`."""
    student, host = f"s{number // 2}", host or ("server", "client")[number % 2]
    cookie = Cookies(KEY).write(Reader(student, seats=frozenset({("tp4", student)})), time.time())
    url = f"{SITE.origin.replace('http', 'ws')}/seats/tp4/{student}/hosts/{host}/terminal"
    headers = {"Cookie": f"{SITE.cookie}={cookie}", "Origin": SITE.origin}
    return Browser(await connect(url, additional_headers=headers, max_size=None))


async def browsers(count: int, processes: list[int]) -> None:
    """Measure, and print a table."""
    terminals = [await opened(number) for number in range(count)]
    tasks = [asyncio.create_task(each.listen()) for each in terminals]
    await asyncio.sleep(2)
    before = cpu(processes)
    await asyncio.sleep(10)
    print(
        f"{count} idle terminals: {(cpu(processes) - before) * 10:.1f} % of a core, {memory(processes)} MiB"
    )
    base = direct()
    print(f"pseudo-terminal alone: {told(base)}")
    print(f"{count} terminals: {told(await typed(terminals), base)}")
    floods = [await opened(2 * number, NOISY) for number in range(FLOODS)]
    tasks += [asyncio.create_task(each.listen()) for each in floods]
    begin, before = time.monotonic(), cpu(processes)
    times = await typed(terminals)
    size = sum(each.bytes for each in floods) / 1e6
    cost, rate = (cpu(processes) - before) * 1000 / size, size / (time.monotonic() - begin)
    print(f"... and {FLOODS} that print {rate:.1f} MB/s: {told(times, base)}")
    print(f"{cost:.0f} CPU-ms for a MB of output, {memory(processes)} MiB")
    for task in tasks:
        task.cancel()


async def typed(terminals: list[Browser]) -> list[float]:
    """Type at all terminals at the same time."""
    return [each for times in await asyncio.gather(*(own.type() for own in terminals)) for each in times]


def direct() -> list[float]:
    """Return the milliseconds of keys at a pseudo-terminal without anything between."""
    child, handle = pty.fork()
    if not child:
        os.execvp(ECHO[0], ECHO)
    time.sleep(0.5)
    times = []
    for _ in range(200):
        begin = time.perf_counter()
        os.write(handle, b"x")
        os.read(handle, 100)
        times.append((time.perf_counter() - begin) * 1000)
    os.close(handle)
    os.waitpid(child, 0)
    return times


def told(times: list[float], base: list[float] | None = None) -> str:
    """Return a row: the middle and the slow end, and the ratio to the base."""
    middle, slow = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    ratio = f", {middle / statistics.median(base):.0f} × the base" if base else ""
    return f"p50 {middle:.2f} ms, p95 {slow:.2f} ms{ratio}"


def cpu(processes: list[int]) -> float:
    """Return the CPU-seconds of processes (proc(5), stat)."""
    fields = [Path(f"/proc/{own}/stat").read_text().rpartition(")")[2].split() for own in processes]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def memory(processes: list[int]) -> int:
    """Return the MiB that processes have for themselves (proc(5), smaps_rollup, Pss)."""
    lines = [Path(f"/proc/{own}/smaps_rollup").read_text().splitlines() for own in processes]
    return sum(int(line.split()[1]) for each in lines for line in each if line.startswith("Pss:")) >> 10


def wait(door: Path) -> None:
    """Return when both processes listen."""
    for family, address in ((socket.AF_UNIX, str(door)), (socket.AF_INET, ("127.0.0.1", PORT))):
        with socket.socket(family) as probe:
            while probe.connect_ex(address):
                time.sleep(0.2)


def main() -> None:
    """Start both processes, and measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SHARKLAB_STATE": f"{folder}/state"}
        words = [sys.executable, __file__]
        started = [subprocess.Popen([*words, own, folder], env=environment) for own in ("door", "web")]
        try:
            wait(Path(folder) / "door")
            asyncio.run(browsers(count, [own.pid for own in started]))
        finally:
            for own in started:
                own.kill()
                own.wait()


if __name__ == "__main__":
    if sys.argv[1:2] in (["door"], ["web"]):
        {"door": door, "web": web}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()
