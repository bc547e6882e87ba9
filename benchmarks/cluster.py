"""What a class on a cluster costs, against the engine's own bare copies; and what larger classes would cost.

Run it as root by the Python of sharklab's own environment (`sharklab doctor` names it):

    .../venv/.../bin/python benchmarks/cluster.py measure [lab [seats [members,...]]]
    .../venv/.../bin/python benchmarks/cluster.py table

`measure` starts a cluster of LXD on this machine (tests/support/lxd_cluster.py), brings the seats up, stops
them, and copies the same hosts by bare calls of the engine: their values are in them, members and bridges are
the same, and as many are made side by side. Both end when every host has started all its units. The members
share this machine, so more of them do not make it faster. `table` computes larger classes from `MEASURED`,
and draws cluster.svg.
"""

from __future__ import annotations

import json
import math
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from sharklab import state
from sharklab.hosts.providers import boot_query, consoles
from sharklab.hosts.providers.cluster import course as course_keys
from sharklab.hosts.providers.cluster import hosts
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.instances import CopyOf
from sharklab.hosts.providers.cluster.model import Instance
from sharklab.report.drawing import Drawing
from tests.support.lxd_cluster import LxdCluster, group_roots, lxd_cluster

SHARED = ("images", "user-namespaces", "disk-files")
"""Parts of the state folder that a course of its own shares: the baked images, and what was tried."""

DEFAULTS = ("tcpdump", "6", "1,3")
"""The lab, the seats, and the numbers of members, for what the command line leaves out."""

FIRST = "first"
"""The start of the names of students, one for each member, whose seats come up before the measurement.

They send the image, and each member unpacks it once.
"""

CLASSES = (30, 100, 300, 1000, 3000)
WIDTH, HEIGHT, LEFT, BOTTOM = 720, 300, 60, 44
"""The picture and its margins, in user units."""

STYLE = (
    ".axis,.curve{stroke:#567;stroke-width:1.5}.point{fill:#b34}.label{font:13px sans-serif;fill:#345}"
    "@media(prefers-color-scheme:dark){.label{fill:#cde}}"
)

PICTURE = Path(__file__).with_name("cluster.svg")


@dataclass(frozen=True)
class Course:
    """A course of its own on a cluster."""

    folder: Path
    cluster: LxdCluster
    lab: str
    students: Sequence[str]

    def sharklab(self, *words: str) -> str:
        """Run the command line, and return its output; a failure ends the benchmark."""
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "LC_ALL": "C.UTF-8",
            "SHARKLAB_STATE": str(self.folder),
            "LXD_DIR": str(self.cluster.machines["m1"].engine_folder),
        }
        command = [sys.executable, "-P", "-m", "sharklab", *words]
        done = subprocess.run(command, cwd=ROOT, env=env, check=False, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"{shlex.join(words)} failed:\n{done.stdout}")
        return done.stdout

    def up(self, students: Sequence[str]) -> None:
        """Bring seats up, solved."""
        roster = self.folder / "roster.csv"
        lines = [f"{name},N,{name}@uni.example" for name in students]
        roster.write_text("\n".join(["student,name,email", *lines, ""]))
        options = ("--roster", str(roster), "--provider", "cluster", "--solved", "--os", "debian12")
        self.sharklab("seats", "up", self.lab, *options)

    def down(self) -> None:
        """Take all seats down; the project and its image stay."""
        self.sharklab("seats", "down", self.lab, "--yes")

    def client(self) -> Client:
        """Return a client in the project of the course."""
        known = json.loads((self.folder / "course" / "cluster.json").read_text())
        return self.cluster.machines["m1"].client().in_project(f"sharklab-{known['id']}")

    def members_cpu(self) -> float:
        """Return the CPU-seconds that the members have used, with all their hosts."""
        for root in group_roots():
            group = root / self.cluster.bridge
            if (group / "cpuacct.usage").exists():
                return int((group / "cpuacct.usage").read_text()) / 1e9
        (unified,) = [root for root in group_roots() if (root / "cgroup.controllers").exists()]
        line = (unified / self.cluster.bridge / "cpu.stat").read_text().splitlines()[0]
        return int(line.split()[1]) / 1e6

    def members_memory(self) -> int:
        """Return the bytes of memory of the members, without files that nobody has used for long."""
        for group in (root / self.cluster.bridge for root in group_roots()):
            for name in ("memory.usage_in_bytes", "memory.current"):
                if (group / name).exists():
                    fields = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
                    dropped = fields.get("total_inactive_file", fields.get("inactive_file", "0"))
                    return int((group / name).read_text()) - int(dropped)
        raise RuntimeError("no controller of memory")

    def measure(self, work: Callable[[], object]) -> tuple[float, float, float]:
        """Return the seconds of `work`, the CPU-seconds of its commands, and those of the members."""
        before, clock, members = (
            resource.getrusage(resource.RUSAGE_CHILDREN),
            time.monotonic(),
            self.members_cpu(),
        )
        work()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.monotonic() - clock, own, self.members_cpu() - members


