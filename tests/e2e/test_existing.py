"""The provider `existing`: machines that somebody has are borrowed for a seat, and are what they were afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharklab import providers
from sharklab.model import Plan
from tests import provider_seat
from tests.conftest import ROOT, call_sharklab

nspawn = providers.get("nspawn")

PATIENCE = 120.0

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
    """,
    "desktop": """
        useradd --create-home admin; echo 'admin ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/admin
        cp -r /root/.ssh /home/admin; chown -R admin /home/admin/.ssh
    """,
}

# All that the provider promises to put back, asked with the system's own tools.
SNAPSHOT = r"""
for place in /etc /srv /usr/local /usr/sbin /home /root /mnt /var/www /var/mail /var/lib/sharklab /var/cache; do
    find $place -xdev -printf '%p %y %m %U %G %l\n' 2>/dev/null | grep -v -e /var/cache/ldconfig | sort
    find $place -xdev -type f -exec sha256sum {} + 2>/dev/null | sort
done
echo == units; systemctl list-unit-files --no-legend --no-pager | sort
echo == active; systemctl list-units --no-legend --no-pager --plain --state=active --type=service,socket,timer,path |
    awk '{print $1, $4}' | grep -v -e '^user' -e dispatcher -e hostnamed | sort
echo == failed; systemctl --failed --no-legend --plain
echo == nft; nft --stateless list ruleset
echo == runtime; firewall-cmd --list-all-zones 2>&1; firewall-cmd --permanent --list-all-zones 2>&1
echo == mounts; awk '{print $1, $2, $3}' /proc/mounts | sort
echo == network; ip -brief address; cat /etc/resolv.conf; nmcli -g all connection show lan
echo == ssh; sshd -T
"""


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """Bring up three hosts without any role, and let somebody have lived on them."""
    layers = provider_seat.bare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("machines")))
        own = provider_seat.plan("hopper", 9, ("server", "client", "desktop"))
        nspawn.up(own, layers, print)
        for host, script in LIVED_IN.items():
            on(own, host, f"set -e\n{script}")
        yield own
        nspawn.down(own.seat)


def on(machines: Plan, host: str, script: str) -> str:
    """Run a shell script on a machine, by the way that it was made with, and return what it says."""
    config = machines.seat.folder / "ssh" / "config"
    done = subprocess.run(
        ["ssh", "-F", config, host, "sh -s"], input=script, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def snapshots(machines: Plan) -> dict[str, list[str]]:
    """Return everything of each machine that is to be put back, line by line."""
    return {host.name: on(machines, host.name, SNAPSHOT + "true\n").splitlines() for host in machines.hosts}


@pytest.fixture(scope="module")
def before(machines: Plan) -> dict[str, list[str]]:
    """Return what the machines were before any of it."""
    return snapshots(machines)


@pytest.fixture(scope="module")
def call(machines: Plan, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that calls sharklab with a state folder and an inventory of its own."""
    folder = tmp_path_factory.mktemp("borrowed")
    config = machines.seat.folder / "ssh" / "config"
    hosts = {
        host.name: {"lab_address": str(machines.seat.address(host.name, "lan").ipv4.ip)} for host in machines.hosts
    }
    hosts["desktop"]["ansible_user"] = "admin"
    content = {"all": {"hosts": hosts, "vars": {"ansible_ssh_common_args": f"-F {config}"}}}
    inventory = folder / "hosts.yml"
    inventory.write_text(json.dumps(content))
    env = {"SHARKLAB_STATE": str(folder / "state"), "INVENTORY": str(inventory)}
    return lambda *words, **more: call_sharklab(
        *words, "--student", "hopper", env=env, **more
    )
