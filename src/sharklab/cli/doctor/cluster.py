"""The cluster of Incus or LXD that seats can be on: the engine, its members, disks and networks."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sharklab.cli.doctor.diagnosis import Diagnosis, DiagnosisStatus, make_error, make_warning, ok, optional
from sharklab.cli.doctor.kernel import INOTIFY, INOTIFY_AMPLE
from sharklab.errors import SharklabError
from sharklab.hosts.providers.cluster import client, course, placement
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.endpoint import ENGINES
from sharklab.hosts.providers.cluster.errors import TooLate
from sharklab.hosts.providers.cluster.members import ALONE
from sharklab.hosts.providers.cluster.model import (
    SCHEDULER,
    EngineNetwork,
    Instance,
    Member,
    Pool,
    Power,
    Resources,
    Server,
)
from sharklab.message import N_, NN_, Message

INOTIFY_PER_HOST = 7
"""Measured: with 128 instances of inotify, hosts beyond about 18 hang, although their start succeeds."""

MEBIBYTE = 2**20
GIBIBYTE = 2**30
SPACE_NEEDED = 2 * GIBIBYTE
"""Bytes of a storage pool for the images of a lab and some seats."""

DISK_OWNERS, NO_SHIFT = "volatile.last_state.idmap", "[]"
"""The engine's key for the shift of the owners on the disk of a container, and its value for none."""

SCRIPTLET = "instances.placement.scriptlet"
"""The key of Incus with a program that chooses the member of an instance for which no member is named."""

CREATED = "Created"
NAMES = {engine.name.lower(): engine.name for engine in ENGINES}


@dataclass(frozen=True)
class ExaminedMember:
    """A member that answers: its engine, its memory, and its limit of inotify if it could be read.

    `shifts` tells that the files of a host there have other owners on disk than in the host.
    """

    server: Server
    resources: Resources
    inotify: int | None
    shifts: bool = False


def examine(remote: str | None) -> Iterator[Diagnosis]:
    """Yield one diagnosis for each thing of the cluster `remote`; None is the one that the course uses."""
    name = N_("engine")
    try:
        with client.connect(_remote(remote)) as engine:
            server = engine.server()
            yield engine_itself(server, engine.transport.endpoint.place)
            if server.trusted:
                yield from _inside(engine, server)
    except SharklabError as error:
        hint = error.hint_id
        if isinstance(error, TooLate):  # its own remedy is this command
            hint = N_("restart the engine there, or name another member by --remote")
        yield Diagnosis(Message(name), DiagnosisStatus.MISSING, error.sentence, Message(hint, error.values))


def _remote(remote: str | None) -> str:
    if remote is not None:
        return remote
    known = course.find_course()
    return known.remote if known else ""


def _inside(engine: Client, server: Server) -> Iterator[Diagnosis]:
    members = engine.members.all()
    seen = {one.name: _look(engine, one, server) for one in members if one.ready}
    for one in members:
        yield member(one, seen.get(one.name))
    yield placement_of_seats(members, server)
    yield room({one.name: seen[one.name] for one in members if one.takes_seats})
    yield architectures(members, platform.machine())
    yield versions(seen)
    yield users(seen)
    yield inotify(seen)
    yield virtual_machines(seen)
    yield from storage(engine, seen)
    yield networks(engine.networks.all(), members)


def _look(engine: Client, one: Member, server: Server) -> ExaminedMember:
    resources = engine.members.resources(one.name)
    there = [each for each in engine.instances.all(every_project=True) if each.member == one.name]
    shifts = any(each.config.get(DISK_OWNERS, NO_SHIFT) != NO_SHIFT for each in there)
    return ExaminedMember(
        engine.server(one.name), resources, _inotify_of(engine, one.name, server, there), shifts
    )


def _inotify_of(engine: Client, name: str, server: Server, there: Sequence[Instance]) -> int | None:
    """Return the limit of a member: read in one of its hosts, or here if it is this machine."""
    for one in there:
        if one.power is Power.RUNNING:
            with suppress(SharklabError, ValueError):
                ran = engine.in_project(one.project).instances.run(one.name, ["cat", str(INOTIFY)], limit=10)
                return int(ran.output)
    is_here = engine.transport.endpoint.socket and name in (ALONE, server.name)
    return int(INOTIFY.read_text()) if is_here else None


def engine_itself(server: Server, place: str) -> Diagnosis:
    """Tell which engine answers, and whether this client may use it."""
    name = N_("engine")
    values = {"engine": NAMES.get(server.engine, server.engine), "version": server.version, "place": place}
    if server.trusted:
        return ok(name, N_("{engine} {version} answers at {place}"), **values)
    return make_error(
        name,
        N_("{engine} {version} at {place} does not trust this client"),
        N_("give this client a token: docs/cluster.md has the commands"),
        **values,
    )


