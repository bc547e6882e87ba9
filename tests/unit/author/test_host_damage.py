"""Faults of a host: each breaks the checks that it names, and no other."""

from __future__ import annotations

import pytest

from sharklab.author.host_damage import HostDamage, damages
from sharklab.checks.outcome import Status
from sharklab.lab.model import Asked, Check
from tests.support import host_state
from tests.support.checks_sample import Sample

FAULTS = tuple(damages(host_state.seen(), host_state.CHECKS))


def passes(check: Check, damage: HostDamage | None = None) -> bool:
    """Tell whether a check passes on the host, or on the damaged host."""
    state = damage.state if damage else host_state.seen()
    states = {"server": state, "client": {"boot_id": "2b6f"}}
    return Sample(state=states).check(check.kind, **check.params).status is Status.PASSED


def test_checks_pass_without_damage() -> None:
    """The sample host has no fault."""
    assert [] == [check.kind for check in host_state.CHECKS if not passes(check)]


@pytest.mark.parametrize("damage", FAULTS, ids=lambda damage: damage.title.replace(" ", "-"))
def test_damage_breaks_the_checks_that_it_names(damage: HostDamage) -> None:
    """A check fails exactly when the damage says so."""
    assert {check.kind for check in host_state.CHECKS if damage.hits(check)} == {
        check.kind for check in host_state.CHECKS if not passes(check, damage)
    }


def test_damages_are_those_of_the_checks() -> None:
    """A fault of a service, a mount or an export is tried only where a check examines it."""
    always = [damage.title for damage in damages(host_state.seen(), ())]
    assert 8 == len(always)
    one = [damage.title for damage in damages(host_state.seen(), (Check("mount_kept", {"path": "/mnt/x"}),))]
    assert [*always, "nothing in fstab"] == one


def test_damage_of_the_listeners_hides_the_answers() -> None:
    """Without a listening program, no question about the server has an answer."""
    question = Asked("service")
    [silent] = [damage for damage in damages(host_state.seen(), (question,)) if damage.silent]
    assert ([], True) == (silent.state["sockets"], silent.hits(question))
    assert not any(damage.hits(question) for damage in FAULTS)


def test_damage_of_a_service_of_several_names_stops_all() -> None:
    """Any of them would do."""
    check = Check("service", {"host": "server", "service": ["ssh", "sshd"]})
    assert passes(check)
    found = [each for each in damages(host_state.seen(), (check,)) if each.hits(check)]
    assert [False, False] == [passes(check, damage) for damage in found]


def test_damage_of_a_mount_without_a_source_has_no_other_folder() -> None:
    """A check that accepts any folder cannot fail on another one."""
    titles = [
        damage.title for damage in damages(host_state.seen(), (Check("mount", {"path": "/mnt/sample"}),))
    ]
    assert ("not mounted" in titles, "another folder mounted" in titles) == (True, False)


def test_damage_of_a_port_that_must_be_closed_opens_it() -> None:
    """What the packets must say otherwise depends on the check."""
    check = Check("reaches", {"host": "server", "to": "client", "port": "23/tcp", "verdict": "rejected"})
    [opened] = [each for each in damages(host_state.seen(), (check,)) if "reaches" in each.breaks]
    assert (True, True, False) == (opened.hits(check), passes(check), passes(check, opened))
    assert opened.state["effects"]["reaches client 10.77.5.1 22/tcp"] == {"verdict": "open"}
