"""Virtual machines of Rocky's own cloud image, for a person's libvirt: disks, cloud-init seeds, domains.

The user starts these domains with `virsh`, and a seat borrows them (`--provider existing`):

    <folder>/network.xml        a network of the seat's own, with access to the package registries
    <folder>/<host>.xml         the domain
    <folder>/<host>.qcow2       its disk, over the image that all share
    <folder>/<host>.seed.iso    NoCloud: name, keys and addresses for cloud-init
    <folder>/hosts.yml          how Ansible reaches them, by the key id_ed25519 beside it
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from sharklab import process, state
from sharklab.errors import InputError
from sharklab.hosts.image import download, rocky
from sharklab.hosts.providers import access
from sharklab.hosts.providers.qemu import accelerator, snapshot
from sharklab.lab import seat
from sharklab.lab.model import Host, Plan
from sharklab.message import N_, Message
from sharklab.process import Say

NAMES = {
    system: f"Rocky-{release.number}-GenericCloud-Base.latest.x86_64.qcow2"
    for system, release in rocky.RELEASES.items()
}

NETWORK = """\
<network>
  <name>{name}</name>
  <forward mode='nat'/>
  <bridge stp='off' delay='0'/>
  <ip address='{gateway}' netmask='{mask}'/>
</network>
"""

# The processor is the best that there is: Rocky 10 needs x86-64-v3, which QEMU's usual one is not.
DOMAIN = """\
<domain type='{kind}'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>2</vcpu>
  <cpu mode='maximum'/>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file={disk}/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <source file={seed}/>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <interface type='network'>
      <source network='{network}'/>
      <mac address='{mac}'/>
      <model type='virtio'/>
    </interface>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <serial type='pty'/>
    <console type='pty'/>
  </devices>
