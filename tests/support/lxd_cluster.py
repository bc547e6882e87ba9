"""A real cluster of LXD (or Incus) on this machine: each member is a machine in namespaces of its own.

A member has its own processes, network, mounts, name and control groups. Killing its first process kills its
daemon and all its instances at once, as a dead machine: nothing of it is left but its folder. The members
meet on a bridge of this machine, which has an address there, too.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sharklab import process, system_packages
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.endpoint import EngineEndpoint
from sharklab.hosts.providers.cluster.errors import NotFound, Unreachable
from sharklab.hosts.providers.cluster.model import MemberStatus
from sharklab.hosts.providers.cluster.transport import Transport, path

Found = TypeVar("Found")

SCRIPT = Path(__file__).with_name("cluster_member.sh")
CGROUP_MOUNTS = Path("/proc/self/mounts")
PREFIX = "shl"
"""The start of the names of everything that a cluster makes on this machine; the process id follows."""

ENGINE = "SHARKLAB_TEST_ENGINE"
"""The variable that names the program of the engine, such as `incusd` where LXD is installed, too."""

FOLDER_VARIABLES = ("LXD_DIR", "INCUS_DIR")
POOL = "local"
POOL_SIZE = "8GiB"
MEMORY = 6 << 30
"""Bytes of memory that a member may use."""

PORT = 8443
OFFLINE_SECONDS = 11
"""Seconds after which the cluster calls a silent member offline: the least that LXD takes."""

SECONDS = 60.0
"""Limit of each step, in seconds."""

EVACUATION_SECONDS = 600.0
"""Limit of an evacuation: the engine stops or copies each instance of the member."""

NAMESPACES = ("--pid", "--mount", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child=KILL")


@dataclass
class Machine:
    """A member of the cluster: its folder and address, and its first process while it runs."""

    name: str
    folder: Path
    address: str
    groups: Sequence[Path]
    card: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def engine_folder(self) -> Path:
        """The folder of its socket, for LXD_DIR or INCUS_DIR."""
        return self.folder / "engine"

    def client(self) -> Client:
        """Return a client of its daemon, by its socket."""
        place = self.engine_folder / "unix.socket"
        return Client(Transport(EngineEndpoint(str(place), "http://engine", socket=place)))


@dataclass
class LxdCluster:
    """The machines of the cluster, by name: `m1`, `m2` and so on."""

    folder: Path
    network: str
    """The first three numbers of the members' addresses; this machine is `.254` there."""

    bridge: str
    program: str
    """The daemon: `lxd`, or `incusd`, which takes the same arguments."""

    machines: dict[str, Machine] = field(default_factory=dict)

    def start(self, name: str) -> Machine:
        """Switch a machine on: a new one, or one that was killed."""
        machine = self.machines.get(name) or self._new(name)
        for group in machine.groups:
            _make_group(group)
        read, write = os.pipe()
        with ExitStack() as pipes:
            pipes.callback(os.close, write)
            with (machine.folder / "output").open("ab") as output:
                machine.process = self._first_process(machine, read, output)
            os.close(read)
            self._plug(machine)
        _until(lambda: _answers(machine), f"{name} does not answer: {machine.folder / 'output'}")
        return machine

    def _new(self, name: str) -> Machine:
        number = len(self.machines) + 1
        folder = self.folder / name
        (folder / "engine").mkdir(parents=True)
        groups = [root / self.bridge / name for root in group_roots()]
        machine = Machine(name, folder, f"{self.network}.{number}", groups, f"{self.bridge}{number}")
        self.machines[name] = machine
        return machine

    def _first_process(self, machine: Machine, go: int, output: Any) -> subprocess.Popen[bytes]:
        join = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"'
        groups = ["sh", "-ec", join, "sh", *map(str, machine.groups), "--"]
        inside = ["sh", str(SCRIPT), machine.name, f"{machine.address}/24", f"/dev/fd/{go}"]
        daemon = [self.program, "--group", "root", "--logfile", str(machine.folder / "daemon.log")]
        return subprocess.Popen(
            [*process.tie_to_this_process(), *groups, "unshare", *NAMESPACES, *inside, *daemon],
            env={**os.environ, **dict.fromkeys(FOLDER_VARIABLES, str(machine.engine_folder))},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[go],
            start_new_session=True,
        )

    def _plug(self, machine: Machine) -> None:
        """Give the machine a card on the bridge."""
        first = _until(lambda: _child(machine), f"{machine.name} does not start")
        peer = ["peer", "name", "eth0", "netns", str(first)]
        _ip("link", "add", machine.card, "master", self.bridge, "type", "veth", *peer)
        _ip("link", "set", machine.card, "up")

    def found(self) -> None:
        """Start the first machine and make a cluster of it, with a pool of btrfs if the kernel has it."""
        machine = self.start("m1")
        with machine.client() as client:
            config = {"core.https_address": f"{machine.address}:{PORT}"}
            client.transport.change("PUT", "/1.0", {"config": config}, limit=SECONDS)
            client.transport.change(
                "PUT", "/1.0/cluster", {"server_name": "m1", "enabled": True}, limit=SECONDS
            )
            config = {"cluster.offline_threshold": str(OFFLINE_SECONDS)}
            client.transport.change("PATCH", "/1.0", {"config": config})
            offered = client.transport.get("/1.0")["environment"]["storage_supported_drivers"]
            driver = "btrfs" if "btrfs" in {one["Name"] for one in offered} else "dir"
            pool = {"name": POOL, "driver": driver}
            own = {**pool, "config": _pool_config(driver)}
            client.transport.change("POST", "/1.0/storage-pools", own, limit=SECONDS, target="m1")
            client.transport.change("POST", "/1.0/storage-pools", pool, limit=SECONDS)

    def join(self, name: str) -> None:
        """Start a new machine and let it join the cluster."""
        machine = self.start(name)
        with self.machines["m1"].client() as first, machine.client() as client:
            said = first.transport.get("/1.0")
            token = first.transport.begin("POST", "/1.0/cluster/members", {"server_name": name})
            body = {
                "server_name": name,
                "enabled": True,
                "server_address": f"{machine.address}:{PORT}",
                "cluster_address": said["config"]["cluster.https_address"],
                "cluster_certificate": said["environment"]["certificate"],
                "cluster_password": _join_token(token["metadata"]),  # LXD
                "cluster_token": _join_token(token["metadata"]),  # Incus
                "member_config": [
                    {"entity": "storage-pool", "name": POOL, "key": key, "value": value}
                    for key, value in {"source": "", **_pool_config(first.pools.all()[0].driver)}.items()
                ],
            }
            client.transport.change("PUT", "/1.0/cluster", body, limit=SECONDS)

    def kill(self, name: str) -> None:
        """Let a machine die: its daemon and its instances end at once, and nothing is written any more."""
        machine = self.machines[name]
        if machine.process is None:
            return
        if first := _child(machine):
            with suppress(ProcessLookupError):
                os.kill(first, signal.SIGKILL)
        machine.process.wait(timeout=SECONDS)
        machine.process = None
        with suppress(subprocess.CalledProcessError):  # the kernel removes it, too, but later
            _ip("link", "delete", machine.card)
        _until(lambda: not any(map(_populated, machine.groups)), f"{name} has processes left")
        for group in machine.groups:
            _remove_group(group)

    def wait_for(self, name: str, status: MemberStatus, *, asked: str = "m1") -> None:
        """Wait until the cluster gives member `name` that status."""
        with self.machines[asked].client() as client:
            _until(
                lambda: any(one.name == name and one.status is status for one in client.members.all()),
                f"{name} does not become {status}",
            )

    def evacuate(self, name: str) -> None:
        """Let the engine move the instances of a member to others, and put no new ones there."""
        self._set_state(name, "evacuate")

    def restore(self, name: str) -> None:
        """Let the engine bring the instances of an evacuated member back."""
        self._set_state(name, "restore")

    def _set_state(self, name: str, action: str) -> None:
        where = path("cluster", "members", name, "state")
        with self.machines["m1"].client() as client:
            client.transport.change("POST", where, {"action": action}, limit=EVACUATION_SECONDS)

    def close(self) -> None:
        """Kill every machine, and remove everything that the cluster made."""
        for name in list(self.machines):
            self.kill(name)
        _ip("link", "delete", self.bridge)
        _remove_groups(self.bridge)
        shutil.rmtree(self.folder)


