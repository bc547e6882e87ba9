"""The files of the jail, and the command that makes it."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from sharklab.hosts.providers import cgroups
from sharklab.hosts.ssh_gateway import jail
from sharklab.hosts.ssh_gateway.names import Target
from sharklab.hosts.ssh_gateway.students import Login

pytestmark = pytest.mark.usefixtures("own_state")


def test_the_lists_are_for_the_programs_of_the_cell() -> None:
    """Who may log in, and where a forwarded port leads."""
    (jail.folder() / "lists").mkdir(parents=True)
    targets = jail.write_lists({"alice": Login(1000, ("k",)), "bob": Login(1001)}, {"tp4": ("client",)})
    assert Target("alice", "tp4", "client") == targets["alice+tp4+client"]
    read = {
        name: (jail.folder() / "lists" / name).read_text() for name in ("keys.json", "relay.json", "hosts")
    }
    keys, relay = json.loads(read["keys.json"]), json.loads(read["relay.json"])
    assert ["k"] == keys["keys"]["alice"] and ["alice"] == keys["names"]["alice+client"]
    assert {"1000": "alice", "1001": "bob"} == relay["students"]
    by_name = {name: address for address, name in map(str.split, read["hosts"].splitlines())}
    assert ["tp4", "client"] == relay["hosts"][by_name["client.tp4"]]
    assert ["", "client"] == relay["hosts"][by_name["client"]]


def test_sshd_accepts_its_settings(tmp_path: Path) -> None:
    """And each of them is as it was meant (sshd(8), -T)."""
    text = jail.config()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    file = tmp_path / "sshd_config"
    file.write_text(text.replace("/etc/sharklab/host_key", str(tmp_path / "key")))
    own_run = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs t /run && mkdir /run/sshd && exec "$@"',
        "sh",
    ]
    words = [*own_run, jail.sshd(), "-T", "-C", "user=alice,host=x,addr=192.0.2.7", "-f", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    said = {name: value for name, _, value in (line.partition(" ") for line in done.stdout.splitlines())}
    assert ("yes", "yes") == (said["passwordauthentication"], said["exposeauthinfo"])
    for name in (
        "permitemptypasswords",
        "kbdinteractiveauthentication",
        "allowagentforwarding",
        "x11forwarding",
    ):
        assert "no" == said[name]
    assert ("local", "no", "no", "none") == tuple(
        said[name]
        for name in ("allowtcpforwarding", "permittunnel", "allowstreamlocalforwarding", "permitlisten")
    )
    assert "publickey password" == said["authenticationmethods"] and said["forcecommand"].endswith("login.py")


@pytest.mark.parametrize(("known", "lines"), [(True, ["PerSourcePenalties no"]), (False, [])])
def test_a_class_behind_one_address_is_not_locked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool, lines: list[str]
) -> None:
    """By failed logins of one student, where sshd has such penalties: an older one refuses the setting."""
    program = tmp_path / "sshd"
    refused = "command-line: line 0: Bad configuration option: PerSourcePenalties"
    said = "sshd: no hostkeys available -- exiting." if known else refused
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(jail, "sshd", lambda: str(program))
    assert lines == [line for line in jail.config().splitlines() if line.startswith("PerSource")]


def test_sshd_says_which_settings_it_does_not_know() -> None:
    """Whatever else it lacks: the keys, or the folder of its unprivileged process."""
    assert jail._knows(jail.sshd(), "LogLevel INFO")
    assert not jail._knows(jail.sshd(), "OfNobody yes")


def test_a_folder_with_a_colon_is_bound_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd-nspawn(1) separates paths by colons."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "a:b"))
    bound = [word for word in jail._nspawn() if word.startswith("--bind-ro=")]
    assert 4 == len(bound) and all("/a\\:b/" in word for word in bound)


def test_a_password_is_there_until_a_key_is_stored() -> None:
    """As a hash in shadow(5), which the root of the jail alone reads."""
    (jail.folder() / "private").mkdir(parents=True)
    known = {"alice": Login(1000, ("k",)), "bob": Login(1001, ("k",), True), "carol": Login(1002)}
    jail.write_passwords(known)
    file = jail.folder() / "private" / jail.SHADOW
    [(name, hashed)] = [line.split(":")[:2] for line in file.read_text().splitlines()]
    assert "alice" == name and hashed.startswith("$6$")
    assert (jail.BASE, 0o600) == (file.stat().st_uid, file.stat().st_mode & 0o777)


def test_the_cell_has_limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """All logins together, and not the supervisor; the group of an earlier jail is removed."""
    words: list[list[str]] = []
    ended: list[str] = []
    monkeypatch.setattr(cgroups, "end", ended.append)
    monkeypatch.setattr(cgroups, "launcher", lambda unit, limits: [unit, str(limits.memory)])
    monkeypatch.setattr(subprocess, "Popen", lambda argv, **options: words.append(argv))
    with socket.socket() as listener:
        jail.start(listener, 3, "own-jail")
    assert ["own-jail"] == ended and ["own-jail", str(jail.LIMITS.memory), "unshare"] == words[0][:3]
