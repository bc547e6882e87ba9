"""Shared folders as students spell them: the lines and files of the cases, and their counterparts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sharklab.checks import remote_files
from sharklab.checks.outcome import Status
from tests.support import host_state
from tests.support.checks_sample import Sample

DATA = Path(__file__).resolve().parents[2] / "data"
SERVER, CLIENT = "10.77.5.2", "10.77.5.1"
DOMAIN = "tok7f3a.lab.example"


def lines() -> Iterator[tuple[str, bool]]:
    """Yield each line of the cases for the seat of the samples, and whether it mounts the folder."""
    right = True
    for line in (DATA / "fstab-lines.txt").read_text().splitlines():
        if line.startswith("#"):
            right = "# wrong" not in line
        else:
            for name, value in (("SERVER", SERVER), ("SHARE", "sample"), ("DOMAIN", DOMAIN)):
                line = line.replace(name, value)
            yield line, right


@pytest.mark.parametrize(
    ("line", "right"),
    [
        *lines(),
        ("[fd77:5::2]:/srv/sample /mnt/sample nfs4 rw 0 0", True),
        ("SERVER.tok7f3a.lab.example.:/srv/sample /mnt/sample fuse.nfs4 defaults", True),
        (f"{SERVER}:/srv/sample /mnt/sample nfs4", True),
        (f"{SERVER}:/srv/s\\141mple /mnt/sample nfs4 nofail,x-systemd.automount 0 0", True),
        (f"{SERVER}:/srv/sample /mnt/sample nfs4 noauto,x-systemd.automount 0 0", True),
        ("server.other.example:/srv/sample /mnt/sample nfs4 rw 0 0", False),
        ("client:/srv/sample /mnt/sample nfs4 rw 0 0", False),
        ("printer:/srv/sample /mnt/sample nfs4 rw 0 0", False),
        (f"{SERVER}:/srv/other /mnt/sample nfs4 rw 0 0", False),
        (f"#{SERVER}:/srv/sample /mnt/sample nfs4 rw 0 0", False),
    ],
)
def test_a_line_of_fstab_counts_for_its_meaning(line: str, right: bool) -> None:
    """Names, slashes and octal codes say the same; `noauto`, another type, a half line mount nothing."""
    sample = Sample(state={"server": host_state.seen(fstab=[line])})
    params = {"path": "/mnt/sample", "source": f"{SERVER}:/srv/sample"}
    outcome = sample.check("mount_kept", host="server", **params)
    assert (Status.PASSED if right else Status.FAILED) == outcome.status


@pytest.mark.parametrize(
    ("device", "right"),
    [
        (f"{SERVER}:/srv/sample/", True),
        (f"server.{DOMAIN}:/srv/sample", True),
        ("/dev/sda1", False),
        ("client:/srv/sample", False),
    ],
)
def test_a_mount_counts_for_its_meaning(device: str, right: bool) -> None:
    """The kernel shows the source as it was typed."""
    mounts = [{"path": "/mnt/sample", "device": device, "type": "nfs4"}]
    sample = Sample(state={"server": host_state.seen(mounts=mounts)})
    params = {"path": "/mnt/sample/", "source": f"{SERVER}:/srv/sample"}
    outcome = sample.check("mount", host="server", **params)
    assert (Status.PASSED if right else Status.FAILED) == outcome.status


@pytest.mark.parametrize(
    ("name", "right"),
    [("brace-below", True), ("lower-case", True), ("one-line", True), ("access-none", False)],
)
def test_an_export_counts_for_its_meaning(name: str, right: bool) -> None:
    """In whatever lines and case; a client without access is none."""
    text = (DATA / "ganesha" / f"{name}.conf").read_text()
    text = text.replace("SHARE", "sample").replace("CLIENT_ADDRESS", CLIENT)
    sample = Sample(state={"server": host_state.seen(exports=text)})
    outcome = sample.check("export", host="server", path="/srv/sample", client=CLIENT)
    assert (Status.PASSED if right else Status.FAILED) == outcome.status


@pytest.mark.parametrize(
    ("clients", "right"),
    [
        ({CLIENT}, True),
        ({f"{CLIENT}/32"}, True),
        ({f"client.{DOMAIN}"}, True),
        ({"client"}, True),
        ({"fd77:5::1"}, False),
        ({"10.77.5.0/24"}, False),
        ({"*", "server", "printer"}, False),
        ({CLIENT, f"client.{DOMAIN}"}, True),
        ({CLIENT, "server"}, True),
        ({CLIENT, "localhost"}, False),
        ({CLIENT, "127.0.0.1"}, True),
        ({CLIENT, "fd77:5::1"}, True),
        ({CLIENT, "10.77.5.3"}, False),
        (set(), False),
        ({CLIENT, "*"}, False),
        ({CLIENT, "10.77.0.0/16"}, False),
        ({CLIENT, "@trusted"}, False),
        ({CLIENT, ""}, False),
    ],
)
def test_a_client_of_an_export_is_one_host(clients: set[str], right: bool) -> None:
    """By its address or its name; an export to a whole network is open to others too."""
    assert right == remote_files.lets_in(Sample().context(), "server", clients, [CLIENT])


@pytest.mark.parametrize(("clients", "right"), [({CLIENT, "10.77.5.9"}, True), ({CLIENT}, False)])
def test_an_export_to_several_hosts(clients: set[str], right: bool) -> None:
    """Each host of a list must be there."""
    assert right == remote_files.lets_in(Sample().context(), "server", clients, [CLIENT, "10.77.5.9"])


@pytest.mark.parametrize(
    ("device", "type", "right"),
    [
        (f"{SERVER}:/srv/sample", "nfs4", True),
        (f"{SERVER}:/srv/sample", "fuse.nfs4", True),
        (f"{SERVER}:/srv/sample", "tmpfs", False),
        ("/dev/sda1", "ext4", False),
    ],
)
def test_a_mount_with_the_name_of_another_hosts_folder_is_none(device: str, type: str, right: bool) -> None:
    """Root may give any file system any source."""
    context, source = Sample().context(), f"{SERVER}:/srv/sample"
    assert right == remote_files.is_mounted(context, device, type, source)
    assert remote_files.is_mounted(context, device, type, "")


@pytest.mark.parametrize(
    ("text", "exports"),
    [
        ("", {}),
        ("/srv/a/  10.0.0.1(rw)\n/srv/a  10.0.0.2(ro)\nno path\n", {"/srv/a": {"10.0.0.1", "10.0.0.2"}}),
        ("/ *(ro)", {"/": {"*"}}),
        ("/srv/a  c(rw)\nEXPORT { Path = /b; Client { Clients = d; } }", {"/b": {"d"}, "/srv/a": {"c"}}),
        ("}} export { path = /a; client { clients = b, , c; } } # export { path = /x; }", {"/a": {"b", "c"}}),
        ("EXPORT { Path = /a; Access_Type = None; Client { Clients = b; } }", {"/a": set()}),
        ("EXPORT { Path = /a; Other { Clients = b; } = ; ", {"/a": set()}),
        ("EXPORT { Tag = x; }", {}),
    ],
)
def test_any_text_of_exports_is_read(text: str, exports: dict[str, set[str]]) -> None:
    """Of the kernel or of nfs-ganesha, right or broken."""
    assert exports == remote_files.read_exports(text)


def unit(id: str, state: str, **more: str) -> str:
    """Return what systemctl prints of a unit."""
    return "".join(f"{name}={value}\n" for name, value in {"Id": id, "UnitFileState": state, **more}.items())


MOUNT = {"Where": "/mnt/sample", "What": f"{SERVER}:/srv/sample"}


@pytest.mark.parametrize(
    ("units", "right"),
    [
        ([unit("mnt-sample.mount", "enabled", **MOUNT)], True),
        ([unit("mnt-sample.mount", "disabled", **MOUNT)], False),
        ([unit("mnt-sample.mount", "enabled", **{**MOUNT, "What": f"{SERVER}:/srv/other"})], False),
        ([unit("mnt-sample.mount", "enabled", **{**MOUNT, "Where": "/mnt"})], False),
        (
            [
                unit("mnt-sample.automount", "enabled", Where="/mnt/sample"),
                unit("mnt-sample.mount", "disabled", **MOUNT),
            ],
            True,
        ),
        (
            [unit("other.automount", "enabled", Where="/x"), unit("mnt-sample.mount", "static", **MOUNT)],
            False,
        ),
        (["no unit"], False),
    ],
)
def test_a_unit_of_systemd_counts_as_a_line_of_fstab(units: list[str], right: bool) -> None:
    """An automount mounts too, as soon as somebody uses the folder."""
    sample = Sample(state={"server": host_state.seen(fstab=[], units="\n".join(units))})
    params = {"path": "/mnt/sample", "source": f"{SERVER}:/srv/sample"}
    outcome = sample.check("mount_kept", host="server", **params)
    assert (Status.PASSED if right else Status.FAILED) == outcome.status


AUTOFS = f"""
autofs dump map information
===========================

