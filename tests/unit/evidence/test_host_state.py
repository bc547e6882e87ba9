"""The shape of what was seen on a host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab import process
from sharklab.evidence import host_state as state_module
from sharklab.evidence.host_state import (
    ATTEMPTS,
    FIREWALL,
    LOOKS,
    POLICIES,
    RESOLVER,
    SSHD,
    TABLES,
    Demands,
    Observer,
    fault,
    observe,
)
from tests.support import host_state, programs, provider_seat


def test_fault_of_an_observation_is_nothing_when_it_has_the_shape() -> None:
    """What a host is like on a seat has the shape that is asked for."""
    assert "" == fault(host_state.seen())


@pytest.mark.parametrize(
    "wrong",
    [
        {"sockets": "tcp LISTEN"},
        {"services": {"sshd": True}},
        {"firewall": {"runtime": 7, "permanent": ""}},
        {"mounts": [{"path": "/"}]},
        {"fstab": ["x" * 5000]},
        {"observed": -1},
        {"effects": {"reaches x": {"verdict": 1}}},
        {"boot_id": 7},
    ],
)
def test_fault_of_an_observation_names_the_place(wrong: dict[str, Any]) -> None:
    """What a student hands in may be anything."""
    [key] = wrong
    assert f"$.{key}" in fault(host_state.seen(**wrong))


class LocalShell:
    """This computer, with commands of its own; the first `late` of the slow one ends with `code`."""

    def __init__(self, folder: Path, late: int = 0, code: int = 0) -> None:
        programs.script(
            folder,
            "slow",
            f"echo x >> {folder}/count",
            f"[ $(wc -l < {folder}/count) -gt {late} ] || exit {code}",
            "echo public",
        )
        self.folder, self.calls = folder, 0

    def __call__(self, command: str) -> str:
        """Run a command here, as if its folder were that of the programs of the system."""
        self.calls += 1
        return self.as_it_is(command.replace(" PATH=", f" PATH={self.folder}:", 1))

    def as_it_is(self, command: str) -> str:
        """Run a command here, in a shell with functions and variables of a student."""
        fake = f"timeout() {{ echo fake; }}; PATH={self.folder}:$PATH; export PATH; {command}"
        return subprocess.run(["sh", "-c", fake], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    ("late", "code", "output", "calls"),
    [(0, 0, "public\n", 1), (2, 254, "public\n", 3), (1, 1, "", 1), (ATTEMPTS, 124, "", ATTEMPTS)],
    ids=["at once", "after two late ones", "a failure is final", "always late"],
)
def test_output_of_a_late_command(late: int, code: int, output: str, calls: int, tmp_path: Path) -> None:
    """A busy host that answers late takes no point from a student, and one command hides no other."""
    shell = LocalShell(tmp_path, late, code)
    commands = {"empty": "true", "slow": "slow", "two": "printf 'a\n b'; echo error >&2", "bad": "exit 3"}
    assert {"empty": "", "slow": output, "two": "a\n b", "bad": ""} == Observer(shell).run_commands(commands)
    assert calls == shell.calls


def test_programs_beside_those_of_the_system_do_not_count(tmp_path: Path) -> None:
    """A student who puts a program of the same name into /usr/local/bin, or a function, changes nothing."""
    shell = LocalShell(tmp_path)
    programs.script(tmp_path, "cat", "echo fake")
    plain = Observer(shell.as_it_is)
    assert {"seen": "real"} == plain.run_commands({"seen": "printf real | cat"})
    assert {"seen": "fake\n"} == Observer(shell).run_commands({"seen": "printf real | cat"})


@pytest.mark.parametrize(
    ("tables", "printed"),
    [
        ("", "# nftables\n"),
        ("table inet firewalld\ntable ip own\n", "# nftables\ntable inet firewalld {\n}\nrules of ip own\n"),
    ],
    ids=["none", "two"],
)
def test_tables_are_those_that_are_not_firewallds(tables: str, printed: str, tmp_path: Path) -> None:
    """Without any, the answer says that nft was asked; where nft fails, nothing is known."""
    listed = f"if [ $3 = tables ]; then printf '{tables}'; else echo rules of $4 $5; fi"
    programs.script(tmp_path, "nft", listed)
    assert printed == Observer(LocalShell(tmp_path)).run_commands({"tables": TABLES})["tables"]
    programs.script(tmp_path, "nft", "exit 1")
    assert "" == Observer(LocalShell(tmp_path)).run_commands({"tables": TABLES})["tables"]


LISTED = "block\n  target: REJECT\n\npublic (default, active)\n  target: default\n  services: ssh\n"
OUTPUTS = {
    "default": 's "public"\n',
    "zones": LISTED,
    "openings": (
        'ssh.xml:<port protocol="tcp" port="22"/>\nx.xml:<port protocol="udp" port="9"/>\n'
        'nfs.xml:<port protocol="tcp" port="2049"/>\nbad.xml:<port/>\n'
    ),
    "mounts": "none /a\\040b tmpfs rw 0 0\nbroken\n10.0.0.2:/srv /mnt nfs4 rw 0 0\n",
    "boot_id": "2b6f\n",
    "sshd": "strictmodes yes\n",
    "service nginx": "running\n",
    "service sshd": "running\nenabled\n",
}


class Told(Observer):
    """A host whose commands print what the test says."""

    def run_commands(self, commands: Mapping[str, str]) -> Mapping[str, str]:
        """Return the outputs of the test, and nothing of other commands."""
        return {**dict.fromkeys(commands, ""), **OUTPUTS}


@pytest.mark.parametrize(
    ("names", "files", "printed"),
    [
        ('as 1 "allow-host-ipv6"', "exit 2", ""),
        ('as 1 "allow-host-ipv6"', "echo allow-host-ipv6.xml", "policies\n"),
        ('as 2 "allow-host-ipv6" "mine"', "exit 2", "policies\n"),
    ],
)
def test_policies_are_asked_for_where_others_or_permanent_ones_are(
    names: str, files: str, printed: str, tmp_path: Path
) -> None:
    """`firewall-cmd --runtime-to-permanent` makes a file of the policy of every host: both are compared."""
    programs.script(tmp_path, "busctl", f"echo '{names}'")
    programs.script(tmp_path, "ls", files)
    programs.script(tmp_path, "firewall-cmd", "echo policies")
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", POLICIES], env=path, capture_output=True, text=True, check=True)
    assert printed == done.stdout


def test_everything_is_read_from_what_commands_print() -> None:
    """The default zone is cut out of all of them, and ports are those of services that are named."""
    seen = Told(str).look_at_all(Demands(("nginx", "sshd"), ("nfs",)))
    assert "" == fault(seen)
    assert LISTED.partition("\n\n")[2] == seen["firewall"]["runtime"]
    assert {"nfs": ["2049/tcp"], "ssh": ["22/tcp"]} == seen["firewall"]["services"]
    assert {"nginx": {"running": True, "enabled": False}, "sshd": host_state.UP} == seen["services"]
    assert [("/a b", "none", "tmpfs"), ("/mnt", "10.0.0.2:/srv", "nfs4")] == [
        (each["path"], each["device"], each["type"]) for each in seen["mounts"]
    ]
    assert "2b6f" == seen["boot_id"]
    assert "sshd" not in seen
    assert ["strictmodes yes"] == Told(str).look_at_all(Demands(sshd=True))["sshd"]


@pytest.mark.parametrize(
    ("configured", "shown"),
    [("nameserver 10.0.0.2", "nameserver 10.0.0.2"), ("nameserver 127.0.0.53", "nameserver 10.0.0.9")],
)
def test_the_resolver_behind_the_one_of_systemd(configured: str, shown: str, tmp_path: Path) -> None:
    """systemd-resolved answers at 127.0.0.53, and asks other servers, which it names in a file."""
    own, behind = tmp_path / "resolv.conf", tmp_path / "behind.conf"
    own.write_text(f"{configured}\n")
    command = RESOLVER.replace("/etc/resolv.conf", str(own)).replace(
        "/run/systemd/resolve/resolv.conf", str(behind)
    )
    assert f"{configured}\n" == Observer(LocalShell(tmp_path)).run_commands({"resolver": command})["resolver"]
    behind.write_text("nameserver 10.0.0.9\n")
    assert f"{shown}\n" == Observer(LocalShell(tmp_path)).run_commands({"resolver": command})["resolver"]


def test_commands_of_the_look_are_understood_by_a_shell(tmp_path: Path) -> None:
    """Each of them ends, on a computer without any of the programs too."""
    for name, command in {**FIREWALL, **LOOKS, "sshd": SSHD}.items():
        done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, check=False)
        assert (name, b"") == (name, done.stderr)


@pytest.mark.parametrize(
    "answer", ["exit 255", "yes", "exec sleep 600"], ids=["is off", "prints without end", "says nothing"]
)
def test_observe_leaves_out_a_host_that_does_not_answer(
    answer: str, fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host may be off, or its student may have replaced a program; the others are looked at."""
    monkeypatch.setenv("SHARKLAB_STATE", str(fakes / "state"))
    monkeypatch.setattr(state_module, "LOOK_LIMIT", 1.0)
    programs.script(fakes, "ssh", f'echo "$*" >>{fakes}/logins; {answer}')
    plan = provider_seat.plan("ada", 1, ("server", "client"))
    assert {} == observe(plan, {"server": Demands(("sshd",), ())}, ["server"])
    assert f"ConnectTimeout={process.LOGIN_SECONDS}" in (fakes / "logins").read_text()
