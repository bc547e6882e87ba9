"""The files that make a root file system one host's own."""

from __future__ import annotations

import configparser
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.image import Image, Layers
from sharklab.hosts.providers import access, baking, disk, disk_file, network
from sharklab.lab import seat
from sharklab.lab.model import Plan
from tests.support import provider_seat
from tests.support.errors import error_of

CONNECTIONS = "etc/NetworkManager/system-connections"


@pytest.fixture
def prepared(seat_plan: Plan) -> Plan:
    """Return a plan whose keys are made."""
    access.prepare(seat_plan)
    return seat_plan


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    """Return a base image without any layer."""
    (tmp_path / "image" / "root").mkdir(parents=True)
    return Layers(Image("debian12", "Debian", tmp_path / "image"), tmp_path / "image")


def keyfile(plan: Plan, host: str, name: str) -> configparser.ConfigParser:
    """Return a connection of a host, read as NetworkManager reads it."""
    [found] = [each for each in plan.hosts if each.name == host]
    parser = configparser.ConfigParser()
    parser.read_string(disk.files(plan, found)[f"{CONNECTIONS}/{name}.nmconnection"][1])
    return parser


def test_files_keep_secrets_to_root(prepared: Plan) -> None:
    """Private keys, the list of keys and connections are readable by root alone."""
    server = prepared.hosts[0]
    modes = {path: mode for path, (mode, _) in disk.files(prepared, server).items()}
    secret = {path for path, mode in modes.items() if mode == 0o600}
    assert secret == {
        "etc/ssh/ssh_host_ed25519_key",
        "root/.ssh/authorized_keys",
        f"{CONNECTIONS}/lan.nmconnection",
        f"{CONNECTIONS}/{network.MANAGEMENT}.nmconnection",
    }


def test_files_let_the_controller_in_alone(prepared: Plan) -> None:
    """Its key counts from its own address."""
    text = disk.files(prepared, prepared.hosts[0])["root/.ssh/authorized_keys"][1]
    assert text.startswith(f'from="{network.CONTROLLER.ip}" ssh-ed25519 ')


@pytest.mark.parametrize(("address", "way_in"), [("169.254.77.11", True), ("10.77.5.2", False)])
def test_settings_of_a_student_do_not_lock_the_controller_out(
    address: str, way_in: bool, prepared: Plan, tmp_path: Path
) -> None:
    """A student may move all keys, and let only some users in: the controller's own address keeps its way."""
    name = "etc/ssh/sshd_config.d/00-controller.conf"
    (tmp_path / "00-controller.conf").write_text(disk.files(prepared, prepared.hosts[0])[name][1])
    (tmp_path / "50-own.conf").write_text(
        "AuthorizedKeysFile /etc/ssh/keys/%u\nPermitRootLogin no\nAllowUsers student\nForceCommand /bin/x\n"
    )
    key, settings = tmp_path / "key", tmp_path / "sshd_config"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", key], check=True)
    settings.write_text(f"HostKey {key}\nInclude {tmp_path}/*.conf\n")
    who = f"user=root,host=x,addr=169.254.77.1,laddr={address},lport=22"
    Path("/run/sshd").mkdir(exist_ok=True)
    command = ["/usr/sbin/sshd", "-T", "-f", str(settings), "-C", who]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert way_in == ("authorizedkeysfile .ssh/authorized_keys" in lines)
    assert way_in == ("allowusers root" in lines)
    assert way_in == ("permitrootlogin without-password" in lines)
    assert way_in == ("forcecommand none" in lines)


def test_files_differ_between_hosts(prepared: Plan) -> None:
    """No identity or connection is shared; the controller comes to both with one key."""
    server, client = (disk.files(prepared, host) for host in prepared.hosts)
    assert server.keys() == client.keys()
    shared = ["root/.ssh/authorized_keys", "etc/ssh/sshd_config.d/00-controller.conf"]
    assert shared == [path for path in server if server[path] == client[path]]


def test_connections_have_the_addresses_of_the_seat(prepared: Plan) -> None:
    """Management is in a zone of its own and has no IPv6; each connection has its id."""
    address = prepared.seat.address("server", "lan")
    lan, own = keyfile(prepared, "server", "lan"), keyfile(prepared, "server", network.MANAGEMENT)
    assert (str(address.ipv4), str(address.ipv6)) == (lan["ipv4"]["address1"], lan["ipv6"]["address1"])
    assert ("management", "disabled") == (own["connection"]["zone"], own["ipv6"]["method"])
    assert str(network.management_address(prepared, prepared.hosts[0])) == own["ipv4"]["address1"]
    assert lan["connection"]["uuid"] != own["connection"]["uuid"]


def test_connection_to_the_internet_has_a_gateway(seat_plan: Plan) -> None:
    """It answers questions about names too, unless a role of the host decides that."""
    plan = provider_seat.with_way_out("ada", 2)
    access.prepare(plan)
    server = plan.hosts[0]
    gateway = str(seat.gateway(plan.seat.address("server", "lan").ipv4).ip)
    found = []
    for roles in ((), ("dns_client",)):
        hosts = (replace(server, roles=roles), plan.hosts[1])
        own = replace(plan, lab=replace(plan.lab, hosts=hosts))
        found.append(dict(keyfile(own, "server", "lan")["ipv4"]))
    assert [(gateway, f"{gateway};"), (gateway, None)] == [(way["gateway"], way.get("dns")) for way in found]
    assert "gateway" not in keyfile(plan, "client", "inner")["ipv4"]


