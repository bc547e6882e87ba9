"""The controller's way into hosts: ssh reads its configuration from a folder of any name."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.hosts import inventory
from sharklab.hosts.image.model import NOTHING, Layers
from sharklab.hosts.providers import access, disk
from sharklab.lab.model import Plan

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
    """The option `lowerdir` has names without a sign of its own; a second start takes the layers of that time."""
    host = odd_plan.hosts[0].name
    disk.folder(odd_plan, host).mkdir(parents=True)
    for name in ("first", "second"):
        folder = tmp_path / ODD / name
        layers = Layers(replace(NOTHING.image, folder=folder), folder)
        assert "lower0" == disk.lower_links(odd_plan, host, layers)
        assert folder / "root" == (disk.folder(odd_plan, host) / "lower0").readlink()
