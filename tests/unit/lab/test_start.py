"""The start state: what hosts begin without, what a solution brings, and what stays when both meet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.lab import load, plan_file, seat, start
from sharklab.lab.model import FilledLab, Plan
from sharklab.lab.plan import make_plan, make_solved_plan

LAB = load.read_named("tp4")
ALL = start.exercises(LAB)


def plan(begun: tuple[str, ...] = ALL, done: tuple[str, ...] = ()) -> Plan:
    """Return the plan of a seat that began without `begun`, of which `done` are solved."""
    return make_plan(LAB, seat.derive(LAB, "ada", bytes(32)), begun=begun, solved=done)


def test_start_leaves_out_roles_and_changes_variables() -> None:
    """A host without a role has none of its variables to obey; the rest of the host is the lab's."""
    assert ("firewall", "ssh", "nfs", "dns") == ALL
    whole, begun = plan(()), plan()
    assert set(whole.lab.host("server").roles) - set(begun.lab.host("server").roles) == {"nfs_server"}
    assert ["ssh", "cockpit", "dhcpv6-client"] == begun.lab.host("client").vars["firewall_services"]
    assert [] == begun.lab.host("client").vars["nfs_client_mounts"]
    assert whole.lab.host("desktop").networks == begun.lab.host("desktop").networks


def test_a_solved_exercise_is_as_in_the_lab() -> None:
    """Its part comes back, the others stay out; all solved is the solved lab."""
    half = plan(done=("nfs",))
    assert "nfs_server" in half.lab.host("server").roles
    assert [] == half.lab.host("client").vars["dns_client_servers"]
    assert plan(()).lab.hosts == plan(done=ALL).lab.hosts == make_solved_plan(half).lab.hosts


def test_a_plan_is_read_back_in_its_state(tmp_path: object) -> None:
    """A new process sees the same hosts, and knows what the seat began without."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    assert plan_file.state_of(folder) is None
    plan_file.save(plan(done=("ssh",)), folder)
    assert plan(done=("ssh",)) == plan_file.read(folder / "plan.json")
    assert (ALL, ("ssh",)) == plan_file.state_of(folder)


@pytest.mark.parametrize(
    ("ids", "roles"),
    [
        (("nfs",), {"server": ("firewall", "nfs_server"), "client": ("nfs_client",)}),
        (("ssh",), {"desktop": ("common",)}),
        (("dns",), {"server": ("firewall",), "client": ("dns_client",), "desktop": ("dns_client",)}),
        (("web",), {}),
    ],
)
def test_roles_to_apply_are_those_that_the_start_changes(
    ids: tuple[str, ...], roles: dict[str, tuple[str, ...]]
) -> None:
    """The roles that are left out, and the owners of the variables."""
    assert roles == start.roles_to_apply(plan(()).lab, ids)


def test_imported_roles_come_with_their_role() -> None:
    """web_server imports certificate: a start without the one has none of the other, `solve` brings both."""
    data = {**plan(()).lab.data, "exercises": [dict(e) for e in plan(()).lab.data["exercises"]]}
    data["hosts"] = {
        **data["hosts"],
        "server": {**data["hosts"]["server"], "roles": ["common", "web_server"]},
    }
    data["exercises"][1]["start"] = {"server": {"without": ["web_server"]}}
    lab = load.build(FilledLab, data, LAB.path)
    begun = start.begin(lab, ("web",), ())
    assert ("common",) == begun.host("server").roles
    assert ("certificate", "web_server") == start.roles_to_apply(lab, ("web",))["server"]


def test_two_exercises_may_leave_out_the_same_part() -> None:
    """It comes with the first of them that is solved."""
    web, mail = (replace(e, start=LAB.exercises[-2].start) for e in plan(()).lab.exercises[1:3])
    lab = replace(plan(()).lab, exercises=(web, mail))
    assert "nfs_server" not in start.begin(lab, ("web", "mail"), ()).host("server").roles
    assert "nfs_server" in start.begin(lab, ("web", "mail"), ("mail",)).host("server").roles


def test_left_out_are_roles_that_no_host_has_at_the_start() -> None:
    """Their packages are offered to the student; a role of another host is installed already."""
    assert {"nfs_server"} == start.find_absent_roles(plan().lab)
    assert frozenset() == start.find_absent_roles(plan(()).lab)


def test_left_out_of_a_host_are_the_roles_that_it_lacks_itself() -> None:
    """The order is that of the lab; a host without a start lacks nothing."""
    begun = plan().lab
    found = {host.name: start.find_absent_roles_of_host(begun, host) for host in begun.hosts}
    assert {"server": ("nfs_server",), "client": (), "desktop": ()} == found
