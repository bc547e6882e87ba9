"""`sharklab serve` as an instructor runs it: its own process, root's door, real seats."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharklab import state
from tests.conftest import ROOT, call_sharklab
from tests.support import served

SHARED = ("course", "images", "locks", "user-namespaces", "disk-files")
"""Parts of the state of all tests that the server has, too; its work and submissions are its own."""

NAMES = ("Ada Martin", "Bob Moreau")
"""The names of students, in their order."""

END_LIMIT = 30.0
"""Seconds that the server may take to end."""


@dataclass(frozen=True)
class Server:
    """A server of a class, whose state is in `place`, and the link of its instructor."""

    place: Path
    lab: str
    roster: Path
    link: str = ""

    @property
    def env(self) -> dict[str, str]:
        """The environment of its commands."""
        return {"SHARKLAB_STATE": str(self.place / "state")}

    def run(self, *words: str) -> dict[str, Any]:
        """Type a command on the server, and return what it tells a script, with its exit code."""
        done = call_sharklab(*words, "--output", "json", env=self.env)
        assert done.stdout, done.stderr
        return {**json.loads(done.stdout), "code": done.returncode}

    def student_link(self, student: str) -> str:
        """Return the link of a student, as it is in the file for the class."""
        with (self.place / "state" / "workbench" / f"links-{self.lab}.csv").open() as file:
            return next(row["link"] for row in csv.DictReader(file) if row["student"] == student)


def prepare(place: Path, lab: str, students: Sequence[str]) -> Server:
    """Write the roster and the state of a server."""
    own = state.folder(place / "state")
    for name in SHARED:
        if (state.root() / name).exists():
            (own / name).symlink_to(state.root() / name)
    javascript = (
        next(iter(served.files_of_others().values())).relative_to(state.root() / "workbench").parts[0]
    )
    (state.folder(own / "workbench") / javascript).symlink_to(state.root() / "workbench" / javascript)
    roster = place / "roster.csv"
    rows = (f"{one},{name},\n" for one, name in zip(students, NAMES, strict=False))
    roster.write_text("".join(("student,name,email\n", *rows)))
    return Server(place, lab, roster)


def free_port() -> int:
    """Return a port of this computer that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def make_certificate(place: Path) -> tuple[Path, Path]:
    """Make a certificate for `localhost` that nobody signed, and its key."""
    certificate, key = place / "certificate.pem", place / "key.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    argv += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*argv, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@contextmanager
def nginx(place: Path, config: str) -> Iterator[None]:
    """Run nginx during the block with `server` blocks of a configuration."""
    temporary = "".join(
        f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = place / "nginx.conf"
    file.write_text(
        f"user root; daemon off; pid {place}/pid; events {{}} http {{ access_log off; {temporary} {config} }}"
    )
    with subprocess.Popen(["nginx", "-p", place, "-c", file, "-e", place / "errors"]) as process:
        try:
            yield
        finally:
            process.terminate()


def documented(page: str, language: str) -> str:
    """Return the first example in a language on a page of the documentation."""
    text = (ROOT / "docs" / page).read_text()
    return text.partition(f"```{language}\n")[2].partition("```")[0]


@contextmanager
def behind_proxy(place: Path, path: str) -> Iterator[tuple[str, int]]:
    """Run the proxy of docs/workbench.md during the block; yield its address and the port that it asks."""
    certificate, key = make_certificate(place)
    outer, inner = free_port(), free_port()
    config = documented("workbench.md", "nginx")
    for there, here in {
        "443": f"127.0.0.1:{outer}",
        "lab.example.org": "localhost",
        "8470": str(inner),
        "/workbench/": f"{path}/",
        "/etc/ssl/lab.pem": str(certificate),
        "/etc/ssl/lab.key": str(key),
    }.items():
        assert there in config
        config = config.replace(there, here)
    with nginx(place, config):
        yield f"https://localhost:{outer}{path}", inner


@contextmanager
def running(own: Server, *options: str) -> Iterator[Server]:
    """Serve the class during the block; `options` as of the command line, with the port."""
    words = ["serve", own.lab, "--roster", str(own.roster), "--no-browser", "--output", "json", *options]
    env = {**os.environ, **own.env, "PYTHONPATH": str(ROOT / "src"), "LANG": "C.UTF-8"}
    argv = [sys.executable, "-m", "sharklab", *words]
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if line == "}\n":
                break
        try:
            yield Server(own.place, own.lab, own.roster, json.loads(said)["link"])
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(END_LIMIT)