Mount point: /-

source(s):

  instance type(s): file
  map: /etc/auto.direct

  /srv/with space | -ro server:/srv/x
  /srv/sample | -fstype=nfs4,rw   {SERVER}:/srv/sample


Mount point: /mnt

source(s):

  sample | -fstype=nfs,vers=4    {SERVER}:/srv/sample
  many | / server:/a /sub server:/b
  * | server:/exports/&
"""
"""Printed by `automount --dumpmaps` of autofs 5.1.8."""


@pytest.mark.parametrize(
    ("place", "sources"),
    [
        ("/srv/sample", [f"{SERVER}:/srv/sample"]),
        ("/srv/with space", ["server:/srv/x"]),
        ("/mnt/sample", [f"{SERVER}:/srv/sample", "server:/exports/sample"]),
        ("/mnt/other", ["server:/exports/other"]),
        ("/mnt/many", ["server:/exports/many"]),
        ("/mnt/a/b", []),
        ("/mnt", []),
        ("/", []),
    ],
)
def test_a_map_of_autofs_counts_as_a_line_of_fstab(place: str, sources: list[str]) -> None:
    """By the whole path, by the name in a folder, or by the star for every name."""
    expected = [remote_files.MountEntry(source, place) for source in sources]
    assert expected == remote_files.read_automounts(AUTOFS, place)
    assert [] == remote_files.read_automounts("", place)
