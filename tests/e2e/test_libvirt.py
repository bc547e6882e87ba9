"""The domains that `sharklab vms` writes, with a real libvirtd in namespaces of its own."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharklab.hosts import vms
from sharklab.message import Message
from tests.support import provider_seat

# Everything that it starts, and every interface and rule that it makes, ends with these namespaces.
APART = [
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
    "sh",
    "-ec",
]
SCRIPT = """
ip link set lo up
mount -t tmpfs tmpfs /run/libvirt
mount -t tmpfs tmpfs /etc/libvirt/qemu
mkdir -p /etc/libvirt/qemu/networks
virtlogd --daemon --pid-file /run/libvirt/log.pid
libvirtd --daemon --pid-file /run/libvirt/own.pid
export LIBVIRT_DEFAULT_URI=qemu:///system
cd "$1"
sed -i "s/<domain type='kvm'>/<domain type='qemu'>/" server.xml
virsh --quiet net-create network.xml
virsh --quiet define server.xml
virsh --quiet start "$2-server"
virsh domstate "$2-server"
virsh dumpxml "$2-server"
ip -brief link show type bridge
virsh --quiet destroy "$2-server"
virsh --quiet net-destroy "$2"
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that libvirt's own user can look into, with an empty image."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("SHARKLAB_STATE", f"{name}/state")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{name}/cloud.qcow2", "1G"], check=True)
        yield Path(name)


def silent(sentence: Message) -> None:
    """Take progress and say nothing."""


def test_domain_starts_in_libvirt(folder: Path) -> None:
    """Libvirt defines and starts it, with the seat's MAC on the seat's own network."""
    plan = provider_seat.plan("ada", 34)
    written = vms.write(plan, folder / "cloud.qcow2", folder / "vms", silent)
    Path("/run/libvirt").mkdir(exist_ok=True)
    words = [*APART, SCRIPT, "sh", str(written.folder), f"sharklab-{plan.seat.id}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    state, _, rest = done.stdout.partition("\n")
    assert "running" == state
    assert plan.seat.address("server", "lan").mac in rest and "virbr" in rest