def member(one: Member, seen: ExaminedMember | None) -> Diagnosis:
    """Tell the state and the memory of a member."""
    name = Message(N_("member {name}"), {"name": platform.node() if one.name == ALONE else one.name})
    if seen is None:
        return Diagnosis(
            name,
            DiagnosisStatus.WARNING,
            Message(
                N_("{status}: {said}; no seat goes there"), {"status": str(one.status), "said": one.said}
            ),
            Message(N_("start its engine, or restore it: `incus cluster restore NAME` (or lxc)")),
        )
    values = {
        "free": seen.resources.memory_free / GIBIBYTE,
        "total": seen.resources.memory_total / GIBIBYTE,
        "count": seen.resources.processors,
    }
    meaning = NN_(
        "online; {free:.1f} of {total:.1f} GiB of memory are free, {count} processor",
        "online; {free:.1f} of {total:.1f} GiB of memory are free, {count} processors",
    )
    return Diagnosis(name, DiagnosisStatus.OK, Message(meaning, values))


def placement_of_seats(members: Sequence[Member], server: Server) -> Diagnosis:
    """Tell who chooses the member of a seat. The engine's scheduler would spread its hosts over several."""
    name = N_("placement")
    if SCRIPTLET in server.config:
        return make_warning(
            name,
            N_("the engine's scriptlet is not asked: sharklab names one member for all hosts of a seat"),
            N_("keep a member free of seats by `incus cluster set NAME scheduler.instance=manual`"),
        )
    reserved = tuple(one.name for one in members if one.ready and not one.takes_seats)
    if reserved:
        meaning = N_("a seat goes to the member with the most free room; none goes to {reserved}: {key}")
        return ok(name, meaning, reserved=reserved, key=SCHEDULER)
    return ok(name, N_("a seat goes to the member with the most free room"))


def room(seen: Mapping[str, ExaminedMember]) -> Diagnosis:
    """Tell the number of hosts for which the members have memory."""
    name = N_("room for hosts")
    free = {one: look.resources.memory_free for one, look in seen.items()}
    hosts = placement.room(free, course.MEMORY_OF_HOST)
    if not hosts:
        return make_error(
            name, N_("no member has free memory for a host"), N_("let a machine join the cluster")
        )
    return ok(
        name,
        NN_("{count} host, {each} MiB of memory for it", "{count} hosts, {each} MiB of memory for each"),
        count=hosts,
        each=course.MEMORY_OF_HOST // MEBIBYTE,
    )


def architectures(members: Sequence[Member], own: str) -> Diagnosis:
    """Tell whether the members can run the images, which this computer makes."""
    name = N_("processors")
    others = tuple(one.name for one in members if one.architecture != own)
    if others:
        return make_error(
            name,
            N_("this computer makes images for {own}, and these members have other processors: {others}"),
            N_("take them out of the cluster, or run sharklab on a computer of their kind"),
            own=own,
            others=others,
        )
    return ok(name, N_("all are {own}, like this computer, which makes the images"), own=own)


def versions(seen: Mapping[str, ExaminedMember]) -> Diagnosis:
    """Tell whether all members have the same engine: during an upgrade the cluster refuses changes."""
    name, found = N_("versions"), sorted({look.server.version for look in seen.values()})
    if len(found) > 1:
        return make_warning(
            name,
            N_("the members have different ones: {found}"),
            N_("bring all members to the same version"),
            found=tuple(found),
        )
    return ok(name, N_("the same on all members"))


def users(seen: Mapping[str, ExaminedMember]) -> Diagnosis:
    """Tell whether hosts can have users of their own without a change of each file (idmapped mounts)."""
    name = N_("users of the hosts")
    slow = tuple(
        one for one, look in seen.items() if look.shifts or "idmapped_mounts" not in look.server.features
    )
    if slow:
        return make_warning(
            name,
            N_("these members change the owner of every file of a new host, which is slow: {slow}"),
            N_("take Linux 5.12 or newer there, and a newer engine where a new kernel has refused LXD 5.0"),
            slow=slow,
        )
    return ok(name, N_("owners of files are shifted when they are mounted, on all members"))


