"""The main job, as users do it: tp4 for two students at once, read back with tshark as a witness.

tshark reads the capture files here by display filters of its own, so that it can contradict the report.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Call, misjudged

APPLICATIONS = {"web": "tcp", "mail": "tcp", "chat": "tcp", "time": "udp", "voice": "udp"}


@dataclass(frozen=True)
class Done:
    """One student's run: what `run --output json` said, and the seat."""

    said: dict[str, Any]
    seat: dict[str, Any]
    folder: Path

    def capture(self, name: str) -> Path:
        """Return the capture file of that id."""
        [file] = self.folder.glob(f"hosts/*/captures/{name}.pcap")
        return file


def tshark(file: Path, display_filter: str, *fields: str) -> list[str]:
    """Return a line of `fields` for each packet that the filter shows."""
    options = [word for name in fields or ("frame.number",) for word in ("-e", name)]
    options += [
        "-d",
        "tcp.port==2049,rpc",
    ]  # else tshark guesses, at times wrongly
    command = ["tshark", "-n", "-r", str(file), "-Y", display_filter, "-T", "fields", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def runs(sharklab: Call, student: Callable[[str], str], seat: str) -> Iterator[dict[str, Done]]:
    """Run tp4 for two students at the same time: on a seat that other tests use as well, and on a new one."""
    names = {"ada": seat, "grace": student("grace")}

    def one(name: str) -> Done:
        done = sharklab("run", "tp4", "--student", name, "--output", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        said = json.loads(done.stdout)
        folder = Path(said["run"])
        return Done(said, json.loads((folder / "plan.json").read_text())["seat"], folder)

    try:
        with ThreadPoolExecutor(2) as pool:
            yield dict(zip(names, pool.map(one, names.values()), strict=True))
    finally:
        sharklab("down", "tp4", "--student", names["grace"])


@pytest.fixture(params=["ada", "grace"])
def done(request: pytest.FixtureRequest, runs: dict[str, Done]) -> Done:
    """Return each student's run in turn."""
    return runs[request.param]


def test_run_achieves_every_exercise(done: Done) -> None:
    """Every exercise of the lab comes about, and both languages' reports are there."""
    assert done.said["achieved"] and all(done.said["exercises"].values())
    names = {Path(file).name for file in done.said["reports"]}
    assert names == {"report.fr.html", "report.fr.md", "report.en.html", "report.en.md"}


@dataclass(frozen=True)
class Frame:
    """A packet as tshark reads it: addresses, protocols, and TCP's flags and relative numbers."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    protocols: tuple[str, ...]
    flags: int
    numbers: tuple[str, str]

    def has(self, set_: int, unset: int = 0) -> bool:
        """Tell whether flags are set, and others are not (RFC 9293, 3.1)."""
        return self.flags & set_ == set_ and not self.flags & unset


FIN, SYN, RST, ACK = 1, 2, 4, 16


@cache
def frames(file: Path) -> tuple[Frame, ...]:
    """Return the packets of a capture; tshark reads a file once."""
    fields = ("ip.src", "ip.dst", "frame.protocols", "tcp.flags", "tcp.seq", "tcp.ack")
    rows = [line.split("\t") for line in tshark(file, "frame", *fields)]
    return tuple(
        Frame(
            tuple(source.split(",")),
            tuple(target.split(",")),
            tuple(protocols.split(":")),
            int(flags.split(",")[0] or "0", 16),
            (seq, ack),
        )
        for source, target, protocols, flags, seq, ack in rows
    )


@pytest.mark.parametrize("name", ["web", "mail", "chat", "ssh", "nfs"])
def test_tcp_capture_has_a_handshake(done: Done, name: str) -> None:
    """SYN, SYN/ACK and the first ACK are in the capture."""
    seen = frames(done.capture(name))
    assert any(frame.has(SYN, ACK) for frame in seen)
    assert any(frame.has(SYN | ACK) for frame in seen)
    assert any(frame.flags == ACK and frame.numbers == ("1", "1") for frame in seen)


@pytest.mark.parametrize("name", ["web", "chat", "ssh"])
def test_tcp_capture_has_a_fin_from_both_sides(done: Done, name: str) -> None:
    """Each side closes, and nobody resets."""
    seen = frames(done.capture(name))
    assert len({frame.sources for frame in seen if frame.has(FIN)}) == 2
    assert not [frame for frame in seen if frame.has(RST)]


@pytest.mark.parametrize(("name", "transport"), APPLICATIONS.items())
def test_application_uses_its_transport_alone(done: Done, name: str, transport: str) -> None:
    """Every packet of an application's capture is of the transport that the report names, both ways."""
    seen = frames(done.capture(name))
    assert all(transport in frame.protocols for frame in seen)
    assert len({frame.sources for frame in seen}) == 2
    page = (done.folder / "report.en.md").read_text()
    assert transport.upper() in page


def test_nfs_capture_has_operations(done: Done) -> None:
    """The capture shows NFSv4 at work, and both refusals."""
    operations = {
        op for line in tshark(done.capture("nfs"), "nfs", "nfs.opcode") for op in line.split(",") if op
    }
    names = {"18": "OPEN", "25": "READ", "38": "WRITE", "15": "LOOKUP", "9": "GETATTR"}
    assert set(names) <= operations, {names[op] for op in set(names) - operations}
    statuses = {
        s for line in tshark(done.capture("nfs"), "nfs", "nfs.nfsstat4") for s in line.split(",") if s
    }
    assert {"2", "13"} <= statuses  # NFS4ERR_NOENT, NFS4ERR_ACCESS (RFC 7530, section 13)


def test_dns_capture_has_three_answers(done: Done) -> None:
    """A, AAAA and MX of the seat's own domain were asked and answered."""
    lines = tshark(
        done.capture("dns"), "dns.flags.response == 1", "dns.qry.type", "dns.qry.name", "dns.count.answers"
    )
    own = {tuple(line.split("\t")[:2]) for line in lines if line.split("\t")[2] != "0"}
    domain = done.seat["domain"]
    assert {("1", domain), ("28", domain), ("15", domain)} <= own


def test_dns_answers_are_the_seats_own(done: Done) -> None:
    """The addresses in the answers are those of this seat's server."""
    server = done.seat["addresses"]["server"]["lan"]
    answers = tshark(done.capture("dns"), "dns.a || dns.aaaa", "dns.a", "dns.aaaa")
    values = {value for line in answers for value in line.split("\t") if value}
    assert server["ipv4"].split("/")[0] in values and server["ipv6"].split("/")[0] in values


def test_seats_share_no_value(runs: dict[str, Done]) -> None:
    """Token, domain, share and every address differ between the two."""
    ada, grace = (run.seat for run in runs.values())
    assert not {ada[key] for key in ("id", "token", "domain", "share")} & {
        grace[key] for key in ("id", "token", "domain", "share")
    }
    assert not addresses(ada) & addresses(grace)


def addresses(seat: dict[str, Any]) -> set[str]:
    """Return every IPv4 address of a seat."""
    return {at["ipv4"].split("/")[0] for places in seat["addresses"].values() for at in places.values()}


def test_no_packet_of_one_seat_is_in_the_others(runs: dict[str, Done]) -> None:
    """Seats that run side by side see nothing of each other."""
    for mine, other in (("ada", "grace"), ("grace", "ada")):
        strangers, token = addresses(runs[other].seat), runs[other].seat["token"].encode()
        for file in runs[mine].folder.glob("hosts/*/captures/*.pcap"):
            seen = {address for frame in frames(file) for address in (*frame.sources, *frame.targets)}
            assert (set(), False) == (seen & strangers, token in file.read_bytes())


def test_token_is_on_the_wire(done: Done) -> None:
    """The seat's token shows in the captures of DNS and NFS, and in no capture of encrypted traffic."""
    for name in ("dns", "nfs"):
        assert tshark(done.capture(name), f'frame contains "{done.seat["token"]}"')


def test_run_leaves_no_capture_running(done: Done) -> None:
    """Captures ended by themselves: the records say how many packets, and none was dropped."""
    for file in done.folder.glob("hosts/*/captures.json"):
        for capture in json.loads(file.read_text()):
            assert capture["packets_dropped"] == 0 and capture["packets_captured"] > 0


def test_reports_are_self_contained(done: Done) -> None:
    """The page needs no network: nothing in it is loaded from elsewhere."""
    for name in ("report.fr.html", "report.en.html"):
        page = (done.folder / name).read_text()
        assert 'src="http' not in page and '<link rel="stylesheet"' not in page and "@import" not in page


def test_grading_is_proved(runs: dict[str, Done]) -> None:
    """What is right earns every point, nothing earns none, and every single fault loses just its own."""
    assert [] == misjudged(runs["ada"].folder)
