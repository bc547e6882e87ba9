"""Hosts of a seat without a machine: `ssh` runs a command here, and `tcpdump` gives out a prepared file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharklab import state
from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from tests.support.labs import write_lab
from tests.support.packets_made import LINKS, Tcp, Way, exchange, pcap
from tests.support.programs import script


class StudentHosts:
    """The seat of alice of the lab `mylab`, which is up, and the folder of her work, `work`.

    `place` is where files on the hosts are. tcpdump's file is `traffic`; with `ends`, it ends by itself.
    """

    def __init__(self, place: Path, patch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.traffic = place / "traffic"
        self.work = place / "work"
        self.tools = place / "bin"
        for folder in (self.tools, self.work):
            folder.mkdir()
        patch.setenv("SHARKLAB_STATE", str(place / "state"))
        patch.setenv("LC_ALL", "C.UTF-8")
        patch.setenv("PATH", f"{self.tools}:{os.environ['PATH']}")
        patch.setenv("SSH_CONNECTION", "192.0.2.9 4242 192.0.2.1 22")
        write_lab(place / "mylab")
        patch.chdir(place)
        (self.work / "answers.yml").write_text("")
        config = self.plan.seat.folder / "ssh" / "config"
        state.folder(config.parent)
        config.write_text("")
        script(self.tools, "ssh", 'exec sh -c "$4"')
        self.have_tcpdump()

    @property
    def plan(self) -> Plan:
        """The plan of the seat."""
        lab = load.read_named("./mylab")
        return make_plan(lab, seat.register(lab, "alice"))

    def have_tcpdump(self, *, ends: bool = False, lost: int = 0, error: str = "") -> None:
        """Install a tcpdump that listens, gives out `traffic`, and waits to be told to end."""
        told = f'echo "{error or "tcpdump: listening on lan"}" >&2'
        lines = [
            f'echo "$@" >>{self.place}/calls',
            "trap 'exit 0' TERM",
            "" if error else f"cat {self.traffic}",
            f'echo "{lost} packets dropped by kernel" >&2',
            told,
            "exit 1" if error else "",
            "" if ends else "while :; do sleep 0.05; done",
        ]
        script(self.tools, "tcpdump", *lines)

    def calls(self) -> list[str]:
        """Return the arguments of each tcpdump that ran."""
        return (self.place / "calls").read_text().splitlines()

    def record(self, file: Path, port: int = 80, client: str = "", client_port: int = 40_000) -> Path:
        """Write a capture of a connection from the client to `port` of the server; return its file."""
        own = self.plan.seat
        source = client or str(own.address("client", "lan").ipv4.ip)
        way = Way(source, str(own.address("server", "lan").ipv4.ip))
        packets = exchange(Tcp(way, client_port, port))
        pcap(file, 1, [LINKS["ethernet"].wrap(packet, "<") for packet in packets], "<", 1000)
        return file
