"""Keys, the configuration of ssh, and waiting for hosts; a program stands in for ssh."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts import inventory
from sharklab.hosts.image.model import NOTHING, Layers
from sharklab.hosts.providers import access, claims, disk, network
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support.errors import error_of
from tests.support.programs import script

SYSTEMD_LIMIT = 90.0
"""Seconds that systemd waits for a unit to start (systemd-system.conf(5), DefaultTimeoutStartSec)."""


def test_prepare_makes_keys_once(seat_plan: Plan) -> None:
    """Private halves are for the owner alone; a second call changes nothing."""
    access.prepare(seat_plan)
    folder = access.folder(seat_plan)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    private = [folder / "id_ed25519", *(access.host_key(seat_plan, host.name) for host in seat_plan.hosts)]
    assert [0o600] * 3 == [file.stat().st_mode & 0o777 for file in private]
    access.prepare(seat_plan)
    assert before == {file.name: file.read_bytes() for file in folder.iterdir()}


def test_configuration_is_one_that_ssh_reads(seat_plan: Plan) -> None:
    """ssh -G shows what counts for a host: its address, its key's name, and the seat's namespace."""
    access.prepare(seat_plan)
    folder = access.folder(seat_plan)
    argv = ["ssh", "-G", "-F", str(folder / "config"), "client"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    shown = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    address = network.management_address(seat_plan, seat_plan.hosts[1]).ip
    assert (str(address), "client", "root") == (shown["hostname"], shown["hostkeyalias"], shown["user"])
    assert f"--net={network.NAMESPACES / network.namespace(seat_plan.seat.id)} " in shown["proxycommand"]
    assert (str(claims.folder(seat_plan.seat.id) / "root@client"), str(folder / "known_hosts")) == (
        shown["controlpath"],
        shown["userknownhostsfile"],
    )


def test_known_hosts_have_each_host_by_its_name(seat_plan: Plan) -> None:
    """The key of each host is known before it boots."""
    access.prepare(seat_plan)
    lines = (access.folder(seat_plan) / "known_hosts").read_text().splitlines()
    keys = {
        host.name: access.public(access.host_key(seat_plan, host.name)).split() for host in seat_plan.hosts
    }
    assert [["server", *keys["server"]], ["client", *keys["client"]]] == [line.split() for line in lines]


def explain(host: str, reason: Message) -> MachineryError:
    """Return an error that keeps the host and the reason."""
    return MachineryError("failed", host=host, reason=reason)


def test_wait_reports_how_each_host_came_up(seat_plan: Plan, fakes: Path) -> None:
    """systemd's word, and the units that failed."""
    answers = 'case "$3" in server) echo running;; *) echo degraded; echo "x.service loaded failed";; esac'
    script(fakes, "ssh", answers)
    found = access.wait(seat_plan, lambda host: True, explain)
    assert [("server", "running", ()), ("client", "degraded", ("x.service",))] == [
        (report.host, report.state, report.failed) for report in found
    ]


def test_wait_asks_again_until_a_host_can_be_reached(seat_plan: Plan, fakes: Path) -> None:
    """A host that boots does not answer at first."""
    script(fakes, "ssh", 'if [ -e "$0.$3" ]; then echo running; else touch "$0.$3"; exit 255; fi')
    found = access.wait(seat_plan, lambda host: True, explain)
    assert ["running", "running"] == [report.state for report in found]


def test_wait_does_not_wait_long_for_the_folder_of_a_server_that_is_off(seat_plan: Plan, fakes: Path) -> None:
    """Only a mount is left: the host is asked once more, after the others have settled."""
    again = 'if [ -e "$0.server" ]; then echo starting; echo mnt-share.mount; else exit 255; fi'
    last = f'*"timeout {access.MOUNT_LIMIT}"*'
    first = 'server*) touch "$0.server"; echo running'
    script(fakes, "ssh", f'case "$3 $4" in {first};; {last}) {again};; *) echo starting;; esac')
    found = access.wait(seat_plan, lambda host: True, explain)
    assert [("server", "running", ()), ("client", "starting", ("mnt-share.mount",))] == [
        (report.host, report.state, report.failed) for report in found
    ]


SYSTEMCTL = """
case "$*" in
    *is-system-running*) exit 0 ;;
    *list-jobs*) cat "$0.jobs" ;;
esac
"""


