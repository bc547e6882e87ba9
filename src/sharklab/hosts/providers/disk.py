"""The files that make a root file system one host's own; they go into its overlay before it boots."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.image.model import Layers
from sharklab.hosts.providers import access, boot, disk_file, network
from sharklab.lab import seat
from sharklab.lab.model import Host, Plan
from sharklab.message import N_

KEYFILE = """\
[connection]
id={network}
uuid={uuid}
type=ethernet
interface-name={network}
zone={zone}
autoconnect-priority=100

[ipv4]
method=manual
address1={ipv4}
may-fail=false
dad-timeout=0

[ipv6]
{ipv6}
"""
WAY_OUT = "\ngateway={gateway}"
DNS = "\ndns={gateway};"
NO_IPV6 = "method=disabled"
IPV6 = "method=manual\naddress1={address}\naddr-gen-mode=eui64\nip6-privacy=0\nmay-fail=true"

RESOLVER_ROLES = frozenset({"dns_client", "dns_server"})
"""The roles that decide whom a host asks for names, or make it ask itself, as one that has no server in its
/etc/resolv.conf does; without them it asks the gateway to the Internet."""


def folder(plan: Plan, host: str) -> Path:
    """Return the folder that holds a host's disk (`upper`, `work`, `root`) and its console.log."""
    return plan.seat.folder / "hosts" / host


def lowers(plan: Plan, host: str, layers: Layers) -> tuple[Path, ...]:
    """Return the lower folders that the host's disk was made from, or now is.

    A disk that was used keeps its own, although newer ones may exist: the changes of the host are
    relative to them. Raises MachineryError when they are gone.
    """
    return list_layers(plan, host) or layers.lowers(host)


def list_layers(plan: Plan, host: str) -> tuple[Path, ...]:
    """Return the layers of the host's disk; an empty tuple if it has no disk yet.

    Raises MachineryError if a layer is gone.
    """
    record = folder(plan, host) / "lowers"
    if not record.exists():
        return ()
    paths = tuple(Path(line) for line in record.read_text().splitlines())
    if all(path.is_dir() for path in paths):
        return paths
    raise MachineryError(
        N_("the image of host {host} no longer exists"),
        place=str(record),
        hint=N_("create the host again: sharklab down, then sharklab up"),
        host=host,
    )


@dataclass(frozen=True)
class Overlay:
    """The disk of a container: an overlay (mount(8)) on the folder `root` in `folder`.

    The paths in `options` are relative to `folder`.
    """

    folder: Path
    options: str

    @property
    def root(self) -> Path:
        """The folder at which the disk is mounted."""
        return self.folder / "root"


def overlay(plan: Plan, host: str, layers: Layers) -> Overlay:
    """Return how the disk of a container is mounted before its first boot."""
    lower = lower_links(plan, host, layers)
    options = f"lowerdir={lower},upperdir=upper,workdir=work,{boot.EXPORTED}"
    return Overlay(folder(plan, host), options)


def lower_links(plan: Plan, host: str, layers: Layers) -> str:
    """Make links to the layers in the host's folder, and return the links as `lowerdir` takes them.

    The folders themselves may have a colon or a comma in their names, which are signs of the mount option.
    """
    links = []
    for number, layer in enumerate(lowers(plan, host, layers)):
        link = folder(plan, host) / f"lower{number}"
        link.unlink(missing_ok=True)
        link.symlink_to(layer)
        links.append(link.name)
    return ":".join(links)


def make(plan: Plan, host: Host, layers: Layers) -> None:
    """Make the host's disk unless it is there."""
    if is_made(plan, host.name):
        return
    own = state.folder(folder(plan, host.name))
    for name in ("upper", "work", "root"):
        (own / name).mkdir(mode=0o755, exist_ok=True)
    for path, (mode, text) in files(plan, host).items():
        put(own / "upper", path, text, mode)
    state.write(own / "lowers", "".join(f"{path}\n" for path in layers.lowers(host.name)))


