"""The provider `existing`: machines that exist are borrowed for a seat, and given back as they were."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sharklab.hosts import providers
from sharklab.lab import plan_file
from sharklab.lab.model import Plan
from tests.conftest import ROOT, call_sharklab
from tests.support import provider_seat

nspawn = providers.get("nspawn")

LAB = "tests/data/borrowed"
PATIENCE = 120.0
PORTS = {"server": "22", "client": "2222"}
"""Where sshd listens. The client's firewall, once it runs, would by itself let in neither."""


# What a machine is like that somebody uses already: its own rules, services, users and files.
LIVED_IN = {
    "server": """
        systemctl enable --now firewalld
        firewall-cmd --quiet --permanent --zone=public --add-service=http
        firewall-cmd --quiet --permanent --zone=public --add-port=8080/tcp
        firewall-cmd --quiet --reload
        firewall-cmd --quiet --zone=public --add-port=4242/tcp
        firewall-cmd --quiet --zone=public --remove-service=dhcpv6-client
        firewall-cmd --quiet --zone=public --add-rich-rule='rule family=ipv4 source address=192.0.2.0/24 drop'
        printf 'server 192.0.2.1\\nport 0\\n' > /etc/chrony/chrony.conf
        mkdir -p /etc/systemd/system/chrony.service.d /srv/own
        printf '[Unit]\\nConditionCapability=\\n' > /etc/systemd/system/chrony.service.d/own.conf
        echo 'DAEMON_OPTS="-F 1 -x"' > /etc/default/chrony
        systemctl daemon-reload; systemctl enable --now chrony
        echo mine > /srv/own/file; chmod 0750 /srv/own; echo 'not read' > /etc/unbound/own.txt
    """,
    "client": """
        useradd --create-home student; echo notes > /home/student/notes
        install -d -m 0700 -o student -g student /home/student/.ssh
        echo 'ssh-ed25519 AAAA someone' > /home/student/.ssh/authorized_keys
        nmcli connection modify lan ipv4.dns 192.0.2.53; nmcli device reapply lan
        rm /etc/firewalld/zones/management.xml
        firewall-offline-cmd --zone=public --remove-service-from-zone=ssh
        printf 'Port 22\\nPort 2222\\n' > /etc/ssh/sshd_config.d/50-own.conf; systemctl reload ssh
        useradd --create-home admin; touch /home/admin/.sudo_as_admin_successful
        echo 'admin ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/admin
        cp -r /root/.ssh /home/admin; chown -R admin /home/admin/.ssh
    """,
}

# All that the provider promises to put back, asked with the system's own tools.
SNAPSHOT = r"""
for place in /etc /srv /usr/local /usr/sbin /home /root /mnt /var/www /var/mail /var/lib/sharklab; do
    find $place -xdev -printf '%p %y %m %U %G %l\n' 2>/dev/null | sort
    find $place -xdev -type f -exec sha256sum {} + 2>/dev/null | sort
done
echo == units; systemctl list-unit-files --no-legend --no-pager | grep -v "^session-" | sort
echo == active
systemctl list-units --no-legend --no-pager --plain --state=active --type=service,socket,timer,path |
    awk '{print $1, $4}' | grep -v -e '^user' -e dispatcher -e hostnamed -e polkit | sort
echo == failed; systemctl --failed --no-legend --plain
echo == nft; nft --stateless list ruleset
echo == runtime; firewall-cmd --list-all-zones 2>&1; firewall-cmd --permanent --list-all-zones 2>&1
echo == mounts; awk '$2 !~ "/run/user" {print $1, $2, $3}' /proc/mounts | sort
echo == network; ip -brief address; cat /etc/resolv.conf; nmcli -g all connection show lan
echo == ssh; sshd -T
"""


@dataclass(frozen=True)
class Borrower:
    """Somebody with an inventory of machines, and a state folder that no other test has."""

    inventory: Path
    state: Path

    @property
    def machines(self) -> tuple[str, ...]:
        """The options that name the machines."""
        return "--provider", "existing", "--inventory", str(self.inventory)

    def call(self, verb: str, *words: str, after: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Call sharklab and wait for it."""
        return call_sharklab(verb, LAB, *words, "--student", "hopper", *after, env=self._environment())

    def start(self, verb: str, *words: str) -> subprocess.Popen[bytes]:
        """Start sharklab in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "sharklab", verb, LAB, *words, "--student", "hopper"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **self._environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def seats(self) -> list[dict[str, Any]]:
        """Return the seats that `status` shows."""
        done = call_sharklab("status", "--output", "json", env=self._environment())
        found: list[dict[str, Any]] = json.loads(done.stdout)["seats"]
        return found

    def _environment(self) -> dict[str, str]:
        return {"SHARKLAB_STATE": str(self.state)}


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """Bring up three hosts without any role, and let somebody have lived on them."""
    layers = provider_seat.bare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("machines")))
        own = provider_seat.plan("hopper", 5, ("server", "client"))
        try:
            nspawn.up(own, layers, print)
            for host, script in LIVED_IN.items():
                on(own, host, f"set -e\n{script}", port="22")
            yield own
        finally:
            nspawn.down(own.seat)


