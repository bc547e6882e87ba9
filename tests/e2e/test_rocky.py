"""The Red Hat branch of every role on stand-ins for Rocky 9 (tests/support/rocky); dnf and rpm are real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from sharklab import paths, state, system_packages
from sharklab.errors import MachineryError
from sharklab.hosts import image, providers
from sharklab.hosts.image import rocky, systems
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.hosts.providers.remote import Machine
from sharklab.lab.model import Plan
from tests.support import provider_seat
from tests.support.rocky import repository, standin

nspawn = providers.get("nspawn")
ROOT = ("dev", "etc", "proc", "sys", "tmp", "usr", "var")
HOSTS = ("server", "client", "services")
UNITS = {
    "server": (
        "chronyd",
        "coturn",
        "dovecot",
        "firewalld",
        "mosquitto",
        "nfs-ganesha",
        "nginx",
        "sshd",
        "tinyproxy",
        "unbound",
    ),
    "client": ("NetworkManager", "firewalld", "listener@5001", "sshd"),
    "services": ("firewalld", "mariadb", "nginx", "postfix", "rsyslog", "snmpd", "sshd", "vsftpd"),
}


@pytest.fixture(scope="module")
def rpms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the signed repository, and one package in it that nobody signed."""
    return repository.build(tmp_path_factory.mktemp("rpms"), unsigned=("stranger",))


@pytest.fixture(scope="module")
def hosts(rpms: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """Bring up two hosts with none of Rocky's packages."""
    layers = standin.layers(tmp_path_factory.mktemp("layers"), rpms, HOSTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("rocky")))
        own = provider_seat.plan("allman", 6, HOSTS)
        nspawn.up(own, layers, print)
        yield own
        nspawn.down(own.seat)


