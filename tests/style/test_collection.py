"""The collection sharklab.lab names the collections that it uses, and a clone can use it under that name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ansible_collections
import pytest
import yaml

from sharklab import paths

ROLES = sorted(path.name for path in paths.ROLES.iterdir())
LINKED = paths.ROOT / "collections" / "ansible_collections" / "sharklab" / "lab"
ITSELF = ("ansible.builtin", "sharklab.lab")
NAME = re.compile(r"([a-z_]+\.[a-z_]+)\.[a-z0-9_]+")
"""A module's full name; its first group is the collection."""


def required() -> dict[str, str]:
    """Return the collections of collections/requirements.yml with their versions."""
    entries = yaml.safe_load((paths.ROOT / "collections" / "requirements.yml").read_text())["collections"]
    return {entry["name"]: entry["version"] for entry in entries}


def galaxy() -> dict[str, Any]:
    """Return the content of galaxy.yml."""
    content: dict[str, Any] = yaml.safe_load((paths.ROOT / "galaxy.yml").read_text())
    return content


def keys(value: object) -> Iterator[str]:
    """Yield the keys of all mappings in `value`, however deep."""
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from keys(item)


def used() -> set[str]:
    """Return the collections of all modules that roles and playbooks call."""
    files = [*paths.PLAYBOOKS.glob("*.yml"), *paths.ROLES.glob("*/tasks/*.yml")]
    files += paths.ROLES.glob("*/handlers/*.yml")
    names = (name for file in files for name in keys(yaml.safe_load(file.read_text())))
    return {found[1] for name in names if (found := NAME.fullmatch(name))}


def test_requirements_are_the_collections_that_are_used() -> None:
    """An Ansible user who installs collections/requirements.yml has every module of the roles."""
    assert used() - {*ITSELF} == set(required())


def test_requirements_have_the_versions_of_the_ansible_bundle() -> None:
    """The collections that the tests run with are those of requirements.yml."""
    bundles = [Path(place) for place in ansible_collections.__path__ if "site-packages" in place]
    found = {}
    for name in required():
        manifest = json.loads((bundles[0] / name.replace(".", "/") / "MANIFEST.json").read_text())
        found[name] = manifest["collection_info"]["version"]
    assert found == required()


def test_collection_depends_on_its_requirements() -> None:
    """`ansible-galaxy collection install` brings the same collections, in these versions or newer ones."""
    assert galaxy()["dependencies"] == {name: f">={version}" for name, version in required().items()}


def test_collection_has_the_version_of_the_program() -> None:
    """One repository has one version."""
    assert f'version = "{galaxy()["version"]}"' in (paths.ROOT / "pyproject.toml").read_text()


def test_clone_is_the_collection() -> None:
    """In a clone, the collection's folder consists of links to the folders of the repository."""
    assert sorted(file.name for file in LINKED.iterdir()) == [
        "galaxy.yml",
        "meta",
        "playbooks",
        "plugins",
        "roles",
    ]
    assert [file.name for file in LINKED.iterdir() if file.resolve() != paths.ROOT / file.name] == []


def test_collection_is_what_an_ansible_user_needs(tmp_path: Path) -> None:
    """`ansible-galaxy collection build` packs roles, playbooks, plugins and their page, and nothing else."""
    tool = Path(sys.executable).with_name("ansible-galaxy")
    build: list[Path | str] = [tool, "collection", "build", "--output-path", tmp_path, paths.ROOT]
    subprocess.run(build, check=True, capture_output=True)
    [file] = tmp_path.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = archive.getnames()
    folders = ("docs/", "meta/", "playbooks/", "plugins/", "roles/")
    assert {name for name in names if not name.startswith(folders)} == {
        *("FILES.json", "MANIFEST.json", "CHANGELOG.md"),
        *(folder.rstrip("/") for folder in folders),
    }
    assert {name for name in names if name.startswith("docs/")} == {"docs/ansible.md"}


@pytest.mark.parametrize("role", ROLES)
def test_role_says_where_it_runs(role: str) -> None:
    """meta/main.yml describes the role in one line; platforms and versions are the same for all roles."""
    info = yaml.safe_load((paths.ROLES / role / "meta" / "main.yml").read_text())["galaxy_info"]
    assert (info["license"], info["min_ansible_version"]) == ("MIT", "2.19")
    assert {entry["name"]: entry["versions"] for entry in info["platforms"]} == {
        "EL": ["9", "10"],
        "Debian": ["bookworm"],
    }
    assert info["description"]
    assert info["galaxy_tags"]
