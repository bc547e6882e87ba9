"""Hosts as systemd-nspawn(1) containers that boot a whole operating system from one shared image.

Each host is a keeper process (host.sh) in a control group of its own, with a network namespace and
an overlay mount that no other process of the machine sees. So ending a host is killing a group and
deleting a namespace, whatever state a crash left it in.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sharklab import process, state
from sharklab.errors import Busy, MachineryError
from sharklab.image.model import Layers
from sharklab.message import N_, Message
from sharklab.model import Host, Plan, Seat
from sharklab.process import Progress
from sharklab.providers import access, cgroups, disk, limits, marks, network

TOOLS = ("systemd-nspawn", "ip", "nsenter", "ssh", "ssh-keygen", "setsid", "unshare", "mount")
KEEPER = Path(__file__).with_name("host.sh")
STOP_LIMIT = 30.0
REMOVED = ".removed-"


class Nspawn:
    """The provider `nspawn`; see `sharklab.providers.Provider` for what each function does."""

    name = "nspawn"
    bakes = True

    def up(self, plan: Plan, layers: Layers, progress: Progress) -> Mapping[str, Mapping[str, object]]:
        """Bring every host up; those that run are kept, those that stopped keep their disk."""
        _require_root(N_("starting hosts (network namespaces, mounts, containers) needs root"))
        process.require(*TOOLS)
        network.check(plan)
        limits.ensure_inotify(len(plan.hosts), progress)
        marks.claim(plan.seat.id, plan.seat.folder)
        access.prepare(plan)
        if not any(cgroups.is_running(_unit(plan.seat, host.name)) for host in plan.hosts):
            network.build(plan)
        for host in plan.hosts:
            if not cgroups.is_running(_unit(plan.seat, host.name)):
                _start(plan, host, layers)
        progress(Message(N_("waiting for {hosts}"), {"hosts": [host.name for host in plan.hosts]}))
        units = {host.name: _unit(plan.seat, host.name) for host in plan.hosts}
        for waited in access.wait(
            plan, lambda host: cgroups.is_running(units[host]), lambda host, why: _failure(plan, host, why)
        ):
            if waited.failed:
                values = {"host": waited.host, "units": waited.failed}
                progress(Message(N_("host {host} is up, but failed to start: {units}"), values))
        return {host.name: _facts(plan, host, layers) for host in plan.hosts}

    def stop(self, plan: Plan) -> None:
        """Power the hosts off in good order and wait until they are; their disks stay."""
        units = [_unit(plan.seat, host.name) for host in plan.hosts]
        for unit in units:
            for pid in cgroups.processes(unit):
                if _is_nspawn(pid):
                    os.kill(pid, signal.SIGTERM)  # which it passes on as --kill-signal
        deadline = time.monotonic() + STOP_LIMIT
        while running := [unit for unit in units if cgroups.is_running(unit)]:
            if time.monotonic() > deadline:
                raise MachineryError(
                    N_("did not shut down within {seconds:g} s"), place=running[0], seconds=STOP_LIMIT
                )
            time.sleep(0.05)

    def down(self, seat: Seat) -> Sequence[Message]:
        """Remove hosts, namespaces, connections and the seat's folder; what is gone already is fine."""
        _require_root(N_("removing hosts needs root"))
        ours = {name for name in (seat.id, *marks.of(seat.folder)) if _is_ours(name, seat.folder)}
        for seat_id in ours:
            _clear(seat_id)
        if seat.folder.exists():
            # Out of the way first: a half-deleted seat must not be taken for one that is there.
            seat.folder.rename(state.folder(state.root()) / f"{REMOVED}{seat.id}-{time.monotonic_ns()}")
            with suppress(OSError):
                seat.folder.parent.rmdir()
        _remove_rest(f"{seat.id}-*")
        for seat_id in ours:
            marks.release(seat_id)
        return ()

    def sweep(self) -> None:
        """Remove what is left of seats whose folder is gone and of bakes that were cut short."""
        if not marks.of(state.root()) and not any(state.root().glob(f"{REMOVED}*")):
            return
        _require_root(N_("removing hosts needs root"))
        for seat_id in marks.of(state.root()):
            folder = marks.owner(seat_id)
            if folder is None or not folder.exists():
                _clear(seat_id)
                marks.release(seat_id)
            elif (lock := folder.with_name("lock")).exists():
                with suppress(Busy), state.lock(lock, Message(N_("an image"))):
                    self.down(Seat("", "", seat_id, "", "", "", {}, folder))
                    state.remove(lock.parent)
        _remove_rest("*")

    def status(self, seat: Seat) -> Mapping[str, str]:
        """Return the state of each host, by what the seat names and what is on disk."""
        on_disk = {path.parent.name for path in seat.folder.glob("hosts/*/lowers")}
        names = [*seat.addresses, *sorted(on_disk - set(seat.addresses))]
        return {name: _state(seat, name, name in on_disk) for name in names}


