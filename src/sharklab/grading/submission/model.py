"""A submission as plain data: read from a hostile file, so every part of it may be missing or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sharklab.message import Message

Answers = Mapping[str, Mapping[str, Any]]
"""The answers of the student: {exercise: {question: value}}, values as YAML's plain scalars and lists."""

PlainHostState = Mapping[str, Any]
"""The observations on one host (see `sharklab.evidence.host_state`): {noun: observation}, plain data."""


class Seal(StrEnum):
    """The verdict of a submission's signature."""

    WHOLE = "whole"
    BROKEN = "broken"
    NONE = "none"


@dataclass(frozen=True)
class Problem:
    """A part of a submission that was refused, and why. It never stops the rest."""

    file: str
    reason: Message


@dataclass(frozen=True)
class WrittenAnswer:
    """The place of an answer that is not in answers.yml: a line of a text in the student's folder."""

    exercise: str
    question: str
    file: str
    line: int


@dataclass(frozen=True)
class Submission:
    """One student's work on one lab, unpacked into a private `folder` that holds nothing else.

    `manifest` is that of the packed file ({} for a folder that was never packed). `begun` and `made` are
    its epoch seconds (0.0 if unknown): when the seat was first up, when the work was packed. `captures` are
    files below `folder` by the capture's id in lab.yml. `state` is the observed state of the seat's hosts at
    the time of packing, by host. `after` is the state after the reboot of an exam, also by host; it is None
    for work that was not handed in, because its hosts were not rebooted. `changes` are those of the hosts'
    configuration since the beginning of an exam, a diff by host. `journals` are their journals since then.
    Once unpacked, both are files only. `written` has the places of the answers that are not in answers.yml.
    """

    lab: str
    student: str
    seat: str
    folder: Path
    captures: Mapping[str, Path] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    state: Mapping[str, PlainHostState] = field(default_factory=dict)
    after: Mapping[str, PlainHostState] | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    journals: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    begun: float = 0.0
    made: float = 0.0
    seal: Seal = Seal.NONE
    problems: tuple[Problem, ...] = ()
    written: tuple[WrittenAnswer, ...] = ()
