"""System packages: which are missing, and how they are installed."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import i18n, process, system_packages
from sharklab.errors import MachineryError
from tests.support.errors import error_of
from tests.support.programs import TOOL, script

WORDS = i18n.translator("en")


def test_table_names_every_package_for_both_families() -> None:
    """No line of the table is without a name for apt or for dnf; LXD, which only tests use, is Debian's."""
    lacking = {package.gives for package in system_packages.table() if not (package.apt and package.dnf)}
    assert {"lxd", "mkfs.btrfs"} == lacking


def test_missing_looks_where_a_family_keeps_a_tool(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that is not in the PATH is there where the table says that a family has it."""
    hidden = replace(TOOL, alias=str(fakes / "libexec/shark-kvm"))
    monkeypatch.setattr(system_packages, "table", lambda: (hidden,))
    assert ((hidden,), "") == (system_packages.list_missing(["hosts"]), system_packages.find("shark-tool"))
    (fakes / "libexec").mkdir()
    script(fakes / "libexec", "shark-kvm")
    assert ((), hidden.alias) == (system_packages.list_missing(["hosts"]), system_packages.find("shark-tool"))
    process.require("shark-tool")
    script(fakes, "shark-tool")
    assert str(fakes / "shark-tool") == system_packages.find("shark-tool")


@pytest.mark.parametrize(("kind", "absent"), [("apt", 1), ("dnf", 0), ("", 1)])
def test_tool_that_a_family_does_not_package_is_not_asked_for(
    fakes: Path, monkeypatch: pytest.MonkeyPatch, kind: str, absent: int
) -> None:
    """Nothing could install it; its name does not go to the package manager."""
    only_debian = replace(TOOL, dnf="")
    monkeypatch.setattr(system_packages, "table", lambda: (only_debian,))
    monkeypatch.setattr(system_packages, "manager", lambda: kind)
    assert absent == len(system_packages.list_missing(["hosts"]))
    assert [] == system_packages.names([only_debian], "dnf")


def test_table_knows_red_hats_qemu() -> None:
    """Its file is not in the PATH; qemu-kvm-core of Rocky 9 has it there."""
    [qemu] = [package for package in system_packages.table() if package.gives == "qemu-system-x86_64"]
    assert "/usr/libexec/qemu-kvm" == qemu.alias


def test_need_installs_what_is_missing_after_an_update(fakes: Path) -> None:
    """Where apt has no package lists yet, they are fetched, and the installation is tried again."""
    log = fakes / "log"
    script(
        fakes,
        "apt-get",
        f'echo "$DEBIAN_FRONTEND $*" >>{log}',
        f"case $* in *update*) touch {fakes}/lists ;; esac",
        f"[ -e {fakes}/lists ] || exit 100",
        f"printf '#!/bin/sh\\n' >{fakes}/shark-tool && chmod +x {fakes}/shark-tool",
    )
    system_packages.need(["hosts"], WORDS)
    options = "noninteractive -qy -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold"
    install = f"{options} install --no-install-recommends shark-apt"
    assert [install, f"{options} update", install] == log.read_text().splitlines()


UNITS = '#!/bin/sh\ncase "$1" in list-unit-files) sort -u "$0.units" ;; *) echo "$*" >>"$0.log" ;; esac\n'
"""systemctl on a machine whose enabled units are in a file."""


@pytest.mark.parametrize(("kind", "policy", "ends"), [("apt", "101", 0), ("dnf", "2", 0), ("apt", "101", 7)])
def test_installed_service_stays_off(fakes: Path, kind: str, policy: str, ends: int) -> None:
    """It does not start, and not with the machine either; one that the machine had stays as it is.

    Debian asks a policy while it installs, which is there meanwhile alone. Red Hat's rpm starts nothing.
    """
    (fakes / "systemctl").write_text(UNITS)
    (fakes / "systemctl.units").write_text("cron.service enabled enabled\n")
    asked = [f'sh "$POLICY_RC_D" ssh start 2>{fakes}/said', f"echo $? >{fakes}/answer"]
    for tool in ("apt-get", "dnf"):
        script(fakes, tool, *asked, f"echo ssh.service enabled >>{fakes}/systemctl.units", f"exit {ends}")
    done = subprocess.run(["sh", system_packages.INSTALLER, kind, "openssh-server"], check=False)
    said = (fakes / "systemctl.log").read_text()
    assert (ends, policy, "--quiet disable ssh.service\n") == (
        done.returncode,
        (fakes / "answer").read_text().strip(),
        said,
    )
    assert not Path(os.environ["POLICY_RC_D"]).exists()


def test_policy_of_a_killed_installation_counts_no_more(fakes: Path) -> None:
    """It removes itself when it is asked; that of the machine's own is never touched."""
    policy = Path(os.environ["POLICY_RC_D"])
    script(fakes, "apt-get", "kill -KILL $PPID")
    install = ["sh", str(system_packages.INSTALLER), "apt", "openssh-server"]
    assert -9 == subprocess.run(install, check=False).returncode
    assert (0, False) == (subprocess.run([policy, "ssh", "start"], check=False).returncode, policy.exists())
    policy.write_text("#!/bin/sh\nexit 104\n")
    script(fakes, "apt-get")
    assert 0 == subprocess.run(install, check=False).returncode
    assert "exit 104" in policy.read_text()


def test_need_does_nothing_when_all_is_there(fakes: Path) -> None:
    """A package manager that is not needed is not called."""
    script(fakes, "apt-get", f"touch {fakes}/called")
    script(fakes, "shark-tool")
    system_packages.need(["hosts"], WORDS)
    assert not (fakes / "called").exists()


def test_need_tells_what_the_package_manager_said(fakes: Path) -> None:
    """A failed installation shows its last lines and the command for a person."""
    script(fakes, "apt-get", "echo 'E: no such package' >&2", "exit 100")
    error = error_of(MachineryError, system_packages.need, ["hosts"], WORDS)
    assert "apt-get install shark-apt" == error.values["command"]
    assert {"E: no such package"} == set(str(error.values["said"]).splitlines())


def test_need_fails_when_the_tool_did_not_come(fakes: Path) -> None:
    """A package that installs but does not bring its tool is a failure."""
    script(fakes, "apt-get")
    error = error_of(MachineryError, system_packages.need, ["hosts"], WORDS)
    assert ["shark-tool"] == error.values["tools"]


def test_need_fails_on_a_system_with_another_package_manager(
    fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without apt-get and dnf both commands are shown."""
    monkeypatch.setattr(system_packages, "manager", lambda: "")
    error = error_of(MachineryError, system_packages.need, ["hosts"], WORDS)
    assert {"command": "apt-get install shark-apt (dnf install shark-dnf)"} == error.values


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({"ID": "fedora"}, "dnf"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "apt"),
        ({}, "apt"),
    ],
)
def test_manager_of_a_system_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: dict[str, str], expected: str
) -> None:
    """Where there are apt-get and dnf (mmdebstrap brings one, rpm's tools the other), the family decides."""
    for tool in ("apt-get", "dnf"):
        script(tmp_path, tool)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    assert expected == system_packages.manager()


@pytest.mark.parametrize(
    ("family", "known", "expected"),
    [
        ("rhel", False, "dnf install epel-release && crb enable && dnf install shark-dnf"),
        ("rhel", True, "dnf install shark-dnf"),
        ("fedora", False, "dnf install shark-dnf"),
    ],
)
def test_command_names_epel_where_it_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, known: bool, expected: str
) -> None:
    """Rocky has some packages in EPEL alone; Fedora has all of them itself."""
    monkeypatch.setattr(system_packages, "manager", lambda: "dnf")
    monkeypatch.setattr(system_packages, "_family", lambda: {family})
    monkeypatch.setattr(system_packages, "REPOSITORIES", tmp_path)
    if known:
        (tmp_path / "epel.repo").touch()
    assert expected == system_packages.command([replace(TOOL, epel=True)])


def test_a_tool_with_another_name_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red Hat's family calls some commands otherwise."""
    monkeypatch.setenv("PATH", str(tmp_path))
    script(tmp_path, "shark-red")
    assert (False, True) == (TOOL.is_there, replace(TOOL, alias="shark-red").is_there)
