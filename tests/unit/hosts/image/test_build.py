"""Images: packages by role, names by content, what a failed build leaves, layers without traces of a seat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import paths, state
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import image
from sharklab.hosts.image import build, systems
from sharklab.hosts.image.model import RootSource
from sharklab.hosts.image.root_folder import RootFolder
from sharklab.message import N_, Message
from tests.support.errors import error_of


@pytest.fixture
def roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of roles in place of ours."""
    monkeypatch.setattr(paths, "ROLES", tmp_path / "roles")
    return tmp_path / "roles"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> systems.OperatingSystem:
    """Return an operating system that is built in no time, in a state folder of its own."""

    def install(root: RootFolder, packages: Sequence[str], offered: Sequence[str], cache: Path) -> None:
        target = root.folder
        units = [f"usr/lib/systemd/system/{unit}" for unit in ("noisy.service", "multi-user.target")]
        for file in ("etc/os-release", "etc/hostname", *units):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            (target / file).write_text("[Install]\nWantedBy=multi-user.target\n")
        (target / "packages").write_text(" ".join(packages))

    system = replace(systems.find("debian12"), name="tiny", build=install, packages=("base",))
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setitem(systems.SYSTEMS, "tiny", system)
    return system


def test_base_image_begins_at_a_source(tiny: systems.OperatingSystem) -> None:
    """What is lacking is installed upon it. It is another image than one of our own."""

    def unpack(target: Path) -> None:
        (target / "from-elsewhere").touch()

    made = image.base("tiny", [], silent, source=RootSource("f00d", unpack))
    assert {"from-elsewhere", "packages"} <= {path.name for path in (made.folder / "root").iterdir()}
    assert not build.is_built("tiny")
    own = image.base("tiny", [], silent)
    assert build.is_built("tiny") and own.folder != made.folder
    assert made == image.base("tiny", [], silent, source=RootSource("f00d", unpack))


def silent(sentence: Message) -> None:
    """Take progress and say nothing."""


def write(roles: Path, name: str, text: str) -> None:
    """Write the names of a role for Debian."""
    (roles / name / "vars").mkdir(parents=True)
    (roles / name / "vars" / "Debian.yml").write_text(text)


def test_packages_of_several_roles(roles: Path) -> None:
    """The packages of all roles are there once, sorted; a role may need none."""
    write(roles, "a", "__a_packages: [tcpdump, curl]\n__a_unit: x\n")
    write(roles, "b", "__b_packages: [curl]\n")
    (roles / "c").mkdir()
    assert ["curl", "tcpdump"] == image.packages_of(["a", "b", "c"], "Debian")


def test_packages_of_a_role_of_a_lab(roles: Path, tmp_path: Path) -> None:
    """A role that a lab alone has names its packages as any role does."""
    write(roles, "a", "__a_packages: [curl]\n")
    write(tmp_path / "lab" / "roles", "gate", "__gate_packages: [dnsmasq]\n__gate_repositories: [epel]\n")
    assert ["curl", "dnsmasq"] == image.packages_of(["a", "gate"], "Debian", lab=tmp_path / "lab")
    assert ["epel"] == image.repositories_of(["a", "gate"], "Debian", (), tmp_path / "lab")


@pytest.mark.parametrize(
    ("text", "key"),
    [("__a_packages: curl\n", ": __a_packages"), ("__a_packages: [\n", ":2")],
    ids=["no list", "no YAML"],
)
def test_packages_of_a_broken_file(text: str, key: str, roles: Path) -> None:
    """A file that cannot be read is bad input, named with what is wrong."""
    write(roles, "a", text)
    error = error_of(InputError, image.packages_of, ["a"], "Debian")
    assert f"{roles / 'a' / 'vars' / 'Debian.yml'}{key}" == error.place


def test_packages_of_an_unknown_role(roles: Path) -> None:
    """A role that does not exist is bad input."""
    roles.mkdir()
    assert {"role": "a"} == error_of(InputError, image.packages_of, ["a"], "Debian").values


def test_packages_of_every_role_here() -> None:
    """Each of our roles has a readable list for both families."""
    names = sorted(path.name for path in paths.ROLES.iterdir() if path.is_dir())
    for family in ("Debian", "RedHat"):
        assert all(image.packages_of([name], family) is not None for name in names)


def test_base_of_an_unknown_system() -> None:
    """An operating system that is not in the table is bad input; the hint lists those that are."""
    error = error_of(InputError, image.base, "minix3", [], silent)
    assert {"name": "minix3", "known": "debian12, rocky10, rocky9"} == error.values


