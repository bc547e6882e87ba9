"""The provider of a seat, which a file of its folder names. Quick to import: every verb asks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sharklab import state
from sharklab.errors import InputError
from sharklab.message import N_

FILE = "provider"
DEFAULT = "nspawn"
CLUSTER = "cluster"
OF_CLASSES = (DEFAULT, CLUSTER)
"""The providers that bring up the seats of a class side by side."""


def read(folder: Path) -> str | None:
    """Return the provider of the seat in `folder`, None when it does not say."""
    file = folder / FILE
    return file.read_text() if file.exists() else None


def write(folder: Path, provider: str) -> None:
    """Write the name of the provider into the seat's folder."""
    state.write(folder / FILE, provider)


def choose(lab: str, student: str, asked: str | None = None) -> str:
    """Return the provider of a seat: the one that made it, else the one that is asked for, else the default.

    Raises InputError when another one than is asked for has made it.
    """
    own = read(state.seat_folder(lab, student))
    if own and asked not in (None, own):
        raise InputError(
            N_("the provider {own} made this seat"),
            place=f"--provider {asked}",
            hint="sharklab down {lab} --student {student}",
            own=own,
            lab=lab,
            student=student,
        )
    return own or asked or DEFAULT


def of_class(lab: str, students: Iterable[str], asked: str | None = None) -> str:
    """Return the provider of the students' seats: the one that made those that exist, else that is asked for.

    Without either, it is a cluster where all seats of the lab are there, and else the default.

    Raises InputError when another one than is asked for has made one, when several have, and for one whose
    hosts are not containers.
    """
    known = {found for each in students if (found := read(state.seat_folder(lab, each)))}
    meant = known | ({asked} if asked else set())
    if len(meant) > 1:
        raise InputError(
            N_("seats of {lab} were made by other providers: {known}"),
            place=f"--provider {asked or DEFAULT}",
            hint=N_("remove these seats first: sharklab seats down {lab}"),
            lab=lab,
            known=sorted(known),
        )
    others = {read(folder) for folder in state.find(state.seats_folder() / lab, "*/")}
    chosen = meant.pop() if meant else CLUSTER if others == {CLUSTER} else DEFAULT
    if chosen not in OF_CLASSES:
        raise InputError(
            N_("the hosts of a class are containers, which the provider {name!r} does not make"),
            place="--provider",
            hint=N_("the providers of classes are: {known}"),
            name=chosen,
            known=OF_CLASSES,
        )
    return chosen


def in_use() -> set[str]:
    """Return the providers of all seats of this machine."""
    return {read(folder) or DEFAULT for folder in state.find(state.seats_folder(), "*/*/")}
