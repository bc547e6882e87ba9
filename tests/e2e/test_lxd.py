"""The client of the engine, on a real cluster of LXD: copies, commands, refusals, and a member that dies."""

from __future__ import annotations

import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sharklab.hosts.providers.cluster import client, image_server
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.errors import AlreadyThere, EngineRefusal, NotFound, Unreachable
from sharklab.hosts.providers.cluster.instances import CopyOf, FromImage
from sharklab.hosts.providers.cluster.model import MemberStatus, Power, Ran
from tests.support import lxd_cluster
from tests.support.errors import error_of
from tests.support.image_server import image_server as served
from tests.support.lxd_cluster import POOL, LxdCluster
from tests.support.small_image import small_image

DAY = timedelta(days=1)
ROOT = {"root": {"type": "disk", "path": "/", "pool": POOL}}


@pytest.fixture(scope="module")
def cluster() -> Iterator[LxdCluster]:
    """Two members: one of them dies at the end."""
    with lxd_cluster.lxd_cluster(2) as running:
        yield running
    name = f"{lxd_cluster.PREFIX}{os.getpid()}"
    assert not running.folder.exists()
    for command in (["ip", "-o", "link"], ["losetup", "--all"], ["ps", "-eo", "args"], ["findmnt", "--list"]):
        assert name not in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert [] == [root for root in lxd_cluster.group_roots() if (root / name).exists()]