def inotify(seen: Mapping[str, ExaminedMember]) -> Diagnosis:
    """Tell whether the members' limit of inotify(7) is ample: all hosts of a member share it."""
    name = N_("inotify limit")
    small = {
        one: look.inotify for one, look in seen.items() if (look.inotify or INOTIFY_AMPLE) < INOTIFY_AMPLE
    }
    remedy = N_("as root on each member: sysctl fs.inotify.max_user_instances={ample}")
    if small:
        hosts = min(value or 0 for value in small.values()) // INOTIFY_PER_HOST
        return make_warning(
            name,
            NN_(
                "too small on {small}: after about {count} host of a member, the next one hangs",
                "too small on {small}: after about {count} hosts of a member, the next one hangs",
            ),
            remedy,
            small=tuple(small),
            count=hosts,
            ample=INOTIFY_AMPLE,
        )
    unread = tuple(one for one, look in seen.items() if look.inotify is None)
    if unread:
        return make_warning(
            name,
            N_("unknown for {unread}: only a host that runs there can read it"),
            remedy,
            unread=unread,
            ample=INOTIFY_AMPLE,
        )
    return ok(name, N_("large enough on all members"))


def virtual_machines(seen: Mapping[str, ExaminedMember]) -> Diagnosis:
    """Tell which members can run virtual machines: the engine tried QEMU and KVM when it started."""
    name = N_("virtual machines")
    able = tuple(one for one, look in seen.items() if "qemu" in look.server.drivers)
    if len(able) == len(seen):
        return ok(name, N_("all members can run them: hosts of labs that need a kernel of their own"))
    remedy = N_("give these members KVM, vhost_vsock, QEMU and OVMF, and restart their engine: {unable}")
    unable = tuple(one for one in seen if one not in able)
    if able:
        meaning = N_("{able} can run them: hosts of labs that need a kernel of their own go there")
        return optional(name, meaning, remedy, able=able, unable=unable)
    meaning = N_("no member can run them: hosts are containers, with a substitute for the kernel's own NFS")
    return optional(name, meaning, remedy, unable=unable)


def storage(engine: Client, seen: Mapping[str, ExaminedMember]) -> Iterator[Diagnosis]:
    """Tell the drivers of the pools, and their space on each member."""
    name = N_("storage")
    pools = [one for one in engine.pools.all() if one.status == CREATED]
    if not pools:
        yield make_error(
            name, N_("the cluster has no storage pool"), N_("make one; docs/cluster.md has the commands")
        )
    for pool in pools:
        yield pool_itself(pool, {one: _free_bytes(engine, pool, one) for one in seen})


def _free_bytes(engine: Client, pool: Pool, name: str) -> int:
    space = engine.pools.space(pool.name, name)
    return space.total - space.used


def pool_itself(pool: Pool, free: Mapping[str, int]) -> Diagnosis:
    """Tell whether a pool clones, and whether it has `free` bytes enough on each member."""
    name = Message(N_("storage pool {name}"), {"name": pool.name})
    values = {"driver": pool.driver, "least": min(free.values(), default=0) / GIBIBYTE}
    full = tuple(one for one, left in free.items() if left < SPACE_NEEDED)
    if full:
        return Diagnosis(
            name,
            DiagnosisStatus.WARNING,
            Message(N_("less than 2 GiB are free on {full}"), {"full": full}),
            Message(N_("make the pool larger, or remove old images from it")),
        )
    if not pool.clones:
        return Diagnosis(
            name,
            DiagnosisStatus.WARNING,
            Message(
                N_("{driver}: a new host copies all files, which is slow; {least:.1f} GiB are free"), values
            ),
            Message(N_("make a pool of btrfs or zfs named default; docs/cluster.md has the commands")),
        )
    meaning = N_(
        "{driver}: a new host shares the blocks of its image; {least:.1f} GiB are free on each member"
    )
    return Diagnosis(name, DiagnosisStatus.OK, Message(meaning, values))


def networks(found: Sequence[EngineNetwork], members: Sequence[Member]) -> Diagnosis:
    """Tell whether networks of seats can be made. A seat lies on one member, so a bridge there is enough."""
    name = N_("networks")
    broken = tuple(one.name for one in found if one.managed and one.status != CREATED)
    if broken:
        return make_warning(
            name,
            N_("incomplete, because a member was down: {broken}; no machine can join the cluster"),
            N_("start all members, then delete these networks: `incus network delete NAME` (or lxc)"),
            broken=broken,
        )
    if down := tuple(course.list_dead(members)):
        return make_warning(
            name,
            N_("no new ones can be made while these members are down: {down}"),
            N_("start these members, or take them out: `incus cluster remove --force NAME` (or lxc)"),
            down=down,
        )
    kinds = Counter(one.type for one in found if one.managed)
    return ok(
        name,
        NN_(
            "each seat gets bridges of its own on its member; OVN is not needed ({count} network of OVN)",
            "each seat gets bridges of its own on its member; OVN is not needed ({count} networks of OVN)",
        ),
        count=kinds["ovn"],
    )
