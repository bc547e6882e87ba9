"""The seats of this computer and their runs: which there are, who works on one, how one is removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sharklab import state
from sharklab.errors import InputError, MachineryError, SharklabError
from sharklab.hosts import providers, seat_provider
from sharklab.hosts.providers import sleeping
from sharklab.lab import seat
from sharklab.lab.model import Seat
from sharklab.message import N_, Message
from sharklab.progress import Progress


def seats_here(lab: str | None = None, student: str | None = None) -> list[Seat]:
    """Return the seats that have a folder on this machine: of `lab` (all without it), of `student` (all)."""
    seats = (seat.at(folder) for folder in state.find(state.seats_folder(), "*/*/"))
    return [own for own in seats if lab in (None, own.lab) and student in (None, own.student)]


def provider_of(own: Seat) -> providers.Provider:
    """Return the provider that made the hosts of an existing seat; without a note, the default one."""
    return providers.get(seat_provider.read(own.folder) or seat_provider.DEFAULT)


def warnings(lab: str, student: str) -> list[Message]:
    """Return a sentence for each limit that a host of a student's seat has reached."""
    return [sentence for own in seats_here(lab, student) for sentence in provider_of(own).warnings(own)]


def look(own: Seat) -> dict[str, Any]:
    """Return the provider of a seat, its hosts with their state, and its warnings.

    A seat that cannot be looked at has no host, and its error as its warning: the others are shown.
    """
    name = seat_provider.read(own.folder) or seat_provider.DEFAULT
    try:
        provider = providers.get(name)
        hosts, told = dict(provider.status(own)), list(provider.warnings(own))
    except SharklabError as error:
        hosts, told = {}, [error.line]
    return {"provider": name, "hosts": hosts, "warnings": told}


def status(lab: str | None = None, student: str | None = None) -> list[dict[str, Any]]:
    """Return lab, student, provider, hosts with their state, and warnings for each of `seats_here`."""
    return [{"lab": own.lab, "student": own.student, **look(own)} for own in seats_here(lab, student)]


@contextmanager
def hold(own: Seat) -> Iterator[None]:
    """Hold a seat for this process alone, and let its hosts run. Raises Busy when another run has it."""
    with lock(own):
        sleeping.wake(own)
        sleeping.resume(own)
        yield


@contextmanager
def lock(own: Seat) -> Iterator[None]:
    """Hold a seat for this process alone; its hosts stay as they are. Raises Busy when another run has it."""
    what = Message(N_("seat {lab}/{student}"), {"lab": own.lab, "student": own.student})
    with state.lock(state.seat_lock(own.folder), what):
        yield


def down(lab: str | None, student: str | None, progress: Progress) -> dict[str, Sequence[Message]]:
    """Remove the seats of `lab` (all without it) and of `student` (all without).

    Return their names, each with sentences about the changes that stay. Each is removed by the
    provider that made it. When all seats are removed, so are the remains of seats without a folder.
    """
    left: dict[str, Sequence[Message]] = {}
    for own in seats_here(lab, student):
        with progress.step(N_("remove seat {lab}/{student}"), lab=own.lab, student=own.student), hold(own):
            left[f"{own.lab}/{own.student}"] = provider_of(own).down(own)
    if lab is None:
        for provider in providers.by_name().values():
            provider.sweep()
    return left


def last_run(lab: str, student: str) -> Path:
    """Return the folder of the newest run. Raises MachineryError when there is none."""
    folders = sorted(state.runs_folder(lab, student).glob("*/manifest.json"))
    if not folders:
        raise MachineryError(
            N_("{student} has no run of {lab} yet"),
            hint="sharklab run {lab} --student {student}",
            lab=lab,
            student=student,
        )
    return folders[-1].parent


def find_run(lab: str, student: str, name: str | None) -> Path:
    """Return the folder of a run: the one called `name`, or the newest.

    Raises InputError when there is no run of that name, MachineryError when there is no run at all.
    """
    folder = last_run(lab, student)
    if name:
        folder = state.runs_folder(lab, student) / Path(name).name
        if not (folder / "manifest.json").exists():
            raise InputError(
                N_("there is no run {run!r}"),
                place="--run",
                hint=N_("choose a folder of {folder}"),
                run=name,
                folder=folder.parent,
            )
    return folder