@pytest.fixture(scope="module")
def course(cluster: LxdCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A project with a golden instance on the first member."""
    with cluster.machines["m1"].client() as client:
        client.projects.create("course", config={"features.images": "true"})
        course = client.in_project("course")
        image = course.images.add("small", small_image(tmp_path_factory.mktemp("image")))
        assert image == course.images.find("small")
        course.instances.create("golden", FromImage("small"), member="m1", devices=ROOT)
        yield course


def test_copies_run_on_the_member_that_is_asked_for(course: Client) -> None:
    """With their own values; what a command prints and how it ends comes back, and so do files."""
    for member in ("m1", "m2"):
        values = {"user.seat": member, "boot.autostart": "false"}
        course.instances.create(f"on-{member}", CopyOf("golden"), member=member, config=values)
        course.instances.start(f"on-{member}")
        said = course.instances.run(f"on-{member}", ["sh", "-c", "echo out; echo err >&2; exit 5"])
        assert Ran(5, b"out\n", b"err\n") == said
    found = {one.name: (one.member, one.power, one.config.get("user.seat")) for one in course.instances.all()}
    assert found == {
        "golden": ("m1", Power.STOPPED, None),
        "on-m1": ("m1", Power.RUNNING, "m1"),
        "on-m2": ("m2", Power.RUNNING, "m2"),
    }
    course.instances.push("on-m2", "/root/x", b"\x00values")
    shown = course.instances.run("on-m2", ["sh", "-c", "ls -ln /root/x; cat /root/x"]).output
    assert [b"-rw-------", b"1", b"0", b"0"] == shown.split()[:4]
    assert shown.endswith(b"\n\x00values")
    assert course.instances.usage("on-m2").memory > 0


def test_engine_says_no_in_kinds_that_a_caller_tells_apart(course: Client) -> None:
    """A taken name, an absent instance, a command that is not there, a start that fails with its cause."""
    error_of(AlreadyThere, lambda: course.instances.create("on-m1", CopyOf("golden"), member="m1"))
    error_of(NotFound, lambda: course.instances.start("nobody"))
    error_of(EngineRefusal, lambda: course.instances.run("on-m1", ["no-such-program"]))
    course.instances.create("broken", CopyOf("golden"), member="m1", config={"raw.lxc": "lxc.init.cmd=/none"})
    error = error_of(EngineRefusal, lambda: course.instances.start("broken"))
    assert "/none" in str(error.values["said"])


def test_engine_fetches_an_image_from_a_server(cluster: LxdCluster, course: Client, tmp_path: Path) -> None:
    """Its files come from the engine to this computer. A server without that image, or none, is refused."""
    names = ("root", "files", "unpacked")
    root, files, unpacked = (tmp_path / name for name in names)
    for folder in (root / "etc", files, unpacked):
        folder.mkdir(parents=True)
    (root / "etc/rocky-release").write_text("Rocky")
    with served(files, root, f"{cluster.network}.254", "rockylinux/9") as address:
        fingerprint = course.images.pull(address, "rockylinux/9")
        error_of(EngineRefusal, lambda: course.images.pull(address, "rockylinux/10"))
    kind = course.images.export(fingerprint, tmp_path / "image")
    image_server.keep_last_part(tmp_path / "image", kind)
    image_server.unpack(tmp_path / "image", unpacked)
    assert "Rocky" == (unpacked / "etc/rocky-release").read_text()
    nobody = f"http://{cluster.network}.254:9"
    error_of(EngineRefusal, lambda: course.images.pull(nobody, "rockylinux/9"))


def test_remote_of_a_restricted_client_reaches_its_project_alone(
    cluster: LxdCluster, course: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS, with the certificates of the user's client and the pinned one of the cluster."""
    der = _make_client(tmp_path, course, f"https://{cluster.machines['m2'].address}:8443")
    body = {"type": "client", "name": "teacher", "certificate": b64encode(der).decode()}
    course.transport.change("POST", "/1.0/certificates", {**body, "restricted": True, "projects": ["course"]})
    monkeypatch.setenv("LXD_CONF", str(tmp_path))
    with client.connect("class") as remote:
        assert ("m2", True) == (remote.server().name, remote.server().trusted)
        names = [one.name for one in remote.in_project("course").instances.all()]
        assert {"golden", "on-m1", "on-m2"} <= set(names)
        assert ["course"] == [one.name for one in remote.projects.all()]
        error_of(EngineRefusal, lambda: remote.in_project("default").instances.all())
        error_of(EngineRefusal, lambda: remote.projects.create("another"))


def _make_client(folder: Path, known: Client, address: str) -> bytes:
    """Write the folder of a client that knows the remote `class`; return its certificate (DER)."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "teacher")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + DAY)
    certificate = made.sign(key, hashes.SHA256())
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "client.key").write_bytes(key.private_bytes(pem, kind, serialization.NoEncryption()))
    (folder / "client.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "servercerts").mkdir()
    shown = known.transport.get("/1.0")["environment"]["certificate"]
    (folder / "servercerts/class.crt").write_text(shown)
    (folder / "config.yml").write_text(f"remotes: {{class: {{addr: '{address}', protocol: lxd}}}}\n")
    return certificate.public_bytes(serialization.Encoding.DER)


def test_member_that_dies_comes_back(cluster: LxdCluster, course: Client) -> None:
    """Its instances are lost, their names stay taken, the others go on; afterwards they are stopped."""
    cluster.kill("m2")
    cluster.wait_for("m2", MemberStatus.OFFLINE)
    powers = {one.name: one.power for one in course.instances.all()}
    assert (Power.LOST, Power.RUNNING) == (powers["on-m2"], powers["on-m1"])
    error_of(Unreachable, lambda: course.instances.stop("on-m2"))
    error_of(AlreadyThere, lambda: course.instances.create("on-m2", CopyOf("golden"), member="m1"))
    cluster.start("m2")
    cluster.wait_for("m2", MemberStatus.ONLINE)
    assert Power.STOPPED is course.instances.get("on-m2").power


def test_evacuation_moves_instances_and_restoring_brings_them_back(
    cluster: LxdCluster, course: Client
) -> None:
    """By the engine alone; a start that failed long ago leaves an instance that can be deleted."""
    course.instances.delete("broken")
    cluster.evacuate("m1")
    assert MemberStatus.EVACUATED is next(one.status for one in course.members.all() if one.name == "m1")
    assert {"m2"} == {one.member for one in course.instances.all()}
    cluster.restore("m1")
    assert {"golden": "m1", "on-m1": "m1", "on-m2": "m2"} == {
        one.name: one.member for one in course.instances.all()
    }


def test_machine_that_joins_has_the_networks_and_the_images(cluster: LxdCluster, course: Client) -> None:
    """Bridges of the cluster are made on it, and an image goes there with the first host."""
    bridges = course.in_project("default").networks
    bridges.create("bridge0", ["m1", "m2"], config={"ipv4.address": "none", "ipv6.address": "none"})
    cluster.join("m3")
    assert [("Created", ["m1", "m2", "m3"])] == [
        (one.status, sorted(one.members)) for one in bridges.all() if one.managed
    ]
    card = {"type": "nic", "name": "eth0", "network": "bridge0"}
    devices = {**ROOT, "card": card}
    course.instances.create("on-m3", FromImage("small"), member="m3", devices=devices)
    course.instances.start("on-m3")
    assert ("m3", Power.RUNNING) == (
        course.instances.get("on-m3").member,
        course.instances.get("on-m3").power,
    )
