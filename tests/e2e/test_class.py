"""A class of twelve on one server: seats, the real sshd of the gateway, real clients, vandals and marks.

The tests stand in the order of a lesson. Each step prints its seconds (pytest -rP shows them).
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.cli import flow
from tests.conftest import call_sharklab
from tests.support import doc_console
from tests.support.vandals import BEGIN, VANDALS
from tests.support.waiting import wait_until

LIMIT = 240
LAB = "tcpdump"
COUNT = 12
HANDING_IN = 4
"""Students who hand in; `seats down` names the others."""

VANDAL_SECONDS = 2
SHARED = ("seats", "course", "images", "locks", "user-namespaces", "disk-files")
"""Parts of the state of all tests that the server has, too; its gateway and submissions are its own."""


@dataclass(frozen=True)
class Server:
    """A class server: its folder, the students of its seats, and the port of its gateway."""

    place: Path
    students: tuple[str, ...]
    port: int

    @property
    def student(self) -> str:
        """The student of the tests about one student."""
        return self.students[-1]

    @property
    def roster(self) -> str:
        """The file of the class. Bob is on it and has no seat."""
        return str(self.place / "roster.csv")

    def run(self, *words: str) -> dict[str, Any]:
        """Type a command on the server and return what it tells a script, with its exit code."""
        begun = time.monotonic()
        env = {"SHARKLAB_STATE": str(self.place / "state")}
        done = call_sharklab(*words, "--output", "json", env=env)
        assert done.stdout, done.stderr
        content: dict[str, Any] = json.loads(done.stdout)
        print(f"{time.monotonic() - begun:6.1f} s  {' '.join(words[:2])}")
        return {**content, "code": done.returncode}

    def start(self) -> dict[str, Any]:
        """Start the gateway."""
        where = ("--listen", "127.0.0.1", "--port", str(self.port))
        return self.run("gateway", "start", "--roster", self.roster, *where)

    def listens(self) -> bool:
        """Tell whether anything listens at the port of the gateway."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def options(self, student: str = "") -> list[str]:
        """Return the options of ssh, scp and sftp, with the personal key of a student."""
        key = self.place / "keys" / f"{student or self.student}.key"
        known = f"UserKnownHostsFile={self.place / 'known'}"
        words = ["-i", str(key), "-F", "none", "-o", f"Port={self.port}", "-o", known, "-o", "BatchMode=yes"]
        words += ["-o", "LogLevel=ERROR"]
        return [*words, "-o", "StrictHostKeyChecking=accept-new", "-o", "IdentitiesOnly=yes"]

    def ssh(self, *words: str, said: str = "", student: str = "") -> subprocess.CompletedProcess[str]:
        """Run ssh on a student's PC."""
        argv = ["ssh", *self.options(student), *words]
        return subprocess.run(
            argv, input=said, capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False
        )

    def on_client(self, command: str, student: str = "", said: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the client of a student."""
        return self.ssh(f"{student or self.student}+client@127.0.0.1", command, said=said, student=student)

    def everybody(self, do: Callable[[str], Any]) -> dict[str, Any]:
        """Let all students do something at the same time, and return the results."""
        begun = time.monotonic()
        with ThreadPoolExecutor(COUNT) as pool:
            found = dict(zip(self.students, pool.map(do, self.students), strict=True))
        print(f"{time.monotonic() - begun:6.1f} s  {getattr(do, '__name__', 'all students')}, side by side")
        return found


@pytest.fixture(scope="module")
def server(student: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Bring the class up, and a gateway for it; nothing of them is left."""
    place = tmp_path_factory.mktemp("class")
    own = state.folder(place / "state")
    for name in SHARED:
        if (state.root() / name).exists():
            (own / name).symlink_to(state.root() / name)
    names = tuple(f"{student('class')}-{number:02}" for number in range(COUNT))
    lines = [f"{name},N,{name}@uni.example" for name in names]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(place, names, probe.getsockname()[1])
    Path(server.roster).write_text("\n".join(["student,name,email", *lines, ""]))
    try:
        up = server.run("seats", "up", LAB, "--roster", server.roster)
        assert [] == [one for one in up["seats"] if not one["good"]] and COUNT == len(up["seats"])
        Path(server.roster).write_text("\n".join(["student,name,email", *lines, "bob,B,b@uni.example", ""]))
        server.run("gateway", "keys", server.roster, "-o", str(place / "keys"))
        assert COUNT + 1 == server.start()["students"]
        yield server
    finally:
        server.run("gateway", "stop")
        server.run("seats", "down", LAB, "--roster", server.roster, "--yes")


def address(student: str) -> str:
    """Return the address of the server of a student's seat."""
    return str(flow.look_up(LAB, student).seat.address("server", "lan").ipv4.ip)


def test_page_on_a_class_shows_its_seats(server: Server, tmp_path: Path) -> None:
    """The example of docs/classroom.md, for two of the seats."""
    names = dict(zip(("alice", "bob"), server.students, strict=False))
    lines = [f"{own},{page.title()},{own}@uni.example" for page, own in names.items()]
    (tmp_path / "roster.csv").write_text("\n".join(["student,name,email", *lines, ""]))
    env = {"SHARKLAB_STATE": str(server.place / "state"), "SHARKLAB_OS": "debian12"}
    for shown, printed in doc_console.replay("classroom.md", tmp_path, env, names):
        assert shown == printed


def test_twelve_students_capture_side_by_side(server: Server) -> None:
    """Each sees the two packets of a refused connection of the own seat, and keeps them on the client."""

    def capture(student: str) -> tuple[int, int]:
        stream = [*server.options(student), f"{student}+client@127.0.0.1"]
        words = ["sharklab", "capture", "lan", "--filter", "'tcp port 1025'", "--packets", "2"]
        with subprocess.Popen(
            ["ssh", "-n", *stream, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as live:
            assert live.stderr and live.stdout
            assert b"listening on lan" in live.stderr.readline()
            server.on_client(f"nc -w 1 {address(student)} 1025", student)
            packets = live.stdout.read()
        keep = ["ssh", *stream, "cat > refused.pcap"]
        subprocess.run(keep, input=packets, check=True, timeout=LIMIT)
        return live.returncode, len(packets)

    found = server.everybody(capture)
    assert {0} == {code for code, _ in found.values()}
    assert all(size > 24 + 2 * (16 + 54) for _, size in found.values())
    logins = server.run("gateway", "logins")["logins"]
    assert set(server.students) == {each["student"] for each in logins if each["what"] == "sharklab"}


def test_vandals_keep_nobody_from_working(server: Server) -> None:
    """Root of a host forks, fills memory and disk, keeps processors busy; then its own seat works again."""
    attacks = dict(zip(server.students, VANDALS.values(), strict=False))

    def work(student: str) -> int:
        if vandal := attacks.get(student):
            server.on_client(f"sudo python3 - {VANDAL_SECONDS}", student, said=BEGIN + vandal)
        return server.on_client("ls /etc > list && wc -l < list", student).returncode

    assert {0} == set(server.everybody(work).values())
    told = {one["student"]: one["warnings"] for one in server.run("seats", "status", LAB)["seats"]}
    hog = list(VANDALS).index("a memory hog")
    assert told[server.students[hog]] and not told[server.student]


def test_seats_sleep_and_wake(server: Server) -> None:
    """All of them sleep once their logins are over; one wakes at a login, and the rest by the command."""
    wait_until(lambda: 0 == server.run("seats", "sleep", LAB)["code"])
    assert "client\n" == server.on_client("hostname").stdout
    hosts = {
        one["student"]: set(one["hosts"].values()) for one in server.run("seats", "status", LAB)["seats"]
    }
    assert {"running"} == hosts.pop(server.student)
    assert 1 == len(set.union(*hosts.values())) and {"running"} not in hosts.values()
    assert 0 == server.run("seats", "wake", LAB)["code"]
    assert {0} == {
        done.returncode for done in server.everybody(lambda one: server.on_client("true", one)).values()
    }


def test_check_and_submissions_earn_the_same(server: Server) -> None:
    """Captures that lie on the hosts count for both; the receipt is the SHA-256 of a file that was kept."""
    checked = server.run("seats", "check", LAB, "--roster", server.roster, "-o", str(server.place / "today"))
    assert set(server.students) == set(checked["points"])
    points = {student: own["points"] for student, own in checked["points"].items()}
    assert len(set(points.values())) == 1 and points[server.student] > 0

    command = f"submit {LAB} --from-hosts"
    said = {server.student: server.ssh("-tt", f"{server.student}@127.0.0.1", said="4\n").stdout}
    for student in server.students[: HANDING_IN - 1]:
        said[student] = server.ssh(f"{student}@127.0.0.1", command, student=student).stdout
    folder = server.place / "state" / "handed" / LAB
    kept = {file.name.rsplit("-", 2)[0]: file.read_bytes() for file in folder.iterdir()}
    assert set(said) == set(kept)
    assert [] == [name for name, text in said.items() if hashlib.sha256(kept[name]).hexdigest() not in text]
    words = (str(folder), "--roster", server.roster, "-o", str(server.place / "gradebook"))
    assert 0 == server.run("grade", *words)["code"]
    graded = json.loads((server.place / "gradebook" / "results.json").read_text())["students"]
    assert {student: points[student] for student in said} == {
        one["student"]: one["result"]["points"] for one in graded if one["result"]
    }


def test_a_login_is_on_the_host_as_its_student(server: Server) -> None:
    """Both streams and the exit code come back; no agent and no display reach the host."""
    command = "hostname; id -un; env | grep -E '^(SSH_AUTH_SOCK|DISPLAY)'; echo wrong >&2; exit 7"
    done = server.ssh("-A", "-X", f"{server.student}+client@127.0.0.1", command)
    assert ("client\nstudent\n", 7) == (done.stdout, done.returncode) and "wrong" in done.stderr
    assert "hint" in server.ssh(f"{server.student}@127.0.0.1", "hostname").stderr  # which host is not clear


def test_the_menu_leads_to_a_host(server: Server) -> None:
    """In the language of the student's computer, on a terminal."""
    done = server.ssh(
        "-tt",
        "-o",
        "SetEnv=LANG=fr_FR.UTF-8",
        f"{server.student}@127.0.0.1",
        said="2\nhostname > there; exit\n",
    )
    assert "Vos machines" in done.stdout
    assert "server\n" == server.ssh(f"{server.student}+server@127.0.0.1", "cat there; rm there").stdout


@pytest.mark.parametrize("options", [[], ["-O"]], ids=["sftp", "scp"])
def test_files_are_copied_both_ways(server: Server, tmp_path: Path, options: list[str]) -> None:
    """By scp over sftp, and by the old protocol; they are the student's files on the host."""
    (tmp_path / "there").write_bytes(bytes(range(256)) * 999)
    words = ["scp", *options, *server.options()]
    there = f"{server.student}+client@127.0.0.1:blob"
    subprocess.run([*words, tmp_path / "there", there], check=True, timeout=LIMIT)
    subprocess.run([*words, there, tmp_path / "back"], check=True, timeout=LIMIT)
    assert (tmp_path / "there").read_bytes() == (tmp_path / "back").read_bytes()
    assert "student\n" == server.ssh(f"{server.student}+client@127.0.0.1", "stat -c %U blob; rm blob").stdout


def test_a_jump_leads_to_the_host_itself(server: Server, tmp_path: Path) -> None:
    """The student's own key is let in there once, and the connection is encrypted to the host."""
    jump = f"ssh {' '.join(server.options())} -W %h:%p {server.student}@127.0.0.1"
    words = ["-F", "none", "-i", str(server.place / "keys" / f"{server.student}.key"), "-o", "BatchMode=yes"]
    known = [*("-o", f"UserKnownHostsFile={tmp_path}/known"), *("-o", "StrictHostKeyChecking=accept-new")]
    argv = ["ssh", *words, *known, "-o", f"ProxyCommand={jump}"]
    for host in (f"client.{LAB}", f"server.{LAB}"):
        count = "grep -c gateway .ssh/authorized_keys"
        done = subprocess.run(
            [*argv, f"student@{host}", f"hostname; {count}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        assert f"{host.partition('.')[0]}\n1\n" == done.stdout, done.stderr


def test_a_port_of_the_seat_is_forwarded_and_no_other(server: Server) -> None:
    """A web page of the seat; neither the class server nor another machine, and no port listens there."""
    login = f"{server.student}@127.0.0.1"
    asked = "SSH-2.0-probe\r\n"
    assert server.ssh("-W", f"server.{LAB}:22", login, said=asked).stdout.startswith("SSH-2.0-")
    page = server.ssh("-W", f"server.{LAB}:8001", login, said="GET / HTTP/1.0\r\n\r\n").stdout
    assert page.startswith("HTTP/1.1 200")
    for target in ("127.0.0.1:22", "127.2.0.1:22", "localhost:22", "192.0.2.1:22"):
        refused = server.ssh("-W", target, login, said=asked)
        assert refused.returncode and not refused.stdout
    back = server.ssh("-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:localhost:22", login)
    assert back.returncode


def test_others_are_kept_out(server: Server) -> None:
    """Bob's key opens no login of another, his own login has no seat, and nobody is root."""
    login = f"{server.student}+client@127.0.0.1"
    assert 255 == server.ssh(login, "hostname", student="bob").returncode
    own = server.ssh("bob+client@127.0.0.1", "hostname", student="bob")
    assert own.returncode and not own.stdout and own.stderr.startswith("sharklab: ")
    through = server.ssh("-W", "client:22", "bob@127.0.0.1", said="SSH-2.0-probe\r\n", student="bob")
    assert not through.stdout
    for name in ("root", "keys", "nobody", "mallory"):
        assert 255 == server.ssh(f"{name}@127.0.0.1", "id").returncode


def test_a_first_login_by_password_stores_a_key(server: Server, tmp_path: Path) -> None:
    """Which lets Bob in from then on; the password of `seats create` does not any more."""
    created = server.run("seats", "create", server.roster, "--lab", LAB, "-o", str(tmp_path / "seats"))
    passwords = {one["student"]: one["password"] for one in created["seats"]}
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\necho {passwords['bob']}\n")
    ask.chmod(0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "own"], check=True)
    known = ["-o", f"UserKnownHostsFile={server.place / 'known'}", "-o", "StrictHostKeyChecking=accept-new"]
    words = ["ssh", "-F", "none", "-p", str(server.port), *known]
    by_password = [
        *words,
        "-o",
        "PubkeyAuthentication=no",
        "-o",
        "NumberOfPasswordPrompts=1",
        "bob@127.0.0.1",
    ]
    env = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    said = (tmp_path / "own.pub").read_text()
    done = subprocess.run(by_password, input=said, env=env, text=True, check=False, timeout=LIMIT)
    assert 0 == done.returncode
    own = [*words, "-o", "BatchMode=yes", "-i", str(tmp_path / "own"), "bob@127.0.0.1", "true"]

    def is_let_in() -> bool:
        tried = subprocess.run(own, capture_output=True, text=True, check=False, timeout=LIMIT)
        return "sharklab: " in tried.stderr  # which tells that Bob has no seat

    wait_until(is_let_in)
    again = subprocess.run(by_password, input=said, env=env, text=True, check=False, timeout=LIMIT)
    assert 255 == again.returncode


def test_packets_arrive_live_in_tshark(server: Server) -> None:
    """Also with a standard input that is closed; nothing stays on the host."""
    login = f"{server.student}+client@127.0.0.1"
    stream = ["ssh", "-n", *server.options(), login, "sharklab", "capture", "lan", "--filter", "icmp"]
    with subprocess.Popen(stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as capture:
        assert capture.stderr and "listening on lan" in capture.stderr.readline()
        read = ["tshark", "-n", "-l", "-r", "-", "-c", "2", "-T", "fields", "-e", "icmp.type"]
        with subprocess.Popen(read, stdin=capture.stdout, stdout=subprocess.PIPE, text=True) as tshark:
            if capture.stdout:
                capture.stdout.close()
            assert 0 == server.ssh(login, f"ping -c 2 -i 0.2 {address(server.student)}").returncode
            assert "8\n0\n" == tshark.communicate(timeout=LIMIT)[0]
        server.ssh(login, f"ping -c 2 -i 0.2 {address(server.student)}")  # the next packet finds no reader
        capture.wait(LIMIT)
    gone = "for n in $(seq 600); do pgrep -x tcpdump >/dev/null || exit 0; sleep 0.1; done; exit 1"
    assert 0 == server.ssh(login, gone).returncode


def test_the_gateway_survives_its_end(server: Server) -> None:
    """Killed, it is known as stopped and listens no more; started again, students find the same server."""
    before = server.start()
    record = (server.place / "state" / "gateway" / "lock").read_text()
    os.kill(int(record.split()[0]), signal.SIGKILL)
    wait_until(lambda: server.run("gateway", "status")["running"] is False)
    wait_until(lambda: not server.listens())
    after = server.start()
    assert 0 == after["code"], after
    assert before["fingerprint"] == after["fingerprint"]
    assert "client\n" == server.ssh(f"{server.student}+client@127.0.0.1", "hostname").stdout


def test_logins_are_listed(server: Server) -> None:
    """With the address and a word, and never with the command."""
    server.ssh(f"{server.student}+client@127.0.0.1", "echo topsecret")
    own = server.run("gateway", "logins", "--student", server.student)["logins"][-1]
    assert (LAB, "client", "127.0.0.1", "command") == (own["lab"], own["host"], own["from"], own["what"])
    folder = server.place / "state" / "gateway"
    assert not any(b"topsecret" in file.read_bytes() for file in folder.iterdir() if file.is_file())


def test_reset_puts_the_hosts_of_an_exercise_back(server: Server) -> None:
    """On the real seat of a lab with start states; work on another host stays."""
    words = ("tp4", "--roster", server.roster, "--only", server.student)
    try:
        assert 0 == server.run("seats", "up", *words)["code"]
        for host in ("client", "desktop"):
            login = f"{server.student}+tp4+{host}@127.0.0.1"
            assert 0 == server.ssh(login, "echo work > work").returncode
        done = server.run("seats", "reset", "tp4", "client", "--only", server.student, "--yes")
        assert (0, ["client"]) == (done["code"], done["hosts"])
        left = {
            host: server.ssh(f"{server.student}+tp4+{host}@127.0.0.1", "cat work").stdout
            for host in ("client", "desktop")
        }
        assert {"client": "", "desktop": "work\n"} == left
    finally:
        server.run("seats", "down", *words, "--yes")


def test_down_keeps_what_was_handed_in(server: Server) -> None:
    """Nothing else is left of the class."""
    gone = server.run("seats", "down", LAB, "--roster", server.roster, "--yes")
    assert (0, HANDING_IN, COUNT - HANDING_IN) == (gone["code"], len(gone["handed_in"]), len(gone["without"]))
    assert not [folder for folder in state.seats_folder().glob(f"{LAB}/*") if folder.name in server.students]
