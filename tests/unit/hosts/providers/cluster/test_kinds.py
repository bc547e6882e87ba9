"""The kind of a seat's hosts, on a cluster on paper: what the members can run decides for a new seat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Image, Layers
from sharklab.hosts.providers.cluster import course, hosts, kinds, record
from sharklab.hosts.providers.cluster.errors import EngineRefusal, Unreachable
from sharklab.hosts.providers.cluster.model import InstanceKind, MemberStatus, Ran
from sharklab.lab import needs
from sharklab.lab.model import Plan
from tests.support import paper_cluster, provider_seat
from tests.support.errors import error_of
from tests.support.paper_cluster import PaperCluster
from tests.support.paper_seats import HOSTS, names, quiet, record_of, up

CONTAINER, MACHINE = InstanceKind.CONTAINER, InstanceKind.VIRTUAL_MACHINE


def needy() -> Plan:
    """Return the plan of a seat whose server needs a kernel of its own."""
    plan = provider_seat.plan("s1", 1)
    server, client = plan.hosts
    return replace(plan, lab=replace(plan.lab, hosts=(replace(server, needs=("kernel_nfs",)), client)))


def machine_layers() -> Layers:
    """Return the layers of a bare image of virtual machines."""
    folder = state.folder(state.images_folder() / "debian12-vm-000000000000")
    state.folder(folder / "root")
    return Layers(Image("debian12-vm", "Debian", folder), folder)


def test_needs_and_members_decide_together(paper: PaperCluster) -> None:
    """A lab without needs asks no member; one that is not online does not count."""
    plan = needy()
    assert CONTAINER is kinds.choose(plan.hosts)
    kinds._able.clear()
    paper.machines_on = {"m2"}
    assert (MACHINE, CONTAINER) == (kinds.choose(plan.hosts), kinds.choose(plan.hosts[1:]))
    paper.status["m2"] = MemberStatus.OFFLINE
    assert CONTAINER is kinds.choose(plan.hosts)


def test_a_member_is_asked_once(paper: PaperCluster) -> None:
    """A class has many seats. One that does not answer runs no virtual machine."""
    asked: list[str] = []

    def server(member: str) -> object:
        asked.append(member)
        raise Unreachable("no answer")

    own = course.begin()
    paper.server = server  # type: ignore[method-assign, assignment]
    assert set() == kinds.able(own, ["m1"]) == kinds.able(own, ["m1"])
    assert ["m1"] == asked


def test_a_seat_keeps_its_kind(paper: PaperCluster, layers: Layers) -> None:
    """Also when a member that could run virtual machines joins later."""
    up(layers)
    paper.machines_on = {"m1", "m2", "m3"}
    assert (CONTAINER, MACHINE) == (
        kinds.of_seat(needy()),
        kinds.choose(needy().hosts),
    )


def test_the_folder_of_an_image_tells_its_kind(paper: PaperCluster, layers: Layers) -> None:
    """One of a system with a kernel is for virtual machines."""
    assert (CONTAINER, MACHINE) == (
        kinds.of_image(layers.image.roots),
        kinds.of_image(machine_layers().image.roots),
    )


def test_plan_of_virtual_machines_uses_their_kernel(paper: PaperCluster) -> None:
    """All hosts of the seat are virtual machines then."""
    plan = needy()
    assert plan == kinds.adapt(plan, CONTAINER)
    assert [needs.OWN_KERNEL] * 2 == [host.vars for host in kinds.adapt(plan, MACHINE).hosts]


def test_seat_of_virtual_machines_comes_up(paper: PaperCluster) -> None:
    """On a member that can run them; their values are in a template, and they have no container's devices."""
    paper.machines_on, plan, layers = {"m2"}, needy(), machine_layers()
    HOSTS.make(plan, layers)
    facts = HOSTS.up(plan, layers, quiet)
    assert {"m2"} == {one.member for one in paper.found.values()}
    assert {MACHINE} == {one.kind for one in paper.found.values()}
    assert names(plan) == set(paper.templates) and not paper.pushed
    (one, _) = paper.found.values()
    assert {"limits.memory": "512MiB", "security.secureboot": "false"}.items() <= one.config.items()
    assert {"root", "card-lan", "card-mgmt"} == set(one.devices)
    assert ["kvm"] == facts["server"]["virtualization_tech_guest"]
    link = plan.seat.folder / "hosts/server/upper/etc/systemd/network/70-lan.link"
    assert plan.seat.address("server", "lan").mac in link.read_text()
    assert MACHINE == record_of(plan).kind
    paper.calls.clear()
    HOSTS.keep(plan)
    assert {"sync", "freeze", "unfreeze"} == {call.split()[0] for call in paper.calls}


def test_incus_shows_the_values_on_a_disc(paper: PaperCluster) -> None:
    """Debian's kernel for clouds cannot read its other share."""
    paper.machines_on, paper.engine, plan, layers = {"m2"}, "incus", needy(), machine_layers()
    HOSTS.up(plan, layers, quiet)
    assert {"agent:config"} == {one.devices["agent"]["source"] for one in paper.found.values()}


def test_no_member_takes_virtual_machines_any_more(paper: PaperCluster) -> None:
    """The seat is refused, and nothing is made."""
    paper.machines_on, plan, layers = {"m2"}, needy(), machine_layers()
    paper.status["m2"] = MemberStatus.EVACUATED
    error_of(MachineryError, HOSTS.up, plan, layers, quiet)
    assert not paper.found and record.read(plan.seat.folder) is None


def test_agent_of_a_virtual_machine_answers_late(
    paper: PaperCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts with the units of its machine. A machine that has ended is not asked for long."""
    refusals = [EngineRefusal("the agent is not running")] * 2
    run = paper_cluster.Instances.run

    def late(own: paper_cluster.Instances, name: str, argv: list[str], *, limit: float) -> Ran:
        if refusals:
            raise refusals.pop()
        return run(own, name, argv, limit=limit)

    monkeypatch.setattr(paper_cluster.Instances, "run", late)
    monkeypatch.setattr(hosts, "AGENT_PAUSE", 0.0)
    paper.machines_on, plan, layers = {"m2"}, needy(), machine_layers()
    HOSTS.up(plan, layers, quiet)
    assert not refusals
    refusals.extend([EngineRefusal("it does not run")] * 3)
    paper.instances.stop(record_of(plan).instance("server"))
    error = error_of(MachineryError, hosts.wait, course.begin(), record_of(plan), plan)
    assert "server" == error.values["host"]
