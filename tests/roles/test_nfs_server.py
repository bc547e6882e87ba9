"""Role nfs_server: the folder that it shares, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]


def test_server_runs_after_a_reboot(host_of: HostOf) -> None:
    """In a container it is the server in user space that runs and is enabled."""
    unit = host_of("server").service("nfs-ganesha")
    assert (True, True) == (unit.is_running, unit.is_enabled)


def test_server_listens_on_port_2049_only(host_of: HostOf) -> None:
    """NFSv4 is one port: none of the helpers of older versions listens."""
    lines = host_of("server").check_output("ss -Hltunp").splitlines()
    ours = [line.split()[4].rpartition(":")[2] for line in lines if "ganesha" in line or "rpc" in line]
    assert ["2049"] == ours


def test_no_unit_failed(host_of: HostOf) -> None:
    """Nothing is started that needs a kernel with NFS."""
    assert "" == host_of("server").check_output("systemctl --failed --plain --no-legend")


def test_folder_lets_everybody_make_files(host_of: HostOf, plan: Plan) -> None:
    """As in /tmp, a student makes files and deletes only their own."""
    folder = host_of("server").file(f"/srv/{plan.seat.share}")
    assert ("root", 0o1777) == (folder.user, folder.mode)


def test_file_carries_the_token_and_is_root_s(host_of: HostOf, plan: Plan) -> None:
    """Others read it; a refused write is what the exercise shows with it."""
    file = host_of("server").file(f"/srv/{plan.seat.share}/readme.txt")
    assert ("root", 0o644, True) == (file.user, file.mode, plan.seat.token in file.content_string)


@pytest.mark.parametrize("name", ["nfs-kernel-server", "nfs-server"])
def test_kernel_s_server_is_off_in_a_container(host_of: HostOf, name: str) -> None:
    """Its modules are the machine's, not the container's."""
    assert not host_of("server").service(name).is_running
