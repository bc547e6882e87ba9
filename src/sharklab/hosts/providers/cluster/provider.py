"""The provider `cluster`: the hosts of seats are instances on an Incus or LXD cluster.

They are containers, or virtual machines where the lab needs a kernel of its own (`kinds`). The images are
baked on this computer, as for `nspawn`. The values of a seat are prepared here as well, in the same folders,
and go into a host before it boots. So a seat can be made again on another member at any time, with the same
values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from sharklab import privilege, process, state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.inventory import HostFacts
from sharklab.hosts.providers import access, baking, claims, disk, network, nspawn, provider, substitutes
from sharklab.hosts.providers.cluster import (
    course,
    exports,
    hosts,
    image_server,
    kinds,
    machine_image,
    record,
    seating,
    tunnel,
)
from sharklab.hosts.providers.cluster.course import Course
from sharklab.hosts.providers.cluster.errors import EngineRefusal, Unreachable
from sharklab.hosts.providers.cluster.model import Instance, InstanceKind, Power
from sharklab.hosts.providers.cluster.record import SeatRecord
from sharklab.hosts.providers.this_computer import CONTAINERS, announce_vms
from sharklab.lab.model import Host, Plan, Seat
from sharklab.message import N_, Message
from sharklab.process import Say

NAME = "cluster"
TOOLS = ("ssh", "tar")
START = "start"
"""The snapshot of an instance that `reset` puts back."""

# As on a container: a capture shows the packets that a real wire would carry.
LINK = """\
[Match]
MACAddress={mac}