def test_make_writes_the_disk_once(prepared: Plan, layers: Layers) -> None:
    """A disk that is there stays as the host left it."""
    server = prepared.hosts[0]
    disk.make(prepared, server, layers)
    upper = disk.folder(prepared, "server") / "upper"
    assert "server\n" == (upper / "etc" / "hostname").read_text()
    assert 0o700 == (upper / "root" / ".ssh").stat().st_mode & 0o777
    assert 0o755 == (upper / "etc" / "ssh").stat().st_mode & 0o777
    assert layers.lowers("server") == disk.list_layers(prepared, "server")
    (upper / "etc" / "hostname").write_text("mine\n")
    disk.make(prepared, server, layers)
    assert "mine\n" == (upper / "etc" / "hostname").read_text()


def test_lowers_are_those_that_the_disk_was_made_from(prepared: Plan, layers: Layers, tmp_path: Path) -> None:
    """A newer image does not change a disk that was used."""
    newer = replace(layers, image=replace(layers.image, folder=tmp_path / "newer"))
    assert () == disk.list_layers(prepared, "server")
    assert newer.lowers("server") == disk.lowers(prepared, "server", newer)
    disk.make(prepared, prepared.hosts[0], layers)
    assert layers.lowers("server") == disk.lowers(prepared, "server", newer)


def test_used_refuses_a_disk_whose_image_is_gone(prepared: Plan, layers: Layers) -> None:
    """The error names the host and its record."""
    disk.make(prepared, prepared.hosts[0], layers)
    layers.image.roots[0].rmdir()
    error = error_of(MachineryError, disk.list_layers, prepared, "server")
    assert ("the image of host {host} no longer exists", "server") == (
        error.message_id,
        error.values["host"],
    )


def test_kept_disk_of_a_machine_and_a_container_come_back(prepared: Plan) -> None:
    """A file or a folder, each as it was, over an interrupted copy; work folders begin anew."""
    own = disk.folder(prepared, "server")
    for name in ("upper/etc", "work/index", "kept.new/upper"):
        (own / name).mkdir(parents=True)
    (own / "upper/etc/fstab").write_text("kept\n")
    (own / "disk.qcow2").write_bytes(b"kept")
    assert not disk.is_kept(prepared, "server")
    disk.keep(prepared, "server")
    disk.keep(prepared, "server")  # once more, as after an interrupted `up`
    (own / "upper/etc/fstab").unlink()
    (own / "upper/new").write_text("new\n")
    (own / "disk.qcow2").write_bytes(b"changed")
    (own / "disk.qcow2.new").write_bytes(b"interrupted")
    disk.put_back(prepared, "server")
    assert disk.is_kept(prepared, "server")
    assert ("kept\n", b"kept") == ((own / "upper/etc/fstab").read_text(), (own / "disk.qcow2").read_bytes())
    assert ([], ["etc"]) == (
        list((own / "work").iterdir()),
        [path.name for path in (own / "upper").iterdir()],
    )


def test_disk_of_a_bake_is_no_file(seat_plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Baking moves the upper folder of a host to the image, wherever the image is."""
    made: list[Path] = []
    monkeypatch.setattr(disk_file, "make", made.append)
    own = tmp_path / f"tp4-1234{disk.BUILDING}" / "seat"
    disk.limit_disk(replace(seat_plan, seat=replace(seat_plan.seat, folder=own)), "server")
    disk.limit_disk(seat_plan, "server")
    assert [disk.folder(seat_plan, "server")] == made


def test_ease_is_for_hosts_that_have_not_booted(prepared: Plan, layers: Layers) -> None:
    """A student may change these files later; a baked layer has none of them."""
    server = prepared.hosts[0]
    disk.make(prepared, server, layers)
    disk.ease(prepared, "server")
    upper = disk.folder(prepared, "server") / "upper"
    assert disk.EASED == {path: (upper / path).read_text() for path in disk.EASED}
    assert {upper / path for path in disk.EASED} <= set(baking.traces(upper, server))
    (disk.folder(prepared, "server") / disk.CONSOLE).touch()
    for path in disk.EASED:
        (upper / path).unlink()
    disk.ease(prepared, "server")
    assert not any((upper / path).exists() for path in disk.EASED)


def test_no_service_has_a_sandbox(tmp_path: Path) -> None:
    """systemd takes each line of the drop-in: it warns about names and values that it does not know."""
    [path] = [path for path in disk.EASED if "/service.d/" in path]
    folder = tmp_path / "service.d"
    folder.mkdir()
    (folder / Path(path).name).write_text(disk.EASED[path])
    (tmp_path / "a.service").write_text("[Service]\nExecStart=/bin/true\nPrivateTmp=yes\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "a.service")],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [] == [line for line in done.stderr.splitlines() if Path(path).name in line]
