"""Mistakes in faults: the place and the msgid of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sharklab.author.lint_faults import faults
from sharklab.lab.model import (
    Asked,
    Check,
    Criterion,
    CriterionStep,
    Exam,
    Exercise,
    ExpectedConversation,
    HostStart,
    Lab,
)
from sharklab.message import NN_
from tests.support import faults_sample as sample

UNKNOWN = "unknown fault {name!r}"
LEVELS = "the faults of this list have several levels: {levels}"
NO_SIDE = "the fault {name} changes the {side} of the exercise's conversation, which has none"
ROLE = "the fault {name} needs the role {role} on {host}"
NETWORKS = NN_(
    "the fault {name} needs {count} network on {host}", "the fault {name} needs {count} networks on {host}"
)
MEET = "the faults {first} and {name} can meet in a seat, and both change {thing} on {host}"
HIDDEN = "no packet shows the fault {name}, and the check symptom asks for one"
HEALED = "a reboot heals the fault {name}, and the hosts of an exam are rebooted"
LEFT_OUT = "the fault {name} needs the role {role}, which exercise {other} leaves out on {host}"
WITHOUT = "{name} is about the faults of the exercise, and it has none"


def with_exercises(**changes: dict[str, Any]) -> Lab:
    """Return the sample lab with other values of the exercises that are named."""
    exercises = tuple(replace(each, **changes.get(each.id, {})) for each in sample.lab().exercises)
    return replace(sample.lab(), exercises=exercises)


def found(lab: Lab) -> list[tuple[str, str]]:
    """Return the place and the msgid of each mistake."""
    return [(".".join(map(str, at)), error.message_id) for at, error in faults(lab)]


def test_faults_of_a_right_lab_are_none() -> None:
    """Seven exercises, and no fault gets in another's way."""
    assert [] == found(sample.lab())


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ((("fw-rich-deny", "fw-nonsense"),), [("exercises.0.faults.0.1", UNKNOWN)]),
        ((("fw-rich-deny", "fw-forward-port"),), [("exercises.0.faults.0", LEVELS)]),
        ((("fw-forward-zones",),), [("exercises.0.faults.0.0", NO_SIDE)]),
        ((("dns-nsswitch",),), [("exercises.0.faults.0.0", HIDDEN)]),
        ((("fw-rich-deny",), ("fw-wrong-zone",)), [("exercises.0.faults.1.0", MEET)]),
    ],
)
def test_faults_of_a_list(listed: tuple[tuple[str, ...], ...], expected: list[tuple[str, str]]) -> None:
    """Each mistake has its place in the list."""
    assert expected == found(with_exercises(mail={"faults": listed}))


def test_faults_of_different_exercises_meet_too() -> None:
    """The server's firewall is already changed by the first exercise; that of another host is not."""
    conversation = next(each.conversation for each in sample.lab().exercises if each.id == "name")
    lab = with_exercises(name={"faults": (("fw-forward-port",),), "conversation": conversation})
    assert [("exercises.3.faults.0.0", MEET)] == found(lab)


def test_faults_need_their_roles_on_each_side() -> None:
    """The host that is changed is named, and the role that it lacks."""
    hosts = tuple(
        replace(host, roles=tuple(role for role in host.roles if role != "nfs_client"))
        for host in sample.lab().hosts
    )
    lab = replace(sample.lab(), hosts=hosts)
    count = len(lab.exercises[2].faults[0])
    assert [(f"exercises.2.faults.0.{index}", ROLE) for index in range(count)] == found(lab)


def test_faults_need_their_networks() -> None:
    """A fault of the way back needs a second card on its host: the router has one."""
    lab, router = (
        with_exercises(mail={"faults": (("net-rp-filter",),)}),
        ExpectedConversation("client", "router"),
    )
    assert [("exercises.0.faults.0.0", NETWORKS)] == found(lab)
    changes: dict[str, Any] = {"faults": (("net-rp-filter",),), "conversation": router}
    assert [] == found(with_exercises(mail=changes))


def test_faults_need_the_roles_of_the_start_state() -> None:
    """While the exercise about the server's firewall is not solved, no fault of it can be injected."""
    lab = with_exercises(name={"start": {"server": HostStart(without=("firewall",))}})
    count = len(lab.exercises[0].faults[0])
    assert [(f"exercises.0.faults.0.{index}", LEFT_OUT) for index in range(count)] == found(lab)


def test_faults_of_an_exam_survive_a_reboot() -> None:
    """Where the hosts are rebooted at the end, a fault that a reboot heals would be a present."""
    lists = {"mail": "fw-not-reloaded", "login": "ssh-key-mode", "share": "nfs-read-only"}
    lab = with_exercises(**{id: {"faults": ((name,),)} for id, name in lists.items()})
    assert [] == found(lab)
    assert [("exercises.0.faults.0.0", HEALED)] == found(replace(lab, exam=Exam(90)))


@pytest.mark.parametrize(
    "change",
    [
        {"questions": ("where",)},
        {"questions": (), "checks": (Check("symptom"),)},
        {"questions": (), "criteria": (Criterion("one", (CriterionStep(1, Asked("cause")),)),)},
    ],
)
def test_questions_and_symptom_need_faults(change: dict[str, Any]) -> None:
    """An exercise without faults has no cause to ask for; a matrix and other questions are none of it."""
    first: Exercise = sample.lab().exercises[0]
    bare = replace(first, faults=(), checks=(), criteria=())
    assert [("exercises.0", WITHOUT)] == found(replace(sample.lab(), exercises=(replace(bare, **change),)))