EASED = {
    # The sandbox of a service costs more than its start, and a host holds nothing but a lab.
    "etc/systemd/system/service.d/00-no-sandbox.conf": """\
[Service]
PrivateTmp=no
PrivateDevices=no
PrivateNetwork=no
PrivateUsers=no
PrivateIPC=no
PrivateMounts=no
ProtectSystem=no
ProtectHome=no
ProtectHostname=no
ProtectClock=no
ProtectKernelTunables=no
ProtectKernelModules=no
ProtectKernelLogs=no
ProtectControlGroups=no
ProtectProc=default
ProcSubset=all
LockPersonality=no
MemoryDenyWriteExecute=no
RestrictNamespaces=no
RestrictRealtime=no
RestrictSUIDSGID=no
RestrictAddressFamilies=
SystemCallArchitectures=
SystemCallFilter=
ReadWritePaths=
ReadOnlyPaths=
InaccessiblePaths=
LoadCredential=
""",
    # The journal is in memory, which is taken for a whole file: smaller files, as many in sum.
    "etc/systemd/journald.conf.d/10-sharklab.conf": "[Journal]\nRuntimeMaxFileSize=1M\n",
    # firewalld never fetches a page. urllib.request, with its mail and TLS, costs a tenth of its start.
    "etc/systemd/system/firewalld.service.d/00-late-import.conf": (
        "[Service]\nEnvironment=PYTHONPATH=/usr/local/lib/sharklab PYTHONDONTWRITEBYTECODE=1\n"
    ),
    "usr/local/lib/sharklab/sitecustomize.py": Path(__file__).with_name("late_import.py").read_text(),
}
"""Files of a container that make its boot and its services cheaper; all of them work as before."""


def ease(plan: Plan, host: str) -> None:
    """Put `EASED` into the disk of a container that has not booted yet."""
    if not has_booted(plan, host):
        for path, text in EASED.items():
            put(folder(plan, host) / "upper", path, text, 0o644)


BUILDING = ".building"
"""The end of the name of a folder in which an image is baked."""


def limit_disk(plan: Plan, host: str) -> None:
    """Let the disk of a container be bounded, from its next boot on. Raises MachineryError.

    The layers that baking makes are not: they are folders of the images.
    """
    if not plan.seat.folder.parent.name.endswith(BUILDING):
        disk_file.make(folder(plan, host))


def is_made(plan: Plan, host: str) -> bool:
    """Tell whether the host has a disk: it is there once `lowers` is written, which is last."""
    return (folder(plan, host) / "lowers").exists()


def has_booted(plan: Plan, host: str) -> bool:
    """Tell whether the host has begun to boot from its disk: then its keeper has made a console log."""
    return (folder(plan, host) / CONSOLE).exists()


CONSOLE = "console.log"

VM_DISK = "disk.qcow2"
"""The file with what a virtual machine has written."""

DISKS = ("upper", boot.DISK_FILE, VM_DISK)
"""The disk of a host: the upper folder of an overlay, or the file that has it, or that of a machine."""

KEPT = "kept"
"""The folder of a host that holds its disk as it was at the start."""


def keep(plan: Plan, host: str) -> None:
    """Copy the disk of a host that is paused: `put_back` makes the copy its disk again.

    The extended attributes that overlayfs keeps on its files are copied, too. Empty parts of a disk stay
    empty.
    """
    own = folder(plan, host)
    state.remove(own / KEPT)
    new = state.folder(own / f"{KEPT}.new")
    for name in DISKS:
        if (own / name).exists():
            _copy(own / name, new / name)
    new.rename(own / KEPT)


def is_kept(plan: Plan, host: str) -> bool:
    """Tell whether the start state of the host was kept."""
    return (folder(plan, host) / KEPT).is_dir()


