"""System packages, root's rights, and who owns the files afterwards."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import i18n, ownership, privilege, process, system_packages
from sharklab.cli import setup
from sharklab.cli.grammar import VERBS
from sharklab.errors import InputError, MachineryError
from sharklab.hosts.image import choice
from sharklab.message import Message
from tests.support.programs import script

WORDS = i18n.translator("en")
GOLDEN = Path(__file__).parents[2] / "golden" / "broken"
TOOL = system_packages.Package("shark-tool", "hosts", "shark-apt", "shark-dnf")


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of programs that stand before the system's; only `shark-tool` is needed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(system_packages, "table", lambda: (TOOL,))
    monkeypatch.setattr(system_packages, "manager", lambda: "apt")
    return folder


def test_table_names_every_package_for_both_families() -> None:
    """No line of the table is without a name for apt or for dnf."""
    assert [] == [package.gives for package in system_packages.table() if not (package.apt and package.dnf)]


def test_needs_names_only_verbs_and_works_that_exist() -> None:
    """What verbs need is written with the names of verbs and of the table's groups."""
    assert set() == (set(setup.NEEDS) | setup.AS_ROOT) - set(VERBS)
    assert set() == {work for works in setup.NEEDS.values() for work in works} - {
        each.work for each in system_packages.table()
    }


