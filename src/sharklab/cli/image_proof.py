"""The proof of a lab's image on this machine: a golden seat starts, works, and its run achieves everything.

<layers>/proof.json      the record; in the folder of the snapshots if there are any
<layers>/proof.report/   the reasons of a fault, and the run of the golden seat
<layers>.proof/          the golden seat, while it is there
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts import condition
from sharklab.hosts.image import Layers, build
from sharklab.lab.model import Plan, Seat
from sharklab.message import N_, Message
from sharklab.process import Say

SENTENCES = {
    "start": N_("the hosts do not start: {names}; report: {report}"),
    "units": N_("units are not active: {names}; report: {report}"),
    "ports": N_("open ports do not answer: {names}; report: {report}"),
    "exercises": N_("exercises are not achieved: {names}; report: {report}"),
}
"""A sentence for each kind of fault, in the order in which they are looked for."""


@dataclass(frozen=True)
class ImageProof:
    """The record of a proof: the layers, the kind of fault ("" for none), the names concerned.

    `report` is the folder with the report, `time` the end of the proof (epoch seconds).
    """

    layers: str
    kind: str
    names: tuple[str, ...]
    report: str
    time: float

    @property
    def fault(self) -> Message | None:
        """The sentence on the fault, None if the image has proved itself."""
        values = {"names": self.names, "report": self.report}
        return Message(SENTENCES[self.kind], values) if self.kind else None


@dataclass(frozen=True)
class Steps:
    """The steps of a golden seat, which the flow gives.

    `run` leaves the run in a folder, and returns the exercises that were not achieved.
    """

    up: Callable[[Plan], None]
    run: Callable[[Plan, Path], Sequence[str]]
    down: Callable[[Seat], object]


def find_fault(golden: Plan, layers: Layers, steps: Steps, progress: Say) -> Message | None:
    """Return the fault of `layers` on this machine, None if they have proved themselves.

    The proof is made once for an image, whatever its end; an interrupted one leaves nothing.
    Raises Busy while another process makes it, and MachineryError if its record is damaged.
    """
    kept = layers.snapshots.folder if layers.snapshots else layers.folder
    own = kept.with_name(f"{kept.name}.proof")
    proof = _read(kept, layers)
    if proof is None:
        what = Message(N_("image of lab {lab}"), {"lab": golden.lab.name})
        with state.lock(own / "lock", what, build.PATIENCE, progress):
            try:
                proof = _read(kept, layers) or _prove(golden, layers, steps, kept, progress)
            finally:
                state.remove(own)
    return proof.fault


def _prove(golden: Plan, layers: Layers, steps: Steps, kept: Path, progress: Say) -> ImageProof:
    """Prove the layers with a golden seat, keep report and record, and return the record."""
    own = kept.with_name(f"{kept.name}.proof")
    seat_id = build.fingerprint(str(own))[:8]
    plan = replace(golden, seat=replace(golden.seat, id=seat_id, folder=own / "seat"))
    report = state.folder(own / "report")
    progress(Message(N_("proving the image of {lab} on this machine, once"), {"lab": golden.lab.name}))
    steps.down(plan.seat)
    try:
        kind, names = _demonstrate(plan, steps, report)
    finally:
        steps.down(plan.seat)
    target = kept / "proof.report"
    state.remove(target)
    report.rename(target)
    proof = ImageProof(layers.name, kind, tuple(names), str(target), round(time.time(), 3))
    state.write(_file(kept), json.dumps(asdict(proof), indent=1) + "\n")
    return proof


def _demonstrate(plan: Plan, steps: Steps, report: Path) -> tuple[str, Sequence[str]]:
    """Return the kind and the names of the first fault of a golden seat, ("", ()) if it has none."""
    looks: dict[str, Callable[[], Sequence[str]]] = {
        "start": lambda: _start(plan, steps),
        "units": lambda: _find_stopped(plan, report),
        "ports": lambda: _find_silent(plan),
        "exercises": lambda: steps.run(plan, report / "run"),
    }
    for kind, find in looks.items():
        try:
            names = find()
        except MachineryError as error:
            names = [error.message.partition("\n")[0]]
            state.write(report / "error.txt", f"{error}\n")
        if names:
            _keep_consoles(plan, report)
            return kind, names
    return "", ()


def _start(plan: Plan, steps: Steps) -> Sequence[str]:
    steps.up(plan)
    return ()


def _find_stopped(plan: Plan, report: Path) -> list[str]:
    """Return the stopped units of all hosts, and write their journals to the report."""
    stopped = {
        f"{host}:{unit}": journal
        for host, seen in condition.look(plan).items()
        for unit, journal in seen.stopped.items()
    }
    if stopped:
        text = "\n".join(f"{name}\n{journal}" for name, journal in stopped.items())
        state.write(report / "units.txt", text)
    return list(stopped)


def _find_silent(plan: Plan) -> list[str]:
    opened = [port for host, seen in condition.look(plan).items() for port in condition.ports(host, seen)]
    return [f"{port.host}:{port.number}/tcp" for port in condition.find_silent(plan, opened)]


def _keep_consoles(plan: Plan, report: Path) -> None:
    """Copy the consoles of the hosts to the report: the seat is removed."""
    for file in plan.seat.folder.glob("hosts/*/console.log"):
        shutil.copyfile(file, report / f"console-{file.parent.name}.log")


def _file(kept: Path) -> Path:
    return kept / "proof.json"


def _read(kept: Path, layers: Layers) -> ImageProof | None:
    """Return the record of a proof of just these layers, None if there is none."""
    file = _file(kept)
    try:
        content = json.loads(file.read_text())
        proof = ImageProof(**{**content, "names": tuple(content["names"])})
        if proof.kind and proof.kind not in SENTENCES:
            raise ValueError(proof.kind)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise state.explain_damage(file, error) from error
    return proof if proof.layers == layers.name else None