def bare(client: Client, wanted: Sequence[Instance]) -> None:
    """Copy stopped instances by the engine alone, start the copies, and wait as `seats up` does.

    A copy has the values of its seat in it, and starts the same services.
    """

    def make(one: Instance) -> None:
        name = copy_of(one)
        cards = {  # the engine gives them other addresses than those of their originals
            card: {key: value for key, value in about.items() if key != "hwaddr"}
            for card, about in one.devices.items()
        }
        client.instances.create(name, CopyOf(one.name), member=one.member, devices=cards)
        client.instances.start(name)
        command = ["timeout", str(int(consoles.LIMIT)), "sh", "-c", f"{hosts.BOOTED}\n{boot_query.SETTLED}"]
        done = client.instances.run(name, command, limit=consoles.LIMIT + 10)
        if done.output.split()[:1] not in ([b"running"], [b"degraded"]):
            raise RuntimeError(f"{name} did not come up: {done.output.decode()}")

    members = {one.member for one in wanted}
    with ThreadPoolExecutor(hosts.TOGETHER * len(members)) as pool:
        list(pool.map(make, wanted))


def copy_of(one: Instance) -> str:
    """Return the name of the bare copy of an instance."""
    return f"bare-{one.name}"


def each(do: Callable[[str], object], names: Sequence[str]) -> None:
    """Do the same with some instances, as many side by side as on one member."""
    with ThreadPoolExecutor(hosts.TOGETHER) as pool:
        list(pool.map(do, names))


def show(name: str, figures: tuple[float, float, float], seats: int) -> None:
    """Print figures: in all, and the CPU-seconds of one seat."""
    seconds, own, members = figures
    each = (
        f"per seat {own / seats:5.2f} + {members / seats:5.2f} CPU-s, {60 * seats / seconds:5.1f} seats/min"
    )
    load = os.getloadavg()[0]
    print(f"{name:<22} {seconds:6.1f} s  {each}, load {load:.1f}", flush=True)


def compare(lab: str, seats: int, members: int) -> None:
    """Print what the seats cost, and the same instances by bare calls."""
    students = [f"student{number}" for number in range(seats)]
    with tempfile.TemporaryDirectory() as place, lxd_cluster(members) as cluster:
        for name in SHARED:
            if (state.root() / name).exists():
                (Path(place) / name).symlink_to(state.root() / name)
        course = Course(Path(place), cluster, lab, students)
        print(f"{lab}, {seats} seats, members: {members}")
        first = [f"{FIRST}{number}" for number in range(members)]
        show("image and first seats", course.measure(lambda: course.up(first)), members)
        before = course.members_memory()
        figures = course.measure(lambda: course.up(students))
        show("seats up", figures, seats)
        grown = course.members_memory() - before
        with course.client() as client:
            found = [one for one in client.instances.all() if one.config]
            wanted = [one for one in found if one.config[course_keys.STUDENT] in students]
            memory = grown / len(wanted)
            image = max(client.images.all(), key=lambda one: one.size)
            print(f"memory of a host {memory / 2**20:.1f} MiB, image {image.size / 2**20:.0f} MiB")
            each(client.instances.stop, [one.name for one in found])
            again = course.measure(lambda: bare(client, wanted))
            show("bare copies", again, seats)
            print(f"ratio {figures[0] / again[0]:.2f}", flush=True)
            each(client.instances.stop, [copy_of(one) for one in wanted])
            each(client.instances.delete, [copy_of(one) for one in wanted])
        show("seats down", course.measure(course.down), seats)


@dataclass(frozen=True)
class Costs:
    """Measured costs of a lab: CPU-seconds of a seat, MiB of memory of a host, MiB of an image."""

    hosts: int
    own_cpu: float
    """CPU-seconds on the computer with sharklab."""

    member_cpu: float
    host_memory: float
    image: float
    host_values: float
    """MiB that are sent for each host: its layer and the values of its seat."""

    turn: float
    """Seconds in which an idle member copies and starts a host; `hosts.TOGETHER` have their turn at once."""


