"""What is seen of real hosts, and that a rule which is only in force costs its criterion."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from testinfra.host import Host

from sharklab.checks import host_demands
from sharklab.checks.outcome import Status
from sharklab.evidence import effects, host_state
from sharklab.evidence.host_state import fault
from sharklab.grading.marking.marks import grade
from sharklab.grading.submission.model import Submission
from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]


def statuses(plan: Plan) -> dict[str, Status]:
    """Return how the hosts of the seat are judged as they are now: each criterion, and each of its steps."""
    state = host_state.observe(plan, host_demands.demands(plan))
    result = grade(plan, Submission("tp4", plan.seat.student, plan.seat.id, plan.seat.folder, state=state))
    marks = {f"{each.id}/{mark.criterion}": mark for each in result.exercises for mark in each.marks}
    steps = {f"{name}/{i}": step.status for name, mark in marks.items() for i, step in enumerate(mark.steps)}
    return {**{name: mark.status for name, mark in marks.items()}, **steps}


@pytest.fixture
def drifted(host_of: HostOf) -> Iterator[None]:
    """Open a port on the client in force only, and close it afterwards."""
    host_of("client").check_output("firewall-cmd --add-port=4444/tcp")
    yield
    host_of("client").check_output("firewall-cmd --remove-port=4444/tcp")


@pytest.fixture
def moved(host_of: HostOf) -> Iterator[None]:
    """Put the client's card into the zone that accepts everything until the next start, and back."""
    host_of("client").check_output("firewall-cmd --zone=trusted --change-interface=lan")
    yield
    host_of("client").check_output("firewall-cmd --zone=public --change-interface=lan")


def test_observe_sees_every_host(plan: Plan) -> None:
    """Each has the shape that is checked, and the services that the lab asks about."""
    found = host_state.observe(plan, host_demands.demands(plan))
    assert [host.name for host in plan.hosts] == list(found)
    assert {""} == {fault(seen) for seen in found.values()}
    assert all(seen["services"]["firewalld"] == {"running": True, "enabled": True} for seen in found.values())


def test_hosts_of_a_fresh_seat_earn_everything(plan: Plan) -> None:
    """Firewalls, export, mount, fstab, resolver, as the roles leave them."""
    found = statuses(plan)
    names = ["server", "client", "desktop"]
    assert {Status.PASSED} == {found[f"firewall/{name}"] for name in names}
    assert {Status.PASSED} == {found[f"nfs/{name}"] for name in ("listens", "export", "mount", "mount_kept")}
    assert Status.PASSED is found["dns/resolver"]


def test_rule_in_force_only_is_found(plan: Plan, drifted: None) -> None:
    """A port that is open until the next start, on one host: what is kept differs, and too much is open."""
    found = statuses(plan)
    steps = [found[f"firewall/client/{step}"] for step in range(2)]
    assert [Status.FAILED, Status.FAILED] == steps
    assert {Status.PASSED} == {found["firewall/server"], found["firewall/desktop"]}


def test_card_in_another_zone_is_found(plan: Plan, moved: None) -> None:
    """The default zone reads as before, and the packets meet another one."""
    found = statuses(plan)
    steps = [found[f"firewall/client/{step}"] for step in range(2)]
    assert [Status.FAILED, Status.FAILED] == steps


def test_effects_are_tried_from_the_hosts(plan: Plan) -> None:
    """A port that is open, one that firewalld rejects, a question over UDP, a name, a login, a file."""
    server, client = (str(plan.seat.address(host, "lan").ipv4.ip) for host in ("server", "client"))
    wanted: dict[str, dict[effects.Attempt, str]] = {
        "client": {
            ("reaches", "server", server, "2049/tcp"): "open",
            ("reaches", "server", server, "23/tcp"): "rejected",
            ("reaches", "server", server, "53/udp"): "open",
            ("resolves", f"www.{plan.seat.domain}"): "found",
            ("writes", "student", f"/mnt/{plan.seat.share}"): "done",
            ("writes", "student", "/etc"): "refused",
            ("reads", "student", f"/mnt/{plan.seat.share}/readme.txt", plan.seat.token): "done",
            ("reads", "student", "/etc/hosts", plan.seat.token): "other",
        },
        "desktop": {
            ("logs_in", "student", "student", "server", server): "done",
            ("logs_in", "student", "nobody", "client", client): "refused",
        },
    }
    tried = effects.try_all(plan, {host: tuple(attempts) for host, attempts in wanted.items()})
    assert wanted == {
        host: {attempt: found[effects.key(attempt)]["verdict"] for attempt in wanted[host]}
        for host, found in tried.items()
    }