@pytest.mark.parametrize("flags", ["flags\t\t: fpu avx avx2\n", "flags: fpu\n"])
def test_check_of_a_processor_that_is_too_old(
    flags: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rocky 10 is refused before anything is built, with the features that lack; the others are not."""
    monkeypatch.setattr(build, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"processor: 0\n{flags}bogomips: 1\n")
    for name in ("debian12", "rocky9"):
        build.check(systems.find(name))
    error = error_of(MachineryError, image.base, "rocky10", [], silent)
    lacking = str(error.values["features"]).split()
    assert ("rocky10", True) == (error.values["name"], {"abm", "bmi1", "bmi2", "movbe"} <= set(lacking))


@pytest.mark.parametrize(
    "text", ["flags: abm avx avx2 bmi1 bmi2 f16c fma movbe xsave sse\n", "Features: asimd\n"]
)
def test_check_of_a_processor_that_will_do(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has all of it passes, and one of another architecture, which has no such levels."""
    monkeypatch.setattr(build, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(text)
    build.check(systems.find("rocky10"))


def test_base_is_built_once(tiny: systems.OperatingSystem) -> None:
    """The second call with the same content builds nothing."""
    said: list[Message] = []
    first = image.base("tiny", ["curl"], said.append)
    sentences = len(said)
    assert (first, sentences) == (image.base("tiny", ["curl"], said.append), len(said))


def test_base_by_its_content(tiny: systems.OperatingSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other packages, or another customisation, give another image; their order does not."""
    folder = image.base("tiny", ["a", "b", "base"], silent).folder
    assert folder == image.base("tiny", ["b", "a"], silent).folder
    assert folder != image.base("tiny", ["a"], silent).folder
    monkeypatch.setitem(systems.SYSTEMS, "tiny", replace(tiny, masks=()))
    assert folder != image.base("tiny", ["a", "b"], silent).folder


def test_images_of_two_labs_share_the_base_image(tiny: systems.OperatingSystem) -> None:
    """A second lab installs its own packages alone, above the same base image."""
    said: list[Message] = []
    first, second = (image.base("tiny", packages, said.append) for packages in (["a"], ["a", "b"]))
    assert first.below == second.below == image.base("tiny", ["base"], silent)
    installed = [(root / "packages").read_text() for root in second.roots]
    assert ["a b", "base"] == installed
    assert 3 == sum("name" in message.values for message in said)


def test_units_of_a_labs_packages_stay_off(tiny: systems.OperatingSystem) -> None:
    """What the packages above the base image bring is started by a role or not at all."""
    made = image.base("tiny", ["a"], silent)
    wants = "etc/systemd/system/multi-user.target.wants/*"
    assert [] == [str(path) for root in made.roots for path in root.glob(wants)]
    assert ["image.json", "root"] == sorted(path.name for path in made.folder.iterdir())


def test_base_is_customised(tiny: systems.OperatingSystem) -> None:
    """No name server, no identity, no unit that a role did not ask for; what is masked is masked."""
    root = image.base("tiny", [], silent).roots[0]
    assert ("", "") == ((root / "etc/resolv.conf").read_text(), (root / "etc/machine-id").read_text())
    assert not (root / "etc/hostname").exists()
    assert not (root / "etc/systemd/system/multi-user.target.wants/noisy.service").exists()
    assert Path("/dev/null") == (root / "etc/systemd/system/systemd-udevd.service").readlink()
    assert Path("/dev/null") == (root / "etc/systemd/system-generators/systemd-run-generator").readlink()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "E: Temporary failure resolving 'a.b'",
            N_("the package registry does not answer: check the network (and http_proxy), then try again"),
        ),
        (
            "dpkg: error: No space left on device",
            N_("the disk is full: free about 2 GB, or set SHARKLAB_STATE to a folder with more space"),
        ),
        (
            "E: Unable to locate package curll",
            N_("a package name in a role's vars/ is wrong for this system"),
        ),
        (
            "E: something else",
            N_("run the command again; if it fails the same way, see what the package manager says above"),
        ),
    ],
)
def test_base_that_fails(
    said: str, expected: str, tiny: systems.OperatingSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedy fits what the package manager said, and nothing half-built is left."""

    def fail(target: RootFolder, packages: Sequence[str], offered: Sequence[str], cache: Path) -> None:

        raise MachineryError(f"the command failed with exit code 1: {said}", place="mmdebstrap")

    monkeypatch.setitem(systems.SYSTEMS, "tiny", replace(tiny, build=fail))
    assert expected == error_of(MachineryError, image.base, "tiny", [], silent).hint_id
    assert [] == [path.name for path in state.images_folder().glob("tiny-*") if path.is_dir()]


def test_base_after_an_interrupted_build(tiny: systems.OperatingSystem) -> None:
    """What a build that was killed left is removed by the next one."""
    folder = image.base("tiny", [], silent).folder
    building = folder.rename(folder.with_name(f"{folder.name}.building"))
    (building / "root" / "half").write_text("")
    again = image.base("tiny", [], silent)
    assert (False, False) == (building.exists(), (again.roots[0] / "half").exists())


def test_base_without_root(tiny: systems.OperatingSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root the message says which step needs it."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    error = error_of(MachineryError, image.base, "tiny", [], silent)
    assert N_("building an image needs root") == error.message_id