MEASURED = Costs(
    hosts=2,
    own_cpu=0.8,
    member_cpu=6.5,
    host_memory=course_keys.MEMORY_OF_HOST / 2**20,
    image=379.0,
    host_values=0.2,
    turn=0.9,
)
"""tcpdump on an idle machine on 2026-11-29 (`measure`, and the sizes of its files).

The memory is what `seats up` reserves for a host, so that the table and the placement say the same.
"""


@dataclass(frozen=True)
class Machine:
    """A member, or the computer with sharklab: processors as fast as those measured, MiB of memory."""

    processors: int
    memory: int


@dataclass(frozen=True)
class Size:
    """What a class needs: members with one more than memory asks for, minutes of `seats up`, GiB sent."""

    members: int
    memory: float
    minutes: float
    traffic: float


MEMBER, OWN = Machine(16, 64 * 1024), Machine(16, 64 * 1024)
RESERVED = 0.25
"""The part of a member's memory that is for its system, its caches, and the seats of a member that dies."""


def size(costs: Costs, students: int) -> Size:
    """Compute a class: memory decides about members, and the slowest of three parts about minutes.

    The parts are the processors of the computer with sharklab, those of the members, and the turns there.
    """
    memory = students * costs.hosts * costs.host_memory
    members = max(3, math.ceil(memory / (MEMBER.memory * (1 - RESERVED))) + 1)
    own = students * costs.own_cpu / OWN.processors
    theirs = students * costs.member_cpu / (members * MEMBER.processors)
    turns = students * costs.hosts * costs.turn / (members * hosts.TOGETHER)
    sent = costs.image * members + students * costs.hosts * costs.host_values
    return Size(members, memory / 1024, max(own, theirs, turns) / 60, sent / 1024)


def table(costs: Costs) -> str:
    """Return the classes as a table in Markdown."""
    rows = [
        f"| {students:,} | {one.members} | {one.memory:.0f} | {one.minutes:.1f} | {one.traffic:.1f} |"
        for students in CLASSES
        for one in [size(costs, students)]
    ]
    head = "| students | members | memory of the hosts, GiB | `seats up`, minutes | sent, GiB |"
    return "\n".join((head, "| ---: | ---: | ---: | ---: | ---: |", *rows))


def picture(costs: Costs) -> str:
    """Return the classes as an SVG picture: minutes over students, with the members beside each point."""
    about = "Minutes of seats up over students, and the members that the class needs"
    drawing = Drawing("classes", "classes", WIDTH, "Classes on a cluster", about)
    sizes = [(students, size(costs, students)) for students in CLASSES]
    most = max(one.minutes for _, one in sizes)

    def x(students: int) -> float:
        return LEFT + (WIDTH - 2 * LEFT) * math.log(students / CLASSES[0]) / math.log(
            CLASSES[-1] / CLASSES[0]
        )

    def y(minutes: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - 2 * BOTTOM) * minutes / most

    drawing.line("axis", LEFT, HEIGHT - BOTTOM, WIDTH - LEFT, HEIGHT - BOTTOM)
    drawing.line("axis", LEFT, BOTTOM, LEFT, HEIGHT - BOTTOM)
    drawing.text("label", LEFT, BOTTOM - 12, "minutes of seats up (members)")
    drawing.text("label", WIDTH - LEFT, HEIGHT - 8, "students", "end")
    for (students, one), (then, other) in pairwise(sizes):
        drawing.line("curve", x(students), y(one.minutes), x(then), y(other.minutes))
    for students, one in sizes:
        drawing.dot("point", x(students), y(one.minutes), 4)
        drawing.text(
            "label", x(students), y(one.minutes) - 10, f"{one.minutes:.1f} ({one.members})", "middle"
        )
        drawing.text("label", x(students), HEIGHT - BOTTOM + 18, f"{students:,}", "middle")
    svg = drawing.svg(HEIGHT).replace("<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" ', 1)
    return svg.replace("<title", f"<style>{STYLE}</style><title", 1) + "\n"


def main(words: Sequence[str]) -> None:
    """Measure, or print the table and draw the picture."""
    match words:
        case ["table"]:
            print(table(MEASURED))
            PICTURE.write_text(picture(MEASURED), encoding="utf-8")
        case ["measure", *more]:
            lab, seats, members = (*more, *DEFAULTS[len(more) :])
            for count in members.split(","):
                compare(lab, int(seats), int(count))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
