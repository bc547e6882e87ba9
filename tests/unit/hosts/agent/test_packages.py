"""Packages of the machine, with programs that stand in for dpkg, rpm and systemctl."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.hosts.agent import packages
from sharklab.hosts.agent.tool import Failures
from tests.support.programs import script


@pytest.fixture
def debian(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of programs of a Debian with the packages `ssh` and `curl`."""
    monkeypatch.setattr(packages, "family", lambda: "Debian")
    script(
        fakes,
        "dpkg-query",
        'case "$1" in --listfiles) echo "/usr/bin/$2";; *)',
        "echo installed ssh; echo config-files old; echo installed curl; echo installed curl;; esac",
    )
    return fakes


@pytest.fixture
def rocky(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of programs of a Rocky with the package `curl`, which provides `libcurl`."""
    monkeypatch.setattr(packages, "family", lambda: "RedHat")
    script(
        fakes,
        "rpm",
        'case "$*" in *--all*|*libcurl) echo curl;; *--list*) echo /usr/bin/curl;; *) exit 1;; esac',
    )
    return fakes


@pytest.mark.usefixtures("debian")
def test_installed_on_debian_are_those_that_are_whole() -> None:
    """A package that left its configuration is not installed."""
    assert ["curl", "ssh"] == packages.list_installed()
    assert ["nginx", "old"] == packages.list_missing(["ssh", "old", "nginx"])
    assert frozenset({"/usr/bin/curl"}) == packages.files_of(["curl"])
    assert frozenset() == packages.files_of([])


def test_digests_are_those_of_dpkg_and_rpm(
    fakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that its package left, and one whose path has a blank, have their digests, too."""
    script(fakes, "dpkg-query", "printf ' /etc/a 0a\\n /etc/b 0b obsolete\\n\\n'")
    script(fakes, "rpm", "echo '/etc/a b 12 1700000000 0c 0100644 root root 1 0 0 X'; echo '(no files)'")
    (tmp_path / "ucf").write_text("0d  /etc/d\ndamaged\n")
    monkeypatch.setattr(packages, "UCF", str(tmp_path / "ucf"))
    monkeypatch.setattr(packages, "family", lambda: "Debian")
    assert ("md5", {"/etc/a": "0a", "/etc/b": "0b", "/etc/d": "0d"}) == packages.digests()
    monkeypatch.setattr(packages, "UCF", str(tmp_path))
    assert ("md5", {"/etc/a": "0a", "/etc/b": "0b"}) == packages.digests()
    monkeypatch.setattr(packages, "family", lambda: "RedHat")
    assert ("sha256", {"/etc/a b": "0c"}) == packages.digests()


@pytest.mark.usefixtures("rocky")
def test_missing_on_rocky_counts_what_packages_provide() -> None:
    """A name may be one that a package provides."""
    assert ["curl"] == packages.list_installed()
    assert ["nginx"] == packages.list_missing(["curl", "libcurl", "nginx"])
    assert frozenset({"/usr/bin/curl"}) == packages.files_of(["curl"])


@pytest.mark.usefixtures("debian")
def test_install_takes_what_is_missing_in_order(tmp_path: Path) -> None:
    """The firewall's package comes after those that let SSH in."""
    installer = f'echo "$*" >>{tmp_path}/log'
    packages.install(["nginx", "ssh", "b"], ["a", "curl"], installer, failures := Failures())
    assert ["apt a", "apt b nginx"] == (tmp_path / "log").read_text().splitlines()
    assert [] == failures.entries


@pytest.mark.usefixtures("debian")
def test_install_that_fails_is_noted_with_its_last_words() -> None:
    """The package manager says most of all at the end."""
    installer = "for n in 1 2 3 4 5 6; do echo $n; done; exit 100"
    packages.install(["nginx"], [], installer, failures := Failures())
    assert [("nginx", "2\n3\n4\n5\n6")] == failures.entries


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("ID=debian\n", "Debian"),
        ('ID=ubuntu\nID_LIKE="debian"\n', "Debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "RedHat"),
        ("ID=arch\nNAME=debian\n", ""),
    ],
)
def test_family_is_ansibles_word(text: str, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By os-release(5): the system, or those that it is like."""
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    assert family == packages.family()