def on(machines: Plan, host: str, script: str, port: str = "") -> str:
    """Run a shell script on a machine, by the way that it was made with, and return what it says."""
    config = machines.seat.folder / "ssh" / "config"
    done = subprocess.run(
        ["ssh", "-F", config, "-p", port or PORTS[host], host, "sh -s"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def snapshots(machines: Plan) -> dict[str, list[str]]:
    """Return everything of each machine that is to be put back, line by line."""
    return {host.name: on(machines, host.name, SNAPSHOT + "true\n").splitlines() for host in machines.hosts}


def playing(borrower: Borrower) -> bool:
    """Tell whether a playbook is at work for the seat."""
    return any(borrower.state.glob("seats/*/*/ansible-*/artifacts"))


def changes(before: dict[str, list[str]], machines: Plan) -> list[str]:
    """Return every line that is not on a machine any more, or was not there before."""
    now = snapshots(machines)
    return [
        f"{host}: {line}"
        for host in before
        for line in difflib.unified_diff(before[host], now[host], n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]


@pytest.fixture(scope="module")
def before(machines: Plan) -> dict[str, list[str]]:
    """Return what the machines were before any of it."""
    return snapshots(machines)


@pytest.fixture(scope="module")
def borrower(machines: Plan, tmp_path_factory: pytest.TempPathFactory) -> Borrower:
    """Return who borrows the machines: by a state folder and an inventory of its own."""
    folder = tmp_path_factory.mktemp("borrowed")
    config = machines.seat.folder / "ssh" / "config"
    hosts = {
        host.name: {"lab_address": str(machines.seat.address(host.name, "lan").ipv4.ip)}
        for host in machines.hosts
    }
    hosts["client"] |= {"ansible_user": "admin", "ansible_port": PORTS["client"]}
    content = {"all": {"hosts": hosts, "vars": {"ansible_ssh_common_args": f"-F {config}"}}}
    inventory = folder / "hosts.yml"
    inventory.write_text(json.dumps(content))
    return Borrower(inventory, folder / "state")


@pytest.fixture(scope="module")
def seat(borrower: Borrower, before: dict[str, list[str]]) -> Borrower:
    """Bring the seat up."""
    done = borrower.call("up", *borrower.machines, "--solved", "--yes")
    assert done.returncode == 0, done.stderr
    return borrower


def test_up_says_what_it_will_change_and_changes_nothing_without_a_yes(
    machines: Plan, borrower: Borrower, before: dict[str, list[str]]
) -> None:
    """Nobody answers: exit code 2, each machine is named, and no trace of the seat is on either side."""
    done = borrower.call("up", *borrower.machines, "--output", "json")
    error = json.loads(done.stdout)["error"]
    assert ("nothing was changed", "--provider existing") == (error["message_id"], error["place"])
    addresses = [str(machines.seat.address(host.name, "lan").ipv4.ip) for host in machines.hosts]
    untold = [address for address in addresses if address not in done.stderr]
    assert (2, [], []) == (done.returncode, untold, borrower.seats()), done.stderr
    assert [] == changes(before, machines)


@pytest.fixture(scope="module")
def begun(machines: Plan, borrower: Borrower, before: dict[str, list[str]]) -> Plan:
    """Kill `up` while roles are at work, twice, and finish it: return the plan of a student's seat."""
    for path in ("/etc/sudoers.d/student", "/var/lib/sharklab"):
        child = borrower.start("up", *borrower.machines, "--yes")
        limit = time.monotonic() + PATIENCE
        while not (playing(borrower) and on(machines, "server", f"test ! -e {path} || echo there")):
            assert child.poll() is None and time.monotonic() < limit
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for left in borrower.state.glob("seats/*/*/ansible-*"):
            shutil.rmtree(left)
    assert changes(before, machines)
    done = borrower.call("up", *borrower.machines, "--yes")
    assert 0 == done.returncode, done.stderr
    [file] = borrower.state.glob("seats/borrowed/*/plan.json")
    return plan_file.read(file)


def shares(borrower: Borrower, folder: Path) -> dict[str, bool]:
    """Return which criteria of the work on the machines a student's `check` calls achieved."""
    told = json.loads(borrower.call("check", "--folder", str(folder), "--output", "json").stdout)
    marks = [mark for exercise in told["result"]["exercises"] for mark in exercise["criteria"]]
    return {mark["id"]: mark["status"] == "passed" for mark in marks if mark["id"] in ("mount", "reads")}


def test_solve_and_reset_of_borrowed_machines(
    machines: Plan, borrower: Borrower, begun: Plan, tmp_path: Path
) -> None:
    """From the start without points to all, a second time without a change, and after vandalism back.

    The state that was kept on the way comes back, and not the one before the seat.
    """
    for host in ("server", "client"):
        on(machines, host, "systemctl daemon-reload")  # a reset does it, and units of fstab appear then
    kept = snapshots(machines)
    assert {"mount": False, "reads": False} == shares(borrower, tmp_path)
    for changed in (["client", "server"], []):
        done = borrower.call("solve", "share", "--yes", "--output", "json")
        assert (0, changed) == (done.returncode, sorted(json.loads(done.stdout)["changes"])), done.stderr
        assert {"mount": True, "reads": True} == shares(borrower, tmp_path)
    on(machines, "client", "rm -r /etc/firewalld; firewall-cmd --quiet --add-port=9/tcp; echo > /etc/motd")
    done = borrower.call("reset", "share", "--yes")
    assert 0 == done.returncode, done.stderr
    # The helper of a mount is a transient unit, whose name is new each time.
    assert [] == [line for line in changes(kept, machines) if "run-r" not in line]
    assert {"mount": False, "reads": False} == shares(borrower, tmp_path)


def test_capture_and_fetch_bring_packets_home(
    machines: Plan, borrower: Borrower, begun: Plan, tmp_path: Path
) -> None:
    """Recorded from here, and by hand on the machine: both show the exercise."""
    words = ("--folder", str(tmp_path), "--output", "json")
    ask = f"host server.{begun.seat.domain} >/dev/null"
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(borrower.call, "capture", "share", "--packets", "6", *words)
        on(machines, "client", f"timeout {PATIENCE:.0f} sh -c 'until pgrep -x tcpdump; do sleep 0.1; done'")
        # tcpdump may not listen yet: the questions are asked until it has seen enough.
        while not waiting.done():
            on(machines, "client", f"{ask} || true")
        done = waiting.result()
    assert 0 == done.returncode, done.stderr
    on(
        machines,
        "client",
        "tcpdump -i lan -U --immediate-mode -c 6 -w /tmp/hand.pcap port 53 2>/tmp/hand.log & "
        f"until grep -q listening /tmp/hand.log; do sleep 0.1; done; {ask}; wait",
    )
    fetched = borrower.call("fetch", "client:/tmp/hand.pcap", "--as", "dns", *words)
    arrived = [json.loads(each.stdout)["captures"] for each in (done, fetched)]
    assert [["dns", True]] * 2 == [[one["capture"], one["shows_exercise"]] for [one] in arrived]
    on(machines, "client", "rm /tmp/hand.*")


def test_down_of_a_students_seat_puts_everything_back(
    machines: Plan, borrower: Borrower, begun: Plan, before: dict[str, list[str]]
) -> None:
    """What is put back is the state before the first of the killed ups."""
    done = borrower.call("down")
    assert (0, []) == (done.returncode, borrower.seats()), done.stderr
    assert [] == changes(before, machines)


def test_run_works_without_naming_the_provider_again(seat: Borrower) -> None:
    """The seat knows where its machines are: the lab's exercise comes about."""
    done = seat.call("run", "--output", "json")
    assert (0, {"share": True}) == (done.returncode, json.loads(done.stdout)["exercises"]), done.stderr


def test_firewall_lets_in_ssh_by_its_own_port_and_nothing_else(machines: Plan, seat: Borrower) -> None:
    """The client's firewall, which has no way in for us by itself, filters: ours was opened before."""
    listed = on(
        machines, "client", "firewall-cmd --list-ports; firewall-cmd --list-services; firewall-cmd --state"
    )
    assert ["2222/tcp", "", "running"] == listed.splitlines()


def test_report_is_written_again(seat: Borrower) -> None:
    """The report is made from the evidence, wherever that came from."""
    assert 0 == seat.call("report").returncode


def test_status_asks_the_machines(seat: Borrower) -> None:
    """Both answer, and the seat is the provider's."""
    [found] = seat.seats()
    assert ("existing", {"server": "running", "client": "running"}) == (found["provider"], found["hosts"])


@pytest.mark.parametrize("host", ["server", "client"])
def test_shell_is_the_students(seat: Borrower, host: str) -> None:
    """Whoever logs in, root or somebody who may become root: the shell is the student's."""
    assert "student\n" == seat.call("shell", host, after=("--", "id", "-un")).stdout


def test_another_seat_cannot_have_the_same_machines(seat: Borrower, tmp_path: Path) -> None:
    """The machines know that they are borrowed."""
    done = Borrower(seat.inventory, tmp_path).call("up", *seat.machines, "--yes", "--output", "json")
    expected = "the machine belongs to another seat ({claim})", "--inventory: server"
    error = json.loads(done.stdout)["error"]
    assert (2, *expected) == (done.returncode, error["message_id"], error["place"])


def test_down_puts_everything_back(machines: Plan, seat: Borrower, before: dict[str, list[str]]) -> None:
    """File by file, unit by unit and rule by rule, with what a student has done there meanwhile."""
    on(machines, "server", "rm -r /etc/chrony; firewall-cmd --quiet --remove-port=8080/tcp; echo > /etc/motd")
    on(machines, "client", "umount /mnt/borrowed-*; systemctl disable --now firewalld")
    done = seat.call("down")
    assert 0 == done.returncode, done.stderr
    assert [] == changes(before, machines)
