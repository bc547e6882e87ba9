"""Login names, and the names of hosts to which ports lead."""

from __future__ import annotations

import pytest

from sharklab.hosts.ssh_gateway import names
from sharklab.hosts.ssh_gateway.names import Target
from sharklab.hosts.ssh_gateway.students import Login
from sharklab.lab import load
from tests.support import door_seats

LABS = {"tp4": ("client", "server"), "ports": ("client",)}


def test_each_way_to_name_a_host_is_a_login() -> None:
    """The student, the host, the lab, and all of them."""
    found = names.logins(["alice"], LABS)
    assert Target("alice") == found["alice"]
    assert Target("alice", "", "client") == found["alice+client"]
    assert Target("alice", "tp4") == found["alice+tp4"]
    assert Target("alice", "ports", "client") == found["alice+ports+client"]
    assert "alice+ports+server" not in found


def test_a_student_goes_before_a_host_and_a_host_before_a_lab() -> None:
    """`+` may be in the name of a student, and a lab may be named like a host."""
    found = names.logins(["alice", "alice+client"], {"client": ("client",)})
    assert Target("alice+client") == found["alice+client"]
    assert Target("alice+client", "", "client") == found["alice+client+client"]
    assert Target("bob", "", "client") == names.logins(["bob"], {"client": ("client",)})["bob+client"]


def test_all_names_of_a_student_are_one_user() -> None:
    """No name of the jail has a password, and its own accounts have no shell."""
    targets = names.logins(["alice", "bob"], LABS)
    lines = [
        line.split(":")
        for line in names.passwd({"alice": Login(1000), "bob": Login(1001)}, targets).splitlines()
    ]
    assert all(7 == len(line) and "*" == line[1] for line in lines)
    uids = {line[2] for line in lines if line[0].startswith("alice")}
    assert {"1000"} == uids
    assert all(line[6].endswith("nologin") for line in lines if int(line[2]) < 1000)


def test_forwarded_names_have_an_address_each() -> None:
    """Which leads back to the lab and the host."""
    found = names.number_names(LABS)
    assert {"client", "server", "client.tp4", "server.tp4", "client.ports"} == set(found)
    assert len(set(found.values())) == len(found)
    assert all(address.startswith("127.2.") for address in found.values())
    assert ("tp4", "client") == names.split_name("client.tp4", LABS)
    assert ("", "client") == names.split_name("client", LABS)
    assert all(line.split()[1] in found for line in names.hosts_file(found).splitlines())


@pytest.mark.usefixtures("own_state")
def test_a_seat_brings_the_hosts_of_its_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab of one's own is in no list of labs; a damaged seat brings nothing."""
    [plan] = door_seats.save(monkeypatch, ("tp4", "alice"))
    monkeypatch.setattr(load, "names", lambda: ["ports"])
    assert tuple(host.name for host in plan.hosts) == names.hosts_of_labs()["tp4"]
    (plan.seat.folder / "plan.json").write_text("{")
    assert ["ports"] == list(names.hosts_of_labs())
