"""Virtual machines through libvirt without starting one: which libvirt, what it is told, how it forgets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sharklab.cli.doctor import Status, kernel
from sharklab.errors import MachineryError
from sharklab.hosts.image import Image, Layers
from sharklab.hosts.image.model import Engine
from sharklab.hosts.providers import marks, network
from sharklab.hosts.providers.qemu import domain, engine, libvirt, rights, snapshot, trial, vm
from sharklab.hosts.providers.this_computer import VIRTUAL_MACHINES
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support import provider_seat
from tests.unit.cli.test_setup import script

ADDRESS = "qemu:///system"
QEMU = {"qemu": "http://libvirt.org/schemas/domain/qemu/1.0"}
OFFLOADS = {"csum", "gso", "tso4", "tso6", "ecn", "ufo", "mrg_rxbuf"}


@pytest.fixture
def seat_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat that never starts, in a state folder of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(marks, "MARKS", tmp_path / "marks")
    return provider_seat.plan("ada", 1)


@pytest.fixture
def virsh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Return a function that writes the program that is called in virsh's place, and returns its log."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv(libvirt.VARIABLE, raising=False)
    libvirt.find_address.cache_clear()

    def write(*lines: str) -> Path:
        script(folder, "virsh", f'echo "$*" >>{tmp_path}/log', *lines)
        return tmp_path / "log"

    yield write
    libvirt.find_address.cache_clear()


def made(folder: Path, **values: object) -> vm.VirtualMachine:
    """Return a machine whose kernel is in `folder`."""
    (folder / "root/boot").mkdir(parents=True, exist_ok=True)
    for name in ("root/boot/vmlinuz-6", "root/boot/initrd.img-6"):
        (folder / name).touch()
    image = Image("debian12-vm", "Debian", folder)
    disks = (folder / "disk", folder / "golden", folder / "base")
    plain = vm.VirtualMachine(engine.TCG, image, disks, folder / "memory", libvirt=ADDRESS)
    return replace(plain, **values)  # type: ignore[arg-type]


def described(plan: Plan, own: vm.VirtualMachine, models: tuple[str, ...] = ("dac",)) -> ElementTree.Element:
    """Return the domain of the plan's first host, whose files are all held under /held."""
    host = plan.hosts[0]
    paths = [vm.sockets_folder(plan, host), own.memory, own.image.kernel, own.image.ramdisk]
    held = {path: Path("/held") / path.name for path in [*paths, *own.disks]}
    return ElementTree.fromstring(domain.text(plan, host, own, held, models))  # noqa: S314 (ours)


def test_connection_to_one_that_answers(virsh: Callable[..., Path]) -> None:
    """It is asked once for each command, at the place where libvirt is by itself."""
    log = virsh("exit 0")
    assert [ADDRESS, ADDRESS] == [libvirt.find_address(), libvirt.find_address()]
    assert [f"--quiet --connect {ADDRESS} uri"] == log.read_text().splitlines()


@pytest.mark.parametrize("answer", ["exit 1", "exec sleep 600"], ids=["refuses", "hangs"])
def test_connection_to_one_that_does_not(
    virsh: Callable[..., Path], answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A libvirt that is not there, or does not answer in time, is none."""
    monkeypatch.setattr(libvirt, "PROBE_SECONDS", 0.5)
    virsh(answer)
    assert "" == libvirt.find_address()


def test_connection_without_virsh(virsh: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its client there is none either."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "" == libvirt.find_address()


@pytest.mark.parametrize(
    ("named", "taken"),
    [
        ("qemu:///system?socket=/run/own/sock", True),
        ("qemu+unix:///system", True),
        ("qemu:///session", False),
        ("qemu+ssh://elsewhere/system", False),
        ("test:///default", False),
    ],
)
def test_connection_that_the_user_names(
    virsh: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, named: str, taken: bool
) -> None:
    """The user's own choice is taken where it is this machine's libvirt with root's rights."""
    virsh("exit 0")
    monkeypatch.setenv(libvirt.VARIABLE, named)
    assert (named if taken else "") == libvirt.find_address()


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
    ("by", "kind", "cpu"), [(engine.KVM, "kvm", "host-passthrough"), (engine.TCG, "qemu", "maximum")]
)
def test_domain_of_an_engine(seat_plan: Plan, tmp_path: Path, by: Engine, kind: str, cpu: str) -> None:
    """What runs it is what was proven here."""
    shown = described(seat_plan, made(tmp_path, engine=by))
    [mode] = [each.get("mode") for each in shown.findall("cpu")]
    assert (kind, cpu) == (shown.get("type"), mode)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o660, 4711), (0o666, rights.GROUP), (0o600, None), (0o640, None)],
    ids=["a group's", "everybody's", "root's alone", "not to be written to"],
)
def test_find_needs_kvm_open_to_whom_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, expected: int | None
) -> None:
    """Libvirt's QEMU opens /dev/kvm itself: as one of its group, or as anybody; else there is no libvirt."""
    device = tmp_path / "kvm"
    device.touch()
    os.chown(device, 0, 4711)
    device.chmod(mode)
    monkeypatch.setattr(engine, "DEVICE", device)
    monkeypatch.setattr(libvirt, "find_address", lambda: ADDRESS)
    assert (expected, rights.GROUP) == (rights.group(engine.KVM), rights.group(engine.TCG))
    assert (ADDRESS if expected else "", ADDRESS) == (
        libvirt.address_for(engine.KVM),
        libvirt.address_for(engine.TCG),
    )


