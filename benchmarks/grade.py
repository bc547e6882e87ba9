"""What it costs to grade a class: submissions per second, memory, and other ways to read the captures.

Run it by the Python of sharklab's own environment (`sharklab doctor` names it), on a machine with tshark:

    .../venv/.../bin/python benchmarks/grade.py RUN [STUDENTS] [SAMPLE]

RUN is the folder of a run of tp4 (`sharklab run tp4` prints it): its eight captures are what each of STUDENTS
(300) hands in, with the addresses, names and token of a seat of their own. The class is graded once, from
nothing to the last page, and again with nothing changed. Then SAMPLE (240) of the same captures are read by
one `tshark -T fields` call each, by pyshark where that is installed, and as grading reads them, side by side.
Memory is the sum of what all processes use (PSS), as often as it can be read.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from sharklab.author import reference
from sharklab.evidence.capture import RecordedCapture, read_few
from sharklab.grading.submission import bundle
from sharklab.lab import load, seat
from sharklab.lab.model import Seat
from sharklab.lab.plan import make_plan

FIELDS = ("frame.number", "ip.src", "ip.dst", "tcp.flags", "tcp.seq", "tcp.ack", "udp.length")


def values(own: Seat) -> list[bytes]:
    """Return the bytes by which a seat shows in a capture: addresses and token."""
    found = [own.token.encode()]
    for places in own.addresses.values():
        for at in places.values():
            found += [at.ipv4.ip.packed, at.ipv6.ip.packed, bytes.fromhex(at.mac.replace(":", ""))]
    return found


def moved(content: bytes, old: Seat, new: Seat, number: int) -> bytes:
    """Return a capture as another seat would have made it: its addresses, names, and TCP numbers."""
    replaced = dict(zip(values(old), values(new), strict=True))
    pattern = re.compile(b"|".join(map(re.escape, replaced)))
    content = pattern.sub(lambda found: replaced[found[0]], content)
    out, place = bytearray(content), 24
    while place + 16 <= len(out):
        length = int.from_bytes(out[place + 8 : place + 12], "little")
        frame = place + 16
        if out[frame + 12 : frame + 14] == b"\x08\x00" and out[frame + 23] == 6:
            for offset in (38, 42):
                at = frame + offset
                old_number = int.from_bytes(out[at : at + 4], "big")
                out[at : at + 4] = ((old_number + number * 7919) % 2**32).to_bytes(4, "big")
        place = frame + length
    return bytes(out)


def make(run: Path, folder: Path, students: int) -> None:
    """Write what the class hands in, and its roster, below `folder`."""
    plan, made = reference.reference(run)
    lab = load.read_named(plan.lab.name)
    (folder / "in").mkdir()
    lines = ["student,name,email"]
    for number in range(students):
        name = f"student{number:04}"
        own = make_plan(lab, seat.register(lab, name)).seat
        work = folder / "work" / name
        (work / "captures").mkdir(parents=True)
        captures = {}
        for capture, file in made.captures.items():
            captures[capture] = work / "captures" / f"{capture}.pcap"
            captures[capture].write_bytes(moved(file.read_bytes(), plan.seat, own, number))
        text = json.dumps(made.answers)
        for old, new in zip(texts(plan.seat), texts(own), strict=True):
            text = text.replace(f'"{old}"', f'"{new}"')
        (work / "answers.yml").write_text(text)
        mine = replace(made, student=name, seat=own.id, folder=work, captures=captures, state={})
        bundle.pack(mine, seat.key(lab.name, name), folder / "in" / f"tp4-{name}.sharklab")
        lines.append(f"{name},Student {number},{name}@example.org")
    (folder / "roster.csv").write_text("\n".join(lines) + "\n")


def texts(own: Seat) -> list[str]:
    """Return a seat's addresses as answers write them."""
    places = (at for hosts in own.addresses.values() for at in hosts.values())
    return [str(ipaddress.ip_address(ip)) for at in places for ip in (at.ipv4.ip, at.ipv6.ip)]


