"""What a host is like: what passes, what fails, and why."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.checks.outcome import Outcome, Reference, Status
from tests.support import host_state
from tests.support.checks_sample import Sample, words


def check(kind: str, seen: dict[str, Any] | None = None, **params: Any) -> Outcome:
    """Return what a check says of a host `server` that is like `seen`."""
    return Sample(state={"server": seen or host_state.seen()}).check(kind, host="server", **params)


@pytest.mark.parametrize(
    ("kind", "params", "found"),
    [
        ("firewalld_on", {}, "firewalld runs and starts with server."),
        ("service", {"service": "sshd"}, "sshd runs and starts with server."),
        ("service", {"service": ["nginx", "sshd"]}, "sshd runs and starts with server."),
        ("listens", {"port": "443/tcp"}, "These programs listen: nginx (145)."),
        (
            "listens",
            {"port": "443/tcp", "process": "nginx"},
            "These programs listen: nginx (145).",
        ),
        ("listens", {"port": "123/udp"}, "These programs listen: chronyd (60)."),
        ("mount", {"path": "/mnt/sample"}, "The folder 10.77.5.2:/srv/sample is mounted, as nfs4."),
        (
            "mount",
            {"path": "/mnt/sample", "source": "10.77.5.2:/srv/sample"},
            "The folder 10.77.5.2:/srv/sample is mounted, as nfs4.",
        ),
        ("mount_kept", {"path": "/mnt/sample"}, "server mounts it at its start."),
        ("export", {"path": "/srv/sample"}, "It is exported to: 10.77.5.1, 10.77.5.3."),
        (
            "export",
            {"path": "/srv/sample", "client": ["10.77.5.1", "10.77.5.3"]},
            "It is exported to: 10.77.5.1, 10.77.5.3.",
        ),
        (
            "sshd",
            {"settings": ["strictmodes yes", "usepam yes"]},
            "The settings are: strictmodes yes, usepam yes.",
        ),
        ("resolver", {"server": "10.77.5.2"}, "It asks the DNS servers: 10.77.5.2, 192.0.2.1."),
    ],
)
def test_check_passes_where_all_is_right(kind: str, params: dict[str, Any], found: str) -> None:
    """The outcome says what was seen, and on which host."""
    outcome = check(kind, **params)
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert "server" == outcome.evidence[0].host


@pytest.mark.parametrize(
    ("kind", "params", "seen", "found"),
    [
        (
            "firewalld_on",
            {},
            {"services": {"firewalld": {"running": True, "enabled": False}}},
            "firewalld runs, but does not start with server.",
        ),
        (
            "firewalld_on",
            {},
            {"services": {"firewalld": {"running": False, "enabled": True}}},
            "firewalld starts with server, but does not run.",
        ),
        ("firewalld_on", {}, {"services": {}}, "firewalld neither runs nor starts with server."),
        ("service", {"service": "nginx"}, {}, "nginx neither runs nor starts with server."),
        (
            "service",
            {"service": ["nginx", "httpd"]},
            {},
            "nginx neither runs nor starts with server. httpd neither runs nor starts with server.",
        ),
        ("listens", {"port": "443/udp"}, {}, "No program listens there."),
        ("listens", {"port": "631/tcp"}, {}, "No program listens there."),
        (
            "listens",
            {"port": "443/tcp", "process": "apache2"},
            {},
            "These programs listen: nginx (145).",
        ),
        ("mount", {"path": "/mnt"}, {}, "The folder is not mounted."),
        (
            "mount",
            {"path": "/mnt/sample", "source": "10.77.5.2:/srv/mine"},
            {},
            "The folder 10.77.5.2:/srv/sample is mounted, as nfs4.",
        ),
        (
            "mount_kept",
            {"path": "/mnt/none"},
            {},
            "No line of /etc/fstab, no unit of systemd and no map of autofs mounts it when server starts.",
        ),
        (
            "mount_kept",
            {"path": "/mnt/sample", "source": "10.77.5.2:/srv/mine"},
            {},
            "No line of /etc/fstab, no unit of systemd and no map of autofs mounts it when server starts.",
        ),
        ("export", {"path": "/srv"}, {}, "It is not exported."),
        (
            "export",
            {"path": "/srv/sample", "client": "10.77.5.3"},
            {"exports": host_state.KERNEL},
            "It is exported to: 10.77.5.1.",
        ),
        (
            "export",
            {"path": "/srv/sample", "client": "10.77.5.1"},
            {},
            "It is exported to: 10.77.5.1, 10.77.5.3.",
        ),
        (
            "mount",
            {"path": "/mnt/sample", "source": "10.77.5.2:/srv/sample"},
            {"mounts": [{"path": "/mnt/sample", "device": "10.77.5.2:/srv/sample", "type": "tmpfs"}]},
            "The folder 10.77.5.2:/srv/sample is mounted, as tmpfs.",
        ),
        ("sshd", {"settings": ["strictmodes no"]}, {}, "The settings are: strictmodes yes."),
        (
            "sshd",
            {"settings": ["usepam yes"]},
            {"sshd": ["usepam no", "usepam yes"]},
            "The settings are: usepam no, usepam yes.",
        ),
        ("sshd", {"settings": ["usepam yes"]}, {"sshd": []}, "sshd does not tell its settings."),
        ("resolver", {"server": "192.0.2.1"}, {}, "It asks the DNS servers: 10.77.5.2, 192.0.2.1."),
        ("resolver", {"server": "10.77.5.2"}, {"resolver": []}, "It asks no DNS server."),
    ],
)
def test_check_fails_and_says_what_it_saw(
    kind: str, params: dict[str, Any], seen: dict[str, Any], found: str
) -> None:
    """What is wrong is said in a sentence, beside what was expected."""
    outcome = check(kind, host_state.seen(**seen), **params)
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


def test_export_of_the_kernel_passes() -> None:
    """What exportfs(8) prints is read as what nfs-ganesha is told."""
    outcome = check("export", host_state.seen(exports=host_state.KERNEL), path="/srv/other")
    assert (Status.PASSED, "It is exported to: *.") == (outcome.status, words(outcome))


def test_mount_kept_shows_the_line() -> None:
    """The evidence is the line of fstab itself."""
    line = "10.77.5.2:/srv/sample /mnt/sample nfs4 soft 0 0"
    assert (Reference(host="server", line=line),) == check("mount_kept", path="/mnt/sample").evidence


@pytest.mark.parametrize(("point", "right"), [("/mnt", True), ("/srv", False)])
def test_a_map_of_autofs_that_nobody_used_yet_is_a_mount(point: str, right: bool) -> None:
    """The kernel shows only the folder of the map, until somebody uses a name in it."""
    mounts = [{"path": point, "device": "/etc/auto.nfs", "type": "autofs"}]
    printed = f"Mount point: {point}\n\n  sample | -fstype=nfs4 10.77.5.2:/srv/sample\n"
    sample = Sample(state={"server": host_state.seen(fstab=[], mounts=mounts, automounts=printed)})
    params = {"path": "/mnt/sample", "source": "10.77.5.2:/srv/sample"}
    for kind in ("mount", "mount_kept"):
        assert (Status.PASSED if right else Status.FAILED) == sample.check(
            kind, host="server", **params
        ).status


@pytest.mark.parametrize(("share", "right"), [("sample", True), ("other", False)])
def test_an_automount_that_nobody_used_yet_is_a_mount(share: str, right: bool) -> None:
    """The kernel shows only that something will be mounted there, and fstab or a unit says what."""
    line = f"10.77.5.2:/srv/{share} /mnt/sample nfs4 noauto,x-systemd.automount 0 0"
    mounts = [{"path": "/mnt/sample", "device": "systemd-1", "type": "autofs"}]
    sample = Sample(state={"server": host_state.seen(fstab=[line], mounts=mounts)})
    params = {"path": "/mnt/sample", "source": "10.77.5.2:/srv/sample"}
    outcome = sample.check("mount", host="server", **params)
    assert (Status.PASSED if right else Status.FAILED) == outcome.status
