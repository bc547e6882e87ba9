"""A virtual machine through a real libvirtd, on a network with a container: up from a snapshot, and away."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts import image, providers
from sharklab.hosts.providers import cgroups, claims, disk, network, qemu
from sharklab.hosts.providers.qemu import accelerator, libvirt, rights, snapshot, startup
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.hosts.providers.this_computer import VIRTUAL_MACHINES
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.e2e.test_provider import ask, left_of
from tests.support import provider_seat
from tests.support.waiting import wait_until

auto = providers.get("auto")
MACHINE = "server"

# Daemons with folders of their own that see the machine's processes and interfaces, as an ordinary libvirtd
# does. /dev/kvm is not among their devices: that it opens would make libvirt ask QEMU anew each time.
APART = ["unshare", "--mount", "--propagation", "private", "sh", "-ec"]
SCRIPT = """
for own in /run/libvirt /etc/libvirt/qemu /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
    mkdir -p $own
    mount -t tmpfs tmpfs $own
done
mkdir /var/lib/libvirt/qemu
mkdir "$1/dev" && mount -t tmpfs -o mode=755 tmpfs "$1/dev" && cd "$1/dev"
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx .
mkdir net shm pts && cp -a /dev/net/tun net/ && mount -t tmpfs tmpfs shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts pts
umount --recursive --lazy /dev && mount --move . /dev
cd /
virtlogd --daemon --pid-file "$1/virtlogd.pid"
exec libvirtd --config "$1/libvirtd.conf" --pid-file "$1/libvirtd.pid"
"""
CONFIG = 'unix_sock_dir = "{folder}"\nauth_unix_rw = "none"\nlog_outputs = "3:file:{folder}/log"\n'


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a libvirtd that every command of this module finds, and return how it is reached."""
    folder = tmp_path_factory.mktemp("libvirt")
    (folder / "libvirtd.conf").write_text(CONFIG.format(folder=folder))
    address = f"qemu:///system?socket={folder}/libvirt-sock"
    own = subprocess.Popen([*APART, SCRIPT, "sh", folder])
    try:
        wait_until((folder / "libvirt-sock").exists, "libvirtd listens")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(libvirt.VARIABLE, address)
            libvirt.find_address.cache_clear()
            yield address
    finally:
        libvirt.find_address.cache_clear()
        own.terminate()
        own.wait()
        os.kill(int((folder / "virtlogd.pid").read_text()), signal.SIGTERM)


@pytest.fixture(scope="module")
def said() -> list[str]:
    """Return the list of what was told while the seat came up."""
    return []


@pytest.fixture(scope="module")
def layers(daemon: str, said: list[str]) -> image.Layers:
    """Return the bare image with the snapshot of a machine, made through libvirt if nobody did so yet."""
    base, bare = provider_seat.bare(), provider_seat.bare(machine=True)
    golden = seat("golden", 20)
    hosts = [golden.lab.host(MACHINE)]
    only = replace(golden, lab=replace(golden.lab, hosts=tuple(hosts)))
    made = image.Layers(bare.image, bare.folder / "bare")
    return replace(
        base,
        snapshots=qemu.snapshots(only, hosts, made, VIRTUAL_MACHINES, lambda each: said.append(str(each))),
    )


@pytest.fixture(scope="module")
def running(
    layers: image.Layers, tmp_path_factory: pytest.TempPathFactory, said: list[str]
) -> Iterator[Plan]:
    """Return the plan of a seat that is up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("state")))
        own = seat("ada", 21)
        try:
            auto.up(own, layers, lambda each: said.append(str(each)))
            yield own
        finally:
            auto.down(own.seat)


def seat(name: str, number: int) -> Plan:
    """Return the plan of a seat whose one host is a machine, and the other a container."""
    own = provider_seat.plan(name, number)
    hosts = tuple(
        replace(host, needs=("kernel_nfs",) if host.name == MACHINE else ()) for host in own.lab.hosts
    )
    return replace(own, lab=replace(own.lab, hosts=hosts))


def domains(address: str) -> list[str]:
    """Return the names of all domains that libvirt knows."""
    words = ["virsh", "--quiet", "--connect", address, "list", "--all", "--name"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def status_of(pid: int) -> dict[str, list[str]]:
    """Return what the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: values for key, *values in map(str.split, lines)}


def processes(own: Plan) -> list[int]:
    """Return the ids of the processes in the machine's control group."""
    return cgroups.processes(network.namespace(own.seat.id, MACHINE))


def test_machine_is_a_domain(running: Plan, daemon: str, said: list[str]) -> None:
    """A teacher finds it by lab, student and host; it was restored, and one line told what starts it."""
    assert [f"sharklab-bare-ada-server-{running.seat.id}"] == domains(daemon)
    assert [f"libvirt starts the virtual machines ({daemon})"] == [line for line in said if "libvirt" in line]
    assert "restoring server" in said


