"""A virtual machine that stands in for Rocky 9: by dnf and dracut, baked, booted, saved, restored for a seat.

Kernel, modules and dracut are Debian's, in packages with Rocky's names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import i18n
from sharklab.cli import flow
from sharklab.hosts import providers
from sharklab.hosts.image import rocky, systems
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.lab.model import Plan
from sharklab.progress import Progress
from tests.e2e.test_provider import ask
from tests.support.rocky import computer, repository, standin


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """Make the image of a lab with one host by the provider `auto`, and a seat of it."""
    debian = computer.copy_of_it(tmp_path_factory.mktemp("debian"))
    rpms = repository.build(tmp_path_factory.mktemp("rpms"), debian=debian)
    mirror = repository.mirror(rpms, tmp_path_factory.mktemp("mirror"))

    def build(target: RootFolder, packages: Sequence[str], offered: Sequence[str], cache: Path) -> None:
        if not target.below:
            standin.plant(target.folder, debian)
        rocky.build(repository.release(mirror), target, packages, offered, cache)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(rocky.MIRROR, f"file://{mirror}")
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("state")))
        own = replace(systems.find("rocky9"), build=build)
        patch.setattr(systems, "SYSTEMS", {**systems.SYSTEMS, "rocky9": own})
        plan = flow.prepare("tests/data/rocky-machine", "hopper")
        try:
            flow.up(plan, "auto", "rocky9", Progress(i18n.translator("en").gettext))
            yield plan
        finally:
            providers.get("auto").down(plan.seat)


def test_machine_boots_as_rocky_with_a_kernel_of_its_own(machine: Plan) -> None:
    """It is the seat's, Rocky by its name, on the kernel that a package brought; no unit failed."""
    shown = ask(machine, "server", "hostname; . /etc/os-release; echo $ID; rpm --query kernel-core")
    assert ["server", "rocky", "kernel-core-9.6-1.el9.noarch"] == shown.splitlines()
    assert ask(machine, "server", "systemd-detect-virt") in ("qemu", "kvm")
    assert "" == ask(machine, "server", "systemctl --failed --plain --no-legend")


def test_machine_was_started_by_dracut(machine: Plan) -> None:
    """The initramfs is dracut's, which has a systemd of its own: Debian's tools make one without."""
    assert int(ask(machine, "server", "systemctl show --property=InitRDTimestampMonotonic --value")) > 0


def test_machine_mounts_by_the_kernels_nfs(machine: Plan) -> None:
    """Red Hat's branch of the roles set up nfsd and a mount of type nfs4, which shows the seat's token."""
    share = f"/mnt/{machine.seat.share}"
    shown = ask(machine, "server", f"df --output=fstype {share} | tail -1; cat {share}/readme.txt")
    assert ["nfs4", machine.seat.token] == shown.split()
    assert int(ask(machine, "server", "pgrep --count nfsd")) > 0
