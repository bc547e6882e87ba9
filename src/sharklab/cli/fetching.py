"""Bring captures from the hosts of a seat home: into a folder of a student's work, under the lab's names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sharklab import state, untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.grading.marking import glance
from sharklab.grading.marking.glance import Glance
from sharklab.grading.submission import intake, sheet, strays, unpacked
from sharklab.hosts.providers import remote
from sharklab.hosts.providers.remote import Machine
from sharklab.lab.model import Plan
from sharklab.limits import BUNDLE, CAPTURE
from sharklab.message import N_, Message

MOST = 200
"""Files of one host that are looked at: the newest. A host may name any number of them."""

UNCLEAR = N_("it is not clear which capture of the lab this is")
NO_PACKET = N_("there is no packet in it")
OF_NO_EXERCISE = N_("no packet in it is of the exercise {capture}")


@dataclass(frozen=True)
class FoundFile:
    """A file on a host, as the host names it: its path, bytes, and time of change (epoch seconds)."""

    path: str
    size: int
    modified: float


@dataclass(frozen=True)
class Arrival:
    """A file that came home: its origin, its place, what it shows, and the files whose place it took."""

    origin: str
    capture: str
    place: Path
    glance: Glance
    kept: Sequence[Path] = ()
    is_new: bool = True

    @property
    def is_right(self) -> bool:
        """True when the file shows what its exercise is about."""
        return self.capture in self.glance.shown


def fetch_all(
    plan: Plan, folder: Path, hosts: Sequence[str], by_name: bool = False
) -> tuple[list[Arrival], list[tuple[str, Message]]]:
    """Bring home the captures of `hosts` whose place in `folder` is free, the newest of each.

    `by_name`: a file with the name of a capture counts where no other file shows its exercise. Return them,
    and all other captures of the hosts (as host:file) with the reason why each stays there. Raises
    MachineryError when a host does not answer.
    """
    machines = [remote.machine_of(plan.seat, name) for name in hosts]
    asked = remote.ask_all(machines, lambda one: _list_files(one, "captures"))
    files = [(host, each) for host, found in asked.items() for each in found]
    arrivals: list[Arrival] = []
    waiting = sorted(files, key=lambda file: -file[1].modified)
    left: dict[str, Message] = {}
    for even_so in (False, True) if by_name else (False,):
        for host, each in waiting:
            with temporary(folder) as own:  # one for each file: those that stay on their hosts go at once
                arrival = _fetch_if_wanted(plan, folder, own, host, each, even_so)
            if isinstance(arrival, Message):
                left[f"{host}:{each.path}"] = arrival
            else:
                arrivals.append(arrival)
        # The name of no other file decides, so no other one is brought home again.
        named = {file for file, why in left.items() if why.msgid == OF_NO_EXERCISE}
        waiting = [(host, each) for host, each in waiting if f"{host}:{each.path}" in named]
    there = {arrival.origin for arrival in arrivals}
    return arrivals, [(untrusted.one_line(file), why) for file, why in left.items() if file not in there]


def _list_files(machine: Machine, kind: str) -> list[FoundFile]:
    """Return the newest `captures` or `archives` of a host.

    Raises MachineryError when its answer has another form.
    """
    try:
        found = untrusted.shape_content(machine.ask(kind).get(kind), list[FoundFile])
    except ValueError as error:
        raise MachineryError(
            N_("the answer of host {host} is damaged: {fault}"), host=machine.name, fault=error
        ) from error
    return sorted(found, key=lambda each: -each.modified)[:MOST]


def _fetch_if_wanted(
    plan: Plan, folder: Path, own: Path, host: str, known: FoundFile, even_so: bool
) -> Arrival | Message:
    """Bring a file home that shows an exercise whose place is free, or return why it stays on its host.

    `even_so`: its name is enough.
    """
    if known.size > CAPTURE.bytes:
        return Message(N_("it is too large to hand in"))
    try:
        file = copy(plan, own, host, known.path)
        seen = glance.look(plan, file)
    except (InputError, MachineryError) as error:
        return error.sentence
    id = match_capture(plan, host, known.path, seen)
    if not id:
        return Message(UNCLEAR if seen.packets else NO_PACKET)
    if id not in seen.shown and not even_so:
        return Message(OF_NO_EXERCISE, {"capture": id})
    there = intake.present(folder, id)
    if there and not intake.has(folder, id, file):
        return Message(N_("captures/{file} is there already"), {"file": there[0].name})
    return take(plan, folder, file, f"{host}:{known.path}", id, seen)


def fetch_answers(plan: Plan, folder: Path, hosts: Sequence[str]) -> bool:
    """Bring home the answers of the first of `hosts` that has them in the home of the student.

    Return False when none has. Raises MachineryError when a host does not answer.
    """
    for host in hosts:
        target = folder / sheet.NAME
        try:
            with target.open("wb") as file:
                remote.machine_of(plan.seat, host).copy(sheet.NAME, "student", file, BUNDLE.answers)
        except remote.NoSuchFile:
            target.unlink()
        else:
            return True
    return False


def fetch_archives(plan: Plan, folder: Path, hosts: Sequence[str]) -> None:
    """Bring home the archives that lie in the homes of `hosts`, the newest first, at most `unpacked.MOST`.

    One that is too large to hand in, or that cannot be read, stays. Raises MachineryError when a host does
    not answer.
    """
    machines = {name: remote.machine_of(plan.seat, name) for name in hosts}
    asked = remote.ask_all(machines.values(), lambda one: _list_files(one, "archives"))
    files = [(host, each) for host, found in asked.items() for each in found if each.size <= BUNDLE.file]
    for host, each in sorted(files, key=lambda file: -file[1].modified)[: unpacked.MOST]:
        name = untrusted.name(Path(each.path).name)
        target = folder / name if not (folder / name).exists() else folder / f"{host}-{name}"
        if not strays.is_archive(name) or target.exists():
            continue
        try:
            with target.open("wb") as file:
                machines[host].copy(each.path, "student", file, BUNDLE.file, finished=True)
        except MachineryError:
            target.unlink()


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """Make a folder on the file system of the student's folder, for files that are not checked yet."""
    with state.temporary(folder, ".sharklab-") as own:
        yield own


def copy(plan: Plan, own: Path, host: str, path: str) -> Path:
    """Copy a capture of a host into the folder `own`. Raises MachineryError, also while it is recorded."""
    target = own / f"{len(list(own.iterdir()))}"
    with target.open("wb") as file:
        remote.machine_of(plan.seat, host).copy(path, "student", file, CAPTURE.bytes, finished=True)
    return target


def match_capture(plan: Plan, host: str, path: str, seen: Glance) -> str:
    """Return the id of the capture that a file is, by its name or its packets; "" if that is not clear."""
    if id := intake.id_of_file(plan, path):
        return id
    shown = [each for each in intake.captures(plan) if seen.shown.get(each.id)]
    here = [each for each in shown if each.host == host] or shown
    return here[0].id if len(here) == 1 else ""


def take(plan: Plan, folder: Path, file: Path, origin: str, id: str, seen: Glance | None = None) -> Arrival:
    """Put a file into captures/ under its id; one that is there already stays."""
    seen = seen or glance.look(plan, file)
    if intake.has(folder, id, file):
        return Arrival(origin, id, intake.present(folder, id)[0], seen, is_new=False)
    place, kept = intake.take(folder, id, file, seen.format)
    return Arrival(origin, id, place, seen, kept)
