"""The hosts of a seat as instances of the engine: described, made, started, asked, removed."""

from __future__ import annotations

import base64
import copy
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sharklab.errors import MachineryError
from sharklab.hosts.providers import access, boot_query, consoles, disk, network, nspawn
from sharklab.hosts.providers.boot_query import BootReport
from sharklab.hosts.providers.cluster import course, exports, machine_image, values
from sharklab.hosts.providers.cluster.course import Course
from sharklab.hosts.providers.cluster.errors import AlreadyThere, EngineRefusal, NotFound, Unreachable
from sharklab.hosts.providers.cluster.instances import START_SECONDS, FromImage
from sharklab.hosts.providers.cluster.model import Instance, InstanceKind, Member, MemberStatus, Power, Ran
from sharklab.hosts.providers.cluster.record import SeatRecord
from sharklab.hosts.providers.qemu import vm
from sharklab.lab.model import Host, Plan
from sharklab.message import N_, Message

TOGETHER = 4
"""Hosts that are made or moved on one member at the same time."""

REMOVED_TOGETHER = 8
REMOVAL_TRIES, REMOVAL_PAUSE = 20, 1.0
"""Further tries to remove a host, and the seconds between two."""

SIZE = "2GiB"
"""The disk of a container, with its image; a pool of the driver `dir` has no limits."""

FRESH = 1.0
"""Seconds for which an answer about all instances, or all members, counts."""

AT_VALUES = "/sharklab-values.tar"
"""The place in an instance at which init.sh finds the values of the seat."""

STARTED = "volatile.last_state.power"
"""The engine's key of an instance that has started once: the values of its seat are in it."""

MACHINE_SECONDS, AGENT_PAUSE = 600.0, 1.0
"""Seconds until a virtual machine has started its units, and between two questions to its agent."""

BOOTED = "until [ -d /run/systemd/system ]; do sleep 0.1; done"

SETTLE_SECONDS, SETTLE_PAUSE, ASK_SECONDS = 30.0, 1.0, 5.0
"""Seconds to wait for a member whose heartbeat is late, between two looks, and for its own answer."""

GONE_SECONDS = 30.0
"""Seconds that a member without a heartbeat has to answer before its hosts are given up."""

DEAD_SECONDS = 45.0
"""Seconds without a heartbeat after which none is late: a member sends one every ten seconds."""

_silent: dict[tuple[str, str, float], float] = {}
"""Until when a member counts as silent, by remote, member, and the seconds that it had to answer."""

_bounds: dict[str, threading.BoundedSemaphore] = {}
_answers: dict[str, tuple[float, Sequence[Any] | MachineryError]] = {}
_alone = threading.RLock()  # the question about instances asks about members, too


FUSE = {"type": "unix-char", "source": "/dev/fuse", "path": "/dev/fuse", "mode": "0666"}
MACHINE = {"limits.memory": f"{vm.MEMORY}MiB", "limits.cpu": "1", "security.secureboot": "false"}
"""The configuration of a virtual machine; nobody has signed its kernel for EFI."""

DENIED_CALLS = """\
reject_force_umount
kexec_load errno 38
init_module errno 38
finit_module errno 38
delete_module errno 38
socket errno 97 [0,16,SCMP_CMP_EQ] [2,9,SCMP_CMP_EQ]
"""
"""The system calls that a container is denied, in the words of lxc.container.conf(5).

Those of the engines (LXD 5.0.2, Incus 6.0.4; 38 is ENOSYS), but open_by_handle_at(2): an NFS server in user
space needs it, on whatever host a student may install one. The sockets of audit (NETLINK_AUDIT) fail with
EAFNOSUPPORT, as systemd-nspawn(1) lets them. Else sshd(8), whose client has no address here, asks the DNS for
the name UNKNOWN at each login: captures show that, and without a DNS server it takes 15 seconds.
"""

GUEST_API = {"lxd": "security.devlxd", "incus": "security.guestapi"}
"""The key of each engine for a socket in a host, by which programs there would ask about their instance."""

CD = {"type": "disk", "source": "agent:config"}
"""Incus shows a virtual machine its share by 9p, which Debian's kernel for clouds lacks, and as this CD."""