def test_find_leaves_roots_group_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A QEMU in root's group would have rights of root's."""
    device = tmp_path / "kvm"
    device.touch()
    os.chown(device, 0, 0)
    device.chmod(0o660)
    monkeypatch.setattr(engine, "DEVICE", device)
    assert None is rights.group(engine.KVM)


def test_name_is_what_a_teacher_knows(seat_plan: Plan) -> None:
    """Lab, student and host, and the seat's id, for two state folders may have the same."""
    student = replace(seat_plan, seat=replace(seat_plan.seat, student="ada/b <2>"))
    assert "sharklab-bare-ada_b <2>-server-7e570001" == domain.name(student, student.hosts[0])


def test_snapshots_of_libvirt_are_others(
    seat_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The devices differ, so that neither is restored as the other; nor as one of another libvirt."""
    image = made(tmp_path / "image").image
    said: list[Message] = []

    def name(address: str, version: str) -> str:
        monkeypatch.setattr(libvirt, "find_address", lambda: address)
        monkeypatch.setattr(libvirt, "version", lambda address: version)
        found = snapshot.snapshots(
            seat_plan, seat_plan.hosts, Layers(image, tmp_path / "lab"), VIRTUAL_MACHINES, said.append
        )
        assert address == found.libvirt
        return found.folder.name

    monkeypatch.setattr(snapshot, "_make", lambda *rest: None)
    monkeypatch.setattr(trial, "choose", lambda kernel_file: engine.TCG)
    names = [name("", "9"), name(ADDRESS, "9"), name(ADDRESS, "10"), name(ADDRESS, "9")]
    assert 3 == len(set(names)) and names[1] == names[3]
    starts = ["QEMU starts the virtual machines, without libvirt"]
    assert [*starts, f"libvirt starts the virtual machines ({ADDRESS})"] == [str(each) for each in said[:2]]


def marked(plan: Plan) -> Path:
    """Return the record of a host that is a domain."""
    record = marks.folder(plan.seat.id) / "server.domain"
    record.parent.mkdir(parents=True)
    record.write_text(f"{ADDRESS}\nsharklab-own\n")
    return record


def test_forget_ends_domains(
    seat_plan: Plan, virsh: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A domain is ended by the libvirt that has it, and asked for until it is known no more; its logs go."""
    monkeypatch.setattr(libvirt, "LOGS", tmp_path)
    for name in ("sharklab-own.log", "sharklab-own.log.0", "sharklab-own-2.log"):
        (tmp_path / name).touch()
    record, gone = marked(seat_plan), tmp_path / "gone"
    log = virsh(
        f"case $* in *list*) [ -e {gone} ] || echo sharklab-own ;; *destroy*) touch {gone} ;; esac",
    )
    libvirt.end_domains(seat_plan.seat.id, "client")
    assert not log.exists()
    libvirt.end_domains(seat_plan.seat.id)
    asked = [line.removeprefix(f"--quiet --connect {ADDRESS} ") for line in log.read_text().splitlines()]
    assert ["list --all --name", "destroy sharklab-own", "list --all --name"] == asked
    assert (False, ["sharklab-own-2.log"]) == (record.exists(), [p.name for p in tmp_path.glob("*.log*")])


def test_forget_of_a_domain_that_stays(
    seat_plan: Plan, virsh: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that libvirt goes on to know is an error that says what to do, and stays on record."""
    monkeypatch.setattr(libvirt, "FORGET_LIMIT", 0.2)
    record = marked(seat_plan)
    virsh("case $* in *list*) echo sharklab-own ;; *) exit 1 ;; esac")
    with pytest.raises(MachineryError, match="libvirt does not end domain sharklab-own") as caught:
        libvirt.end_domains(seat_plan.seat.id)
    assert "virsh destroy sharklab-own" == caught.value.hint
    assert record.exists()


def test_forget_without_libvirt(seat_plan: Plan, virsh: Callable[..., Path]) -> None:
    """A libvirt that has ended knows no domain."""
    record = marked(seat_plan)
    virsh("exit 1")
    libvirt.end_domains(seat_plan.seat.id)
    assert not record.exists()


def test_errors_of_virsh_are_one(virsh: Callable[..., Path]) -> None:
    """What it says is told with the command, and how to do without it."""
    virsh("echo 'error: no such thing' >&2", "exit 1")
    with pytest.raises(MachineryError, match="error: no such thing") as caught:
        libvirt.version(ADDRESS)
    assert f"virsh --quiet --connect {ADDRESS} version --daemon" == caught.value.place
    assert "LIBVIRT_DEFAULT_URI=qemu:///session" in caught.value.hint


def test_doctor_says_what_starts_machines(virsh: Callable[..., Path]) -> None:
    """One line, by the same question that is asked before machines are started."""
    virsh("exit 0")
    found = kernel.libvirt_finding()
    assert (Status.OK, ADDRESS) == (found.status, found.meaning.values["address"])
    virsh("exit 1")
    libvirt.find_address.cache_clear()
    assert "none of this machine's answers: QEMU starts virtual machines by itself" == str(
        kernel.libvirt_finding().meaning
    )
