"""The doctor's diagnosis of one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sharklab.message import N_, NOTHING, Message

SYSTEM = N_("system")
"""The group of what the kernel and the system give."""


class DiagnosisStatus(StrEnum):
    """`missing` keeps the default provider from working; a `warning` limits it or could not be tried.

    `optional` is for some labs alone, and no fault.
    """

    OK = "ok"
    OPTIONAL = "optional"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Diagnosis:
    """A thing that the doctor examined: `meaning` is its use for sharklab, `remedy` the advice, if any.

    For a person, the names of all things of a `group` are one line, if they have the same status.
    """

    name: Message
    status: DiagnosisStatus
    meaning: Message
    remedy: Message = NOTHING
    group: Message = NOTHING


def ok(name: str, meaning: str, **values: Any) -> Diagnosis:
    """Return that all is well with `name`; both texts are msgids, and `values` fills in `meaning`."""
    return Diagnosis(Message(name), DiagnosisStatus.OK, Message(meaning, values))


def works(group: str, name: str, meaning: str, **values: Any) -> Diagnosis:
    """Return that all is well with `name`, so that a person need not read more than that."""
    return Diagnosis(Message(name), DiagnosisStatus.OK, Message(meaning, values), group=Message(group))


def optional(name: str, meaning: str, remedy: str = "", **values: Any) -> Diagnosis:
    """Return that `name` is absent, and that only some labs use it; `values` fills in both sentences."""
    return _with_remedy(DiagnosisStatus.OPTIONAL, name, meaning, remedy, values)


def make_warning(name: str, meaning: str, remedy: str = "", **values: Any) -> Diagnosis:
    """Return that `name` limits what can be done; `values` fills in both sentences."""
    return _with_remedy(DiagnosisStatus.WARNING, name, meaning, remedy, values)


def make_error(name: str, meaning: str, remedy: str, **values: Any) -> Diagnosis:
    """Return that nothing works before `remedy` is done; `values` fills in both sentences."""
    return _with_remedy(DiagnosisStatus.MISSING, name, meaning, remedy, values)


def _with_remedy(
    status: DiagnosisStatus, name: str, meaning: str, remedy: str, values: Mapping[str, Any]
) -> Diagnosis:
    return Diagnosis(Message(name), status, Message(meaning, values), Message(remedy, values))
