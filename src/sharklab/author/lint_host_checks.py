"""Faults of checks of hosts: hosts and users that the lab does not have, and ports without a question."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.author.lint_names import users
from sharklab.lab.criteria import leaves
from sharklab.lab.model import Check, Condition, Exercise, Hint, IrrelevantCaptures, Lab, MixedUp
from sharklab.lab.schema import Fault, Path, fault, unknown
from sharklab.message import N_

HOST_PARAMETERS = ("host", "to")
USER_PARAMETERS = (("user", "host"), ("as", "to"))
"""Parameters that name a user, each with the one that names the user's host."""


def faults(lab: Lab, at: Path, exercise: Exercise) -> Iterator[Fault]:
    """Yield the faults of the checks of hosts in an exercise, which is at `at`."""
    from sharklab.checks import KINDS
    from sharklab.checks.kind import Rests

    for where, check in checks(at, exercise):
        if check.kind in KINDS and KINDS[check.kind].rests is Rests.STATE:
            yield from _of_check(lab, where, check)


def _of_check(lab: Lab, where: Path, check: Check) -> Iterator[Fault]:
    from sharklab.checks import effects

    hosts = {host.name: host for host in lab.hosts}
    for parameter in HOST_PARAMETERS:
        name = str(check.params.get(parameter, ""))
        if name and "{" not in name and name not in hosts:
            yield unknown(where, N_("unknown host {name!r}"), name, hosts)
    for parameter, of in USER_PARAMETERS:
        name, host = str(check.params.get(parameter, "")), hosts.get(str(check.params.get(of, "")))
        if name and "{" not in name and host and name not in users(host):
            yield unknown(where, N_("unknown user of {host} {name!r}"), name, users(host), host=host.name)
    port = str(check.params.get("port", ""))
    if check.kind == "reaches" and port.endswith("/udp") and port not in effects.UDP_PORTS:
        sentence = N_("check reaches has no question for port {port}, and UDP answers only questions")
        known = ", ".join(effects.UDP_PORTS)
        yield fault(
            where, sentence, N_("choose one of these, or a port of TCP: {known}"), port=port, known=known
        )


def checks(at: Path, exercise: Exercise) -> Iterator[tuple[Path, Check]]:
    """Yield the checks of an exercise, of its criteria and of its hints too, each with its place."""
    for j, check in enumerate(exercise.checks):
        yield (*at, "checks", j), check
    for where, condition in _conditions(at, exercise):
        yield from ((where, leaf) for leaf in leaves(condition) if isinstance(leaf, Check))


def _conditions(at: Path, exercise: Exercise) -> Iterator[tuple[Path, Condition]]:
    """Yield the conditions of criteria and of hints, each with its place."""
    hints: list[tuple[Path, Hint]] = [
        ((*at, "hints", name, k), hint)
        for name, group in exercise.hints.items()
        for k, hint in enumerate(group)
    ]
    for j, criterion in enumerate(exercise.criteria):
        where = (*at, "criteria", j)
        yield from ((where, part.condition) for part in criterion.steps)
        hints += [((*where, "hints", k), hint) for k, hint in enumerate(criterion.hints)]
    for where, hint in hints:
        if not isinstance(hint.when, IrrelevantCaptures | MixedUp | None):
            yield where, hint.when
