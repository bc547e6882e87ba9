"""Faults of checks and questions about evidence that the lab does not record."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.author.lint_host_checks import checks
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Asked, Check, Exercise, Lab
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_


def faults(lab: Lab, at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the faults of an exercise, which is at `at`: its evidence is recorded nowhere."""
    from sharklab.checks import KINDS

    probes = {probe.id for each in lab.exercises for probe in each.probes}
    for where, check in checks(at, exercise):
        if check.kind in KINDS:
            yield from _captures(where, check, exercise)
            for name in KINDS[check.kind].probes(check.params):
                if name not in probes:
                    yield unknown(where, N_("unknown probe {name!r}"), name, probes)
    if not exercise.captures:
        yield from _questions(at, exercise)
    talk = exercise.conversation
    if talk and talk.client == talk.server:
        sentence = N_("client and server are the same host, whose packets to itself are on no network")
        yield fault((*at, "conversation", "server"), sentence, N_("name another host"))


def _captures(where: Path, check: Check, exercise: Exercise) -> Iterator[Fault]:
    """Yield that a check of packets has no capture, or names one that the exercise has not."""
    from sharklab.checks import KINDS
    from sharklab.checks.kind import Rests

    known = {capture.id for capture in exercise.captures}
    if KINDS[check.kind].rests in (Rests.HEADERS, Rests.CONTENTS) and not known:
        sentence = N_("check {kind} looks at packets, and the exercise has no capture")
        yield fault(where, sentence, N_("give the exercise a capture"), kind=check.kind)
        return
    for name in sorted(KINDS[check.kind].captures(check.params) - known):
        yield unknown(where, N_("unknown capture of the exercise {name!r}"), name, known)


def _questions(at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the questions that earn points, and that packets alone answer: the exercise has no capture."""
    from sharklab.checks import QUESTIONS

    for j, criterion in enumerate(exercise.criteria):
        asked = (
            leaf for part in criterion.steps for leaf in leaves(part.condition) if isinstance(leaf, Asked)
        )
        for name in (leaf.question for leaf in asked if leaf.question in QUESTIONS):
            if not QUESTIONS[name].of_server and not QUESTIONS[name].of_seat:
                sentence = N_("packets answer the question {name!r}, and the exercise has no capture")
                yield fault((*at, "criteria", j), sentence, N_("give the exercise a capture"), name=name)