def put_back(plan: Plan, host: str) -> None:
    """Make the disk that was kept the disk of a host that has ended. The rest of its disk is removed."""
    own = folder(plan, host)
    for kept in sorted((own / KEPT).iterdir()):
        _copy(kept, own / f"{kept.name}.new")
        _discard(own / kept.name)
        (own / f"{kept.name}.new").rename(own / kept.name)
    for name in DISKS:
        if not (own / KEPT / name).exists():
            _discard(own / name)
    if (own / "work").exists():  # overlayfs(5): it belongs to the upper folder that is gone
        state.remove(own / "work")
        (own / "work").mkdir(mode=0o755)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder whole, over what an interrupted copy left."""
    _discard(target)
    process.run(["cp", "--archive", "--sparse=always", "--reflink=auto", source, target])


def _discard(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        state.remove(path)
    else:
        path.unlink(missing_ok=True)


def put(upper: Path, path: str, text: str, mode: int) -> None:
    """Write a file into an upper folder; its folders hide those of the image, so they need their modes."""
    target = upper / path
    for missing in reversed([part for part in target.parents if not part.exists()]):
        missing.mkdir(mode=0o700 if missing.name in ("root", ".ssh", "system-connections") else 0o755)
    state.write(target, text, mode)


WAY_IN = f"""\
# The controller of the lab comes in here, whatever other files say about logins.
Match User root LocalAddress {network.CONTROLLER.network}
    PermitRootLogin prohibit-password
    PubkeyAuthentication yes
    AuthorizedKeysFile .ssh/authorized_keys
    AllowUsers root
    AllowGroups root
    ForceCommand none
"""
"""Settings of sshd for the controller. A student may set other ones for everybody, such as another place of
the keys: sshd reads this file first, and its first value counts (sshd_config(5))."""


def files(plan: Plan, host: Host) -> Mapping[str, tuple[int, str]]:
    """Return mode and content of the files that only this host has."""
    key = access.host_key(plan, host.name)
    controller = access.public(access.folder(plan) / "id_ed25519")
    identity = hashlib.sha256(f"{plan.seat.id} {host.name}".encode()).hexdigest()[:32]
    connections = "etc/NetworkManager/system-connections"
    return {
        "etc/hostname": (0o644, f"{host.name}\n"),
        "etc/machine-id": (0o444, f"{identity}\n"),
        "etc/hosts": (0o644, f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n::1 localhost\n"),
        "etc/ssh/ssh_host_ed25519_key": (0o600, key.read_text()),
        "etc/ssh/ssh_host_ed25519_key.pub": (0o644, access.public(key)),
        "root/.ssh/authorized_keys": (0o600, f'from="{network.CONTROLLER.ip}" {controller}'),
        "etc/ssh/sshd_config.d/00-controller.conf": (0o644, WAY_IN),
        f"{connections}/{network.MANAGEMENT}.nmconnection": (0o600, _management(plan, host)),
        **{
            f"{connections}/{name}.nmconnection": (0o600, _keyfile(plan, host, name))
            for name in host.networks
        },
    }


def _management(plan: Plan, host: Host) -> str:
    address = str(network.management_address(plan, host))
    return _connection(plan, host, network.MANAGEMENT, "management", address, NO_IPV6)


def _keyfile(plan: Plan, host: Host, name: str) -> str:
    address = plan.seat.address(host.name, name)
    ipv4 = f"{address.ipv4}{_way_out(plan, host, name)}"
    return _connection(plan, host, name, "", ipv4, IPV6.format(address=address.ipv6))


def _way_out(plan: Plan, host: Host, name: str) -> str:
    """Return the lines about the Internet access for a network's connection, if it has one."""
    if not plan.lab.network(name).internet:
        return ""
    text = WAY_OUT if RESOLVER_ROLES & set(host.roles) else WAY_OUT + DNS
    return text.format(gateway=seat.gateway(plan.seat.address(host.name, name).ipv4).ip)


def _connection(plan: Plan, host: Host, name: str, zone: str, ipv4: str, ipv6: str) -> str:
    """Return a connection in NetworkManager's keyfile format (nm-settings-keyfile(5))."""
    digits = hashlib.sha256(f"{plan.seat.id} {host.name} {name}".encode()).hexdigest()
    uuid = "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:32]))
    return KEYFILE.format(network=name, uuid=uuid, zone=zone, ipv4=ipv4, ipv6=ipv6)