@pytest.mark.parametrize(
    ("command", "jobs", "expected"),
    [
        (access.SETTLED, "12 mnt-share.mount start running\n", "starting\n"),
        (access.LAST, "12 mnt-share.mount start running\n", "starting\nmnt-share.mount\n"),
    ],
)
def test_commands_end_when_only_a_mount_is_left(command: str, jobs: str, expected: str, fakes: Path) -> None:
    """systemd says nothing before all jobs have ended; the list of jobs tells which ones are left."""
    script(fakes, "systemctl", SYSTEMCTL)
    (fakes / "systemctl.jobs").write_text(jobs)
    assert expected == subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout


def test_wait_gives_up_a_host_that_has_ended(seat_plan: Plan, fakes: Path) -> None:
    """The error is the provider's, with the reason; other queries are dropped."""
    script(fakes, "ssh", "exec sleep 600")
    error = error_of(MachineryError, access.wait, seat_plan, lambda host: host == "server", explain)
    assert ("client", "the host ended while it booted") == (
        error.values["host"],
        getattr(error.values["reason"], "msgid", ""),
    )


def test_wait_has_a_limit(seat_plan: Plan, fakes: Path) -> None:
    """The reason has the last complaint of ssh, or that nothing listens."""
    script(fakes, "ssh", "exec sleep 600")
    error = error_of(MachineryError, access.wait, seat_plan, lambda host: True, explain, limit=1e-9)
    reason = error.values["reason"]
    assert isinstance(reason, Message)
    assert ("server", "no answer within {seconds:g} s ({complaint})") == (error.values["host"], reason.msgid)
    assert "nothing listens on port 22" == reason.values["complaint"].msgid


def test_limit_lets_systemd_give_a_unit_up() -> None:
    """A folder of a server that is off is tried for the 90 s of systemd, and then the host has settled."""
    assert access.LIMIT > SYSTEMD_LIMIT


def test_close_ignores_sockets_that_nobody_serves(seat_plan: Plan) -> None:
    """What a killed ssh left is no open connection."""
    folder = claims.folder(seat_plan.seat.id)
    folder.mkdir(parents=True)
    (folder / "root@server").touch()
    access.close(seat_plan.seat.id)


ODD = "a b,c:d%e"
"""Blank, comma, colon and percent sign mean something to ssh, Ansible or mount(8)."""


@pytest.fixture
def odd_plan(seat_plan: Plan, tmp_path: Path) -> Plan:
    """Return a plan whose seat is in a folder with an odd name."""
    return replace(seat_plan, seat=replace(seat_plan.seat, folder=tmp_path / ODD / "seat"))


def test_ssh_and_ansible_find_the_files_of_an_odd_folder(odd_plan: Plan) -> None:
    """Keys, known hosts and the program that connects are the seat's own."""
    access.prepare(odd_plan)
    config = access.folder(odd_plan) / "config"
    arguments = inventory.build(odd_plan)["all"]["vars"]["ansible_ssh_common_args"]
    assert ["-F", str(config)] == shlex.split(arguments)
    command = ["ssh", "-G", *shlex.split(arguments), odd_plan.hosts[0].name]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = dict(line.partition(" ")[::2] for line in said.splitlines())
    expected = access.folder(odd_plan) / "id_ed25519", access.folder(odd_plan) / "known_hosts"
    names = [found[name].replace("%%", "%") for name in ("identityfile", "userknownhostsfile")]
    assert [str(file) for file in expected] == names
    assert str(access.TUNNEL) in shlex.split(found["proxycommand"].replace("%%", "%"))


def test_layers_of_an_odd_folder_can_be_mounted(odd_plan: Plan, tmp_path: Path) -> None:
    """The option `lowerdir` has plain names; a second start takes the layers of that time."""
    host = odd_plan.hosts[0].name
    disk.folder(odd_plan, host).mkdir(parents=True)
    for name in ("first", "second"):
        folder = tmp_path / ODD / name
        layers = Layers(replace(NOTHING.image, folder=folder), folder)
        assert "lower0" == disk.lower_links(odd_plan, host, layers)
        assert folder / "root" == (disk.folder(odd_plan, host) / "lower0").readlink()