def describe(
    plan: Plan, host: Host, seat: SeatRecord, pool: str, engine: str = ""
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the configuration and the devices of a host's instance, in the engine's words.

    `engine` is its name: each has words of its own.
    """
    config = {
        "cluster.evacuate": "stop",  # the engine would spread the hosts of a seat over several members
        course.SEAT: seat.seat,
        course.HOST: host.name,
        course.LAB: plan.lab.name,
        course.STUDENT: plan.seat.student,
    }
    is_container = seat.kind == InstanceKind.CONTAINER
    guest_api = GUEST_API.get(engine, GUEST_API["lxd"])
    config |= {**_limits(plan, host), guest_api: "false"} if is_container else MACHINE
    size = SIZE if is_container else machine_image.SIZE
    devices = {"root": {"type": "disk", "path": "/", "pool": pool, "size": size}}
    if is_container:
        devices["fuse"] = FUSE
    elif engine == "incus":
        devices["agent"] = CD
    for _, name, mac in network.ports(plan, host):
        card = {"type": "nic", "name": name, "hwaddr": mac}
        if name == network.MANAGEMENT:  # it leads nowhere: hosts are reached through the engine
            devices[f"card-{name}"] = {**card, "nictype": "p2p"}
        else:
            devices[f"card-{name}"] = {**card, "network": seat.networks[name]}
    return config, devices


def _limits(plan: Plan, host: Host) -> dict[str, str]:
    """Return the configuration of a container: its limits and its users."""
    limits = nspawn.limits(host, plan.lab.path)
    return {
        "limits.memory": str(limits.memory),
        "limits.processes": str(limits.processes),
        "security.idmap.isolated": "true",
        "security.syscalls.deny_default": "false",
        "security.syscalls.deny": DENIED_CALLS,
    }


def of_seat(own: Course, seat: SeatRecord, earlier: bool = False) -> Mapping[str, Instance]:
    """Return the instances of a seat by their names; with `earlier` those of earlier rounds, too."""
    wanted = seat.names() | (seat.earlier() if earlier else set())
    return {one.name: one for one in _wait_for_instances(own) if one.name in wanted}


def list_instances(own: Course, seat: SeatRecord) -> Mapping[str, Instance]:
    """Return the instances as `of_seat` does, at most a second old: many seats ask at once."""
    members(own)
    found: Sequence[Instance] = _fresh(f"instances {own.project}", lambda: _wait_for_instances(own))
    return {one.name: one for one in found if one.name in seat.names()}


def _wait_for_instances(own: Course) -> Sequence[Instance]:
    """Return the instances, after a wait for those that are lost although their member answers.

    The list and the states of members come from two questions, and a late heartbeat may fall between them.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = own.client.instances.all()
        silent = {one.member for one in found if one.power is Power.LOST}
        if time.monotonic() > deadline or all(is_dead(own, name) for name in silent):
            return found
        time.sleep(SETTLE_PAUSE)


def members(own: Course) -> Sequence[Member]:
    """Return the members of the cluster, at most a second old."""
    return _fresh(f"members {own.remote}", lambda: _wait_for_members(own))


def _wait_for_members(own: Course) -> Sequence[Member]:
    """Return the members, after a wait for those that are called offline although they answer.

    Heartbeats are late after the death of another member. Nobody may take a seat for lost then. A member that
    has been silent for longer is dead, and is not asked: each command would wait for it.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = own.client.members.all()
        offline = [
            one.name for one in found if one.status is MemberStatus.OFFLINE and one.silence < DEAD_SECONDS
        ]
        if time.monotonic() > deadline or not any(_answers_itself(own, name) for name in offline):
            return found
        time.sleep(SETTLE_PAUSE)


def _answers_itself(own: Course, member: str, limit: float = ASK_SECONDS) -> bool:
    """Tell whether a member answers. One that did not is not asked again by this process for a while."""
    key = (own.remote, member, limit)
    if time.monotonic() < _silent.get(key, 0.0):
        return False
    try:
        own.client.members.resources(member, limit=limit)
    except (Unreachable, EngineRefusal):
        _silent[key] = time.monotonic() + SETTLE_SECONDS
        return False
    return True


def is_dead(own: Course, member: str) -> bool:
    """Tell whether a member does not answer, or is no member any more; "" is the member of no host."""
    by_name = {one.name: one for one in members(own)}
    return bool(member) and (member not in by_name or by_name[member].status is MemberStatus.OFFLINE)


def is_gone(own: Course, member: str) -> bool:
    """Tell whether a member is dead, and does not even answer a question of its own.

    One that is very busy sends no heartbeat, and its hosts run with the students' work. So ask this before
    work is given up.
    """
    return is_dead(own, member) and not _answers_itself(own, member, limit=GONE_SECONDS)


def look_again() -> None:
    """Forget answers of the engine: something has changed."""
    with _alone:
        _answers.clear()


T = TypeVar("T")


def _fresh(what: str, ask: Callable[[], Sequence[T]]) -> Sequence[T]:
    """Return the answer to a question, at most `FRESH` seconds old.

    A failure counts as long. Else each seat of a class would wait for an engine that hangs. Each raises an
    error of its own: several threads would write their traces into one.
    """
    with _alone:
        when, answer = _answers.get(what, (0.0, ()))
        if time.monotonic() - when > FRESH:
            try:
                answer = ask()
            except MachineryError as error:
                answer = error
            _answers[what] = (time.monotonic(), answer)
    if isinstance(answer, MachineryError):
        raise copy.copy(answer)
    return answer


def bring_up(
    own: Course,
    seat: SeatRecord,
    plan: Plan,
    host: Host,
    found: Instance | None,
    image: str,
    lowers: Sequence[Path],
) -> None:
    """Make a host from `image` if it is not `found`, on the member of its seat, and start it.

    Its own layers among `lowers`, and the values of the seat, go into it before its first start. A command
    that was interrupted is finished. Raises MachineryError.
    """
    name = seat.instance(host.name)
    with _find_bound(seat.member):
        if found and found.member != seat.member:
            found = _move(own, found, seat.member)
        if found is None:
            config, devices = describe(plan, host, seat, _pool(own), own.client.server().engine)
            with suppress(AlreadyThere):
                own.client.instances.create(
                    name,
                    FromImage(image),
                    member=seat.member,
                    kind=InstanceKind(seat.kind),
                    config=config,
                    devices=devices,
                )
        if found is None or STARTED not in found.config:
            packed = values.pack([disk.folder(plan, host.name) / "upper", *exports.layers(lowers)])
            if seat.kind == InstanceKind.CONTAINER:
                own.client.instances.push(name, AT_VALUES, packed)
            else:
                own.client.instances.put_template(name, exports.VALUES, base64.b64encode(packed))
        if found and found.power is Power.FROZEN:
            own.client.instances.unfreeze(name)
        elif found is None or found.power is not Power.RUNNING:
            is_container = seat.kind == InstanceKind.CONTAINER
            own.client.instances.start(name, limit=START_SECONDS if is_container else MACHINE_SECONDS)


def _pool(own: Course) -> str:
    """Return the storage pool for the disks, as it was a moment ago."""
    (name,) = _fresh(f"pool {own.remote}", lambda: [own.pool()])
    return name


def _find_bound(member: str) -> threading.BoundedSemaphore:
    with _alone:
        return _bounds.setdefault(member, threading.BoundedSemaphore(TOGETHER))


def _move(own: Course, found: Instance, member: str) -> Instance:
    """Move a host to another member, with its disk, and return what it is there."""
    stop(own, found.name)
    own.client.instances.move(found.name, member)
    return own.client.instances.get(found.name)


def stop(own: Course, name: str) -> None:
    """End an instance at once, unless it has ended."""
    if own.client.instances.get(name).power is not Power.STOPPED:
        own.client.instances.stop(name)


def wait(own: Course, seat: SeatRecord, plan: Plan) -> list[BootReport]:
    """Wait until every host has started its units, or tried to; return how each came up.

    Folders of servers that are off count as `boot_query.wait` says. Raises MachineryError.
    """
    names = [host.name for host in plan.hosts]
    found = _ask_all(own, seat, names, f"{BOOTED}\n{boot_query.SETTLED}")
    mounting = [name for name in names if found[name].state == boot_query.STARTING]
    return [*{**found, **_ask_all(own, seat, mounting, boot_query.LAST)}.values()]


def _ask_all(own: Course, seat: SeatRecord, names: Sequence[str], script: str) -> dict[str, BootReport]:
    limit = consoles.LIMIT if seat.kind == InstanceKind.CONTAINER else MACHINE_SECONDS

    def ask(host: str) -> BootReport:
        try:
            ran = _run_on_booting(own, seat, host, script, limit)
        except EngineRefusal as error:
            raise _boot_failure(own, seat, host, error.sentence) from error
        word, *failed = ran.output.decode(errors="replace").splitlines() or [""]
        if not word:
            values = {"seconds": limit, "complaint": Message(N_("its units have not all started"))}
            reason = Message(N_("no answer within {seconds:g} s ({complaint})"), values)
            raise _boot_failure(own, seat, host, reason)
        return BootReport(host, word, tuple(line.split()[0] for line in failed))

    with ThreadPoolExecutor(max(1, len(names))) as pool:
        return dict(zip(names, pool.map(ask, names), strict=True))


def _run_on_booting(own: Course, seat: SeatRecord, host: str, script: str, limit: float) -> Ran:
    """Run a script on a host. The agent of a virtual machine answers some time after its start."""
    name, deadline = seat.instance(host), time.monotonic() + limit
    while True:
        left = max(1, int(deadline - time.monotonic()))
        command = ["timeout", str(left), "sh", "-c", script]
        try:
            return own.client.instances.run(name, command, limit=left + access.CLOSE_LIMIT)
        except EngineRefusal:
            is_off = own.client.instances.get(name).power is not Power.RUNNING
            if seat.kind == InstanceKind.CONTAINER or is_off or time.monotonic() > deadline:
                raise
            time.sleep(AGENT_PAUSE)


def _boot_failure(own: Course, seat: SeatRecord, host: str, reason: Message) -> MachineryError:
    return MachineryError(
        N_("host {host} did not come up: {reason}"),
        place=f"{own.project}/{seat.instance(host)}",
        hint=N_("look at the console of this instance: lxc console --show-log, or incus console --show-log"),
        host=host,
        reason=reason,
    )


def keep(own: Course, name: str, snapshot: str) -> None:
    """Make a snapshot of a host in place of an older one, while its processes sleep."""
    instances = own.client.instances
    instances.delete_snapshot(name, snapshot)
    if instances.get(name).kind is InstanceKind.VIRTUAL_MACHINE:
        instances.run(name, ["sync"])  # the engine sees its disk alone
    instances.freeze(name)
    try:
        instances.snapshot(name, snapshot)
    finally:
        instances.unfreeze(name)


def earlier(own: Course, seat: SeatRecord) -> Sequence[Instance]:
    """Return the instances that the seat had before it was made again elsewhere."""
    if not seat.round:
        return ()
    return [one for one in own.client.instances.all() if one.name in seat.earlier()]


def _delete(own: Course, name: str) -> None:
    """Remove an instance, again and again while its member, which is just back, starts it."""
    for left in range(REMOVAL_TRIES, -1, -1):
        try:
            stop(own, name)
            own.client.instances.delete(name)
        except NotFound:
            return
        except EngineRefusal:
            if not left:
                raise
            time.sleep(REMOVAL_PAUSE)
        else:
            return


def remove(own: Course, found: Sequence[Instance]) -> list[Message]:
    """Remove instances; return a sentence for each that stays because its member does not answer."""

    def do(one: Instance) -> Message | None:
        if not is_dead(own, one.member):
            try:
                _delete(own, one.name)
                return None
            except Unreachable:
                pass
        text = N_(
            "{name} stays on member {member}, which does not answer; sharklab down --all removes it later"
        )
        return Message(text, {"name": one.name, "member": one.member})

    if not found:
        return []
    with ThreadPoolExecutor(min(REMOVED_TOGETHER, len(found))) as pool:
        return [sentence for sentence in pool.map(do, found) if sentence]
