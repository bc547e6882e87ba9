"""Keys, and the configuration of ssh."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.hosts import inventory
from sharklab.hosts.image.model import NOTHING, Layers
from sharklab.hosts.providers import access, claims, disk, network
from sharklab.lab.model import Plan


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