</domain>
"""
MEMORY = 1536
"""Mebibytes; dnf alone takes half a gigabyte."""

DISK = "10G"


@dataclass(frozen=True)
class Written:
    """The folder of the virtual machines, and the commands that start them, in their order."""

    folder: Path
    commands: tuple[str, ...]


def fetch(system: str, progress: Say) -> Path:
    """Return the cloud image of `system`, fetched from Rocky's mirror and checked when it is not there yet.

    Raises InputError for a system without one, and MachineryError as `download.fetch` does.
    """
    if system not in NAMES:
        raise InputError(
            N_("there is no cloud image of {name}"),
            place="--os",
            hint=N_("the systems are: {known}"),
            name=system,
            known=", ".join(sorted(NAMES)),
        )
    name, number = NAMES[system], rocky.RELEASES[system].number
    target = state.images_folder() / "cloud" / name
    if target.exists():
        return target
    address = f"{rocky.mirror()}/{number}/images/x86_64/{name}"
    return download.fetch(address, target, download.checksum(f"{address}.CHECKSUM", name), progress)


def write(plan: Plan, image: Path, folder: Path, progress: Say) -> Written:
    """Write the disks, seeds and domains of the seat's hosts, over `image`, into `folder`.

    Raises InputError when a host is on several networks, and MachineryError when a tool fails.
    """
    process.require("qemu-img", "xorriso", "ssh-keygen")
    name = f"sharklab-{plan.seat.id}"
    folder.mkdir(parents=True, exist_ok=True)  # libvirt's own user looks into it
    access.make_key(folder / "id_ed25519", name)
    for host in plan.hosts:
        _check(host)
        progress(Message(N_("making the disk of {host}"), {"host": host.name}))
        disk = folder / f"{host.name}.qcow2"
        if not disk.exists():
            snapshot.overlay(disk, image.absolute(), "qcow2")
            process.run(["qemu-img", "resize", "-q", disk, DISK])
        make_seed(seed(plan, host, access.public(folder / "id_ed25519")), folder / f"{host.name}.seed.iso")
        state.write(folder / f"{host.name}.xml", domain(plan, host, folder), 0o644)
    state.write(folder / "network.xml", _network(plan), 0o644)
    state.write(folder / "hosts.yml", json.dumps(_inventory(plan, folder), indent=1), 0o644)
    return Written(folder, _commands(plan, folder))


def seed(plan: Plan, host: Host, public_key: str) -> Mapping[str, str]:
    """Return the files of a host's NoCloud seed (cloud-init's datasource of that name), by their names."""
    address = plan.seat.address(host.name, host.networks[0])
    meta = {"instance-id": f"{plan.seat.id}-{host.name}", "local-hostname": host.name}
    user = {
        "disable_root": False,
        "ssh_pwauth": False,
        "users": [{"name": "root", "lock_passwd": True, "ssh_authorized_keys": [public_key.strip()]}],
    }
    card = {
        "match": {"macaddress": address.mac},
        "set-name": host.networks[0],
        "addresses": [str(address.ipv4), str(address.ipv6)],
        "routes": [{"to": "0.0.0.0/0", "via": str(seat.gateway(address.ipv4).ip)}],
        "nameservers": {"addresses": [str(seat.gateway(address.ipv4).ip)]},
    }
    return {
        "meta-data": json.dumps(meta, indent=1) + "\n",
        "user-data": "#cloud-config\n" + json.dumps(user, indent=1) + "\n",
        "network-config": json.dumps({"version": 2, "ethernets": {host.networks[0]: card}}, indent=1) + "\n",
    }


def make_seed(files: Mapping[str, str], target: Path) -> None:
    """Make the disc that cloud-init finds by its label. Raises MachineryError when xorriso fails."""
    with tempfile.TemporaryDirectory(prefix="sharklab-seed-") as work:
        for name, text in files.items():
            (Path(work) / name).write_text(text)
        disc = Path(work) / "seed.iso"
        names = [str(Path(work) / name) for name in files]
        argv = ["xorriso", "-as", "mkisofs", "-quiet", "-o", str(disc), "-V", "cidata", "-J", "-r"]
        process.run([*argv, "-graft-points", *(f"{Path(name).name}={name}" for name in names)])
        shutil.move(disc, target)


def domain(plan: Plan, host: Host, folder: Path) -> str:
    """Return the host's domain in libvirt's XML; emulated where KVM is not there."""
    return DOMAIN.format(
        kind="kvm" if accelerator.DEVICE.exists() else "qemu",
        name=escape(f"sharklab-{plan.seat.id}-{host.name}"),
        memory=MEMORY,
        disk=quoteattr(str((folder / f"{host.name}.qcow2").absolute())),
        seed=quoteattr(str((folder / f"{host.name}.seed.iso").absolute())),
        network=f"sharklab-{plan.seat.id}",
        mac=plan.seat.address(host.name, host.networks[0]).mac,
    )


def _check(host: Host) -> None:
    if len(host.networks) > 1:
        raise InputError(
            N_("host {host} is on several networks; only --provider qemu supports that"),
            place=f"hosts.{host.name}.networks",
            host=host.name,
        )


def _network(plan: Plan) -> str:
    first = plan.hosts[0]
    gateway = seat.gateway(plan.seat.address(first.name, first.networks[0]).ipv4)
    return NETWORK.format(name=f"sharklab-{plan.seat.id}", gateway=gateway.ip, mask=gateway.network.netmask)


def _inventory(plan: Plan, folder: Path) -> dict[str, object]:
    hosts = {
        host.name: {"ansible_host": str(plan.seat.address(host.name, host.networks[0]).ipv4.ip)}
        for host in plan.hosts
    }
    variables = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str((folder / "id_ed25519").absolute()),
    }
    return {"all": {"vars": variables, "hosts": hosts}}


def _commands(plan: Plan, folder: Path) -> tuple[str, ...]:
    own = f"sharklab-{plan.seat.id}"
    hosts = [host.name for host in plan.hosts]
    return (
        f"virsh net-create {folder}/network.xml",
        *(f"virsh create {folder}/{host}.xml" for host in hosts),
        f"sharklab up {plan.lab.name} --provider existing --inventory {folder}/hosts.yml",
        *(f"virsh destroy {own}-{host}" for host in hosts),
        f"virsh net-destroy {own}",
    )
