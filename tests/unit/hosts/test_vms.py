"""Virtual machines for a person's libvirt: disks, seeds that cloud-init finds, domains, the inventory."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sharklab.errors import InputError
from sharklab.hosts import vms
from sharklab.lab.model import Plan
from sharklab.message import Message
from tests.support import provider_seat
from tests.support.errors import error_of


@pytest.fixture
def seat_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat in a state folder of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    return provider_seat.plan("ada", 1)


def silent(sentence: Message) -> None:
    """Take progress and say nothing."""


@pytest.fixture
def written(seat_plan: Plan, tmp_path: Path) -> vms.Written:
    """Return what is written over an image that has nothing in it."""
    image = tmp_path / "cloud.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "1G"], check=True)
    return vms.write(seat_plan, image, tmp_path / "out & co", silent)


def test_write_makes_disks_over_the_image(written: vms.Written, tmp_path: Path) -> None:
    """Each host has a disk of its own size over the image that all share."""
    for host in provider_seat.HOSTS:
        info = subprocess.run(
            ["qemu-img", "info", "--output=json", written.folder / f"{host}.qcow2"],
            capture_output=True,
            check=True,
        )
        shown = json.loads(info.stdout)
        assert (10 << 30, str(tmp_path / "cloud.qcow2")) == (shown["virtual-size"], shown["backing-filename"])


def test_write_makes_seeds_that_are_found_by_their_label(written: vms.Written) -> None:
    """NoCloud looks for the label cidata and these three files."""
    disc = written.folder / "server.seed.iso"
    label = subprocess.run(
        ["blkid", "-s", "LABEL", "-o", "value", disc], capture_output=True, text=True, check=True
    )
    assert "cidata" == label.stdout.strip().lower()
    names = subprocess.run(
        ["xorriso", "-indev", disc, "-lsl", "/"], capture_output=True, text=True, check=True
    ).stdout
    assert [True] * 3 == [name in names for name in ("user-data", "meta-data", "network-config")]


def test_seed_holds_what_is_the_seats(seat_plan: Plan) -> None:
    """Name, key and addresses are the seat's, on the card that has its MAC; nobody logs in by a password."""
    files = vms.seed(seat_plan, seat_plan.hosts[0], "ssh-ed25519 AAAA me\n")
    address = seat_plan.seat.address("server", "lan")
    [card] = json.loads(files["network-config"])["ethernets"].values()
    assert [str(address.ipv4), str(address.ipv6)] == card["addresses"]
    assert address.mac == card["match"]["macaddress"]
    head, _, user = files["user-data"].partition("\n")
    assert ("#cloud-config", False) == (head, json.loads(user)["ssh_pwauth"])
    assert ["ssh-ed25519 AAAA me"] == json.loads(user)["users"][0]["ssh_authorized_keys"]
    assert "server" == json.loads(files["meta-data"])["local-hostname"]


def test_domain_is_well_formed_whatever_the_folder_is_called(written: vms.Written, seat_plan: Plan) -> None:
    """Paths are escaped; the card has the seat's MAC; the processor is the best there is (x86-64-v3)."""
    domain = ElementTree.parse(written.folder / "server.xml").getroot()  # noqa: S314 (our own)
    sources = [source.get("file") for source in domain.findall("devices/disk/source")]
    assert [str(written.folder / name) for name in ("server.qcow2", "server.seed.iso")] == sources
    [mac], [cpu] = domain.findall("devices/interface/mac"), domain.findall("cpu")
    assert seat_plan.seat.address("server", "lan").mac == mac.get("address")
    assert "maximum" == cpu.get("mode")


def test_inventory_names_the_hosts_of_the_lab(written: vms.Written, seat_plan: Plan) -> None:
    """What is written is what --provider existing takes."""
    content = json.loads((written.folder / "hosts.yml").read_text())["all"]
    assert str(seat_plan.seat.address("client", "lan").ipv4.ip) == content["hosts"]["client"]["ansible_host"]
    assert Path(content["vars"]["ansible_ssh_private_key_file"]).stat().st_mode & 0o777 == 0o600


def test_write_again_keeps_disks_and_keys(written: vms.Written, seat_plan: Plan, tmp_path: Path) -> None:
    """A machine that was used loses nothing."""
    kept = [written.folder / name for name in ("server.qcow2", "id_ed25519")]
    before = [(file.stat().st_ino, file.stat().st_mtime_ns) for file in kept]
    vms.write(seat_plan, tmp_path / "cloud.qcow2", written.folder, silent)
    assert before == [(file.stat().st_ino, file.stat().st_mtime_ns) for file in kept]


def test_fetch_of_a_system_without_a_cloud_image() -> None:
    """The systems that have one are named."""
    error = error_of(InputError, vms.fetch, "debian12", silent)
    assert {"name": "debian12", "known": "rocky10, rocky9"} == error.values
