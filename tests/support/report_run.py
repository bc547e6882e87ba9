"""A run's folder as a real run leaves it, made of the captures in `tests/data`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from typing import Any

from sharklab.evidence import run_folder
from sharklab.lab import plan_file
from sharklab.lab.load import build
from sharklab.lab.model import Address, Lab, Plan, Seat
from tests.support.plans import plain

DATA = Path(__file__).parents[1] / "data"
START = 1_763_683_200.0
CONNECTION = ["server_address", "server_port", "local_port", "transport"]
TCP = ["probes", "handshake", "traffic", "fin", "sockets", "clean"]
CHECKS: dict[str, list[Any]] = {
    "ssh": TCP,
    "reset": TCP,
    "reject": ["probes", "handshake"],
    "voice": ["probes", "udp_exchange", "sockets"],
    "nfs": ["probes", {"nfs": {"operations": ["OPEN", "READ", "WRITE"]}}, "token"],
    "dns": ["probes", {"dns": {"types": ["A", "AAAA", "MX"]}}, "sockets", "token"],
}


Tamper = Callable[[Path], object]
TAMPERED = "the evidence has changed since the run ended: {problems}"
"""The message on a run that is not as it was sealed."""
_CAPTURE, _SOCKETS, _PROBES = (
    "hosts/client/captures/ssh.pcap",
    "hosts/server/sockets.json",
    "hosts/server/probes.json",
)
TAMPERINGS: tuple[tuple[Tamper, str, str], ...] = (
    (lambda folder: (folder / _CAPTURE).write_bytes(b""), "{file} was changed", _CAPTURE),
    (lambda folder: (folder / _SOCKETS).unlink(), "{file} is missing", _SOCKETS),
    (lambda folder: (folder / _PROBES).write_text("[]"), "{file} was added", _PROBES),
)
"""Each way to tamper with a run of the exercise `ssh`: the message and the file that are then named."""


def seal(folder: Path, names: Iterable[str], complete: bool = True) -> Plan:
    """Make the folder of a run whose exercises are the captures of these names, and return its plan."""
    names = tuple(names)
    plan = plain(build(Lab, _lab(names), folder / "lab"), _seat(folder))
    plan_file.save(plan, folder)
    _write_client(folder / "hosts" / "client", names)
    _write(folder / "hosts" / "server" / "sockets.json", _sockets("server", names))
    _write(folder / "hosts" / "server" / "captures.json", [])
    header = {"tool": "sharklab 0.1.0", "started": START, "ended": START + 41.5, "complete": complete}
    run_folder.seal(folder, header)
    return plan


def _lab(names: Iterable[str]) -> dict[str, Any]:
    return {
        "lab": "sample",
        "title": {"fr": "TCP, UDP et services réseau", "en": "TCP, UDP and network services"},
        "summary": {"fr": "Des captures de référence.", "en": "Captures for reference."},
        "networks": {"lan": {"title": {"fr": "réseau du TP", "en": "lab network"}}},
        "hosts": {
            name: {"title": {"fr": french, "en": english}, "networks": ["lan"], "roles": ["common"]}
            for name, french, english in (
                ("server", "le serveur", "the server"),
                ("client", "le client", "the client"),
            )
        },
        "exercises": [_exercise(name) for name in names],
    }


def _exercise(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "part": "II",
        "title": {"fr": f"Capture {name}", "en": f"Capture {name}"},
        "text": {"fr": "Observez l'échange.", "en": "Watch the exchange."},
        "conversation": {"client": "client", "server": "server"},
        "captures": [{"id": name, "host": "client", "network": "lan", "filter": "host 10.77.5.2"}],
        "probes": [{"id": name, "host": "client", "run": ["true", name]}],
        "checks": CHECKS[name],
        "questions": CONNECTION,
    }


def _seat(folder: Path) -> Seat:
    addresses = {
        host: {
            "lan": Address(
                "lan",
                IPv4Interface(f"10.77.5.{number}/24"),
                IPv6Interface(f"fd77:5::{number}/64"),
                f"02:00:00:00:00:0{number}",
            )
        }
        for host, number in (("client", 1), ("server", 2))
    }
    return Seat(
        lab="sample",
        student="alice",
        id="0a1b2c3d",
        token="tok7f3a",  # noqa: S106 (a name that packets show)
        domain="tok7f3a.lab.example",
        share="sample-tok7f3a",
        addresses=addresses,
        folder=folder,
    )


def _write_client(host: Path, names: tuple[str, ...]) -> None:
    (host / "captures").mkdir(parents=True)
    for name in names:
        shutil.copy(DATA / f"{name}.pcap", host / "captures")
    _write(host / "sockets.json", _sockets("client", names))
    _write(host / "probes.json", [_probe(name) for name in names])
    _write(host / "captures.json", [_capture(name) for name in names])


def _sockets(host: str, names: Iterable[str]) -> list[dict[str, Any]]:
    files = [file for name in names if (file := DATA / f"{name}.{host}.ss").exists()]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [{"line": line, "first": START + 1, "last": START + 4.2} for line in lines]


def _probe(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "argv": ["true", name],
        "user": "root",
        "started": START + 1,
        "duration": 1.234,
        "exit_code": 0,
        "timed_out": False,
        "missing": False,
        "stdout": f"done {name}\n",
        "stderr": "",
        "truncated": False,
    }


def _capture(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "argv": ["tcpdump", "-i", "lan"],
        "started": START,
        "ended": START + 40,
        "packets_captured": 40,
        "packets_dropped": 0,
    }


def _write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def of_pages(folder: Path) -> Plan:
    """Return a plan of a lab tp4 whose exercises, ssh and dns, take captures and answers from anywhere."""
    made = seal(folder, ["ssh", "dns"])
    titles = ({"fr": "Application 1 : une connexion SSH"}, {"fr": "Des questions au DNS"})
    exercises = tuple(
        replace(each, anywhere=True, title=title, captures=(replace(each.captures[0], names=names),))
        for each, title, names in zip(made.lab.exercises, titles, [("3way",), ()], strict=True)
    )
    return replace(made, lab=replace(made.lab, name="tp4", exercises=exercises))