[Link]
Name={name}
TransmitChecksumOffload=no
TCPSegmentationOffload=no
TCP6SegmentationOffload=no
GenericSegmentationOffload=no
GenericReceiveOffload=no
"""

TASKS = """\
[Slice]
TasksMax=infinity
"""
"""A container's systemd sees the engine's limit of processes, and would leave each user a third of it
(TasksMax in user@.service(5)): too few for the browsers of the lab `reachability`."""

LOST = N_("lost")
"""The state of a host whose member does not answer."""

APART = N_("apart")
"""The state of a host that is on another member than the rest of its seat: the engine moved it alone."""


class Cluster:
    """The provider `cluster`; see `Provider` for what each function does."""

    name = NAME
    bakes = True

    def adapt(self, plan: Plan) -> Plan:
        """Return the plan with the variables for virtual machines, where the hosts are such."""
        return kinds.adapt(plan, kinds.of_seat(plan))

    def image(self, golden: Plan, os: str, bake: Callable[[Plan], None], progress: Say) -> Layers:
        """Return the layers, baked on this computer, after they were sent to the cluster as images.

        Raises InputError where a container of `os` has no substitute for what a host needs, or the lab wants
        Internet access.
        """
        _refuse_internet(golden)
        kind = kinds.choose(golden.hosts)
        is_machine = kind is InstanceKind.VIRTUAL_MACHINE
        if is_machine:
            machine_image.require()
            announce_vms(golden.hosts, False, progress)
        else:
            substitutes.refuse(golden.hosts, os)
        own = course.begin()
        source = None if is_machine else image_server.find(own, os, progress)
        adapted = kinds.adapt(golden, kind)
        layers = baking.layers(adapted, os, bake, CONTAINERS, progress, is_machine, source)
        exports.ensure(own, layers.image.roots, progress)
        return layers

    def make(self, plan: Plan, layers: Layers) -> provider.NewHosts | None:
        """Prepare the disks of a new seat on this computer."""
        known = record.read(plan.seat.folder)
        if known and known.member:
            return None
        self._prepare(plan)
        for host in plan.hosts:
            _make_disk(plan, host, layers)
        disks = {host.name: disk.overlay(plan, host.name, layers) for host in plan.hosts}
        return provider.NewHosts(disks, {host.name: _facts(plan, host, layers) for host in plan.hosts})

    def up(self, plan: Plan, layers: Layers, progress: Say) -> HostFacts:
        """Bring every host up on the member of the seat, which is chosen for a new one."""
        self._prepare(plan)
        for host in plan.hosts:
            _make_disk(plan, host, layers)
        own = course.begin()
        lowers = {host.name: disk.lowers(plan, host.name, layers) for host in plan.hosts}
        kind = kinds.of_image(exports.roots(lowers[plan.hosts[0].name]))
        seat, there = seating.place(own, plan, kind)
        _refuse_removed(plan, seat, there)
        if seat.names() - set(there):
            course.ensure_networks(own, seat.networks.values(), hosts.members(own))
        names = {
            host: exports.ensure(own, exports.roots(paths), progress)
            for host, paths in lowers.items()
            if seat.instance(host) not in there
        }
        progress(Message(N_("waiting for {hosts}"), {"hosts": [host.name for host in plan.hosts]}))
        _each(
            plan.hosts,
            lambda host: hosts.bring_up(
                own,
                seat,
                plan,
                host,
                there.get(seat.instance(host.name)),
                names.get(host.name, ""),
                lowers[host.name],
            ),
        )
        hosts.remove(own, list(hosts.earlier(own, seat)))
        for waited in hosts.wait(own, seat, plan):
            if waited.failed:
                values = {"host": waited.host, "units": waited.failed}
                progress(Message(N_("host {host} is up, but failed to start: {units}"), values))
        return {host.name: _facts(plan, host, layers) for host in plan.hosts}

    def keep(self, plan: Plan) -> None:
        """Make a snapshot of every host, each while its processes sleep."""
        own, seat = _of(plan.seat)
        _each(plan.hosts, lambda host: hosts.keep(own, seat.instance(host.name), START))

    def reset(self, plan: Plan, names: Sequence[str], layers: Layers, progress: Say) -> Sequence[Message]:
        """Put the snapshots of the start state back."""
        own, seat = _of(plan.seat)
        for name in names:
            if not own.client.instances.has_snapshot(seat.instance(name), START):
                raise provider.not_kept(plan, name, plan.seat.folder)

        def put_back(name: str) -> None:
            hosts.stop(own, seat.instance(name))
            access.close(plan.seat.id, name)
            own.client.instances.put_back(seat.instance(name), START)

        _each(names, put_back)
        self.up(plan, layers, progress)
        return ()

    def stop(self, plan: Plan) -> None:
        """Shut the hosts down in good order."""
        own, seat = _of(plan.seat)
        _each(plan.hosts, lambda host: own.client.instances.stop(seat.instance(host.name), force=False))

    def down(self, seat: Seat) -> Sequence[Message]:
        """Remove the hosts, and the networks when the last seat goes; say which remain on a dead member."""
        left: list[Message] = []
        if known := record.read(seat.folder):
            own = course.of_record(known)
            left = hosts.remove(own, list(hosts.of_seat(own, known, earlier=True).values()))
        access.close(seat.id)
        state.remove(seat.folder)
        claims.release(seat.id)
        if known and not any(record.all_records()):
            with course.lock():
                if not any(record.all_records()):  # nor has a seat taken networks meanwhile
                    _remove_networks(own)
        return left

    def sweep(self) -> None:
        """Remove hosts without a seat, and the project when the course has no seat on the cluster."""
        own = course.find_course()
        if own is None or own.client.projects.find(own.project) is None:
            course.file().unlink(missing_ok=True)
            return
        with course.lock():
            instances = own.client.instances.all()
            left = hosts.remove(own, course.strays(own, instances))
            if any(record.all_records()):
                return
            if own.network_names() and (dead := course.list_dead(hosts.members(own))):
                left.append(Message(N_("its networks wait for {members}"), {"members": ", ".join(dead)}))
            if left:
                raise MachineryError(
                    N_("the project {project} stays on the cluster: {left}"),
                    place=Message(N_("the cluster")),
                    hint=N_("run this again when the member is back, or was removed from the cluster"),
                    project=own.project,
                    left=left[0],
                )
            _remove_networks(own)
            for image in own.client.images.all():
                own.client.images.delete(image.fingerprint)
            own.client.projects.delete(own.project)
            course.file().unlink(missing_ok=True)

    def status(self, seat: Seat) -> Mapping[str, str]:
        """Return the state of each host, as the engine says it."""
        known = record.read(seat.folder)
        if known is None:
            return dict.fromkeys(seat.addresses, N_("absent"))
        own = course.of_record(known)
        there = hosts.list_instances(own, known)
        home = _find_home(known, there)
        return {name: _state(own, home, there.get(known.instance(name))) for name in seat.addresses}

    def warnings(self, seat: Seat) -> Sequence[Message]:
        """Return a sentence when the member of the seat is evacuated or does not answer."""
        known = record.read(seat.folder)
        if known is None or not known.member:
            return ()
        own = course.of_record(known)
        home = _find_home(known, hosts.list_instances(own, known))
        if any(one.name == home and one.ready for one in hosts.members(own)):
            return ()
        text = N_(
            "member {member} of the cluster does not hold hosts now: sharklab up makes the seat on another"
        )
        return (Message(text, {"member": home}),)

    def forget_lost(self, seat: Seat) -> None:
        """Let a seat on a dead member be made again from its beginning.

        Raises MachineryError when the member answers all the same.
        """
        known = record.read(seat.folder)
        if known is None or not known.member:
            return
        own = course.of_record(known)
        there = hosts.list_instances(own, known)
        home = _find_home(known, there)
        if not any(_state(own, home, there.get(known.instance(name))) == LOST for name in known.hosts):
            return
        if not hosts.is_gone(own, home):
            raise MachineryError(
                N_("member {member} answers, but the cluster hears no heartbeat of it: its hosts stay"),
                place=Message(N_("the cluster")),
                hint=N_("run this again when the member is less busy; end its engine if it shall go"),
                member=home,
            )
        access.close(seat.id)
        (seat.folder / "provisioned").unlink(missing_ok=True)
        record.write(seat.folder, replace(known, member="", round=known.round + 1))

    def _prepare(self, plan: Plan) -> None:
        """Make the mark and the keys of a seat, which come before its hosts."""
        privilege.require_root(N_("starting hosts (network namespaces, mounts, containers) needs root"))
        process.require(*TOOLS)
        network.check(plan)
        claims.claim(plan.seat.id, plan.seat.folder)
        access.prepare(plan, tunnel.proxy(plan.seat.folder))


def _refuse_internet(plan: Plan) -> None:
    """Raise InputError for a lab with Internet access."""
    for one in plan.lab.networks:
        if one.internet:
            raise InputError(
                N_("the network {name} of the lab has Internet access, which no seat on a cluster has"),
                place="--provider cluster",
                hint=N_("use containers of this computer: --provider nspawn"),
                name=one.name,
            )


def _make_disk(plan: Plan, host: Host, layers: Layers) -> None:
    """Prepare the disk of a host: its values, and what its kind needs."""
    disk.make(plan, host, layers)
    if _is_machine(plan, host, layers):
        for _, name, mac in network.ports(plan, host):
            link = LINK.format(mac=mac, name=name)
            disk.put(
                disk.folder(plan, host.name) / "upper", f"etc/systemd/network/70-{name}.link", link, 0o644
            )
    else:
        disk.ease(plan, host.name)
        upper = disk.folder(plan, host.name) / "upper"
        disk.put(upper, "etc/systemd/system/user-.slice.d/50-tasks.conf", TASKS, 0o644)
    # The way to a host on a cluster is no network: its SSH server sees no address.
    key = access.public(access.folder(plan) / "id_ed25519")
    disk.put(disk.folder(plan, host.name) / "upper", "root/.ssh/authorized_keys", key, 0o600)


def _is_machine(plan: Plan, host: Host, layers: Layers) -> bool:
    image = exports.roots(disk.lowers(plan, host.name, layers))
    return kinds.of_image(image) is InstanceKind.VIRTUAL_MACHINE


def _facts(plan: Plan, host: Host, layers: Layers) -> Mapping[str, object]:
    guest = ["kvm"] if _is_machine(plan, host, layers) else ["container", "lxc"]
    return {**nspawn.facts(plan, host, layers), "virtualization_tech_guest": guest}


def _of(seat: Seat) -> tuple[Course, SeatRecord]:
    """Return course and record of a seat that is there. Raises MachineryError if it is not."""
    known = record.read(seat.folder)
    if known is None:
        raise MachineryError(
            N_("the seat is not on the cluster"),
            place=str(seat.folder),
            hint=N_("make the seat again: sharklab down {lab}; sharklab up {lab}"),
            lab=seat.lab,
        )
    return course.of_record(known), known


def _refuse_removed(plan: Plan, seat: SeatRecord, there: Mapping[str, Instance]) -> None:
    """Raise MachineryError when somebody has removed a host on which a student works.

    A new one would have neither the faults of the lab nor the student's work, and nobody would hear of it.
    """
    gone = [host.name for host in plan.hosts if seat.instance(host.name) not in there]
    if plan.start and gone and (plan.seat.folder / "provisioned").exists():
        raise MachineryError(
            N_("host {hosts} was removed from the cluster, with the student's work on it"),
            place=Message(N_("seat {lab}/{student}"), {"lab": plan.lab.name, "student": plan.seat.student}),
            hint=N_("make the seat again: sharklab down {lab}; sharklab up {lab}"),
            hosts=gone,
            lab=plan.lab.name,
        )


def _find_home(known: SeatRecord, there: Mapping[str, Instance]) -> str:
    """Return the member of a seat: that of its hosts if one has all of them, else the noted one.

    The engine may have moved them together, and a member may have a new name.
    """
    at = {one.member for one in there.values()}
    return at.pop() if len(at) == 1 else known.member


def _state(own: Course, home: str, one: Instance | None) -> str:
    if hosts.is_dead(own, one.member if one else home):
        return LOST
    if one is None:
        return N_("absent")
    if one.power is Power.FROZEN:
        return N_("asleep")
    if one.power is not Power.RUNNING:
        return N_("stopped")
    return N_("running") if one.member == home else APART


def _remove_networks(own: Course) -> None:
    """Remove the pool of networks, unless a member is down: they stay for the next time.

    The engine would remove their bridges on the other members, and keep their names: no host could start.
    The caller holds `course.lock`.
    """
    if course.list_dead(hosts.members(own)):
        return

    def remove(name: str) -> None:
        with suppress(EngineRefusal, Unreachable):
            own.bridges.delete(name)

    with ThreadPoolExecutor(hosts.REMOVED_TOGETHER) as pool:
        list(pool.map(remove, sorted(own.network_names())))


def _each(chosen: Sequence[object], do: Callable[..., object]) -> None:
    """Do the work for each, at the same time. Raises the first error after all have ended."""
    with ThreadPoolExecutor(max(1, len(chosen))) as pool:
        futures = [pool.submit(do, one) for one in chosen]
    for future in futures:
        future.result()