@pytest.fixture(scope="module")
def mirror(rpms: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay the repository out as a mirror of Rocky 9 is, with its key."""
    return repository.mirror(rpms, tmp_path_factory.mktemp("mirror"))


@pytest.fixture
def rocky9(mirror: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> rocky.Release:
    """Make rocky9 a system of the mirror, by the fingerprint of its key; images go to a folder apart."""
    monkeypatch.setenv(rocky.MIRROR, f"file://{mirror}")
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    release = repository.release(mirror)
    own = replace(systems.find("rocky9"), build=partial(rocky.build, release))
    monkeypatch.setattr(systems, "SYSTEMS", {**systems.SYSTEMS, "rocky9": own})
    return release


def on(hosts: Plan, host: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a host."""
    config = hosts.seat.folder / "ssh" / "config"
    return subprocess.run(["ssh", "-F", config, host, command], capture_output=True, text=True, check=False)


def machine(hosts: Plan, host: str) -> Machine:
    """Return a host as the provider `existing` asks it."""
    return Machine(host, hosts.seat.folder / "ssh" / "config")


@pytest.fixture(scope="module")
def given_back(hosts: Plan) -> dict[str, object]:
    """Install a service by the provider `existing`, let somebody set it up and start it, and give it back."""
    client = machine(hosts, "client")
    request: dict[str, list[str]] = {"paths": [], "made": [], "settings": []}
    before = client.ask("record", **request)
    assert {"failed": []} == client.ask(
        "install",
        packages=["tinyproxy"],
        first=["epel-release"],
        installer=system_packages.INSTALLER.read_text(),
    )
    packaged = client.ask("record", **request)
    assert "disabled\n" == on(hosts, "client", "systemctl is-enabled tinyproxy").stdout
    on(hosts, "client", "echo 'Port 9999' > /etc/tinyproxy/tinyproxy.conf; touch /etc/tinyproxy/new")
    on(hosts, "client", "systemctl enable --now tinyproxy")
    return client.ask("restore", seat="", users=[], before=before, packaged=packaged)


@pytest.fixture(scope="module")
def plays(hosts: Plan, given_back: object, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Apply all roles and run the probes, then apply roles again; return what Ansible said each time."""
    folder = tmp_path_factory.mktemp("play")
    config = hosts.seat.folder / "ssh" / "config"
    known = {
        name: {"lab_address": str(hosts.seat.address(name, "lan").ipv4.ip), "run_folder": str(folder / "run")}
        for name in HOSTS
    }
    machines = {"all": {"hosts": known, "vars": {"ansible_ssh_common_args": f"-F {config}"}}}
    (folder / "hosts.yml").write_text(json.dumps(machines))
    seat = {"lab": str(paths.ROOT / "tests/data/rocky"), "student": "allman", "machines": "hosts.yml"}
    inventory = folder / "allman.sharklab.yml"
    inventory.write_text(json.dumps({"plugin": "sharklab.lab.seat", **seat}))
    first = _play(inventory, "site.yml", "run.yml")
    return [first, _play(again(inventory, folder), "site.yml"), str(folder / "run")]


def again(inventory: Path, folder: Path) -> Path:
    """Write the inventory with the roles that differ between the families by more than names of packages.

    The other roles have the same tasks on Debian, where `tests/roles` applies them a second time.
    """
    tool = Path(sys.executable).with_name("ansible-inventory")
    listed = subprocess.run(
        [tool, "-i", inventory, "--list"], cwd=paths.ROOT, check=True, capture_output=True, text=True
    )
    content = json.loads(listed.stdout)
    groups = {
        f"role_{role}": {"hosts": dict.fromkeys(content[f"role_{role}"]["hosts"])}
        for role in standin.ROLES
        if f"role_{role}" in content and differs(role)
    }
    file = folder / "again.yml"
    file.write_text(json.dumps({"all": {"hosts": content["_meta"]["hostvars"], "children": groups}}))
    return file


def differs(role: str) -> bool:
    """Tell whether a role has other values for Rocky than names of packages."""
    values = yaml.safe_load((paths.ROLES / role / "vars" / "RedHat.yml").read_text()) or {}
    return not all(name.endswith(("_packages", "_repositories")) for name in values)


def _play(inventory: Path, *books: str) -> str:
    tool = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [tool, "-i", inventory, *(paths.PLAYBOOKS / book for book in books)],
        cwd=paths.ROOT,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return done.stdout


def test_restore_leaves_packages_and_takes_back_what_was_done_to_them(
    hosts: Plan, given_back: dict[str, object]
) -> None:
    """The package stays, off and with its own configuration; what came later is gone."""
    shown = on(
        hosts,
        "client",
        "cat /etc/tinyproxy/tinyproxy.conf; ls /etc/tinyproxy/new; systemctl is-active tinyproxy",
    )
    assert ([], ["bash", "epel-release", "gpg-pubkey", "tinyproxy"]) == (
        given_back["failed"],
        given_back["packages"],
    )
    assert (["Port 8888"], "inactive") == (
        re.findall(r"^Port \d+", shown.stdout, re.MULTILINE),
        shown.stdout.splitlines()[-1],
    )


def test_ansible_takes_the_hosts_for_rocky(hosts: Plan, plays: list[str]) -> None:
    """Distribution, family and package manager are those of Rocky 9."""
    tool = Path(sys.executable).with_name("ansible")
    config = hosts.seat.folder / "ssh" / "config"
    subset = "gather_subset=!all,!min,distribution,pkg_mgr"
    done = subprocess.run(
        [
            tool,
            "server",
            "-i",
            "server,",
            "-m",
            "ansible.builtin.setup",
            "-a",
            subset,
            "--ssh-common-args",
            f"-F {config}",
        ],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = "distribution|distribution_major_version|os_family|pkg_mgr"
    facts = re.findall(rf"ansible_(?:{names})\W+(\w+)", done.stdout)
    assert ["Rocky", "9", "RedHat", "dnf"] == facts


def test_roles_install_what_they_name_by_dnf(hosts: Plan, plays: list[str]) -> None:
    """Every package that a role names for Rocky is on the host, by rpm, from the signed repository."""
    wanted = {
        host.name: set(standin.packages(tuple(host.roles)))
        for host in provider_seat.lab("tests/data/rocky").hosts
    }
    query = "rpm --query --all --queryformat '%{NAME} %{RSAHEADER:pgpsig}\\n' | grep RSA/SHA"
    found = {name: {line.split()[0] for line in on(hosts, name, query).stdout.splitlines()} for name in HOSTS}
    assert {name: set() for name in HOSTS} == {name: wanted[name] - found[name] for name in HOSTS}


def test_an_unsigned_package_is_refused(hosts: Plan, plays: list[str]) -> None:
    """Signatures count: dnf does not install what nobody signed."""
    done = on(hosts, "server", "dnf -y install stranger")
    assert (1, True) == (done.returncode, "not signed" in done.stderr + done.stdout)


@pytest.mark.parametrize("host", HOSTS)
def test_services_run_by_rockys_names(hosts: Plan, plays: list[str], host: str) -> None:
    """The units that the roles name for Rocky are active now and after a reboot."""
    units = UNITS[host]
    asked = on(hosts, host, f"systemctl is-active {' '.join(units)}; systemctl is-enabled {' '.join(units)}")
    assert ["active"] * len(units) + ["enabled"] * len(units) == asked.stdout.splitlines()


def test_probes_reach_every_service(plays: list[str]) -> None:
    """A client of each service does what it should."""
    files = sorted(Path(plays[2]).glob("hosts/*/probes.json"))
    probes = {probe["id"]: probe for file in files for probe in json.loads(file.read_text())}
    failed = {
        id: probe["stdout"] + probe["stderr"] for id, probe in probes.items() if probe["exit_code"] != 0
    }
    assert (13, {}) == (len(probes), failed)


def test_roles_change_nothing_the_second_time(plays: list[str]) -> None:
    """Roles again: every host has no change and no failure."""
    recap = re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0", plays[1], re.MULTILINE)
    changed = re.findall(r"^TASK \[(.*)\] \**\n(?:.*\n)*?changed: ", plays[1], re.MULTILINE)
    assert [(name, "0") for name in sorted(HOSTS)] == sorted(recap), changed


def test_image_of_rocky_is_built_by_dnf_with_signatures_checked(rocky9: rocky.Release) -> None:
    """The base image has what was asked for, by rpm, where Rocky's rpm looks for it, and our settings."""
    built = image.base("rocky9", ["chrony", "zsh"], lambda message: None, offered=["chrony", "tinyproxy"])
    where: list[str | Path] = ["--root", built.roots[0], "--dbpath", rocky9.database]
    command = ["rpm", *where, "--query", "--all", "--queryformat", "%{NAME} %{RSAHEADER:pgpsig}\n"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    signed = {line.split()[0] for line in listed.splitlines() if "RSA/SHA" in line}
    wanted = {*systems.find("rocky9").packages, *rocky9.first, "chrony", "zsh"}
    assert ("RedHat", wanted) == (built.family, signed - {"bash"})
    packages = built.roots[0] / "usr/share/lab-packages"
    offered = {file.name.split("-")[0] for file in packages.glob("*.rpm")}  # bash: tinyproxy needs it
    assert {"bash", "tinyproxy"} == offered
    reading = ["dnf", f"--repofrompath=lab,file://{packages}", "--repo=lab", "--quiet", "repoquery"]
    named = subprocess.run(reading, capture_output=True, text=True, check=True).stdout
    assert offered == {line.split("-")[0] for line in named.splitlines()}
    assert (
        "baseurl=file:///usr/share/lab-packages\n"
        in (built.roots[0] / "etc/yum.repos.d/lab.repo").read_text()
    )
    assert (built.roots[0] / "etc/firewalld/zones/management.xml").exists()
    assert [] == [place.name for place in built.roots[0].iterdir() if place.name not in ROOT]


def test_image_of_rocky_refuses_what_is_not_signed(rocky9: rocky.Release) -> None:
    """No image is left of one that has a package without a signature; the base image has none."""
    with pytest.raises(MachineryError, match="is not signed"):
        image.base("rocky9", ["stranger"], lambda message: None)
    base = image.base("rocky9", [], lambda message: None)
    assert [base.folder / "root"] == list(state.images_folder().glob("*/root"))


def test_image_of_rocky_refuses_another_key(rocky9: rocky.Release, tmp_path: Path) -> None:
    """A mirror whose key has not Rocky's own fingerprint is not believed."""
    release = rocky.RELEASES["rocky9"]
    with pytest.raises(MachineryError, match=f"Rocky's key has {release.fingerprint}"):
        rocky.build(release, RootFolder(tmp_path / "root"), ["less"], [], tmp_path / "cache")
    assert not (tmp_path / "root").exists()
