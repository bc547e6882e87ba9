"""A virtual machine in libvirt's XML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sharklab.hosts.image.model import Accelerator
from sharklab.hosts.providers import network
from sharklab.hosts.providers.qemu import accelerator, domain, rights, vm
from sharklab.lab.model import Plan
from tests.support.vm_sample import made

QEMU = {"qemu": "http://libvirt.org/schemas/domain/qemu/1.0"}
OFFLOADS = {"csum", "gso", "tso4", "tso6", "ecn", "ufo", "mrg_rxbuf"}


def described(plan: Plan, own: vm.VirtualMachine, models: tuple[str, ...] = ("dac",)) -> ElementTree.Element:
    """Return the domain of the plan's first host, whose files are all held under /held."""
    host = plan.hosts[0]
    paths = [vm.sockets_folder(plan, host), own.memory, own.image.kernel, own.image.ramdisk]
    held = {path: Path("/held") / path.name for path in [*paths, *own.disks]}
    return ElementTree.fromstring(domain.text(plan, host, own, held, models))  # noqa: S314 (ours)


def test_domain_leaves_nothing_to_cards(seat_plan: Plan, tmp_path: Path) -> None:
    """Cards are as those of a QEMU of our own: MACs, slots, no offload, cables that are taken afterwards."""
    cards = described(seat_plan, made(tmp_path)).findall("devices/interface")
    ports = network.ports(seat_plan, seat_plan.hosts[0])
    assert [mac for _, _, mac in ports] == [card.find("mac").get("address") for card in cards]  # type: ignore[union-attr]
    assert [network.tap(seat_plan, port) for port, _, _ in ports] == [
        card.find("target").get("dev")  # type: ignore[union-attr]
        for card in cards
    ]
    assert ["0x10", "0x11"] == [card.find("address").get("slot") for card in cards]  # type: ignore[union-attr]
    for card in cards:
        host, guest = card.find("driver/host"), card.find("driver/guest")
        assert host is not None and guest is not None
        assert dict.fromkeys(OFFLOADS, "off") == host.attrib
        assert dict.fromkeys(OFFLOADS - {"gso", "mrg_rxbuf"}, "off") == guest.attrib


def test_domain_opens_what_is_held(seat_plan: Plan, tmp_path: Path) -> None:
    """QEMU itself is given no path through folders that are root's alone; the whole disk is spelt out."""
    shown = described(seat_plan, made(tmp_path))
    assert "/held/vmlinuz-6" == shown.findtext("os/kernel")
    assert "/held/initrd.img-6" == shown.findtext("os/initrd")
    sources = [source.get("file") for source in shown.findall("devices/disk//source")]
    assert ["/held/disk", "/held/golden", "/held/base"] == sources
    forms = [form.get("type") for form in shown.findall("devices/disk//format")]
    assert ["qcow2", "raw"] == forms
    assert "writeback" == shown.find("devices/disk/driver").get("cache")  # type: ignore[union-attr]
    [end] = shown.findall("devices/disk/backingStore/backingStore/backingStore")
    assert 0 == len(end)
    words = [str(word.get("value")) for word in shown.findall("qemu:commandline/qemu:arg", QEMU)]
    assert not any(str(tmp_path) in word for word in words)
    assert vm.memory(Path("/held/memory"), False) in words


def test_domain_waits_for_its_state(seat_plan: Plan, tmp_path: Path) -> None:
    """A restored machine is the same domain, but for its waiting."""

    def words(own: vm.VirtualMachine) -> list[str]:
        found = described(seat_plan, own).findall("qemu:commandline/qemu:arg", QEMU)
        return [str(word.get("value")) for word in found]

    golden, again = words(made(tmp_path)), words(made(tmp_path, waits=True))
    assert ["-incoming", "defer"] == again[len(golden) :] and golden == again[: len(golden)]


def test_domain_has_no_rights(seat_plan: Plan, tmp_path: Path) -> None:
    """QEMU is the seat's own user, no file gets another owner, and no other driver stands in the way."""
    labels = described(seat_plan, made(tmp_path), ("selinux", "dac")).findall("seclabel")
    assert [("selinux", "none"), ("dac", "static")] == [
        (label.get("model"), label.get("type")) for label in labels
    ]
    assert "no" == labels[1].get("relabel")
    assert f"+{rights.user(seat_plan.seat.id)}:+{rights.GROUP}" == labels[1].findtext("label")


@pytest.mark.parametrize(
    ("by", "kind", "cpu"),
    [(accelerator.KVM, "kvm", "host-passthrough"), (accelerator.TCG, "qemu", "maximum")],
)
def test_domain_of_an_accelerator(
    seat_plan: Plan, tmp_path: Path, by: Accelerator, kind: str, cpu: str
) -> None:
    """What runs it is what was proven here."""
    shown = described(seat_plan, made(tmp_path, accelerator=by))
    [mode] = [each.get("mode") for each in shown.findall("cpu")]
    assert (kind, cpu) == (shown.get("type"), mode)


def test_name_is_what_a_teacher_knows(seat_plan: Plan) -> None:
    """Lab, student and host, and the seat's id, for two state folders may have the same."""
    student = replace(seat_plan, seat=replace(seat_plan.seat, student="ada/b <2>"))
    assert "sharklab-bare-ada_b <2>-server-7e570001" == domain.name(student, student.hosts[0])