def test_machine_answers(running: Plan) -> None:
    """It is the seat's own, and a machine."""
    address = running.seat.address(MACHINE, "lan")
    shown = ask(
        running, MACHINE, "hostname; ip -brief address show lan; ip link show lan; systemd-detect-virt"
    )
    for expected in (MACHINE, address.ipv4, address.ipv6, address.mac):
        assert str(expected) in shown
    assert shown.endswith(("qemu", "kvm"))


def test_machine_and_container_are_on_one_network(running: Plan) -> None:
    """Each reaches the other over the seat's bridge, and nothing of it is in the machine's own namespace."""
    for host, other in (("server", "client"), ("client", "server")):
        target = running.seat.address(other, "lan").ipv4.ip
        assert " 0% packet loss" in ask(running, host, f"ping -c 2 -W 20 {target}")
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert running.seat.id not in links


def test_machine_has_no_rights_of_root(running: Plan) -> None:
    """QEMU is the host's only process, the seat's own user without a capability."""
    [pid] = processes(running)
    status = status_of(pid)
    assert [str(rights.user(running.seat.id))] * 4 == status["Uid:"]
    assert (["0" * 16], ["1"], ["2"]) == tuple(status[key] for key in ("CapEff:", "NoNewPrivs:", "Seccomp:"))


def test_golden_files_stay_the_images(running: Plan, layers: image.Layers) -> None:
    """What seats share belongs to none of them."""
    assert layers.snapshots
    for file in (layers.snapshots.folder / MACHINE).iterdir():
        assert (0, 0) == (file.stat().st_uid, file.stat().st_mode & 0o007), file.name


def test_console_is_kept(running: Plan, daemon: str) -> None:
    """What the machine says at its console is in the seat's folder, and a teacher has the console."""
    words = ["virsh", "--quiet", "--connect", daemon, "ttyconsole", domains(daemon)[0]]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.startswith("/dev/pts/")
    ask(running, MACHINE, "echo heard at the console >/dev/ttyS0")
    log = running.seat.folder / "hosts" / MACHINE / "console.log"
    wait_until(lambda: "heard at the console" in log.read_text(errors="replace"), "the console's log has it")


@pytest.mark.parametrize("through", [True, False], ids=["libvirt", "QEMU alone"])
def test_machine_that_does_not_start_is_one_error(
    layers: image.Layers, daemon: str, through: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What QEMU said is in the error, whoever started it, and `down` removes what there is."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    own, before = seat("eve", 22), domains(daemon)
    host, folder = own.lab.host(MACHINE), state.folder(disk.folder(own, MACHINE))
    try:
        claims.claim(own.seat.id, own.seat.folder)
        network.build(own)
        broken = without_kernel(tmp_path, layers, folder, daemon if through else "")
        with (
            pytest.raises(MachineryError, match="kernel") as caught,
            startup.start_machine(own, host, broken),
        ):
            pass
        assert ("virsh" in str(caught.value.place), bool(caught.value.hint)) == (through, through)
    finally:
        auto.down(own.seat)
    assert (before, []) == (domains(daemon), left_of(own))


def without_kernel(tmp_path: Path, layers: image.Layers, folder: Path, address: str) -> VirtualMachine:
    """Return a machine whose kernel is an empty file."""
    (tmp_path / "root/boot").mkdir(parents=True)
    for name in ("vmlinuz-6", "initrd.img-6"):
        (tmp_path / "root/boot" / name).touch()
    assert layers.snapshots
    golden = layers.snapshots.folder / MACHINE
    snapshot.overlay(folder / "disk.qcow2", golden / "disk.qcow2", "qcow2")
    disks = (folder / "disk.qcow2", golden / "disk.qcow2", golden / "base.raw")
    kernel = image.Image("debian12-vm", "Debian", tmp_path)
    return VirtualMachine(accelerator.TCG, kernel, disks, folder / "memory", is_shared=True, libvirt=address)


def test_stop_powers_the_machine_off(running: Plan, daemon: str) -> None:
    """It shuts down in good order, and libvirt forgets it."""
    auto.stop(running)
    assert {"server": "stopped", "client": "stopped"} == auto.status(running.seat)
    wait_until(lambda: not domains(daemon), "libvirt forgets the domain")


def test_kill_of_a_machine_leaves_what_down_removes(running: Plan, layers: image.Layers, daemon: str) -> None:
    """QEMU ended by kill -9 is a host that has stopped; after `down` nothing is left, in libvirt neither."""
    auto.down(running.seat)
    auto.up(running, layers, silent)
    for pid in processes(running):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: "stopped" == auto.status(running.seat)[MACHINE], "its end is seen")
    auto.down(running.seat)
    assert ([], []) == (domains(daemon), left_of(running))


def silent(sentence: Message) -> None:
    """Take progress and say nothing."""
