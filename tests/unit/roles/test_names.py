"""The table of Rocky's names (tests/support/rocky/names.yml) and what the roles name."""

from __future__ import annotations

import re

import pytest
import yaml

from sharklab import paths, system_packages
from sharklab.hosts.image import systems
from tests.support.rocky import repository, standin

KEYS = {"repository", "releases", "source", "confirmed", "commands", "units", "files", "folders", "links"}
KEYS |= {"users", "environment", "reload", "runtime", "provides", "carries"}


def named(role: str) -> set[str]:
    """Return every package that a role's vars/RedHat.yml names, in whatever list."""
    file = paths.ROLES / role / "vars" / "RedHat.yml"
    values = yaml.safe_load(file.read_text()) if file.exists() else {}
    lists = [value for name, value in values.items() if name.endswith(("_packages", "_repositories"))]
    return {package for value in lists if isinstance(value, list) for package in value}


@pytest.mark.parametrize("role", standin.ROLES)
def test_every_package_of_a_role_is_in_the_table(role: str) -> None:
    """A role names no package for Rocky whose source nobody wrote down."""
    assert set() == named(role) - set(repository.packages())


@pytest.mark.parametrize("role", standin.ROLES)
def test_every_unit_of_a_role_is_in_the_table(role: str) -> None:
    """A unit that a role names for Rocky is one of a package of it, of any role's or of the role itself."""
    file = paths.ROLES / role / "vars" / "RedHat.yml"
    text = file.read_text() if file.exists() else ""
    units = set(re.findall(r"^__\w+_unit: ([\w-]+)$", text, re.MULTILINE))
    known = {unit for package in repository.packages().values() for unit in package.get("units", {})}
    assert set() == units - known


@pytest.mark.parametrize("name", ["rocky9", "rocky10"])
def test_every_package_of_an_image_is_in_the_table(name: str) -> None:
    """The same holds for what every host of Rocky has, and what a virtual machine has beside that."""
    assert set() == set(systems.machine(systems.find(name)).packages) - set(repository.packages())


def test_the_table_says_where_its_names_are_from() -> None:
    """Each package has a repository and a source, and nothing that nobody reads."""
    table = repository.packages()
    assert [] == [name for name, package in table.items() if not {"repository", "source"} <= set(package)]
    assert set() == {key for package in table.values() for key in package} - KEYS


def test_the_table_has_no_package_that_nobody_needs() -> None:
    """A package that no role, no image and no set-up of sharklab's names any more is not in it."""
    needed = {package for role in standin.ROLES for package in named(role)}
    for name in ("rocky9", "rocky10"):
        needed |= set(systems.machine(systems.find(name)).packages)
    needed |= {package.dnf for package in system_packages.table()}
    needed |= set(re.findall(r"install (python3\.\d+)", (paths.ROOT / "sharklab").read_text()))
    assert set() == set(repository.packages()) - needed