def _facts(plan: Plan, host: Host, layers: Layers) -> Mapping[str, object]:
    """Return what the module ansible.builtin.setup would find out on a host that is made from `layers`."""
    return {
        "os_family": layers.image.family,
        "virtualization_tech_guest": ["container", "systemd-nspawn"],
        "ssh_host_key_ed25519_public": access.public(access.host_key(plan, host.name)).split()[1],
    }


def _start(plan: Plan, host: Host, layers: Layers) -> None:
    """Clear what a crash may have left of the host, and boot it."""
    unit = _unit(plan.seat, host.name)
    cgroups.end(unit)
    disk.make(plan, host, layers)
    folder = disk.folder(plan, host.name)
    state.write(folder / "network", network.cables(plan, host))
    lowers = ":".join(str(path) for path in disk.lowers(plan, host.name, layers))
    keeper: list[str | Path] = ["sh", KEEPER, marks.file(plan.seat.id), network.namespace(plan.seat.id)]
    keeper += [network.namespace(plan.seat.id, host.name), folder, lowers]
    process.run([*cgroups.launcher(unit), "setsid", "--fork", *keeper, *_nspawn(plan, host)])


def _nspawn(plan: Plan, host: Host) -> list[str]:
    """Return the command that boots the host; the reason for each option stands beside it."""
    name = network.namespace(plan.seat.id, host.name)
    return [
        "env",
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",  # students set net.* sysctls
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--directory=root",
        f"--machine={name}",
        f"--hostname={host.name}",
        f"--network-namespace-path={network.NAMESPACES / name}",
        "--keep-unit",  # the control group is ours; also makes a reboot end with code 133
        "--register=no",
        "--kill-signal=SIGRTMIN+4",
        "--console=read-only",
        "--capability=CAP_NET_ADMIN",
        "--system-call-filter=open_by_handle_at",  # NFS servers in user space
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        *(["--bind=/dev/fuse"] if Path("/dev/fuse").exists() else []),
    ]


def _clear(seat_id: str) -> None:
    """Kill the seat's processes and remove its control groups and namespaces."""
    cgroups.end(f"{network.namespace(seat_id)}-*")
    access.close(seat_id)
    for name in network.namespaces(seat_id):
        network.delete(name)


def _is_ours(seat_id: str, folder: Path) -> bool:
    """Tell whether the id is that of the seat in `folder`, or of nobody."""
    return marks.owner(seat_id) in (None, folder)


def _remove_rest(pattern: str) -> None:
    """Delete the folders of removed seats, those of a removal that was killed too."""
    for path in state.root().glob(f"{REMOVED}{pattern}"):
        state.remove(path)


def _unit(seat: Seat, host: str) -> str:
    return network.namespace(seat.id, host)


def _state(seat: Seat, host: str, has_disk: bool) -> str:
    if cgroups.is_running(_unit(seat, host)):
        return N_("running")
    return N_("stopped") if has_disk else N_("absent")


def _failure(plan: Plan, host: str, reason: Message) -> MachineryError:
    """Return the error for a host that did not come up, with the last that its console said."""
    file = disk.folder(plan, host) / "console.log"
    said = process.last_lines(file.read_text(errors="replace")) if file.exists() else ""
    return MachineryError(
        N_("host {host} did not come up: {reason}"),
        place=str(file),
        hint=N_("read that file, then: sharklab down {lab}, and sharklab up {lab}"),
        host=host,
        reason=Message("{reason}\n{said}", {"reason": reason, "said": said}) if said else reason,
        lab=plan.lab.name,
    )


def _is_nspawn(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == "systemd-nspawn"
    return False


def _require_root(refusal: str) -> None:
    if os.geteuid() != 0:
        raise MachineryError(refusal, hint=N_("run the same command with sudo"))
