"""Students log in to a class server: the real sshd of the gateway, real clients, and a seat of tp4."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from tests.conftest import call_sharklab

LIMIT = 120


@dataclass(frozen=True)
class Server:
    """A class server with a gateway, and the student of a seat with a client's settings."""

    place: Path
    student: str
    port: int

    def told(self, *words: str) -> dict[str, Any]:
        """Type a command on the server and return what it tells a script."""
        done = call_sharklab(
            "gateway", *words, "--output", "json", env={"SHARKLAB_STATE": str(self.place / "state")}
        )
        assert done.stdout, done.stderr
        content: dict[str, Any] = json.loads(done.stdout)
        return {**content, "code": done.returncode}

    def start(self) -> dict[str, Any]:
        """Start the gateway."""
        where = ("--listen", "127.0.0.1", "--port", str(self.port))
        return self.told("start", "--roster", str(self.place / "roster.csv"), *where)

    def listens(self) -> bool:
        """Tell whether anything listens at the port of the gateway."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def options(self, student: str = "") -> list[str]:
        """Return the options of ssh, scp and sftp, with the personal key of a student."""
        key = self.place / "keys" / f"{student or self.student}.key"
        known = f"UserKnownHostsFile={self.place / 'known'}"
        words = ["-i", str(key), "-F", "none", "-o", f"Port={self.port}", "-o", known, "-o", "BatchMode=yes"]
        return [*words, "-o", "StrictHostKeyChecking=accept-new", "-o", "IdentitiesOnly=yes"]

    def ssh(self, *words: str, said: str = "", student: str = "") -> subprocess.CompletedProcess[str]:
        """Run ssh on a student's PC."""
        argv = ["ssh", *self.options(student), *words]
        return subprocess.run(
            argv, input=said, capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False
        )