class Memory:
    """The most that this process and its children used while a block ran, in bytes (PSS)."""

    def __enter__(self) -> Memory:
        """Start to look."""
        self.most = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.2):
            self.most = max(self.most, sum(map(_pss, _family(os.getpid()) - {os.getpid()})))


def _family(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
    family = {pid}
    while grown := {child for child, parent in parents.items() if parent in family} - family:
        family |= grown
    return family


def _pss(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


def measured(title: str, count: int, unit: str, work: Callable[[], object]) -> float:
    """Run `work` and print what it took; return the processor's seconds for each of `count`."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    own = time.process_time()
    with Memory() as memory:
        work()
    wall, after = time.monotonic() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + time.process_time() - own
    print(
        f"{title}: {wall:.1f} s, {count / wall:.1f} {unit} per second, {cpu:.1f} CPU s"
        f" ({1000 * cpu / count:.1f} ms each), memory {memory.most / 2**20:.0f} MiB",
        flush=True,
    )
    return cpu / count


def grade(folder: Path, students: int) -> None:
    """Grade the class by the command line, twice."""
    words = ["grade", str(folder / "in"), "--roster", str(folder / "roster.csv"), "-o", str(folder / "out")]
    command = [sys.executable, "-m", "sharklab", *words, "--output", "json"]
    said: dict[str, bytes] = {}

    def once() -> None:
        said["last"] = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environ()).stdout

    for title in ("grade a class", "grade it again"):
        measured(title, students, "submissions", once)
    points = [each["points"] for each in json.loads(said["last"])["students"].values()]
    print(f"    points from {min(points)} to {max(points)}", flush=True)


def environ() -> Mapping[str, str]:
    """Return the environment of the command line."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"}


def compare(folder: Path, sample: int) -> None:
    """Read the same captures in several ways."""
    by_kind = [sorted(folder.glob(f"work/*/captures/{name}.pcap")) for name in captures(folder)]
    files = [file for kind in by_kind for file in kind[: max(1, sample // len(by_kind))]]
    fields = [word for field in FIELDS for word in ("-e", field)]

    def one_by_one() -> None:
        for file in files:
            subprocess.run(
                ["tshark", "-n", "-r", str(file), "-T", "fields", *fields], capture_output=True, check=True
            )

    slow = measured("one tshark -T fields call each", len(files), "captures", one_by_one)
    own = measured(
        "as grading reads them",
        len(files),
        "captures",
        lambda: read_few(RecordedCapture(file.stem, "", file) for file in files),
    )
    print(f"    {slow / own:.1f} times less than one tshark call each", flush=True)
    try:
        import pyshark
    except ImportError:
        print("pyshark is not installed", flush=True)
        return

    def by_pyshark() -> None:
        for file in files:
            with pyshark.FileCapture(str(file), keep_packets=False) as capture:
                for packet in capture:
                    assert packet.length  # noqa: S101

    slow = measured("pyshark", len(files), "captures", by_pyshark)
    print(f"    {slow / own:.1f} times less than pyshark", flush=True)


def captures(folder: Path) -> list[str]:
    """Return the names of the captures that each student has."""
    first = min((folder / "work").iterdir())
    return sorted(file.stem for file in (first / "captures").glob("*.pcap"))


def main(run: Path, students: int, sample: int) -> None:
    """Make a class in a course of its own, grade it, and read its captures in other ways."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["SHARKLAB_STATE"] = str(Path(place) / "state")
        print(f"{os.cpu_count()} cores, {students} submissions", flush=True)
        make(run, Path(place), students)
        print(f"    of {len(captures(Path(place)))} captures each", flush=True)
        grade(Path(place), students)
        compare(Path(place), sample)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} RUN [STUDENTS] [SAMPLE]")
    counts = [int(word) for word in sys.argv[2:4]]
    main(Path(sys.argv[1]), *(*counts, *(300, 240)[len(counts) :]))