@contextmanager
def lxd_cluster(members: int = 3) -> Iterator[LxdCluster]:
    """Run a cluster of so many members until the block ends; nothing of it is left afterwards.

    LXD is Debian 12's engine. Incus takes its place where LXD is not packaged, or ENGINE names it.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.chmod(0o711)  # root of a container has to reach its files, and is nobody here
    bridge = f"{PREFIX}{os.getpid()}"
    program = os.environ.get(ENGINE) or system_packages.find("lxd")
    cluster = LxdCluster(folder, _make_bridge(bridge), bridge, program)
    try:
        cluster.found()
        for number in range(2, members + 1):
            cluster.join(f"m{number}")
        yield cluster
    finally:
        cluster.close()


def _make_bridge(name: str) -> str:
    """Make a bridge whose network nobody here uses (RFC 2544's addresses for tests); return its numbers."""
    used = subprocess.run(["ip", "route"], check=True, capture_output=True, text=True).stdout
    network = next(one for number in range(1, 255) if f"{(one := f'198.18.{number}')}." not in used)
    _ip("link", "add", name, "type", "bridge")
    _ip("address", "add", f"{network}.254/24", "dev", name)
    _ip("link", "set", name, "up")
    return network


def _sweep() -> None:
    """Remove the remains of clusters whose tests were killed."""
    known = {folder.name for root in group_roots() for folder in root.glob(f"{PREFIX}[0-9]*")}
    known |= {
        path.name for path in Path("/sys/class/net").glob(f"{PREFIX}[0-9]*") if (path / "bridge").exists()
    }
    for name in known:
        if not Path(f"/proc/{name.removeprefix(PREFIX)}").exists():
            with suppress(subprocess.CalledProcessError):
                _ip("link", "delete", name)
            _remove_groups(name)
            for folder in Path(tempfile.gettempdir()).glob(f"{name}-*"):
                shutil.rmtree(folder)


def _pool_config(driver: str) -> dict[str, str]:
    """Return the configuration of a member's part of the pool: a file of its own for btrfs."""
    return {"size": POOL_SIZE} if driver == "btrfs" else {}


def _join_token(metadata: Mapping[str, Any]) -> str:
    """Return the token of a joining member in the form of `lxc cluster add` (api.ClusterMemberJoinToken)."""
    token = {
        "server_name": metadata["serverName"],
        "fingerprint": metadata["fingerprint"],
        "addresses": metadata["addresses"],
        "secret": metadata["secret"],
        "expires_at": metadata.get("expiresAt", "0001-01-01T00:00:00Z"),
    }
    return base64.b64encode(json.dumps(token).encode()).decode()


def _answers(machine: Machine) -> bool:
    """Tell whether the daemon answers for instances; it answers for itself earlier."""
    with machine.client() as client:
        try:
            client.instances.get("nobody")
        except Unreachable:
            return False
        except NotFound:
            return True
    raise AssertionError("an instance has the name nobody")


def _child(machine: Machine) -> int | None:
    """Return the id of the machine's first process: the child of unshare(1)."""
    assert machine.process
    pid = machine.process.pid
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else None
    return None


def _until(look: Callable[[], Found], failure: str) -> Found:
    """Return what `look` gives as soon as it is true. Raises TimeoutError with `failure`."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(0.02)
    return found


def group_roots() -> list[Path]:
    """Return where the hierarchies of control groups are mounted."""
    lines = [line.split() for line in CGROUP_MOUNTS.read_text().splitlines()]
    return [Path(fields[1]) for fields in lines if fields[2] in ("cgroup", "cgroup2")]


def _make_group(group: Path) -> None:
    """Make a control group (cgroups(7)), with the processors of the machine and a limit of memory."""
    for folder in (group.parent, group):
        folder.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (above := folder.parent / name).exists() and "cpuset" in group.parts:
                (folder / name).write_text(above.read_text())
    for name in ("memory.limit_in_bytes", "memory.max"):
        if (group / name).exists():
            (group / name).write_text(str(MEMORY))


def _populated(group: Path) -> bool:
    return any(file.read_text() for file in group.rglob("cgroup.procs"))


def _remove_group(group: Path) -> None:
    for folder, _folders, _files in os.walk(group, topdown=False):
        _until(partial(_removed, Path(folder)), f"{folder} is in use")


def _removed(folder: Path) -> bool:
    """Remove a control group; the kernel may still end a process of it."""
    try:
        folder.rmdir()
    except OSError as error:
        return error.errno == errno.ENOENT
    return True


def _remove_groups(name: str) -> None:
    for root in group_roots():
        _remove_group(root / name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=SECONDS)