def test_missing_looks_where_a_family_keeps_a_tool(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that is not in the PATH is there where the table says that a family has it."""
    hidden = replace(TOOL, alias=str(fakes / "libexec/shark-kvm"))
    monkeypatch.setattr(system_packages, "table", lambda: (hidden,))
    assert ((hidden,), "") == (system_packages.missing(["hosts"]), system_packages.find("shark-tool"))
    (fakes / "libexec").mkdir()
    script(fakes / "libexec", "shark-kvm")
    assert ((), hidden.alias) == (system_packages.missing(["hosts"]), system_packages.find("shark-tool"))
    process.require("shark-tool")
    script(fakes, "shark-tool")
    assert str(fakes / "shark-tool") == system_packages.find("shark-tool")


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


def test_need_does_nothing_when_all_is_there(fakes: Path) -> None:
    """A package manager that is not needed is not called."""
    script(fakes, "apt-get", f"touch {fakes}/called")
    script(fakes, "shark-tool")
    system_packages.need(["hosts"], WORDS)
    assert not (fakes / "called").exists()


def test_need_tells_what_the_package_manager_said(fakes: Path) -> None:
    """A failed installation shows its last lines and the command for a person."""
    script(fakes, "apt-get", "echo 'E: no such package' >&2", "exit 100")
    with pytest.raises(MachineryError, match="E: no such package") as caught:
        system_packages.need(["hosts"], WORDS)
    assert "as root, run: apt-get install shark-apt" == caught.value.hint


def test_need_fails_when_the_tool_did_not_come(fakes: Path) -> None:
    """A package that installs but does not bring its tool is a failure."""
    script(fakes, "apt-get")
    with pytest.raises(MachineryError, match="still missing after the installation: shark-tool"):
        system_packages.need(["hosts"], WORDS)


def test_need_fails_on_a_system_with_another_package_manager(
    fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without apt-get and dnf both commands are shown."""
    monkeypatch.setattr(system_packages, "manager", lambda: "")
    with pytest.raises(MachineryError) as caught:
        system_packages.need(["hosts"], WORDS)
    assert "as root, run: apt-get install shark-apt (dnf install shark-dnf)" == caught.value.hint


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


@pytest.mark.parametrize(
    ("kind", "os_name", "answer", "expected"),
    [
        ("apt", "rocky9", "", "rocky"),
        ("dnf", "debian12", "", "image"),
        ("dnf", "auto", "rocky9", "rocky"),
        ("dnf", "auto", "debian12", "image"),
        ("apt", "auto", "rocky9", "image"),
    ],
)
def test_prepare_needs_what_builds_the_hosts_system(
    monkeypatch: pytest.MonkeyPatch, kind: str, os_name: str, answer: str, expected: str
) -> None:
    """Debian's tools are not asked for where hosts are Rocky's, and the other way round."""
    asked: list[str] = []
    monkeypatch.setattr(privilege, "is_root", lambda: True)
    monkeypatch.setattr(system_packages, "manager", lambda: kind)
    monkeypatch.setattr(system_packages, "missing", lambda works: (TOOL,))
    monkeypatch.setattr(system_packages, "need", lambda works, words: asked.extend(works))
    monkeypatch.setattr(choice, "choose", lambda: (answer, Message("")))
    setup.prepare("up", "nspawn", WORDS, os=os_name)
    assert [expected, "hosts"] == asked


def test_through_sudo_adds_nothing_for_root() -> None:
    """Who is root already needs no sudo."""
    assert ["true"] == privilege.through_sudo(["true"], "true", WORDS)


def test_through_sudo_says_what_it_runs(
    fakes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user reads the command before sudo asks, and the state folder goes along."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    script(fakes, "sudo")
    argv = privilege.through_sudo(["mount", "x"], "mount x", WORDS)
    assert "sharklab: root privileges are needed; running with sudo: mount x\n" == capsys.readouterr().err
    assert (["sudo"], ["--", "mount", "x"]) == (argv[:1], argv[2:])
    assert "SHARKLAB_STATE" in argv[1]


def test_through_sudo_fails_when_sudo_refuses(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not use sudo reads what root would type."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    script(fakes, "sudo", "exit 1")
    with pytest.raises(MachineryError, match="sudo refused") as caught:
        privilege.through_sudo(["mount", "x"], "mount x", WORDS)
    assert "as root, run: mount x" == caught.value.hint


def test_prepare_asks_nobody_for_a_password_to_say_that_a_lab_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lab's name is checked before root's rights are asked for."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    with pytest.raises(InputError):
        setup.prepare("up", "nspawn", WORDS, lab="no-such-lab")


@pytest.mark.parametrize(
    ("verb", "provider", "way", "expected"),
    [
        ("up", "nspawn", True, True),
        ("run", "auto", True, True),
        ("up", "nspawn", False, False),
        ("image build", "nspawn", True, False),
        ("up", "existing", True, False),
    ],
)
def test_prepare_asks_for_what_a_way_out_needs(
    verb: str, provider: str, way: bool, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only seats of this machine whose lab asks for the Internet need it."""
    wanted: list[str] = []
    monkeypatch.setattr(privilege, "is_root", lambda: True)

    def missing(works: list[str]) -> tuple[system_packages.Package, ...]:
        wanted.extend(works)
        return ()

    monkeypatch.setattr(system_packages, "missing", missing)
    source = (GOLDEN / "two-ways-out" / "lab.yml").read_text().replace("  dmz: {internet: true}", "  dmz: {}")
    (tmp_path / "two-ways-out").mkdir()
    file = tmp_path / "two-ways-out" / "lab.yml"
    file.write_text(source if way else source.replace("{internet: true}", "{}"))
    setup.prepare(verb, provider, WORDS, lab=str(file.parent))
    assert expected == ("internet" in wanted)


def test_give_back_gives_results_but_no_file_of_a_host(tmp_path: Path) -> None:
    """Evidence and seats become the owner's; layers, images and what a link points to stay root's."""
    outside = tmp_path / "outside"
    outside.touch()
    state = tmp_path / "state"
    given = ["runs/tp4/images/r1/manifest.json", "seats/tp4/al/hosts/server/console.log", "course/secret"]
    kept = ["images/debian12/root/etc", "seats/tp4/al/hosts/server/upper/etc", "venv/lib"]
    for name in (*given, *kept):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).touch()
    (state / "runs" / "link").symlink_to(outside)
    os.chown(state, 4321, 4321)
    ownership.give_back(state)
    assert [4321] * len(given) == [(state / name).stat().st_uid for name in given]
    assert [0] * len(kept) == [(state / name).stat().st_uid for name in kept]
    assert (0, 4321) == (outside.stat().st_uid, (state / "runs" / "link").lstat().st_uid)


def test_give_back_leaves_roots_own_state_alone(tmp_path: Path) -> None:
    """Root's own state folder stays as it is."""
    (tmp_path / "file").touch()
    os.chown(tmp_path / "file", 4321, 4321)
    ownership.give_back(tmp_path)
    assert 4321 == (tmp_path / "file").stat().st_uid
