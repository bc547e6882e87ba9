"""The files that make a restored machine a seat's own."""

from __future__ import annotations

import io
import tarfile

from sharklab.hosts.providers import access
from sharklab.hosts.providers.qemu import restoration
from sharklab.lab.model import Plan


def test_archive_holds_what_is_the_seats(seat_plan: Plan) -> None:
    """Name, identity, keys and addresses are in it with their modes, and nothing of the way in."""
    access.prepare(seat_plan)
    host = seat_plan.hosts[0]
    with tarfile.open(fileobj=io.BytesIO(restoration.archive(seat_plan, host))) as tar:
        entries = {entry.name: entry for entry in tar.getmembers()}
        texts = {name: tar.extractfile(name).read() for name in entries}  # type: ignore[union-attr]
    assert b"server\n" == texts["etc/hostname"]
    assert (
        str(seat_plan.seat.address("server", "lan").ipv4).encode()
        in texts["etc/NetworkManager/system-connections/lan.nmconnection"]
    )
    assert "etc/NetworkManager/system-connections/mgmt.nmconnection" not in entries
    assert 0o600 == entries["etc/ssh/ssh_host_ed25519_key"].mode
    assert {0} == {entry.uid for entry in entries.values()}
    assert 64 == len(texts["run/sharklab-seed"])
    assert b"systemctl reload sshd\n" in texts["run/sharklab-awake"]


def test_seeds_of_two_machines_differ(seat_plan: Plan) -> None:
    """Machines from one snapshot do not draw the same random numbers."""
    access.prepare(seat_plan)
    seeds = set()
    for _ in range(2):
        with tarfile.open(fileobj=io.BytesIO(restoration.archive(seat_plan, seat_plan.hosts[0]))) as tar:
            seeds.add(tar.extractfile("run/sharklab-seed").read())  # type: ignore[union-attr]
    assert 2 == len(seeds)
