"""Faults on real hosts: a student's seat of `pannes` has one in each exercise, and a right repair mends each.

benchmarks/faults.py measures every fault of the catalogue; this is one of each exercise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from sharklab.checks import host_demands
from sharklab.cli import flow, solution
from sharklab.evidence import host_state
from sharklab.grading.marking.marks import grade
from sharklab.grading.submission.model import Submission
from sharklab.hosts import configuration, faults
from sharklab.hosts.providers.remote import machine_of
from sharklab.lab.model import Plan
from sharklab.process import run
from tests.conftest import Call
from tests.support import fixed_course

REPAIRED = "repaired"
STUDENT = "faults"


@pytest.fixture(scope="module")
def plan(sharklab: Call, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """Bring a student's seat up, with the same faults in every run, and remove it afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in fixed_course.make(tmp_path_factory.mktemp("faults")).items():
            patch.setenv(name, value)
        try:
            done = sharklab("up", "pannes", "--student", STUDENT)
            assert done.returncode == 0, done.stderr
            yield solution.read(flow.look_up("pannes", STUDENT))
        finally:
            sharklab("down", "pannes", "--student", STUDENT)


def repaired(plan: Plan) -> Mapping[str, float]:
    """Return the points that each exercise earns for its repair, as the grading gives them."""
    state = host_state.observe(plan, host_demands.demands(plan))
    seat = plan.seat
    result = grade(plan, Submission(plan.lab.name, seat.student, seat.id, seat.folder, state=state))
    return {
        exercise.id: mark.points
        for exercise in result.exercises
        for mark in exercise.marks
        if mark.criterion == REPAIRED
    }


TRACES = """
grep -rl "$1" /etc /home /root
ls /root/.bash_history 2>/dev/null
started=$(systemctl show --property=FinishTimestamp --timestamp=unix | cut -d @ -f 2)
find /etc /home /root /srv /usr/local -xdev -newermt "@$((started + 1))"
true
"""
"""Prints all that tells of a fault: its name in a file, a history, a file newer than the host's start."""


def test_no_host_tells_of_its_fault(plan: Plan) -> None:
    """No file has the name of a fault, or is newer than its host's start, also if the fault comes twice."""
    hosts = [host.name for host in plan.hosts]
    once = configuration.read(plan, hosts)
    faults.inject(plan, plan.start)
    again = configuration.read(plan, hosts)
    assert dict.fromkeys(hosts, "") == {
        host: configuration.differences(once[host], again[host]) for host in hosts
    }
    names = [fault for chosen in plan.seat.faults.values() for fault in chosen]
    pattern = "\\|".join(rf"\b{name}\b" for name in names)
    for host in hosts:
        assert "" == run(machine_of(plan.seat, host).as_root(["sh", "-c", TRACES, "sh", pattern]))


def test_every_exercise_is_broken_and_can_be_repaired(plan: Plan) -> None:
    """Each exercise has lost its effect. Solved, each has it again, and the controller reached every host."""
    assert dict.fromkeys(plan.start, 0) == repaired(plan)
    faults.repair(plan, plan.start)
    assert dict.fromkeys(plan.start, 2) == repaired(plan)
