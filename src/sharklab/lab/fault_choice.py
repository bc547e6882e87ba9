"""The faults of one student: one of each list, chosen by the course's secret, and the choices of questions.

The choice of a student follows from the student's id and the secret alone: every machine of the course finds
the same, and the grader finds it again. An author who tries one fault has it beside the seat.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from sharklab import state
from sharklab.errors import InputError
from sharklab.lab import fault_catalogue
from sharklab.lab.model import Exercise, LabContent, Seat, Text
from sharklab.message import DID_YOU_MEAN, N_, nearest

MORE = 2
"""Faults that a question names for each list, beside those of the list."""

_TRIED = "fault"
"""The file in a seat's folder that names the fault that its author tries."""

Number = Callable[[str, int], int]
"""Takes a label and a limit; returns a number below the limit that only the secret's holder can compute."""


def choose(lab: LabContent, number: Number) -> Mapping[str, tuple[str, ...]]:
    """Return the faults of a seat by exercise: one of each list, in the order of the lists."""
    return {
        exercise.id: tuple(
            listed[number(f"fault {exercise.id} {index}", len(listed))]
            for index, listed in enumerate(exercise.faults)
        )
        for exercise in lab.exercises
        if exercise.faults
    }


def list_faults(lab: LabContent) -> tuple[str, ...]:
    """Return the faults that the exercises of a lab name, in their order."""
    listed = [fault for exercise in lab.exercises for faults in exercise.faults for fault in faults]
    return tuple(dict.fromkeys(listed))


def try_one(lab: LabContent, seat: Seat, fault: str) -> Seat:
    """Return the seat with `fault` in place of the faults that its lists gave. `with_tried` finds it again.

    Raises InputError when no exercise of the lab names that fault, or when the seat exists already.
    """
    known = list_faults(lab)
    if fault not in known:
        near = nearest(fault, known)
        raise InputError(
            N_("no exercise of {lab} names the fault {fault!r}"),
            place="--fault",
            hint=DID_YOU_MEAN if near else N_("its faults are: {known}") if known else "",
            lab=lab.name,
            fault=fault,
            near=near,
            known=known,
        )
    if (seat.folder / "plan.json").exists():
        raise InputError(
            N_("seat {lab}/{student} exists already, with its own faults"),
            place="--fault",
            hint="sharklab down {lab} --student {student}",
            lab=lab.name,
            student=seat.student,
        )
    state.write(state.folder(seat.folder) / _TRIED, fault + "\n", 0o600)
    return _with_fault(lab, seat, fault)


def with_tried(lab: LabContent, seat: Seat) -> Seat:
    """Return the seat with the fault that its author tries, or the seat itself when there is none."""
    fault = _read(seat.folder / _TRIED)
    return _with_fault(lab, seat, fault) if fault in list_faults(lab) else seat


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _with_fault(lab: LabContent, seat: Seat, fault: str) -> Seat:
    lists = {exercise.id: exercise.faults for exercise in lab.exercises}
    tried = {
        id: tuple(
            fault if fault in listed else given
            for listed, given in zip(lists.get(id, ()), chosen, strict=False)
        )
        for id, chosen in seat.faults.items()
    }
    return replace(seat, faults=tried)


def choices(exercise: Exercise, seat: Seat) -> Mapping[str, Text]:
    """Return the causes that a student chooses from, by id: those of each list, and others.

    Their order gives nothing away.
    """
    listed = [fault for faults in exercise.faults for fault in faults]
    rest = [fault for fault in _mix(fault_catalogue.names(), seat, exercise) if fault not in listed]
    offered = dict.fromkeys([*listed, *rest[: MORE * len(exercise.faults)]])
    return {fault: fault_catalogue.find(fault).title for fault in _mix(offered, seat, exercise)}


def _mix(faults: Iterable[str], seat: Seat, exercise: Exercise) -> list[str]:
    def place(fault: str) -> bytes:
        return hashlib.sha256(f"{seat.token} {exercise.id} {fault}".encode()).digest()

    return sorted(faults, key=place)
