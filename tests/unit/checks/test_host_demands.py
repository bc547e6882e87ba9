"""The facts about hosts that a lab needs: those that its checks, criteria and questions rest on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks import host_demands
from sharklab.evidence.host_state import Demands
from sharklab.lab.criteria import criterion
from sharklab.lab.model import Check, Criterion, Exercise, FilledLab, Plan
from tests.support.checks_sample import Sample

NGINX = Check("service", {"host": "server", "service": "nginx"})
NEEDED = criterion({"id": "one", "all_of": [{"check": "fin"}, {"not": {"check": {"mount": {"host": "x"}}}}]})
UNNEEDED = criterion({"id": "one", "any_of": [{"check": "fin"}, {"question": "transport"}]})


def planned(checks: tuple[Check, ...], questions: tuple[str, ...] = (), *criteria: Criterion) -> Plan:
    """Return the plan of a lab with one exercise, which asks for all this."""
    plan, _ = Sample().run(checks, questions)
    [exercise] = plan.lab.exercises
    exercises: tuple[Exercise, ...] = (replace(exercise, criteria=criteria),)
    return replace(plan, lab=FilledLab(**{**vars(plan.lab), "exercises": exercises}))


@pytest.mark.parametrize(
    ("plan", "needed"),
    [
        (planned(()), False),
        (planned((Check("fin"), Check("unknown")), ("transport",)), False),
        (planned((Check("fin"), NGINX)), True),
        (planned((), ("transport", "process")), True),
        (planned((), (), UNNEEDED), False),
        (planned((), (), UNNEEDED, NEEDED), True),
    ],
    ids=["nothing", "packets", "a check", "a question", "a criterion of packets", "a criterion of a host"],
)
def test_is_needed_by_whatever_rests_on_hosts(plan: Plan, needed: bool) -> None:
    """A check, a condition inside a criterion, or a question about the server."""
    assert needed is host_demands.is_needed(plan)


def test_demands_are_those_of_each_host() -> None:
    """Each host is asked for firewalld, and for what a check, a criterion or a hint names."""
    asked = criterion({"id": "one", "check": {"service": {"host": "server", "service": ["chronyd", "ntpd"]}}})
    hint = {"fr": "a", "en": "b", "when": {"check": {"writes": {"host": "client", "path": "/srv"}}}}
    hinted = criterion({"id": "two", "check": "fin", "hints": [hint]})
    elsewhere = Check("service", {"host": "printer", "service": "cups"})
    opens = Check("firewalld_opens", {"host": "server", "services": ["nfs", "dns"]})
    opened = Check("firewalld_open", {"host": "server", "opening": "ssh"})
    resolves = Check("resolves", {"host": "client", "name": "www"})
    sshd = Check("sshd", {"host": "desktop", "settings": ["strictmodes yes"]})
    plan = planned((NGINX, NGINX, elsewhere, opens, opened, resolves, resolves, sshd), (), asked, hinted)
    firewalld = ("firewalld",)
    expected = {
        "client": Demands(firewalld, (), (("resolves", "www"), ("writes", "student", "/srv"))),
        "server": Demands(("chronyd", *firewalld, "nginx", "ntpd"), ("dns", "nfs", "ssh")),
        "desktop": Demands(firewalld, sshd=True),
    }
    assert expected == host_demands.demands(plan)
