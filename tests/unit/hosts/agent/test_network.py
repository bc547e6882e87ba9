"""The machine's place in the network, with programs that stand in for ip, nmcli and mount."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from sharklab.hosts.agent import network
from sharklab.hosts.agent.tool import Failures
from tests.support.programs import script

CARD = {
    "ifname": "eth0.7-x",
    "address": "02:00:00:00:00:01",
    "addr_info": [
        {"family": "inet", "local": "192.0.2.7", "prefixlen": 24, "scope": "global"},
        {"family": "inet", "local": "192.0.2.8", "prefixlen": 24, "scope": "global"},
        {"family": "inet6", "local": "fd00::7", "prefixlen": 64, "scope": "global"},
    ],
}


def log(fakes: Path, *names: str) -> list[str]:
    """Return the calls of programs that note them."""
    return [line for name in names for line in (fakes / f"{name}.log").read_text().splitlines()]


def test_cards_are_facts_of_ansible(fakes: Path) -> None:
    """A name without signs, the first IPv4 address, all IPv6 ones, and the card of the default route."""
    routes = json.dumps([{"dev": "eth0.7-x"}])
    script(fakes, "ip", f"case \"$*\" in *route*) echo '{routes}';; *) echo '{json.dumps([CARD])}';; esac")
    found = network.cards()
    assert (["eth0.7-x"], {"interface": "eth0.7-x"}) == (found["interfaces"], found["default_ipv4"])
    card = found["eth0_7_x"]
    assert ("192.0.2.7", ["fd00::7"]) == (card["ipv4"]["address"], [at["address"] for at in card["ipv6"]])


def test_cards_of_a_machine_without_ip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known then."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert {"interfaces": [], "default_ipv4": {}} == network.cards()


def test_connections_are_those_of_cards_that_have_one(fakes: Path) -> None:
    """A name may hold a colon."""
    script(fakes, "nmcli", "echo 'eth0:Wired: 1'; echo 'lo:'")
    assert {"eth0": "Wired: 1"} == network.connections()


def test_reapply_gives_each_card_its_connection_again(fakes: Path) -> None:
    """One that has another is switched, others read their files again; `lo` stays."""
    listed = "eth0:other\neth1:Wired\nlo:lo"
    script(fakes, "nmcli", 'echo "$*" >>"$0.log"', f"[ \"$1\" != --terse ] || echo '{listed}'")
    failures = Failures()
    network.reapply({"eth0": "Home", "eth1": "Wired", "lo": "lo"}, failures)
    assert [] == failures.entries
    assert [
        "connection reload",
        "connection up Home ifname eth0",
        "device reapply eth1",
    ] == [line for line in log(fakes, "nmcli") if not line.startswith("--terse")]


def test_reapply_without_networkmanager_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that had no connections is left alone."""
    monkeypatch.setenv("PATH", "/nonexistent")
    network.reapply({}, failures := Failures())
    assert [] == failures.entries


def test_mounts_go_back(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New ones are unmounted, the inner first, and those of before are mounted again."""
    now = {"/srv": ["nfs4", "a:/b"], "/new": ["nfs4", "a:/c"], "/new/inner": ["nfs4", "a:/d"]}
    monkeypatch.setattr(network, "mounts", lambda: now)
    script(fakes, "umount", 'echo "umount $*" >>"$0.log"; [ "$1" != /new ]')
    script(fakes, "mount", 'echo "mount $*" >>"$0.log"; exit 32')
    before, failures = {"/srv": ["nfs4", "a:/b"], "/gone": ["nfs", "a:/e"]}, Failures()
    assert ["/new", "/new/inner"] == network.unmount_new(before, failures)
    assert ["umount /new/inner", "umount /new", "umount --lazy /new"] == log(fakes, "umount")
    assert [] == failures.entries
    network.mount_missing(before, failures)
    assert ["mount /gone"] == log(fakes, "mount") == [what for what, _ in failures.entries]


def test_settings_of_the_kernel_are_read_and_put_back(fakes: Path) -> None:
    """Those that the kernel lacks are left out; a value that is the same is not written."""
    name = "kernel.ostype"
    assert {name: "Linux"} == network.settings([name, "kernel.no_such_setting"])
    script(fakes, "sysctl", 'echo "$*" >>"$0.log"')
    network.set_back({name: "Linux"}, Failures())
    network.set_back({name: "Other"}, Failures())
    assert [f"--quiet --write {name}=Other"] == log(fakes, "sysctl")


@pytest.mark.parametrize(
    ("value", "way"),
    [
        ("192.0.2.1 40000 192.0.2.7 2222", {"address": "192.0.2.7", "port": "2222"}),
        ("", {}),
        ("192.0.2.1 40000", {}),
    ],
)
def test_ssh_way_is_the_machines_end(
    value: str, way: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sshd(8) says it."""
    monkeypatch.setenv("SSH_CONNECTION", value)
    assert way == network.ssh_way()


def test_knock_hears_a_listener() -> None:
    """The connection is reset afterwards: none is left in TIME-WAIT."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "accepted" == network.knock("127.0.0.1", server.getsockname()[1], True, 5.0)
        with server.accept()[0] as connection, pytest.raises(ConnectionResetError):
            connection.recv(1)


@pytest.mark.parametrize("listens", [True, False])
def test_knock_hears_a_refusal(listens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port refuses; where a service should listen it is asked again until the time is over."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" == network.knock("127.0.0.1", port, listens, 0.02)
    assert listens == bool(pauses)


def test_knock_takes_any_other_error_for_silence() -> None:
    """A port that cannot be reached has not answered."""
    assert "silent" == network.knock("256.0.0.1", 1, True, 0.1)