@pytest.fixture(scope="module")
def server(seat: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a gateway for two students. The first has seats of several labs, in the state of all tests."""
    place = tmp_path_factory.mktemp("class")
    own = state.folder(place / "state")
    for name in ("seats", "course"):
        (own / name).symlink_to(state.root() / name)
    (place / "roster.csv").write_text(f"student,name,email\n{seat},A,a@uni.example\nbob,B,b@uni.example\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(place, seat, probe.getsockname()[1])
    server.told("keys", str(place / "roster.csv"), "-o", str(place / "keys"))
    try:
        assert 2 == server.start()["students"]
        yield server
    finally:
        server.told("stop")


def test_a_login_is_on_the_host_as_its_student(server: Server) -> None:
    """Both streams and the exit code come back; no agent and no display reach the host."""
    command = "hostname; id -un; env | grep -E '^(SSH_AUTH_SOCK|DISPLAY)'; echo wrong >&2; exit 7"
    done = server.ssh("-A", "-X", f"{server.student}+tp4+client@127.0.0.1", command)
    assert ("client\nstudent\n", 7) == (done.stdout, done.returncode) and "wrong" in done.stderr
    assert "desktop\n" == server.ssh(f"{server.student}+tp4@127.0.0.1", "hostname").stdout


def test_the_menu_leads_to_a_host(server: Server) -> None:
    """In the language of the student's computer, on a terminal."""
    done = server.ssh(
        "-tt",
        "-o",
        "SetEnv=LANG=fr_FR.UTF-8",
        f"{server.student}+tp4@127.0.0.1",
        said="2\nhostname > there; exit\n",
    )
    assert "Vos machines" in done.stdout
    assert "client\n" == server.ssh(f"{server.student}+tp4+client@127.0.0.1", "cat there; rm there").stdout


@pytest.mark.parametrize("options", [[], ["-O"]], ids=["sftp", "scp"])
def test_files_are_copied_both_ways(server: Server, tmp_path: Path, options: list[str]) -> None:
    """By scp over sftp, and by the old protocol; they are the student's files on the host."""
    (tmp_path / "there").write_bytes(bytes(range(256)) * 999)
    words = ["scp", *options, *server.options()]
    there = f"{server.student}+tp4+client@127.0.0.1:blob"
    subprocess.run([*words, tmp_path / "there", there], check=True, timeout=LIMIT)
    subprocess.run([*words, there, tmp_path / "back"], check=True, timeout=LIMIT)
    assert (tmp_path / "there").read_bytes() == (tmp_path / "back").read_bytes()
    assert (
        "student\n" == server.ssh(f"{server.student}+tp4+client@127.0.0.1", "stat -c %U blob; rm blob").stdout
    )


def test_a_jump_leads_to_the_host_itself(server: Server, tmp_path: Path) -> None:
    """The student's own key is let in there once, and the connection is encrypted to the host."""
    jump = f"ssh {' '.join(server.options())} -W %h:%p {server.student}@127.0.0.1"
    words = ["-F", "none", "-i", str(server.place / "keys" / f"{server.student}.key"), "-o", "BatchMode=yes"]
    known = [*("-o", f"UserKnownHostsFile={tmp_path}/known"), *("-o", "StrictHostKeyChecking=accept-new")]
    argv = ["ssh", *words, *known, "-o", f"ProxyCommand={jump}"]
    for host in ("client.tp4", "desktop.tp4"):
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
    assert server.ssh("-W", "server.tp4:22", login, said=asked).stdout.startswith("SSH-2.0-")
    page = server.ssh("-W", "server.tp4:443", login, said="GET / HTTP/1.0\r\n\r\n").stdout
    assert page.startswith("HTTP/1.1 400")
    for target in ("127.0.0.1:22", "127.2.0.1:22", "localhost:22", "192.0.2.1:22"):
        refused = server.ssh("-W", target, login, said=asked)
        assert refused.returncode and not refused.stdout
    back = server.ssh("-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:localhost:22", login)
    assert back.returncode


def test_others_are_kept_out(server: Server) -> None:
    """Bob's key opens no login of another, his own login has no seat, and nobody is root."""
    login = f"{server.student}+tp4+client@127.0.0.1"
    assert 255 == server.ssh(login, "hostname", student="bob").returncode
    own = server.ssh("bob+client@127.0.0.1", "hostname", student="bob")
    assert own.returncode and not own.stdout and own.stderr.startswith("sharklab: ")
    through = server.ssh("-W", "client:22", "bob@127.0.0.1", said="SSH-2.0-probe\r\n", student="bob")
    assert not through.stdout
    for name in ("root", "keys", "nobody", "mallory"):
        assert 255 == server.ssh(f"{name}@127.0.0.1", "id").returncode


def test_packets_arrive_live_in_tshark(server: Server) -> None:
    """Also with a standard input that is closed; nothing stays on the host."""
    login = f"{server.student}+tp4+client@127.0.0.1"
    stream = ["ssh", "-n", *server.options(), login, "sharklab", "capture", "lan", "--filter", "icmp"]
    with subprocess.Popen(stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as capture:
        assert capture.stderr and "listening on lan" in capture.stderr.readline()
        read = ["tshark", "-n", "-l", "-r", "-", "-c", "2", "-T", "fields", "-e", "icmp.type"]
        with subprocess.Popen(read, stdin=capture.stdout, stdout=subprocess.PIPE, text=True) as tshark:
            if capture.stdout:
                capture.stdout.close()
            assert 0 == server.ssh(login, "ping -c 2 -i 0.2 server").returncode
            assert "8\n0\n" == tshark.communicate(timeout=LIMIT)[0]
        server.ssh(login, "ping -c 2 -i 0.2 server")  # the next packet finds no reader
        capture.wait(LIMIT)
    gone = "for n in $(seq 100); do pgrep -x tcpdump >/dev/null || exit 0; sleep 0.1; done; exit 1"
    assert 0 == server.ssh(login, gone).returncode


def test_the_gateway_survives_its_end(server: Server) -> None:
    """Killed, it is known as stopped and listens no more; started again, students find the same server."""
    before = server.start()
    record = (server.place / "state" / "gateway" / "lock").read_text()
    os.kill(int(record.split()[0]), signal.SIGKILL)
    _wait_until(lambda: server.told("status")["running"] is False)
    _wait_until(lambda: not server.listens())
    after = server.start()
    assert 0 == after["code"], after
    assert before["fingerprint"] == after["fingerprint"]
    assert "client\n" == server.ssh(f"{server.student}+tp4+client@127.0.0.1", "hostname").stdout


def test_logins_are_listed(server: Server) -> None:
    """With the address and a word, and never with the command."""
    server.ssh(f"{server.student}+tp4+client@127.0.0.1", "echo topsecret")
    own = server.told("logins", "--student", server.student)["logins"][-1]
    assert ("tp4", "client", "127.0.0.1", "command") == (own["lab"], own["host"], own["from"], own["what"])
    folder = server.place / "state" / "gateway"
    assert not any(b"topsecret" in file.read_bytes() for file in folder.iterdir() if file.is_file())


def _wait_until(holds: Any) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
