"""sharklab sets itself up on a computer that stands in for Rocky 9; launcher, dnf, rpm and sudo are real."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from sharklab import paths
from tests.support.rocky import computer, repository
from tests.support.rocky.computer import CHECKOUT, Computer
from tests.unit.test_launcher import make_checkout

SHARKLAB = f"{CHECKOUT}/sharklab"
USERS = ("root", computer.USER)


@pytest.fixture(scope="module")
def rpms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the signed repository."""
    return repository.build(tmp_path_factory.mktemp("rpms"))


@pytest.fixture
def rocky(tmp_path: Path, rpms: Path) -> Computer:
    """Return a computer on which nothing was installed yet."""
    return computer.make(tmp_path / "computer", rpms)


def sharklab(rocky: Computer, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start this checkout's sharklab, whose environment is there already."""
    return rocky.run(SHARKLAB, *words, checkout=paths.ROOT, **settings)


@pytest.mark.parametrize("user", USERS)
def test_launcher_installs_a_python_by_dnf(rocky: Computer, tmp_path: Path, user: str) -> None:
    """Where no Python is new enough, python3.12 comes by dnf, makes the environment, and starts sharklab."""
    computer.forget_python(rocky)
    checkout = make_checkout(tmp_path / "checkout")
    done = rocky.run(SHARKLAB, "labs", "a  b", user=user, checkout=checkout)
    assert (0, ["started labs a  b"]) == (done.returncode, done.stdout.splitlines()[:1]), done.stderr
    assert rocky.has("python3.12")
    said = done.stderr.splitlines()
    assert (user != "root") == ("sharklab: root's rights are needed for: dnf install python3.12" in said)


def test_launcher_says_what_to_install_without_sudo(rocky: Computer, tmp_path: Path) -> None:
    """Who may not become root reads the command for root; nothing is installed."""
    computer.forget_python(rocky)
    rocky.run("rm", f"/etc/sudoers.d/{computer.USER}", "/usr/bin/sudo")
    done = rocky.run(SHARKLAB, "labs", user=computer.USER, checkout=make_checkout(tmp_path / "checkout"))
    expected = "sharklab: without sudo, run as root: dnf install python3.12"
    assert (3, expected) == (done.returncode, done.stderr.splitlines()[-1])
    assert not rocky.has("python3.12")


def test_launcher_says_what_dnf_said(rocky: Computer, tmp_path: Path) -> None:
    """A Python that dnf does not find is one clear message, with the command to try by hand."""
    computer.forget_python(rocky)
    rocky.run("rm", "/etc/yum.repos.d/stand-in.repo")
    done = rocky.run(SHARKLAB, "labs", checkout=make_checkout(tmp_path / "checkout"))
    assert 3 == done.returncode
    assert "Error: There are no enabled repositories in" in done.stderr
    assert "sharklab: to see why, run as root: dnf install python3.12" == done.stderr.splitlines()[-1]


@pytest.mark.parametrize("user", USERS)
def test_verb_installs_what_it_needs_by_dnf(rocky: Computer, user: str) -> None:
    """`down` lacks systemd-nspawn: it comes by dnf, although there is apt-get too, and `down` goes on."""
    done = sharklab(rocky, "down", "--all", user=user)
    assert (0, True) == (done.returncode, rocky.has("systemd-container")), done.stderr
    assert (user != "root") == ("running with sudo: " in done.stderr)


def test_verb_without_root_installs_through_sudo(rocky: Computer) -> None:
    """`report` works as whoever starts it; sudo is asked for dnf alone, and then `report` goes on."""
    done = sharklab(rocky, "report", "tp4", user=computer.USER)
    said = done.stderr.splitlines()
    assert "sharklab: root privileges are needed; running with sudo: dnf install wireshark-cli" == said[0]
    assert rocky.has("wireshark-cli")
    assert (3, True) == (done.returncode, "sharklab: student has no run of tp4 yet" in said), done.stderr


def test_verb_says_what_comes_from_epel(rocky: Computer) -> None:
    """A package that no repository has: what dnf said, and what root types first; nothing is installed."""
    done = sharklab(rocky, "image", "build", "tp4", "--solved", "--os", "debian12")
    said = done.stderr.splitlines()
    wanted = "mmdebstrap debian-keyring systemd-container"
    assert (3, 1) == (done.returncode, sum(line.startswith("sharklab: ") for line in said)), done.stderr
    assert "Error: Unable to find a match: mmdebstrap debian-keyring" in said
    assert said[-1].endswith(f"as root, run: dnf install epel-release && crb enable && dnf install {wanted}")
    assert not rocky.has("systemd-container")


def test_verb_needs_nothing_of_epel_for_rocky(rocky: Computer) -> None:
    """What builds images of Rocky is on Rocky already: the mirror is all that is missing."""
    words = ("image", "build", "tp4", "--solved", "--os", "rocky9", "--output", "json")
    done = sharklab(rocky, *words, SHARKLAB_ROCKY_MIRROR="file:///nowhere")
    assert 3 == done.returncode and rocky.has("systemd-container")
    error = json.loads(done.stdout)["error"]
    assert "failed to fetch Rocky's key: {reason}" == error["message_id"], done.stderr


def test_known_tells_what_dnf_does_not_know(rocky: Computer) -> None:
    """What the public CI asks on real Rocky: names that no repository has are told, others are not."""
    script = (
        f"cd {CHECKOUT} && PYTHONPATH=src:. {computer.STATE}/venv/*/bin/python -m tests.support.rocky.known 9"
    )
    done = rocky.run("sh", "-c", script, checkout=paths.ROOT)
    told, lacking = done.stdout.split("not: ")
    assert (1, True) == (done.returncode, re.match(r"\d+ of \d+ packages are known; $", told) is not None)
    assert {"kernel-core", "mmdebstrap"} <= set(lacking.split()), done.stderr
    assert set() == {"nginx", "wireshark-cli", "bind-utils"} & set(lacking.split())
