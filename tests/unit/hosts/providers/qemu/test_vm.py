"""The command of a virtual machine, without starting one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import process
from sharklab.errors import MachineryError
from sharklab.hosts.image import Image
from sharklab.hosts.image.model import Accelerator
from sharklab.hosts.providers import claims, network
from sharklab.hosts.providers.qemu import accelerator, rights, vm
from sharklab.hosts.providers.qemu.monitor import Monitor
from sharklab.hosts.providers.qemu.vm import VirtualMachine
from sharklab.lab.model import Plan
from tests.support import vm_sample


def test_command_differs_only_where_a_restored_machine_must(seat_plan: Plan, tmp_path: Path) -> None:
    """A machine is restored by the command that made its snapshot, but for disk, memory and waiting."""
    (tmp_path / "root/boot").mkdir(parents=True)
    (tmp_path / "root/boot/vmlinuz-6").touch()
    (tmp_path / "root/boot/initrd.img-6").touch()
    base = Image("debian12-vm", "Debian", tmp_path)
    made = VirtualMachine(Accelerator("tcg", "max"), base, (Path("a"), Path("b,b")), Path("m"))
    host = seat_plan.hosts[0]
    golden = vm.command(seat_plan, host, replace(made, is_shared=True))
    again = vm.command(seat_plan, host, replace(made, disks=(Path("c"), Path("b,b")), waits=True))
    differs = [(one, other) for one, other in zip(golden, again, strict=False) if one != other]
    assert ["share=on", "share=off"] == [word.split(",")[4] for word in differs[0]]
    assert (2, ["-incoming", "defer"]) == (len(differs), again[len(golden) :])
    macs = [mac for _, _, mac in network.ports(seat_plan, host)]
    assert [True, True] == [any(f"mac={mac}" in word for word in golden) for mac in macs]
    assert not any("user" in word for word in golden if word.startswith("tap") or "netdev" in word)


def test_command_gives_rights_up(seat_plan: Plan, tmp_path: Path) -> None:
    """QEMU becomes a user of the seat's own, who cannot start anything and opens nothing anew."""
    (tmp_path / "root/boot").mkdir(parents=True)
    (tmp_path / "root/boot/vmlinuz-6").touch()
    (tmp_path / "root/boot/initrd.img-6").touch()
    made = VirtualMachine(accelerator.TCG, Image("debian12-vm", "Debian", tmp_path), (Path("a"),), Path("m"))
    words = vm.command(seat_plan, seat_plan.hosts[0], made)
    user, _, group = words[words.index("-runas") + 1].partition(":")
    assert (rights.user(seat_plan.seat.id), rights.GROUP) == (int(user), int(group))
    assert {"on", "obsolete=deny", "spawn=deny", "resourcecontrol=deny"} == set(
        words[words.index("-sandbox") + 1].split(",")
    )
    assert "-daemonize" not in words
    assert "auto-read-only=off" in words[words.index("-drive") + 1].split(",")


def test_a_students_disk_keeps_what_was_written(seat_plan: Plan, tmp_path: Path) -> None:
    """Through a power cut of the computer, too; the machine of a snapshot alone does without."""
    own = vm_sample.made(tmp_path)
    machines = (own, replace(own, cache="unsafe"))
    commands = [vm.command(seat_plan, seat_plan.hosts[0], each) for each in machines]
    modes = [words[words.index("-drive") + 1].split(",")[2] for words in commands]
    assert ["cache=writeback", "cache=unsafe"] == modes


def test_command_of_a_newer_qemu(
    emulator: Callable[..., None], seat_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that can is told to change users by -run-with, and to open the golden memory for reading only."""
    emulator(
        'case "$*" in *file,help) echo "  rom=<OnOffAuto>" ;; esac',
        knows='case "$*" in -help) echo "-run-with [chroot=dir][user=username|uid:gid]" ;; esac',
    )
    who = f"user={rights.user('7e570001')}:{rights.GROUP}"
    assert ["-run-with", who] == rights.options("7e570001")[:2]
    assert vm.memory(Path("m"), False).endswith(",share=off,readonly=on,rom=off")
    assert vm.memory(Path("m"), True).endswith(",share=on")


def test_command_tells_what_is_below_a_disk(seat_plan: Plan, tmp_path: Path) -> None:
    """What QEMU opens as root is what sharklab says, not what the disk does."""
    (tmp_path / "root/boot").mkdir(parents=True)
    (tmp_path / "root/boot/vmlinuz-6").touch()
    (tmp_path / "root/boot/initrd.img-6").touch()
    disks = (Path("own"), Path("golden"), Path("base,1"))
    made = VirtualMachine(accelerator.TCG, Image("debian12-vm", "Debian", tmp_path), disks, Path("m"))
    words = vm.command(seat_plan, seat_plan.hosts[0], made)
    told = dict(part.split("=") for part in words[words.index("-drive") + 1].replace(",,", ";").split(","))
    levels = ("", "backing.", "backing.backing.")
    assert ["own", "golden", "base;1"] == [told[f"{level}file.filename"] for level in levels]
    assert ["qcow2", "qcow2", "raw"] == [told[f"{level}driver"] for level in levels]


@pytest.fixture
def asked(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """Return what QEMUs are asked, each by its socket; that of the client has ended."""
    words: list[tuple[Path, str]] = []

    class Talk(Monitor):
        def __init__(self, file: Path) -> None:
            if file == vm.monitor(seat_plan, seat_plan.hosts[1]):
                raise MachineryError("gone")
            self._socket_file = file

        def _close(self) -> None:
            pass

        def ask(self, command: str, **arguments: object) -> None:
            words.append((self._socket_file, command))

    monkeypatch.setattr(vm, "Monitor", Talk)
    monkeypatch.setattr(process, "run", lambda words, **rest: "")
    claims.claim(seat_plan.seat.id, seat_plan.seat.folder)
    return words


def test_a_machine_that_a_killed_command_left_paused_runs_again(
    seat_plan: Plan, asked: list[tuple[Path, str]]
) -> None:
    """Once, and one that nobody left so is not asked; a machine that has ended is no error."""
    server, client = seat_plan.hosts
    with vm.pause_host(seat_plan, server):
        left = {file.name for file in claims.folder(seat_plan.seat.id).iterdir()}
    assert ["stop", "cont"] == [command for _, command in asked]
    vm.resume(seat_plan.seat.id)
    assert 2 == len(asked)
    for name in left:
        (claims.folder(seat_plan.seat.id) / name).touch()  # a kill runs nothing of what comes after
    (claims.folder(seat_plan.seat.id) / f"{client.name}{vm.PAUSED}").touch()
    for _ in range(2):
        vm.resume(seat_plan.seat.id)
    assert (vm.monitor(seat_plan, server), "cont") == asked[-1] and 3 == len(asked)
